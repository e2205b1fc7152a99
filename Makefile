# The four names are the same everywhere: types, lint, imports, tests.  `make demo` and `make test` do all set-up.
# Images set it; what is compiled is kept here, or each of hundreds of child interpreters compiles all of it anew.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test types lint imports tests cover bench soak docs format clean
.DEFAULT_GOAL := test

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev --editable .
	@touch $@

demo: $(STAMP)      ## the main job on simulated bank, simulated card and SQLite, in seconds
	$(BIN)/szunion demo --force

test: types lint imports tests   ## everything that CI calls

types: $(STAMP)
	$(BIN)/mypy

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

imports: $(STAMP)
	$(BIN)/lint-imports

tests: $(STAMP)      ## BUT=--ignore=tests/emv leaves a part out
	.ci/in-memory $(BIN)/python -m pytest -q -n 2 --dist worksteal $(BUT)

cover: $(STAMP)     ## branch coverage of the card layer: less than 95 % fails
	@mkdir -p build
	$(BIN)/coverage erase --data-file=build/emv.coverage
	.ci/in-memory $(BIN)/coverage run --source=szunion.emv --data-file=build/emv.coverage \
	    -m pytest -q -n 2 --dist worksteal tests/emv
	$(BIN)/coverage combine -q --data-file=build/emv.coverage
	$(BIN)/coverage report --data-file=build/emv.coverage --include='src/szunion/emv/*' \
	    --show-missing --skip-covered --fail-under=95

$(VENV)/.bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@

bench: $(VENV)/.bench   ## every figure beside its peer and its limit; build/bench.json
	$(BIN)/python -m benchmarks

$(VENV)/.soak: $(VENV)/.bench
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group soak
	@touch $@

soak: $(VENV)/.soak     ## the long runs: ten million inputs a target of the card layer among them
	SZUNION_SOAK=1 $(BIN)/python -m pytest -q -m soak

$(VENV)/.docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@

docs: $(VENV)/.docs
	$(BIN)/python docs/generate.py
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) build dist szunion-demo docs/_build .mypy_cache .ruff_cache .pytest_cache
