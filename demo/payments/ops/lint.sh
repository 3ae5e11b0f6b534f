#!/bin/sh
# Fails on any warning of the compiler.
set -eu
cd "$(dirname "$0")/.."

mkdir -p target
"${RUSTC:-rustc}" --edition 2021 -D warnings --emit metadata -o target/payments.rmeta src/main.rs
