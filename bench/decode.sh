#!/usr/bin/env bash
# P1: NDJSON bids into columns, beside simdjson On-Demand and jansson.
#   bench/decode.sh BUILD [RUNS]
. "$(dirname "$0")/lib.sh"
build=$1
for ((i = 0; i < ${2:-7}; i++)); do
    "$build/bench/decode_bench" --rounds 1 --rates 1 > "$work/rates"
    keep_all < "$work/rates"
done
row P1 "NDJSON bids into columns, M/s" weir "simdjson, a call a line" simdjson_lines ">= 1.5"
row P1 "" weir "simdjson iterate_many, 1 thread" simdjson_many ">= 1.5"
row P1 "" weir "jansson" jansson ">= 20"
