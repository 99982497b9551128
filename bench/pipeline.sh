#!/usr/bin/env bash
# P2: bids as NDJSON from a file into TUMBLE(10 s) COUNT, SUM(price) by auction into a blackhole, on
# one core, bids a second; and the memory that it takes.
#   bench/pipeline.sh WEIR [BIDS] [RUNS]
set -euo pipefail
weir=$1
bids=${2:-5000000}
runs=${3:-5}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat > "$work/write.sql" <<SQL
CREATE STREAM out (auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT,
                   dateTime TIMESTAMP(3))
  WITH ('connector' = 'filesystem', 'path' = '$work/bids.ndjson', 'format' = 'json');
INSERT INTO out SELECT auction, bidder, price, channel, url, at FROM bid;
SQL
"$weir" run --define events=$((bids * 50 / 46)) "$here/examples/nexmark/events.sql" "$work/write.sql"

cat > "$work/read.sql" <<SQL
CREATE STREAM bid (auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT,
                   dateTime TIMESTAMP(3), WATERMARK FOR dateTime AS dateTime - INTERVAL '4' SECOND)
  WITH ('connector' = 'filesystem', 'path' = '$work/bids.ndjson', 'format' = 'json');
CREATE STREAM sink (auction BIGINT, n BIGINT, total BIGINT, at TIMESTAMP(3))
  WITH ('connector' = 'blackhole');
INSERT INTO sink SELECT auction, COUNT(*), SUM(price), window_start
FROM TUMBLE(TABLE bid, DESCRIPTOR(dateTime), INTERVAL '10' SECOND)
GROUP BY auction, window_start, window_end;
SQL
lines=$(wc -l < "$work/bids.ndjson")
for ((i = 0; i < runs; i++)); do
    /usr/bin/time -f '%e %M' -o "$work/time" "$weir" run "$work/read.sql"
    cat "$work/time"
done | sort -n | awk -v n="$lines" '{ t[NR] = $1; m = $2 > m ? $2 : m } END {
    printf "P2 file to window    %.2f M bids/s, peak memory %.0f MB\n", n / t[int((NR + 1) / 2)] / 1e6, m / 1024 }'
