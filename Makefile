# One command for each act. Only python3 (3.11 or newer), its pip and make are needed.

PYTHON ?= python3
UV_VERSION := 0.13.9
STAMP := .venv/.installed
UV := .uv/bin/uv
# Journeys, drills, days and browser are a process's work each, and wait most of the time; everything else is done meanwhile.
PYTEST := .venv/bin/python -m pytest -n 3 --dist loadgroup

# With it set no bytecode is ever written, and every start of a process takes seconds longer.
unexport PYTHONDONTWRITEBYTECODE
# An activated environment of somebody else's is not ours to change.
unexport VIRTUAL_ENV

.PHONY: help run test check audit-dependencies fuzz drills soak bench format lock clean-data

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(STAMP) ## set up, start everything, sync, show the dashboard (ARGS="...")
	@.venv/bin/ponte up $(ARGS)

test: $(STAMP) ## set up, run the tests (ARGS="-k webhook")
	@$(PYTEST) $(ARGS)

check: $(STAMP) ## format, lint, types and all tests: what CI runs
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@$(MAKE) --no-print-directory audit-dependencies
	@$(PYTEST) $(ARGS)

audit-dependencies: $(STAMP) ## known vulnerabilities of what is pinned, where the index tells them
	@.venv/bin/python .ci/audit_dependencies.py

fuzz: $(STAMP) ## look for what breaks it: EXAMPLES=500 of each kind, then SECONDS=120 of atheris on webhooks
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),500) $(PYTEST) --timeout 3600 tests/fuzz tests/webhook_app/test_openapi.py $(ARGS)
	@test -d .fuzz/atheris || $(UV) pip install --quiet --python .venv/bin/python --no-deps --target .fuzz "atheris>=2.3,<4" || true
	@if test -d .fuzz/atheris; then PYTHONPATH=.fuzz .venv/bin/python -m tests.fuzz.target $(or $(SECONDS),120); \
	else echo "SKIPPED: atheris has no wheel for this machine; hypothesis alone looked at the decoder" >&2; fi

COUNT ?= 1
SEED ?= 1
MINUTES ?= 30

drills: $(STAMP) ## play seeded schedules of trouble (COUNT=10 SEED=1 REPORT=docs/drills.md ARGS="...")
	@.venv/bin/python -m tests.drills --count $(COUNT) --seed $(SEED) $(if $(REPORT),--report $(REPORT)) $(ARGS)

soak: $(STAMP) ## an ordinary life for long, looked at for what grows (MINUTES=30)
	@.venv/bin/python -m tests.drills.soak --minutes $(MINUTES) $(ARGS)

bench: $(STAMP) ## measure Ponte beside the others (QUICK=1 PARTS="load" REPORT=docs/benchmarks.md)
	@.venv/bin/python -m bench $(if $(QUICK),--quick) $(if $(PARTS),--parts $(PARTS)) $(if $(REPORT),--report $(REPORT)) $(ARGS)

format: $(STAMP) ## put the code into the form that check wants
	@.venv/bin/ruff check --fix-only .
	@.venv/bin/ruff format .

lock: $(STAMP) ## write requirements.lock anew from pyproject.toml (ARGS="--upgrade")
	@$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --quiet $(ARGS) --output-file requirements.lock

clean-data: $(STAMP) ## remove the embedded servers' data for good, wherever it lies
	@.venv/bin/python -m sandbox.embedded erase .data
	@rm -rf .data

# The environment is made again only when what it is made from has changed. Where python3 has no
# pip of its own, the environment's is used; where uv can't be had, pip does its work, slower.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Ponte needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) --version 2>&1`."; \
		echo "Name another one: make PYTHON=python3.12 ..."; exit 1; } >&2
	@rm -f $@
	@.venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		rm -rf .venv; \
		if $(PYTHON) -m pip --version >/dev/null 2>&1; \
		then $(PYTHON) -m venv --without-pip .venv; \
		else $(PYTHON) -m venv .venv; fi; }
	@if $(PYTHON) -m pip --version >/dev/null 2>&1; \
	then pip="$(PYTHON) -m pip"; else pip=".venv/bin/python -m pip"; fi; \
	$(UV) --version 2>/dev/null | grep -qF "uv $(UV_VERSION)" \
		|| $$pip install --quiet --root-user-action=ignore --upgrade --target .uv uv==$(UV_VERSION) \
		|| echo "uv $(UV_VERSION) cannot be had: installing with pip" >&2; \
	if $(UV) --version >/dev/null 2>&1; then \
		$(UV) pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock && \
		$(UV) pip install --quiet --python .venv/bin/python --no-deps --editable .; \
	else \
		$$pip --python .venv/bin/python install --quiet --root-user-action=ignore --require-hashes -r requirements.lock && \
		$$pip --python .venv/bin/python install --quiet --root-user-action=ignore --no-deps --editable .; \
	fi
	@touch $@
