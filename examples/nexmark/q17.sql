-- Bids and prices of each auction and day.
SELECT auction,
       DATE_FORMAT(at, 'yyyy-MM-dd') AS day,
       COUNT(*) AS bids,
       COUNT(*) FILTER (WHERE price < 10000) AS low_bids,
       COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS middle_bids,
       COUNT(*) FILTER (WHERE price >= 1000000) AS high_bids,
       MIN(price) AS least, MAX(price) AS most, AVG(price) AS mean, SUM(price) AS total
FROM bid
GROUP BY auction, DATE_FORMAT(at, 'yyyy-MM-dd');
