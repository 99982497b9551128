# lib.sh: what the measuring scripts share. A script keeps each measurement under a name, runs what
# it compares by turns, and prints rows for the table, fields parted by tabs:
#   goal, what, median, best, beside it, its median, ratio of the medians, goal of the ratio or rate
# Rates: more is better. Sourced.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# keep NAME VALUE
keep() { echo "$2" >> "$work/$1.kept"; }

# keep_all [PREFIX]: lines "NAME VALUE" of standard input.
keep_all() {
    local name value
    while read -r name value; do keep "${1:-}$name" "$value"; done
}

median() { sort -g "$work/$1.kept" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
most() { sort -g "$work/$1.kept" | tail -n 1; }
least() { sort -g "$work/$1.kept" | head -n 1; }

# cpu COMMAND...: CPU seconds of it, user and system; what it says is thrown away unless it fails.
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" > /dev/null 2> "$work/err"; } 2> "$work/time" || { cat "$work/err" >&2; return 1; }
    awk '{ print $1 + $2 }' "$work/time"
}

# per UNITS SECONDS: millions a second
per() { awk -v n="$1" -v t="$2" 'BEGIN { printf "%.4f\n", n / t / 1e6 }'; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f\n", a / b }'; }

# row GOAL WHAT NAME [BESIDE ITS_NAME] [WANTED]: rates.
row() {
    local goal=$1 what=$2 name=$3 beside=${4:-} other=${5:-} wanted=${6:-} m o
    m=$(median "$name")
    if [ -n "$other" ]; then
        o=$(median "$other")
        printf '%s\t%s\t%.2f\t%.2f\t%s\t%.2f\t%s\t%s\n' "$goal" "$what" "$m" "$(most "$name")" \
            "$beside" "$o" "$(ratio "$m" "$o")" "$wanted"
    else
        printf '%s\t%s\t%.2f\t%.2f\t\t\t\t%s\n' "$goal" "$what" "$m" "$(most "$name")" "$wanted"
    fi
}

# onnxruntime_get: sets ONNXRUNTIME_AT, where it is not set yet, to a folder with the npm package
# onnxruntime-node (its library is in the package); empty where npm cannot get it.
onnxruntime_get() {
    [ -z "${ONNXRUNTIME_AT:-}" ] || return 0
    export ONNXRUNTIME_AT=$work/onnxruntime
    mkdir "$ONNXRUNTIME_AT"
    (cd "$ONNXRUNTIME_AT" && command -v npm &&
        npm install --ignore-scripts --no-audit --no-fund onnxruntime-node) > /dev/null 2>&1 && return
    ONNXRUNTIME_AT=
    echo "ONNX Runtime is left out: npm could not install onnxruntime-node" >&2
}
