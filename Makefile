# Each target starts from nothing: it makes the virtual environment and installs what it needs.
PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
BIN := $(VENV)/bin
WHEEL := $(VENV)-ttnn-$(notdir $(PYTHON))
# What has to hold on every Python and pytest, and without torch: from a file to items, and from items to reports.
CORE := $(addprefix tests/plugin/test_,$(addsuffix .py,\
	checkouts cold collecting reporting running selecting sharding vector_files))

.PHONY: sweep models test test-oldest test-python test-ttnn lint benchmark clean

sweep: $(VENV)/.installed
	$(BIN)/pytest -p ttnn_sweeps -k model_traced

# There and back: what tests/models call is traced, tracing it again adds nothing, and the master passes as tests.
models: $(VENV)/.installed
	set -e; made=$$(mktemp -d); trap 'rm -rf "$$made"' EXIT; \
	trace="$(BIN)/ttnn-sweeps trace tests/models --device emulated --master $$made/models.json"; \
	$$trace; \
	$$trace >$$made/again.txt || { cat $$made/again.txt; exit 1; }; \
	grep 'Added 0 new' $$made/again.txt || { cat $$made/again.txt; exit 1; }; \
	$(BIN)/pytest $$made/models.json --sweep-device emulated --sweep-results-dir $$made/runs -q

test: $(VENV)/.installed
	$(BIN)/pytest tests -n 2

# The oldest pytest that is supported, laid over the environment.
test-oldest: $(VENV)/.installed $(VENV)/.oldest/.installed
	PYTHONPATH=$(VENV)/.oldest $(BIN)/python -m pytest $(CORE) -n 2

# Another Python, without torch. PYTHON names the interpreter.
test-python:
	$(PYTHON) -m venv $(VENV)-$(notdir $(PYTHON))
	$(VENV)-$(notdir $(PYTHON))/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) \
		pytest pytest-xdist pytest-timeout pexpect pydantic filelock \
		sqlalchemy alembic 'psycopg[binary]'
	$(VENV)-$(notdir $(PYTHON))/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(VENV)-$(notdir $(PYTHON))/bin/python -m pytest $(CORE) -n 2

# The real ttnn, on its mock device. PYTHON names an interpreter that there is a wheel for: 3.10 or 3.12, Linux, x86-64.
test-ttnn: $(WHEEL)/.installed
	$(WHEEL)/bin/pytest tests/ttnn tests/devices/mock -n 2
	$(WHEEL)/bin/pytest -p ttnn_sweeps -k model_traced --sweep-device mock

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

benchmark: $(VENV)/.installed
	$(BIN)/python benchmarks/run.py

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV) || { echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --editable '.[dev]'
	touch $@

$(WHEEL)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 10), (3, 12)) and "There is ttnn for Python 3.10 and 3.12; set PYTHON=")'
	$(PYTHON) -m venv $(WHEEL)
	$(WHEEL)/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --editable '.[ttnn]' \
		hypothesis ml-dtypes pexpect pyyaml || { echo "The ttnn wheel can't be installed: nothing was tested on it"; exit 1; }
	$(WHEEL)/bin/ttnn-sweeps doctor --device mock
	touch $@

$(VENV)/.oldest/.installed: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --upgrade --target $(VENV)/.oldest \
		pytest==7.2.2 pytest-xdist==3.6.1 pytest-timeout==2.2.0
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-* .pytest_cache .mypy_cache .ruff_cache .hypothesis
