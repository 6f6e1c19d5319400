# Needs Python 3.11 or later and make; everything else is installed here, into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

CLIENTS := .venv-clients
CONFORMANCE := tests/simulator/conformance
PARTS := $(VENV)/test-parts.txt

# Hundreds of the tests start a process: without bytecode on disk each would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test long lint format screenshots benchmark clean clients .parts .runs

demo: $(VENV)/.user
	$(BIN)/locust -f locustfile.py --headless --loglevel WARNING --exit-code-on-error 0 \
	  --bedrock-config examples/demo.json --bedrock-simulator="$$(cat examples/demo-simulator.txt)"

# A test of a whole run, in tests/e2e or tests/faults, and one with a browser wait for most of their time. The others use
# what those leave of the CPU: they run beside them at a low priority, and what they say is shown when all have ended.
test: $(VENV)/.dev clients
	@echo "All other tests run beside those of tests/e2e, tests/faults, tests/versions and tests/web: their output comes last."
	@$(MAKE) --no-print-directory -j 2 -k .parts .runs; code=$$?; cat $(PARTS); exit $$code

.parts:
	@nice -n 15 $(BIN)/pytest -n 2 --dist worksteal --ignore tests/web --ignore tests/e2e --ignore tests/faults \
	  --ignore tests/versions >$(PARTS) 2>&1

.runs:
	$(BIN)/pytest -n 4 --dist worksteal tests/e2e tests/faults tests/versions
	$(BIN)/pytest -n 4 --dist worksteal tests/web

long: $(VENV)/.dev clients
	@$(MAKE) $(CLIENTS)/.more || echo "LiteLLM, LLMeter and moto could not be installed: their tests are left out"
	$(BIN)/pytest -m long
	$(BIN)/pytest -n 2 -m "hypothesis and not long" --hypothesis-profile thorough

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The pictures of the README, from a real run; they need Debian's chromium.
screenshots: $(VENV)/.dev
	$(BIN)/python -m tests.web.screenshots docs/images

# LLMeter without what it asks for: its resolver takes minutes over the storage it does not need here.
benchmark: $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps 'llmeter==0.2.*'
	$(BIN)/pip install --quiet --disable-pip-version-check fsspec jmespath tqdm 'universal-pathlib>=0.2.5'
	$(BIN)/pip install --quiet --disable-pip-version-check --target benchmarks/.sdks openai==3.57.0 anthropic==2.14.0
	$(BIN)/python benchmarks/client.py
	$(BIN)/python benchmarks/client.py --tls
	for api in responses chat messages; do $(BIN)/python benchmarks/client.py --api $$api --streams 100 || exit 1; done

# Clients for the simulator's conformance tests, apart from this project's packages. Without their registries the tests
# that need them are skipped with the reason; in CI (CI=true) that is a failure.
clients:
	@$(MAKE) $(CLIENTS)/.installed || { echo "the Python clients could not be installed"; test "$$CI" != true; }
	@command -v npm >/dev/null || { echo "npm is not installed: the JavaScript clients are left out"; exit 0; }; \
	  $(MAKE) $(CONFORMANCE)/js/node_modules/.package-lock.json || \
	  { echo "the JavaScript clients could not be installed"; test "$$CI" != true; }

$(CLIENTS)/.installed: $(CONFORMANCE)/requirements.txt
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# LLMeter without what it asks for, as above.
$(CLIENTS)/.more: $(CONFORMANCE)/requirements-more.txt $(CLIENTS)/.installed
	$(CLIENTS)/bin/pip install --quiet --disable-pip-version-check -r $<
	$(CLIENTS)/bin/pip install --quiet --disable-pip-version-check --no-deps 'llmeter==0.2.*'
	touch $@

$(CONFORMANCE)/js/node_modules/.package-lock.json: $(CONFORMANCE)/js/package.json
	npm install --prefix $(dir $<) --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error
	touch $@

clean:
	rm -rf $(VENV) $(CLIENTS) $(CONFORMANCE)/js/node_modules benchmarks/.sdks results comparison benchmark_report.md benchmark_report.html

$(VENV)/.user: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[simulator]'
	touch $@

$(VENV)/.dev: $(VENV)/.user
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@
