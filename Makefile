# `make report` and `make test` set everything up themselves: only Python 3.11+ and make are needed.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FRAMEWORKS := $(VENV)/.ready-frameworks
WORKERS ?= 2

.PHONY: report test test-all check format clean

report: $(READY)  ## run every case and every study, and write reports/
	$(BIN)/gradcheck run cases --report reports --studies

test: $(READY)  ## the tests, without the slow ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow"

test-all: $(FRAMEWORKS)  ## all tests, those of PyTorch, JAX and autograd among them
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: $(READY)  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer with the venv module was found; install one (Debian: python3-venv) or run make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[all,dev]"
	@touch $(READY)

$(FRAMEWORKS): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[all,dev,torch,jax]" autograd
	@touch $(FRAMEWORKS)

clean:  ## remove what make has set up
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
