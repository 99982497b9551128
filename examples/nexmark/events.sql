-- The events of the Nexmark benchmark (an auction house: people, auctions, bids) from the built-in
-- generator. Run a question behind it:
--
--   weir run --define events=10000 examples/nexmark/events.sql examples/nexmark/q1.sql

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
  WATERMARK FOR at AS at - INTERVAL '4' SECOND
) WITH ('connector' = 'nexmark', 'events.num' = '${events}');

CREATE VIEW person AS
  SELECT person.id, person.name, person.emailAddress AS email, person.city, person.state, at
  FROM event WHERE event_type = 0;

CREATE VIEW auction AS
  SELECT auction.id, auction.itemName AS item, auction.initialBid AS initial_bid, auction.reserve,
         auction.expires, auction.seller, auction.category, at
  FROM event WHERE event_type = 1;

CREATE VIEW bid AS
  SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, at, bid.extra
  FROM event WHERE event_type = 2;
