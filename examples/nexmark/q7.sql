-- The highest price of every ten seconds.
SELECT MAX(price) AS price, window_start, window_end
FROM TUMBLE(TABLE bid, DESCRIPTOR(at), INTERVAL '10' SECOND)
GROUP BY window_start, window_end;
