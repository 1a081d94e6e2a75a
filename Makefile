# Kawal Logistik. `make` alone prints this help.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help
help: ## print this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed: set PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo 'The venv module is missing. On Debian, as root: apt-get install python3-venv' >&2; exit 1; }
	@echo 'installing the locked packages into $(VENV) (about a minute, first time only)'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: $(STAMP) ## install what the project needs into .venv

.PHONY: up
up: $(STAMP) ## start everything with a demonstration, print the address and how to sign in
	@$(BIN)/kawal up

.PHONY: down
down: $(STAMP) ## stop everything; the data stays
	@$(BIN)/kawal down

.PHONY: check
check: $(STAMP) ## style, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: $(STAMP) ## run all tests on real servers and a real browser
	@deploy/test-tools.sh
	$(BIN)/python -m pytest

.PHONY: bench
bench: $(STAMP) ## measure speed and detection against named baselines, each in one run
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.detection

.PHONY: docs
docs: $(STAMP) ## write the generated reference pages anew
	$(BIN)/python -m docs.generate

.PHONY: lock
lock: $(STAMP) ## solve the dependencies anew
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade pyproject.toml --group dev -o requirements.lock -q
