#!/usr/bin/env bash
# P6: size of the stripped binary, start-up time and memory, beside sqlite3 where it is installed.
#   bench/footprint.sh BUILD [RUNS]
. "$(dirname "$0")/lib.sh"
weir=$1/weir
runs=${2:-21}

# line WHAT MEDIAN BEST BESIDE ITS RATIO WANTED
line() { printf 'P6\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@"; }

megabytes() { stat -L -c %s "$1" | awk '{ printf "%.2f", $1 / 1e6 }'; }

strip -o "$work/weir" "$weir"
line "stripped binary, MB" "$(megabytes "$work/weir")" "" "" "" "" "<= 4"

# start NAME COMMAND...: milliseconds of the whole run
start() {
    local name=$1 from to
    shift
    from=$(date +%s%N)
    "$@" > /dev/null
    to=$(date +%s%N)
    keep "$name" "$(awk -v t=$((to - from)) 'BEGIN { printf "%.2f", t / 1e6 }')"
}

sqlite=$(command -v sqlite3 || true)
for ((i = 0; i < runs; i++)); do
    start weir "$weir" run -c 'SELECT 1'
    start version "$weir" --version
    [ -n "$sqlite" ] || continue
    start sqlite "$sqlite" :memory: 'SELECT 1'
    start sqlite_version "$sqlite" -version
done
if [ -n "$sqlite" ]; then
    line "run -c 'SELECT 1', ms" "$(median weir)" "$(least weir)" "sqlite3 :memory: 'SELECT 1'" \
        "$(median sqlite)" "$(ratio "$(median weir)" "$(median sqlite)")" "<= 20"
    line "--version, ms" "$(median version)" "$(least version)" "sqlite3 -version" \
        "$(median sqlite_version)" "$(ratio "$(median version)" "$(median sqlite_version)")" ""
else
    line "run -c 'SELECT 1', ms" "$(median weir)" "$(least weir)" "" "" "" "<= 20"
fi

# Idle: a query that follows an empty stream, after a second.
echo "CREATE STREAM s (x BIGINT); SELECT * FROM s;" > "$work/idle.sql"
"$weir" run "$work/idle.sql" > /dev/null 2>&1 &
pid=$!
sleep 1
line "idle, MB of memory" "$(awk '/VmRSS/ { printf "%.2f", $2 / 1024 }' "/proc/$pid/status")" "" "" "" "" \
    "<= 20"
kill "$pid"
wait "$pid" 2> /dev/null || true
