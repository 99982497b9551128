#!/bin/sh
# Runs every fuzz target of a build folder, SECONDS each, from a seed that is printed; what makes one
# fail is left in BUILD/fuzz. Closes with: N passed, N failed, N skipped.
#   tests/fuzz/run.sh BUILD [SECONDS [SEED]]
set -u
build=$1
seconds=${2:-60}
seed=${3:-$(date +%s)}
passed=0
failed=0
for target in "$build"/tests/fuzz/*_fuzz; do
    [ -x "$target" ] || continue
    name=$(basename "$target" _fuzz)
    mkdir -p "$build/fuzz/$name"
    echo "fuzz $name: $seconds s, seed $seed"
    if "$target" -max_total_time="$seconds" -seed="$seed" -timeout=10 -rss_limit_mb=2048 \
        -verbosity=0 -print_final_stats=1 -artifact_prefix="$build/fuzz/$name-" \
        "$build/fuzz/$name" > "$build/fuzz/$name.log" 2>&1; then
        passed=$((passed + 1))
        grep number_of_executed "$build/fuzz/$name.log"
    else
        failed=$((failed + 1))
        tail -n 40 "$build/fuzz/$name.log"
    fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
