# Everything on a fresh machine: Python ≥ 3.11, pip and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo
READY := $(VENV)/.installed

.PHONY: install demo test check docs bench clean

install: $(READY)

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[all]" --group dev
	touch $(READY)

demo: install  ## draw pictures, train on them, predict; compare two frameworks: a few minutes
	rm -rf $(DEMO)
	mkdir -p $(DEMO)
	$(BIN)/diptych sample plates $(DEMO)/plates --count 400
	$(BIN)/diptych train $(DEMO)/plates --out $(DEMO)/plates.bundle
	$(BIN)/diptych sample plates $(DEMO)/new --count 6 --seed 1 --no-defects
	$(BIN)/diptych predict $(DEMO)/plates.bundle $(DEMO)/new
	$(BIN)/diptych sample digits $(DEMO)/digits.csv
	$(BIN)/diptych compare $(DEMO)/digits.csv --seeds 1 --epochs 40 --out $(DEMO)/compare.html
	@echo
	@echo "$(DEMO)/plates/planted.csv            the defects that were planted"
	@echo "$(DEMO)/plates.bundle/audit.csv       what the audit found of them"
	@echo "$(DEMO)/plates.bundle/report.html     how good the classifier is, and where not: open it"
	@echo "$(DEMO)/plates.bundle/predictions.csv its answer for each test picture"
	@echo "$(DEMO)/compare.html                 PyTorch and TensorFlow on the same digits: open it"

test: install  ## two processes of one thread each: threads that wait for each other are most of the time else
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install  ## the documentation as a site, in build/docs; a broken link is an error
	$(BIN)/zensical build --clean --strict
	@echo "build/docs/index.html: open it"

bench: install  ## the figures of docs/benchmarks.md; needs the real data, and hours: families alone take three
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group bench
	for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV) $(DEMO) build .mypy_cache .ruff_cache .pytest_cache
