# make run     install what is missing, build, start everything (Ctrl-C stops it)
# make test    install what is missing, and run every test
# make bench   measure the house, then live view, and print a table of each
# make bench-live   measure live view; LIVE_PEERS=mediamtx=FILE,go2rtc=FILE measures those beside it
# make bench-ocr   read the label sets in BENCH (../shared/bench), print a table for each
# make bench-vision   hold the detector against the clips in BENCH and the films in FILM (var/film)
# make film    render eight hours of the simulated room to FILM, for bench-vision: six minutes of processor time
# make build   bin/packroom, with the pages in it
# make clean-data   throw away everything that packroom has kept under var/

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

export PATH := $(PATH):/usr/local/go/bin
export npm_config_update_notifier := false

ui := web/ui
modules := $(ui)/node_modules/.package-lock.json
pages := $(ui)/dist/manager.html
ui_sources := $(shell find $(ui) \( -name node_modules -o -name dist -o -name e2e -o -name look \) -prune -o -type f -print)

.PHONY: help
help:
	@sed -n 's/^# //p' Makefile

.PHONY: run
run: setup build
	@exec bin/packroom up

.PHONY: setup
setup:
	@deploy/setup.sh

.PHONY: setup-test
setup-test:
	@deploy/setup.sh test

# The first build compiles the OpenCV binding, which takes a minute or two.
.PHONY: build
build: $(pages)
	@[ -x bin/packroom ] || { echo "building packroom; the first time takes a few minutes"; go mod download || { \
	  echo "Go modules could not be fetched: make one of $$(go env GOPROXY) reachable, or set GOPROXY to a proxy that is"; exit 1; }; }
	@go build -o bin/packroom ./cmd/packroom

$(modules): $(ui)/package.json $(ui)/package-lock.json | setup
	@echo "fetching the pages' libraries"
	@cd $(ui) && npm ci --no-audit --no-fund --loglevel=error || { \
	  echo "npm could not fetch them: make $$(npm config get registry) reachable, or set another with npm config set registry"; exit 1; }
	@touch $@

$(pages): $(modules) $(ui_sources)
	@echo "building the pages"
	@cd $(ui) && npm run --silent build -- --logLevel warn
	@touch $@

# One goroutine judges a camera's pictures: the race detector would find nothing
# there, and take twenty times as long.
pixels := github.com/packroom/packroom/vision/opencv

.PHONY: test
test: setup-test build
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "gofmt has something to say about:"; echo "$$bad"; exit 1; }
	go vet ./...
	go test -race -timeout 20m $$(go list ./... | grep -v $(pixels))
	go test $(pixels)
	cd $(ui) && npm run check
	cd $(ui) && npm test
	cd $(ui) && npm run e2e

.PHONY: bench
bench: setup-test build
	@echo "PIN entered -> coil written over Modbus TCP, with the commit:"
	@go test ./cmd/packroom -run '^$$' -bench Unlock -benchtime 300x | grep '^Benchmark'
	@go test ./room -count=1 -v -run HitsWithinACentimetre | grep 'at 4 m'
	@node $(ui)/e2e/bench.mjs
	@$(MAKE) bench-live

LIVE_PEERS ?=
.PHONY: bench-live
bench-live: setup-test build
	@go build -o bin/livebench ./cmd/livebench
	@bin/livebench -packroom bin/packroom -peers "$(LIVE_PEERS)"

BENCH ?= ../shared/bench
.PHONY: bench-ocr
bench-ocr: setup build
	@python3 ocr/bench.py bin/packroom $(BENCH)

FILM ?= var/film
.PHONY: bench-vision
bench-vision: setup build
	@bin/packroom score $(BENCH)/clips $(BENCH)/clips-real $(FILM)

.PHONY: film
film: setup build
	@for seed in 1 2 3 4; do bin/packroom sim --day visits --seed $$seed --name visits$$seed --render $(FILM) \
	  --cameras 1 --width 640 --height 360 --fps 5 --calm-fps 1 --kbps 500 --pause 2h; done

.PHONY: clean-data
clean-data:
	@if [ -e var/postgres/lock ] && ! flock -n var/postgres/lock true; then echo "packroom is running: stop it first"; exit 1; fi
	@rm -rf var
	@echo "var/ is gone; the next start begins anew"
