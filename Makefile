# Two commands do all the set-up on a machine with Python 3.11+ and make: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-community check format lock setup clean

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q
# `make test TESTS=tests/unit ARGS=-x` runs a part.
TESTS ?= tests
ARGS ?=

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' Makefile

demo: ## everything embedded, with simulated meters (no root, no Docker); ARGS="--seconds 120"
	@scripts/environment
	@scripts/frontend
	@$(BIN)/kilowatch demo $(ARGS)

setup:
	@scripts/environment --check
	@scripts/system-packages
	@scripts/environment
	@scripts/frontend --dev

test: setup lint ## every check and every test against real servers
	@KILOWATCH_TEST_DATABASE_URL="$$(scripts/timescaledb start)" \
		$(PYTEST) -m "not community" $(ARGS) $(TESTS)

test-community: ## the schema and its policies on TimescaleDB's community edition
	@scripts/environment
	@scripts/frontend --dev
	@$(PYTEST) -m community $(ARGS) $(TESTS)

check: ## the linters and type checkers alone
	@scripts/environment
	@scripts/frontend --dev
	@$(MAKE) --no-print-directory lint

.PHONY: lint
lint:
	@echo "ruff"; $(BIN)/ruff check --quiet .
	@echo "ruff format"; $(BIN)/ruff format --quiet --check . || { $(BIN)/ruff format --check .; exit 1; }
	@echo "mypy"; $(BIN)/mypy --no-error-summary .
	@echo "pyright"; scripts/with-node node_modules/.bin/pyright --pythonpath $(BIN)/python
	@echo "import-linter"; $(BIN)/lint-imports --no-logo > .cache-lint 2>&1 || { cat .cache-lint; exit 1; }

format: ## put the code into the project's form
	@scripts/environment
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

lock: ## work out both lock files again from pyproject.toml and package.json
	@scripts/environment
	@scripts/lock

clean: ## remove what the commands above made inside this folder
	@rm -rf .venv node_modules dashboard/static/vendor build dist .cache .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
