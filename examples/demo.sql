-- An auction house, simulated by the built-in Nexmark generator: what was bid in each two seconds,
-- told as the windows close.
CREATE STREAM event (
  event_type BIGINT,
  person ROW<id BIGINT, name TEXT, emailAddress TEXT, creditCard TEXT, city TEXT, state TEXT,
             dateTime TIMESTAMP(3), extra TEXT>,
  auction ROW<id BIGINT, itemName TEXT, description TEXT, initialBid BIGINT, reserve BIGINT,
              dateTime TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra TEXT>,
  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT,
          dateTime TIMESTAMP(3), extra TEXT>,
  at AS CASE event_type WHEN 0 THEN person.dateTime
                        WHEN 1 THEN auction.dateTime
                        ELSE bid.dateTime END,
  WATERMARK FOR at AS at - INTERVAL '1' SECOND
) WITH ('connector' = 'nexmark', 'events.num' = '200000');

CREATE VIEW bid AS
  SELECT bid.auction, bid.bidder, bid.price, at FROM event WHERE event_type = 2;

SELECT window_start,
       COUNT(*) AS bids,
       COUNT(DISTINCT bidder) AS bidders,
       COUNT(DISTINCT auction) AS auctions,
       MAX(price) AS highest,
       CAST(AVG(price) AS DECIMAL(12, 2)) AS mean
FROM TUMBLE(TABLE bid, DESCRIPTOR(at), INTERVAL '2' SECOND)
GROUP BY window_start, window_end;
