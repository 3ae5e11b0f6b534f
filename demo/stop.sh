#!/bin/sh
# Stops this sandbox's production for good, whatever became of `hotfix demo`.
set -eu
cd "$(dirname "$0")/payments"

: >../production/closed
exec sh ops/stop.sh
