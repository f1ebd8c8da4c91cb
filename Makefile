# Everything a newcomer needs is "make demo" and "make test"; see README.md.
GO      ?= go
PYTHON  ?= python3
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 5s
export CGO_ENABLED ?= 0

.PHONY: demo test build lint fuzz bench bench-peers golden generate corpus

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
	bin/gaugenn estimate build/demo/tables --devices "Redmi Note 8;Galaxy A15;Pixel 7;Galaxy S24"

test:
	$(GO) test ./...

lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt: run gofmt -w"; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

fuzz:
	@set -e; for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p 2>/dev/null | grep ^Fuzz || true); do \
	    echo "fuzz $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p; done; done

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Side by side with the baseline scanner of ../shared/peers, in one run.
bench-peers: build
	$(PYTHON) cmd/demo/bench_peers.py

golden:
	$(GO) test ./data ./graph/format/... ./cmd/... -update

generate:
	$(GO) generate ./...

# Fetches the development corpus of ../shared and compares the tables with its truth.
corpus: build
	$(PYTHON) cmd/demo/check_corpus.py
