#!/bin/sh
# Prints the release that runs, as the service itself says; nothing where none does.
set -eu
cd "$(dirname "$0")/.."
. ops/production.sh

if [ -n "$(running)" ]; then
    ask /version
fi
