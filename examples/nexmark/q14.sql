-- Dear bids, the time of day in words, and how often the letter c stands in a text.
SELECT auction, bidder, 0.908 * price AS price,
       CASE WHEN HOUR(at) BETWEEN 8 AND 18 THEN 'day'
            WHEN HOUR(at) <= 6 OR HOUR(at) >= 20 THEN 'night'
            ELSE 'between' END AS time_of_day,
       at, count_char(extra, 'c') AS letters
FROM bid
WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000;
