-- How many bids does somebody make in ten seconds of the clock?
CREATE VIEW bid_by_clock AS SELECT bidder, PROCTIME() AS clock FROM bid;

SELECT bidder, COUNT(*) AS bids, window_start, window_end
FROM TUMBLE(TABLE bid_by_clock, DESCRIPTOR(clock), INTERVAL '10' SECOND)
GROUP BY bidder, window_start, window_end;
