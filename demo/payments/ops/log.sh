#!/bin/sh
# Prints the end of the service's log.
set -eu
cd "$(dirname "$0")/.."
. ops/production.sh

tail -n "${HOTFIX_LINES:-100}" "$production/service.log"
