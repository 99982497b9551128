#!/usr/bin/env bash
# P5: the Nexmark queries from the built-in generator into a blackhole, events a CPU-second, and the
# ratio to the generator alone in the same run. Median of RUNS (5), generator and queries in turn.
#   bench/nexmark.sh WEIR [EVENTS] [RUNS]
set -euo pipefail
weir=$1
events=${2:-5000000}
runs=${3:-5}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

stats="bids BIGINT, low_bids BIGINT, middle_bids BIGINT, high_bids BIGINT, bidders BIGINT,
  low_bidders BIGINT, middle_bidders BIGINT, high_bidders BIGINT, auctions BIGINT,
  low_auctions BIGINT, middle_auctions BIGINT, high_auctions BIGINT"
declare -A sink=(
    [q0]="auction BIGINT, bidder BIGINT, price BIGINT, at TIMESTAMP(3)"
    [q1]="auction BIGINT, bidder BIGINT, price DECIMAL(23,3), at TIMESTAMP(3)"
    [q2]="auction BIGINT, price BIGINT"
    [q5]="auction BIGINT, bids BIGINT, window_start TIMESTAMP(3), window_end TIMESTAMP(3)"
    [q7]="price BIGINT, window_start TIMESTAMP(3), window_end TIMESTAMP(3)"
    [q11]="bidder BIGINT, bids BIGINT, window_start TIMESTAMP(3), window_end TIMESTAMP(3)"
    [q12]="bidder BIGINT, bids BIGINT, window_start TIMESTAMP(3), window_end TIMESTAMP(3)"
    [q14]="auction BIGINT, bidder BIGINT, price DECIMAL(23,3), time_of_day TEXT, at TIMESTAMP(3), letters BIGINT"
    [q15]="day TEXT, $stats"
    [q16]="channel TEXT, day TEXT, minute TEXT, $stats"
    [q17]="auction BIGINT, day TEXT, bids BIGINT, low_bids BIGINT, middle_bids BIGINT, high_bids BIGINT, least BIGINT, most BIGINT, mean DOUBLE, total BIGINT"
    [q21]="auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, channel_id TEXT"
    [q22]="auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, folder1 TEXT, folder2 TEXT, folder3 TEXT"
)
order="q0 q1 q2 q5 q7 q11 q12 q14 q15 q16 q17 q21 q22"

{
    cat "$here/examples/nexmark/events.sql"
    echo "CREATE STREAM none (n BIGINT) WITH ('connector' = 'blackhole');"
    echo "INSERT INTO none SELECT 1 FROM event WHERE event_type = 9;"
} > "$work/generator.sql"
# An unbounded query gives changes as they happen, as the benchmark means it; a bounded one that is
# asked to EMIT CHANGES does the same work.
for q in $order; do
    {
        cat "$here/examples/nexmark/events.sql"
        echo "CREATE STREAM sink (${sink[$q]}) WITH ('connector' = 'blackhole');"
        sed -e 's/^SELECT/INSERT INTO sink SELECT/' -e 's/;$/\n  EMIT CHANGES;/' \
            -e '/^CREATE VIEW/{s/\n  EMIT CHANGES//}' "$here/examples/nexmark/$q.sql"
    } > "$work/$q.sql"
done
sed -i -e '/^CREATE VIEW/{N;s/\n  EMIT CHANGES;/;/}' "$work/q12.sql"

# CPU seconds of one run.
cpu() {
    TIMEFORMAT='%U %S'
    { time "$weir" run --define events="$events" "$work/$1.sql" > /dev/null 2> "$work/err"; } 2> "$work/time" ||
        { cat "$work/err" >&2; return 1; }
    awk '{ print $1 + $2 }' "$work/time"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

for ((i = 0; i < runs; i++)); do
    for q in generator $order; do
        cpu "$q" >> "$work/$q.times"
    done
done

base=$(median < "$work/generator.times")
printf '%-10s %14s %18s\n' "P5 query" "M events/CPU-s" "ratio to generator"
for q in generator $order; do
    t=$(median < "$work/$q.times")
    awk -v q="$q" -v t="$t" -v n="$events" -v b="$base" \
        'BEGIN { printf "%-10s %14.2f %18.2f\n", q, n / t / 1e6, b / t }'
done
