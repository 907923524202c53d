# Plain make, plain pip, a plain Python 3.11+: nothing else has to be installed.
PY ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help install run test test-all test-compat test-cluster test-sentinel test-pythons lint format lock docs shots first-load bench clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

$(BIN)/pip:
	@.ci/python $(PY)
	@$(PY) -m venv $(VENV)

$(VENV)/.run: requirements/run.lock pyproject.toml | $(BIN)/pip
	@echo 'Installing (about a minute, once) …'
	@$(PIP) install --require-hashes -r requirements/run.lock
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.test: requirements/test.lock $(VENV)/.run
	@echo 'Installing what the tests need …'
	@$(PIP) install --require-hashes -r requirements/test.lock
	@touch $@

$(VENV)/.clickhouse: requirements/clickhouse.lock $(VENV)/.test
	@echo "Installing ClickHouse's engine (530 MB) …"
	@$(PIP) install --require-hashes -r requirements/clickhouse.lock
	@touch $@

install: $(VENV)/.run  ## make the virtual environment

run: install  ## the whole product on this machine, with simulated traffic: http://127.0.0.1:8050
	@exec $(BIN)/helix-dash demo $(ARGS)

test: $(VENV)/.test  ## unit, contract and browser tests
	@.ci/chromium
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not slow' $(ARGS)

test-all: $(VENV)/.test $(VENV)/.clickhouse  ## the same, and what takes longer: slow tests, ClickHouse's SQL, an install beside litellm[proxy], a real proxy before FakeAI
	@.ci/chromium
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)
	@$(MAKE) --no-print-directory test-compat
	@PY=$(PY) examples/litellm_proxy/run --once

test-compat:  ## the log's tests beside litellm[proxy], with polars 1.x, in a virtual environment of its own
	@PY=$(PY) .ci/compat

test-pythons:  ## a short smoke test with each of Python 3.11, 3.12 and 3.13 that is found
	@.ci/pythons

SEVERAL := tests/contract/test_fold.py tests/contract/test_fold_gateway_keys.py tests/contract/test_log_roundtrip.py tests/contract/test_mirror.py tests/contract/test_shards.py tests/test_recall.py

test-cluster: $(VENV)/.test  ## the log's tests on Redis Cluster: three servers on this machine, 16 shards
	@.ci/redis
	@HELIX_TEST_STORE=cluster LOG_SHARDS=16 $(BIN)/python -m pytest $(SEVERAL) tests/faults/test_moving_slot.py $(ARGS)

test-sentinel: $(VENV)/.test  ## the log's tests behind Redis Sentinel: two servers, three sentinels, a real failover
	@.ci/redis
	@HELIX_TEST_STORE=sentinel $(BIN)/python -m pytest -s $(SEVERAL) tests/faults/test_failover.py $(ARGS)

lint: $(VENV)/.test  ## style, types, layers, security
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml src

format: $(VENV)/.test  ## put the code into its form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(VENV)/.test  ## write the generated tables of docs/ again
	@$(BIN)/python docs/tables.py

lock: | $(BIN)/pip  ## choose the pinned versions of requirements/ again
	@.ci/lock $(PY)

$(VENV)/.bench: requirements/bench.lock $(VENV)/.run
	@echo 'Installing the peers to measure against …'
	@$(PIP) install --require-hashes -r requirements/bench.lock
	@touch $@

shots: $(VENV)/.test  ## pictures of every page, theme, width and state into shots/ (ARGS='--readme' for those of docs/ too)
	@.ci/chromium
	@$(BIN)/python tests/browser/shots.py $(ARGS)

first-load: $(VENV)/.test  ## bytes over the wire of a first visit, by kind, with an empty and a filled cache
	@.ci/chromium
	@$(BIN)/python tests/browser/first_load.py $(ARGS)

bench: $(VENV)/.bench  ## the log against its targets and its peers, 1M and 10M requests: docs/benchmark.md (ARGS='--rows 100k')
	@$(BIN)/python -m bench $(if $(ARGS),$(ARGS),--page docs/benchmark.md)

clean:  ## remove the virtual environments and everything made
	@rm -rf $(VENV) .venv-compat .venv-lock build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
