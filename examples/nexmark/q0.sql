-- Every bid as it is.
SELECT auction, bidder, price, at FROM bid;
