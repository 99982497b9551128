-- All bids into a folder, a part a day and minute.
CREATE STREAM bid_log (
  auction BIGINT, bidder BIGINT, price BIGINT, at TIMESTAMP(3), dt TEXT, hm TEXT
) PARTITIONED BY (dt, hm)
  WITH ('connector' = 'filesystem', 'path' = '${folder}', 'format' = 'csv');

INSERT INTO bid_log
SELECT auction, bidder, price, at, DATE_FORMAT(at, 'yyyy-MM-dd'), DATE_FORMAT(at, 'HH:mm')
FROM bid;
