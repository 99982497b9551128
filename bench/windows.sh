#!/usr/bin/env bash
# P3: TUMBLE SUM over columns in memory, beside a loop in C and DuckDB; P4: HOP of many slides beside
# HOP of one. Rows a CPU second, one thread.
#   bench/windows.sh BUILD [RUNS] [P4_RUNS]
# DuckDB comes through npm, into a folder that is thrown away; without npm it is left out.
. "$(dirname "$0")/lib.sh"
build=$1
runs=${2:-7}
p4_runs=${3:-1}

export DUCKDB_AT=$work/duckdb
mkdir "$DUCKDB_AT"
if ! (cd "$DUCKDB_AT" && command -v npm && npm install --no-audit --no-fund @duckdb/node-api) \
    > /dev/null 2>&1; then
    DUCKDB_AT=
    echo "windows.sh: DuckDB is left out: npm could not install @duckdb/node-api" >&2
fi

for ((i = 0; i < runs; i++)); do
    "$build/bench/ops_bench" p3 > "$work/rates"
    keep_all < "$work/rates"
    [ -z "$DUCKDB_AT" ] && continue
    node "$(dirname "$0")/duckdb.mjs" 10000_1000000 1000000_1000000 10000_10000 > "$work/rates"
    keep_all < "$work/rates"
done

# p3 WHAT SHAPE [WANTED_OF_LOOP WANTED_OF_DUCKDB]
p3() {
    row P3 "$1" "weir_$2" "a loop in C" "loop_$2" "${3:-}"
    [ -z "$DUCKDB_AT" ] || row P3 "" "weir_$2" "DuckDB, GROUP BY window, key" "duckdb_$2" "${4:-}"
}
p3 "TUMBLE(1 M rows) SUM by 10,000, M rows/s" 10000_1000000 ">= 0.4, 60 M" ">= 6"
p3 "TUMBLE(1 M rows) SUM by 1,000,000" 1000000_1000000
p3 "TUMBLE(10,000 rows) SUM by 10,000" 10000_10000

for ((i = 0; i < p4_runs; i++)); do
    "$build/bench/ops_bench" p4 > "$work/rates"
    while read -r agg size one many; do
        keep "$agg.$size" "$many"
        keep "$agg.$size.one" "$one"
    done < "$work/rates"
done
for agg in "sum(BIGINT)" "sum(DOUBLE)" "max(BIGINT)"; do
    for size in 10 100 1000; do
        wanted=
        [ "$size" = 1000 ] && wanted=">= 0.9"
        row P4 "HOP ${agg^^} of $size slides, M rows/s" "$agg.$size" "of 1 slide" "$agg.$size.one" \
            "$wanted"
    done
done
