-- How many bids did each auction get in the last ten seconds, told every two?
SELECT auction, COUNT(*) AS bids, window_start, window_end
FROM HOP(TABLE bid, DESCRIPTOR(at), INTERVAL '2' SECOND, INTERVAL '10' SECOND)
GROUP BY auction, window_start, window_end;
