# Everything a newcomer needs is "make demo" and "make test"; see README.md.
GO      ?= go
PYTHON  ?= python3
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 5s
export CGO_ENABLED ?= 0

.PHONY: notebook profiles heldout demo demo-calibrate test build lint fuzz bench bench-peers golden generate corpus

build: bin/gaugenn
bin/gaugenn: FORCE
	@mkdir -p bin
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $@ ./cmd/gaugenn
FORCE:

# Builds, brings real input with the package clients, scans it, shows the result.
demo: build
	$(PYTHON) cmd/demo/fetch.py build/demo
	rm -rf build/demo/tables
	bin/gaugenn scan build/demo/input -o build/demo/tables
	@echo
	bin/gaugenn inspect build/demo/input/assembled.apk
	@echo
	@echo "What they cost on four phones of different tiers and years:"
	bin/gaugenn estimate build/demo/tables --devices "Redmi Note 8;Galaxy A15;Pixel 7;Galaxy S24"

# Calibrates this machine: samples, runs and fits real models out of wheels, with LiteRT without cgo (Linux).
PROBES ?= 60
demo-calibrate: build
	$(PYTHON) cmd/demo/calibrate.py bin/gaugenn build/demo-calibrate $(PROBES)

test:
	$(GO) test ./...

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt: run gofmt -w"; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

fuzz:
	@set -e; for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p 2>/dev/null | grep ^Fuzz || true); do \
	    echo "fuzz $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$p; done; done

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Side by side with the baseline scanner of ../shared/peers, in one run.
bench-peers: build
	$(PYTHON) cmd/demo/bench_peers.py

# Runs the notebook on the shipped records; the executed copy lands in build/.
notebook: build
	rm -rf build/notebook && mkdir -p build/notebook
	bin/gaugenn calibrate import data/records/ncnn.csv.gz --networks data/records/ncnn.networks.jsonl.gz --licence BSD-3-Clause -o build/notebook/tables
	bin/gaugenn devices --json > build/notebook/devices.jsonl
	test -x build/notebook-venv/bin/jupyter || { $(PYTHON) -m venv build/notebook-venv && build/notebook-venv/bin/pip -q install -r notebooks/requirements.txt; }
	build/notebook-venv/bin/jupyter nbconvert --log-level WARN --to notebook --execute notebooks/phones.ipynb --output-dir build/notebook

# Fits the shipped profiles from data/records again; the result is the same, byte for byte.
profiles: build
	bin/gaugenn calibrate fit --world npu --tool 0.1.0 --rows data/records/aihub.csv.gz --networks data/records/aihub.networks.jsonl.gz -o build/npu.profile
	gzip -n -9 -c build/npu.profile > data/profiles/npu.profile.gz
	bin/gaugenn calibrate fit --world ncnn --tool 0.1.0 --rows data/records/ncnn.csv.gz --networks data/records/ncnn.networks.jsonl.gz -o build/ncnn.profile
	gzip -n -9 -c build/ncnn.profile > data/profiles/ncnn.profile.gz
	bin/gaugenn calibrate fit --world levels --tool 0.1.0 --rows data/records/levels.csv.gz --rows data/records/ncnn.csv.gz --networks data/records/ncnn.networks.jsonl.gz --networks data/records/aihub.networks.jsonl.gz --held-out data/records/heldout.levels.csv.gz -o build/levels.profile
	gzip -n -9 -c build/levels.profile > data/profiles/levels.profile.gz

# Predicts what fits had not seen again, chips and families, for notebooks/phones.ipynb and `gaugenn devices` (ten minutes of one core; the folds
# come from the recorded measurements in PHONES).
PHONES ?= ../shared/phones
heldout: build
	for t in device-k family; do \
		rm -rf build/folds/$$t && $(PYTHON) $(PHONES)/score.py folds --task $$t --out build/folds/$$t >/dev/null && \
		bin/gaugenn calibrate evaluate -q --folds build/folds/$$t --graphs $(PHONES)/graphs --devices $(PHONES)/devices.csv -o build/$$t.csv || exit 1; \
	done
	$(PYTHON) data/records/gen_heldout.py $(PHONES) build/folds/device-k build/device-k.csv | gzip -n -9 -c > data/records/heldout.csv.gz
	$(PYTHON) data/records/gen_heldout.py $(PHONES) build/folds/family build/family.csv | gzip -n -9 -c > data/records/heldout.family.csv.gz

golden:
	$(GO) test ./data ./graph/format/... ./cmd/... -update

generate:
	$(GO) generate ./...

# Fetches the development corpus of ../shared and compares the tables with its truth.
corpus: build
	$(PYTHON) cmd/demo/check_corpus.py
