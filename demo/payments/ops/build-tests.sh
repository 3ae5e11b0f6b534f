#!/bin/sh
# Builds the unit tests, as target/tests.
set -eu
cd "$(dirname "$0")/.."

mkdir -p target
"${RUSTC:-rustc}" --edition 2021 --test -o target/tests src/main.rs
