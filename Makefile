# Needs Python 3.11 or later and make; everything else is installed here, into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint format clean

demo: $(VENV)/.user
	$(BIN)/locust -f locustfile.py --headless --only-summary --loglevel WARNING --exit-code-on-error 0 \
	  --bedrock-config examples/demo.json --bedrock-simulator="$$(cat examples/demo-simulator.txt)"

test: $(VENV)/.dev
	$(BIN)/pytest -n 2

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) results benchmark_report.md

$(VENV)/.user: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[simulator]'
	touch $@

$(VENV)/.dev: $(VENV)/.user
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@
