#!/usr/bin/env bash
# P5: the Nexmark queries from the built-in generator into a blackhole, millions of events a CPU
# second, beside the generator alone; queries in turn.
#   bench/nexmark.sh BUILD [RUNS] [EVENTS]
. "$(dirname "$0")/lib.sh"
build=$1
runs=${2:-5}
events=${3:-5000000}

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
    cat "$root/examples/nexmark/events.sql"
    echo "CREATE STREAM none (n BIGINT) WITH ('connector' = 'blackhole');"
    echo "INSERT INTO none SELECT 1 FROM event WHERE event_type = 9;"
} > "$work/generator.sql"
# An unbounded query gives changes as they happen, as the benchmark means it; a bounded one that is
# asked to EMIT CHANGES does the same work.
for q in $order; do
    {
        cat "$root/examples/nexmark/events.sql"
        echo "CREATE STREAM sink (${sink[$q]}) WITH ('connector' = 'blackhole');"
        sed -e 's/^SELECT/INSERT INTO sink SELECT/' -e 's/;$/\n  EMIT CHANGES;/' \
            -e '/^CREATE VIEW/{s/\n  EMIT CHANGES//}' "$root/examples/nexmark/$q.sql"
    } > "$work/$q.sql"
done
sed -i -e '/^CREATE VIEW/{N;s/\n  EMIT CHANGES;/;/}' "$work/q12.sql"

declare -A wanted=(
    [q0]=">= 10 M" [q1]=">= 5 M" [q2]=">= 5 M" [q5]=">= 3 M" [q7]=">= 3 M" [q11]=">= 3 M"
    [q12]=">= 3 M" [q15]=">= 2 M" [q16]=">= 2 M" [q17]=">= 2 M" [q21]=">= 5 M" [q22]=">= 5 M"
)
for ((i = 0; i < runs; i++)); do
    for q in generator $order; do
        keep "$q" "$(per "$events" "$(cpu "$build/weir" run --define events="$events" "$work/$q.sql")")"
    done
done

row P5 "Nexmark's generator alone, M events/s" generator
for q in $order; do
    row P5 "Nexmark $q, M events/s" "$q" "the generator alone" generator "${wanted[$q]:-}"
done
