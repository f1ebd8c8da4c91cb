#!/bin/sh
# Compiles app.js with two versions of the Hermes compiler, whose folders with hermesc
# are $1 (npm package hermes-engine 0.11.0) and $2 (hermes-compiler 260318099.0.8).
set -e
cd "$(dirname "$0")"
"$1/hermesc" -emit-binary -O -out v84.hbc app.js
"$2/hermesc" -emit-binary -O -out v99.hbc app.js
