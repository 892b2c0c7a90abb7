# Short names for what a developer does every day. `make check` runs what CI runs,
# in the environment that is active: pip install -e ".[test]"
PYTHON ?= python
VERBS = $(filter-out benchmarks/bench_batch.py, $(wildcard benchmarks/bench_*.py))
export MPLBACKEND = Agg

.PHONY: help check format lint types imports test quick docs bench sample clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

check: test  ## every check that CI makes (style, types, imports, docs and notebooks are tests too)

format:  ## let ruff put the files in order
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

lint:  ## style only
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:  ## types only
	$(PYTHON) -m mypy -p paektuseis

imports:  ## the order of the house only
	lint-imports --no-cache

test:  ## the whole suite
	$(PYTHON) -m pytest

quick:  ## the suite without what takes more than ten seconds
	$(PYTHON) -m pytest -m "not slow"

docs:  ## docs/_build/html/index.html
	$(PYTHON) -m sphinx -W --keep-going -b html docs docs/_build/html

bench:  ## timings of the verbs on this machine (the archive run: see benchmarks/README.md)
	@for script in benchmarks/response.py $(VERBS); do $(PYTHON) $$script || exit 1; done

sample:  ## write data/sample anew, bit for bit
	$(PYTHON) data/make_sample.py data/sample

clean:  ## caches and built pages
	rm -rf docs/_build docs/api/generated docs/gallery/generated build dist .pytest_cache .mypy_cache .ruff_cache \
	    .hypothesis .import_linter_cache
