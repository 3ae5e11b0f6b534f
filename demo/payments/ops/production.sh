#!/bin/sh
# Where production is, and what runs there. For the scripts beside this one.

address=127.0.0.1:8080
mkdir -p ../production/builds
production=$(cd ../production && pwd -P)

# Prints what the service answers to GET $1; fails where none answers.
ask() {
    "$production/payments" ask "$address" "$1" 2>/dev/null
}

# Prints the service's process, if it is this production's and not another's at the address.
running() {
    who=$(ask /process) || return 0
    if [ "${who#* }" = "$production" ]; then
        echo "${who%% *}"
    fi
}

# Stops the service and returns when it is gone: by SIGKILL after five seconds.
stop() {
    process=$(running)
    if [ -z "$process" ]; then
        return 0
    fi
    kill "$process" 2>/dev/null || true
    tries=0
    while [ -n "$(running)" ]; do
        tries=$((tries + 1))
        if [ "$tries" -eq 50 ]; then
            kill -9 "$process" 2>/dev/null || true
        fi
        sleep 0.1
    done
}

# One change at a time: waits for the one before, a minute at most, unless whoever made it is gone.
# The lock is a link to nowhere that names its holder, because making one is atomic.
lock() {
    tries=0
    until ln -s "$$" "$production/lock" 2>/dev/null; do
        tries=$((tries + 1))
        holder=$(readlink "$production/lock") || holder=
        if [ "$tries" -eq 600 ] || { [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; }; then
            rm -f "$production/lock"
        fi
        sleep 0.1
    done
    trap 'rm -f "$production/lock"' EXIT
    trap 'exit 1' HUP INT PIPE TERM
}
