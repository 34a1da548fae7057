PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-slow docs bench evidence faults clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.installed ## make .venv, with the package in it, editable

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade "pip>=24"
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

demo: setup ## do the whole job on generated birds, without downloads (3 minutes)
	$(BIN)/neuroinspect-tui demo

check: setup ## format, lint, types, import contracts, generated pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check

test: check ## the checks, and all tests but the long ones
	$(BIN)/pytest -m "not long"

test-slow: setup ## the tests that take minutes or need other servers
	$(BIN)/pytest -m long --timeout 1800

docs: setup ## write the generated pages and tables of docs/
	$(BIN)/python -m docs.generate

bench: setup ## measure speed on the real images in ../shared
	$(BIN)/python -m benchmarks

evidence: setup ## does it work? all parts, or PART=NAME for up to an hour (python -m evidence --help)
	$(BIN)/python -m evidence $(PART) $(if $(PART),--minutes 55)

faults: setup ## break jobs on purpose: kills, closed terminals, a full disk (35 minutes)
	$(BIN)/python -m faults

clean: ## remove .venv and the caches of tools
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
