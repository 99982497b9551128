#!/usr/bin/env bash
# S1, S2: durable appends to the log, thousands a second of wall time, beside SQLite (WAL,
# synchronous = FULL) and, where it is installed, redis-server (appendfsync always); and the
# bandwidth of groups of 1 MiB, MB/s, beside writes of that size alone.
#   bench/log.sh BUILD [RUNS [DIR]]
# DIR is where files are written: what a sync costs there is what is measured.
. "$(dirname "$0")/lib.sh"
build=$1
runs=${2:-5}
dir=${3:-$root}
seconds=1
bench=$build/bench/log_bench

thousand() { awk -v n="$1" 'BEGIN { printf "%.3f\n", n / 1000 }'; }

redis_start() {
    command -v redis-server > /dev/null || return 1
    redis_dir=$(mktemp -d "$dir/redis.XXXXXX")
    redis-server --port 0 --unixsocket "$redis_dir/s" --dir "$redis_dir" --save '' \
        --appendonly yes --appendfsync always > /dev/null &
    redis_pid=$!
    for _ in {1..50}; do
        redis-cli -s "$redis_dir/s" ping > /dev/null 2>&1 && return 0
        sleep 0.1
    done
    return 1
}

# redis COUNT PIPELINE: SET a second, 50 connections
redis() {
    redis-benchmark -s "$redis_dir/s" -c 50 -n "$1" -P "$2" -d 100 -t set --csv |
        awk -F '"' '$2 == "SET" { print $4 }'
}

with_redis=false
redis_start && with_redis=true

for ((i = 0; i < runs; i++)); do
    keep one "$(thousand "$("$bench" "$dir" appends 1 1 $seconds)")"
    keep sqlite "$(thousand "$("$bench" "$dir" sqlite $seconds)")"
    keep fifty "$(thousand "$("$bench" "$dir" appends 50 1 $seconds)")"
    $with_redis && keep redis "$(thousand "$(redis 50000 1)")"
    keep flight "$(thousand "$("$bench" "$dir" appends 50 64 $seconds)")"
    $with_redis && keep redis64 "$(thousand "$(redis 500000 64)")"
    keep groups "$("$bench" "$dir" groups $seconds)"
    keep bare "$("$bench" "$dir" bare $seconds)"
done

row S1 "durable appends, thousand/s, 1 writer" one "SQLite, WAL, FULL" sqlite ">= 1.5"
if $with_redis; then
    row S1 "  50 writers" fifty "redis-server, 50 connections" redis ">= 1.0"
    row S1 "  50 writers, 64 in flight each" flight "redis-server, pipelines of 64" redis64 ">= 1.0"
    kill "$redis_pid"
    wait "$redis_pid" 2> /dev/null || true
    rm -rf "$redis_dir"
else
    row S1 "  50 writers" fifty
    row S1 "  50 writers, 64 in flight each" flight
fi
row S2 "durable groups of 1 MiB, MB/s" groups "write alone, direct" bare ">= 0.8"
