#!/bin/sh
# Stops the service. The next deploy starts it again.
set -eu
cd "$(dirname "$0")/.."
. ops/production.sh

lock
stop
