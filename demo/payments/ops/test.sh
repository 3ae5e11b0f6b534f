#!/bin/sh
# Builds the unit tests and runs them.
set -eu
cd "$(dirname "$0")/.."

mkdir -p target
"${RUSTC:-rustc}" --edition 2021 --test -o target/tests src/main.rs
target/tests
