# Two commands do all the set-up on a machine with Python 3.11+ and make: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: pictures page-pictures help demo test test-community fuzz chaos audit reference docs check lint lint-pyright lint-mypy \
	lint-docs lint-layers format lock clean

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest -q
TESTS ?= tests
ARGS ?=
ROUNDS ?= 30

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' Makefile

demo: ## everything embedded, with simulated meters (no root, no Docker); ARGS="--seconds 120"
	@scripts/environment
	@scripts/frontend
	@$(BIN)/kilowatch demo $(ARGS)

test: ## every check, and every test against real servers; a part: TESTS=tests/unit ARGS=-x
	@scripts/environment --check
	@scripts/system-packages
	@scripts/environment
	@scripts/frontend --dev
	@$(MAKE) --no-print-directory lint
	@url=$$(scripts/timescaledb start); export KILOWATCH_TEST_DATABASE_URL=$$url; \
		$(if $(filter tests,$(TESTS)),scripts/tests-side-by-side,$(PYTEST) $(TESTS)) -m "not community" $(ARGS)

test-community: ## the schema and its policies on TimescaleDB's community edition
	@scripts/environment
	@scripts/with-node $(PYTEST) -m community $(ARGS) $(TESTS)

fuzz: ## a million mutated frames through everything that takes bytes; ARGS="--frames 10000 --seed 7 --json"
	@scripts/environment
	@$(BIN)/python -m tests.fuzz.run $(ARGS)

chaos: ## kill, stop and cut the parts of a site in turn and compare with the fleet's ledger; ROUNDS=30 SEED=7 (root)
	@scripts/environment
	@$(BIN)/python -m tests.chaos.run --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))

reference: ## write the reference pages of docs/reference anew from the profiles and the catalogue
	@scripts/environment
	@$(BIN)/python -m services.reference_pages docs/reference
	@$(BIN)/python -m cli.reference_page docs/reference
	@$(BIN)/python -m simulators.faults.page docs/simulators.md

pictures: ## take the pictures of the READMEs and the documentation anew, of the pages as they are
	@scripts/environment
	@scripts/frontend --dev
	@KILOWATCH_PICTURES=docs/images $(PYTEST) tests/e2e/test_pictures.py

page-pictures: ## take a picture of every kind of page in both languages, into build/pages
	@scripts/environment
	@scripts/frontend --dev
	@KILOWATCH_PAGE_PICTURES=build/pages $(PYTEST) tests/e2e/test_every_page.py

docs: ## the documentation as a site, in build/site; a broken link fails
	@scripts/environment
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
	@echo "docs: build/site/index.html"

check: ## the linters and type checkers alone
	@scripts/environment
	@scripts/frontend --dev
	@$(MAKE) --no-print-directory lint

lint:
	@echo "check: ruff"; $(BIN)/ruff check --quiet .
	@echo "check: ruff format"; $(BIN)/ruff format --quiet --check . || { $(BIN)/ruff format --check . || true; exit 1; }
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint-pyright lint-mypy lint-docs lint-layers

# The slow ones, two at a time, the longest first.
lint-pyright:
	@echo "check: pyright"; scripts/with-node node_modules/.bin/pyright --pythonpath $(BIN)/python
lint-mypy:
	@echo "check: mypy"; $(BIN)/mypy --no-error-summary .
lint-docs:
	@echo "check: docs"; report=$$(NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build 2>&1) || { echo "$$report"; exit 1; }
lint-layers:
	@echo "check: layers"; report=$$($(BIN)/lint-imports 2>&1) || { echo "$$report"; exit 1; }

format: ## put the code into the project's form
	@scripts/environment
	@$(BIN)/ruff check --quiet --fix-only .; $(BIN)/ruff format .

audit: ## ask whether weaknesses of the locked packages are known, where a service that knows them answers
	@scripts/environment
	@scripts/audit

lock: ## work out the lock files anew from pyproject.toml and package.json
	@scripts/environment
	@scripts/lock

clean: ## stop the test database and remove what these commands made inside this folder
	@scripts/timescaledb stop
	@rm -rf .venv node_modules dashboard/static/vendor build dist .cache .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
