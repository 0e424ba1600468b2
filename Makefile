# Two commands: `make studio` serves the page, `make test` runs the tests but for the slowest, in less than ten minutes; `make test-all` runs those, too. The second call of each starts at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# A process for each core, with one thread each: small models gain nothing from more. The browser has the machine for itself, as its tests wait for
# what a page shows: two at a time took as long (a page, its server and its worker fill two cores) and met timeouts.
WITHOUT_BROWSER := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m
WITH_BROWSER := $(BIN)/python -m pytest -m

.PHONY: studio test test-all checked lint types unit browser bench clean

studio: $(VENV)/.installed
	$(BIN)/python app.py fetch
	$(BIN)/python app.py

test: checked
	@status=0; $(WITHOUT_BROWSER) "not browser and not slow" || status=1; $(WITH_BROWSER) "browser and not slow" || status=1; exit $$status
	@echo "The slowest tests (tests/slow.txt) were left out: make test-all runs them, too."

test-all: checked
	@status=0; $(WITHOUT_BROWSER) "not browser" || status=1; $(WITH_BROWSER) browser || status=1; exit $$status

checked: $(VENV)/.installed-dev chromium
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python app.py fetch || echo "Models could not be fetched: tests that need them are skipped."

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

unit: $(VENV)/.installed-dev
	$(WITHOUT_BROWSER) "not browser"

browser: $(VENV)/.installed-dev chromium
	$(WITH_BROWSER) browser

bench: $(VENV)/.installed-dev
	$(BIN)/python -m bench

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Kinora needs Python 3.11 or newer: $(PYTHON) is $$($(PYTHON) --version). Give another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make a virtual environment: on Debian, apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.installed: requirements.txt | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.installed

# Browser tests drive the system's Chromium. It is installed here when that is permitted.
.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	  else \
	    echo "Browser tests need Chromium: run 'sudo apt-get install chromium' (or install Chrome), then 'make test' again."; exit 1; \
	  fi; }

clean:
	rm -rf $(VENV)
