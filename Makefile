# make demo · make test — both install whatever they need on a fresh Debian 12 with Python and make.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export DJANGO_SETTINGS_MODULE := guitai.config.settings

.PHONY: help install browser demo stop test test-quick test-heavy check lint types contracts bench agent-package lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: .venv/.installed ## the virtual environment, from the lock file

.venv/.installed: requirements.lock pyproject.toml scripts/install.sh
	@PYTHON=$(PYTHON) scripts/install.sh
	@touch $@

browser: ## Chromium and a Chinese font for the browser tests, from Debian's packages
	@scripts/browser.sh

demo: install ## a shop from nothing: one sale, its invoice, its upload, its picture, and links
	@GUITAI_HOME=$(CURDIR)/var/demo $(BIN)/guitai demo

stop: ## stops the demo
	@GUITAI_HOME=$(CURDIR)/var/demo $(BIN)/guitai down

test: install browser test-quick test-heavy ## all tests, the browser ones included

test-quick: install
	$(BIN)/pytest -q -n 2 -m "not browser and not race and not crash and not slow"

# The pages in src have a stand-in world each and mostly wait; whole houses and races want the machine.
test-heavy: install
	$(BIN)/pytest -q -n 2 --dist loadfile -m browser src
	$(BIN)/pytest -q -m "(race or crash or slow) and not browser" src
	$(BIN)/pytest -q -m "browser or race or crash or slow" tests

check: lint types contracts test ## what CI runs

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy src/twinvoice src/guitai src/guitai_agent src/guitai_sandbox

contracts: install
	$(BIN)/lint-imports --no-cache
	@GUITAI_HOME=$(CURDIR)/var/test $(BIN)/guitai django makemigrations --check --dry-run

bench: install ## the benchmarks, one JSON object a line
	@GUITAI_HOME=$(CURDIR)/var/bench $(BIN)/guitai down >/dev/null; rm -rf var/bench
	@GUITAI_HOME=$(CURDIR)/var/bench $(BIN)/python -m tests.bench
	@GUITAI_HOME=$(CURDIR)/var/bench $(BIN)/guitai down >/dev/null

agent-package: install ## what a shop's computer installs, signed, into dist/
	$(BIN)/python packaging/agent/build.py dist

lock: install ## the lock file anew
	$(BIN)/uv pip compile -q --extra dev --universal --python-version 3.11 \
	  --no-emit-index-url --generate-hashes --no-header pyproject.toml -o requirements.lock

clean: ## everything that was made here
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis
