#!/bin/sh
# Runs the tests of a build folder and closes with one line: N passed, N failed, N skipped.
#   tests/run.sh BUILD [--soak] [--suite NAME]
set -u
build=$1
shift
suite=""
setup=""
log=testlog
while [ $# -gt 0 ]; do
    case "$1" in
    --soak) setup="--setup soak"; log=testlog-soak ;;
    --suite) suite="--suite $2"; shift ;;
    *) echo "tests/run.sh: no option $1" >&2; exit 2 ;;
    esac
    shift
done

# shellcheck disable=SC2086
meson test -C "$build" --no-rebuild --print-errorlogs --num-processes 2 --timeout-multiplier 6 $suite $setup >&2
status=$?

# Each program says how many of its cases passed: cmocka in its own words, ours in the plain line.
# Where the test data are, nothing may be skipped for want of them.
data=${WEIR_TEST_DATA:-$(dirname "$0")/../../shared/data}
[ -d "$data" ] && there=1 || there=0
awk -v status="$status" -v there="$there" '
/^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
/^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
/^\[  SKIPPED \] [0-9]+ test/ { skipped += $4 }
/^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { passed += $1; failed += $3; skipped += $5 }
/^skipped: / { skipped++ }
END {
    if (there) { failed += skipped; skipped = 0 }
    if (status != 0 && failed == 0) failed = 1
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0
}' "$build/meson-logs/$log.txt"
