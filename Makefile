# One command for each act; each does its own set-up. CI runs these same commands.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test fuzz soak bench bench-quick check format image clean

run: $(STAMP)
	$(BIN)/corsproxy demo $(ARGS)

test: $(STAMP)
	$(BIN)/python scripts/find_browser.py --install
	$(BIN)/pytest -n 2 $(ARGS)

# FUZZ_SECONDS for each harness; ARGS may name some: make fuzz ARGS="origins --seed 1"
fuzz: $(STAMP)
	$(BIN)/python fuzz/run.py --seconds $(or $(FUZZ_SECONDS),60) $(ARGS)

# mixed traffic with faults for SOAK_SECONDS; ARGS may hold --seed and --connections
soak: $(STAMP)
	$(BIN)/python tests/end_to_end/soak.py --seconds $(or $(SOAK_SECONDS),300) $(ARGS)

# every claim beside its peers, on two cores that are otherwise idle; ARGS="--rounds 2 --seconds 1"
bench: $(STAMP)
	$(BIN)/python bench/set_up.py
	$(BIN)/python bench/run.py $(ARGS)

# under two minutes, against nginx and Caddy; writes nothing
bench-quick: $(STAMP)
	$(BIN)/python bench/set_up.py --quick
	$(BIN)/python bench/run.py --quick $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

image:
	docker build -t corsproxy .

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else "Python 3.11 to 3.14 is needed (make PYTHON=python3.13 ...); this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)
