#!/bin/sh
# Tells the team: a line in a file here, a message in their chat elsewhere.
set -eu
cd "$(dirname "$0")/.."
. ops/production.sh

echo "$HOTFIX_SUBJECT" >>"$production/notices.log"
