PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 2

.PHONY: setup demo check test bench evidence faults clean

setup: .venv/.installed ## a virtual environment in .venv with the package, editable

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade "pip>=24"
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

faults: setup ## kills, closed terminals, a full disk; about 35 minutes
	$(BIN)/python -m faults

evidence: setup ## does it work? trains ten models, about half an hour on 2 cores
	$(BIN)/python -m evidence

demo: setup ## the main job on generated birds, without downloads
	$(BIN)/neuroinspect-tui demo

check: setup ## the quick part: format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup check ## everything
	$(BIN)/pytest

bench: setup ## ratios from one run, on ../shared's flowers
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
