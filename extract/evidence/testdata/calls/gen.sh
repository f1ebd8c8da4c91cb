#!/bin/sh
# Compiles src to app.dex. Needs javac and the dexer dalvik-dx (its jar as $1).
set -e
cd "$(dirname "$0")"
out=$(mktemp -d)
javac --release 8 -Xlint:-options -d "$out" $(find src -name '*.java' | sort)
java -cp "$1" com.android.dx.command.Main --dex --output=app.dex "$out"
rm -r "$out"
