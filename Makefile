# Everything runs from .venv, which these targets make. Needs Python 3.11+, make and a package registry.
PY ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys,ensurepip;sys.exit(sys.version_info<(3,11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: demo test chaos check format lock clean

demo: .venv/.base           ## run the whole product with stand-ins for the vendors; ARGS="--once --records 5000"
	@$(BIN)/python manage.py demo $(ARGS)

test: .venv/.dev            ## the default suite, on SQLite and PostgreSQL; ARGS="-k name"
	@$(BIN)/python -m tests $(ARGS)

chaos: .venv/.dev           ## processes killed, apps failing, people typing; nothing doubled, nothing lost; ARGS="--records 2000 --json"
	@$(BIN)/python -m tests.chaos $(ARGS)

check: .venv/.dev           ## format, lint, types, migrations, system checks, import direction
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check --fail-level WARNING

format: .venv/.dev
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: .venv/.tools          ## pin requirements/*.in again, without any host name
	for f in base dev; do $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --prerelease allow requirements/$$f.in -o requirements/$$f.lock; done
	for f in tryton dataverse kinto; do $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url requirements/$$f.in -o requirements/$$f.lock; done

clean:
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache

.venv/.tools: requirements/tools.lock
	@test -n "$(PY)" || { echo "Syncline needs Python 3.11 or later with venv (Debian: apt-get install python3-venv)."; exit 1; }
	@test -x $(BIN)/python || $(PY) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/tools.lock
	@touch $@

# uv installs in seconds; where it cannot reach the registry (it does not read pip's settings), pip does the same slowly.
.venv/.base: requirements/base.lock .venv/.tools
	@echo "Installing Syncline into .venv …"
	@$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements/base.lock 2>/dev/null \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/base.lock
	@touch $@

.venv/.dev: requirements/dev.lock .venv/.base
	@echo "Installing the test tools into .venv …"
	@$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements/dev.lock 2>/dev/null \
	  || $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@
