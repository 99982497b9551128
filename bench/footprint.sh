#!/usr/bin/env bash
# P6: size of the stripped binary, start-up time and memory, beside sqlite3 where it is installed.
#   bench/footprint.sh WEIR
set -euo pipefail
weir=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

strip -o "$work/weir" "$weir"
printf 'P6 stripped binary   %.2f MB (goal: at most 4)\n' \
    "$(stat -c %s "$work/weir" | awk '{ print $1 / 1e6 }')"

# Milliseconds a run of the command, median of 21.
start_ms() {
    for ((i = 0; i < 21; i++)); do
        local from to
        from=$(date +%s%N)
        "$@" > /dev/null
        to=$(date +%s%N)
        echo $(((to - from) / 1000))
    done | sort -n | awk 'NR == 11 { print $1 / 1000 }'
}

printf "P6 run -c 'SELECT 1'  %.1f ms (goal: at most 20)\n" "$(start_ms "$weir" run -c 'SELECT 1')"
if command -v sqlite3 > /dev/null; then
    printf "   sqlite3 'SELECT 1' %.1f ms\n" "$(start_ms sqlite3 :memory: 'SELECT 1')"
fi

# Idle: a query that follows an empty stream, after a second.
echo "CREATE STREAM s (x BIGINT); SELECT * FROM s;" > "$work/idle.sql"
"$weir" run "$work/idle.sql" > /dev/null 2>&1 &
pid=$!
sleep 1
printf 'P6 idle RSS          %.1f MB (goal: at most 20)\n' \
    "$(awk '/VmRSS/ { print $2 / 1024 }' "/proc/$pid/status")"
kill "$pid"
wait "$pid" 2> /dev/null || true
