#!/bin/sh
# Puts HOTFIX_RELEASE, built from HOTFIX_COMMIT, in the place of what runs; done already, it does
# nothing. Also the way back: the build of each commit is kept, so that this takes no time.
set -eu
cd "$(dirname "$0")/.."
. ops/production.sh

lock
commit=$(git rev-parse --verify --quiet "${HOTFIX_COMMIT:-$HOTFIX_RELEASE}^{commit}") || {
    echo "there is no commit for release $HOTFIX_RELEASE" >&2
    exit 1
}
build=$production/builds/$commit
if [ ! -x "$build/payments" ]; then
    mkdir -p "$build"
    git archive --output "$build/source.tar" "$commit" src
    tar -xf "$build/source.tar" -C "$build"
    # From inside, so that a panic names its place by a path that is the same in each build.
    (cd "$build" && "${RUSTC:-rustc}" --edition 2021 -o payments.new src/main.rs)
    mv -f "$build/payments.new" "$build/payments"
fi

if [ "$(readlink "$production/payments")" = "$build/payments" ] && [ -n "$(running)" ] &&
    [ "$(ask /version)" = "$HOTFIX_RELEASE" ]; then
    echo "$HOTFIX_RELEASE runs already"
    exit 0
fi

if [ -e "$production/closed" ]; then
    echo "this production was closed; remove $production/closed to open it again" >&2
    exit 1
fi
stop
cd "$production"
(trap '' HUP && exec "$build/payments" serve "$address" "$HOTFIX_RELEASE") </dev/null >>service.log 2>&1 &
process=$!
rm -f payments.new
ln -s "$build/payments" payments.new
mv -f payments.new payments

tries=0
until [ "$(running)" = "$process" ] && ask /health >/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -eq 100 ] || ! kill -0 "$process" 2>/dev/null; then
        echo "$HOTFIX_RELEASE does not answer; the end of its log:" >&2
        tail -n 10 service.log >&2
        kill "$process" 2>/dev/null || true
        exit 1
    fi
    sleep 0.1
done
echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $HOTFIX_RELEASE $commit in the place of ${HOTFIX_PREVIOUS:-nothing}" >>deploys.log
echo "$HOTFIX_RELEASE runs, process $process"
