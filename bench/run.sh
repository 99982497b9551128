#!/usr/bin/env bash
# Prints one table: each figure beside its yardstick, measured by turns in the
# same run. Takes about five minutes.
#   bench/run.sh BUILD [RUNS]
set -euo pipefail
build=$1
runs=${2:-5}
here=$(cd "$(dirname "$0")" && pwd)

grep -m 1 'model name' /proc/cpuinfo | sed 's/.*: //'
awk '/MemTotal/ { printf "%d GiB, ", $2 / 1048576 + 0.5 }' /proc/meminfo
echo "$(nproc) cores, load $(cut -d ' ' -f 1-3 /proc/loadavg), Linux $(uname -r)"
git -C "$here" log -1 --format='commit %h of %cs' 2> /dev/null || true
git -C "$here" diff --quiet HEAD 2> /dev/null || echo "with changes that are not committed"
echo "Rates are millions a CPU second (user and system) unless said, the median and the best of $runs runs."
echo

format='%-3s %-40s %7s %7s  %-32s %7s %6s  %s\n'
# shellcheck disable=SC2059
printf "$format" "" "what" "median" "best" "beside it" "median" "ratio" "goal"
{
    "$here/decode.sh" "$build" "$runs"
    "$here/pipeline.sh" "$build" "$runs"
    "$here/windows.sh" "$build" "$runs"
    "$here/nexmark.sh" "$build" "$runs"
    "$here/image.sh" "$build" "$runs"
    "$here/net.sh" "$build" "$runs"
    "$here/vision.sh" "$build" "$runs"
    "$here/learn.sh" "$build" "$runs"
    "$here/log.sh" "$build" "$runs"
    "$here/storage.sh" "$build" "$runs"
    "$here/footprint.sh" "$build"
} | awk -F '\t' -v f="$format" '{ printf f, $1, $2, $3, $4, $5, $6, $7, $8; fflush() }'
