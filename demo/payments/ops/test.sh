#!/bin/sh
# Builds the unit tests and runs them.
set -eu
cd "$(dirname "$0")/.."

sh ops/build-tests.sh
target/tests
