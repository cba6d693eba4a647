# Everything happens in .venv, made by uv from uv.lock. Where uv is missing it is
# installed into .uv, here, and Python's own packages are left alone.
.DEFAULT_GOAL := help
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
PYTHON ?= python3
RUN := .venv/bin
CODE := headrace components pipelines notebooks tests soak mutants $(wildcard benchmarks)

.PHONY: help install demo test lint bench soak mutants clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed ## Install everything into .venv

demo: install ## Run the taxi pipeline, from CSV files to a pushed model
	$(RUN)/headrace run taxi

test: install lint ## Run lint, then all tests
	$(RUN)/pytest

lint: install ## Check style, types and the direction of imports
	$(RUN)/ruff check $(CODE)
	$(RUN)/ruff format --check $(CODE)
	$(RUN)/python -W error -m compileall -q $(CODE)
	$(RUN)/mypy
	$(RUN)/lint-imports

bench: install ## Time Headrace against stock TFX
	$(RUN)/python benchmarks/orchestrator.py
	$(RUN)/python benchmarks/data_path.py

soak: install ## Kill any process of a run, 200 times, and look at what is left
	$(RUN)/python -m soak.kill_loop --rounds 100
	$(RUN)/python -m soak.kill_loop --rounds 100 --store postgresql

mutants: install ## Put 300 faults into the code, and tell which of them no test notices
	nice $(RUN)/python -m mutants --faults 60

clean: ## Remove what runs and tests left behind; keep .venv and .headrace
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

.venv/installed: pyproject.toml uv.lock compat/tfx_bsl_sql_util/pyproject.toml | $(filter .uv/bin/uv,$(UV))
	$(UV) sync --locked
	@touch $@

.uv/bin/uv:
	$(PYTHON) -m pip install --quiet --target .uv uv
