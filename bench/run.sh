#!/usr/bin/env bash
# Prints the table of docs/benchmarks.md: each figure with its yardstick, measured in the same run.
#   bench/run.sh BUILD
set -euo pipefail
build=$1
here=$(cd "$(dirname "$0")" && pwd)
weir=$build/weir

grep -m 1 'model name' /proc/cpuinfo | sed 's/.*: //'
git -C "$here" log -1 --format='commit %h' 2> /dev/null || true
for program in "$build"/bench/*_bench; do
    [ -x "$program" ] && "$program"
done
"$here/pipeline.sh" "$weir"
"$here/nexmark.sh" "$weir"
"$here/footprint.sh" "$weir"
