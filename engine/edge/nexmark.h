/* nexmark.h: nexmark: the events of the Nexmark benchmark: people, auctions, bids.
 *
 * The distributions are those of the public benchmark (github.com/nexmark/nexmark, the generator
 * of nexmark-flink): of 50 events 1 is a person, 3 are auctions, 46 bids; half of the bids go to a
 * hot auction, three quarters come from a hot bidder; prices are log-uniform; event times advance
 * by the event rate. The random numbers are our own, so single values differ from Java's.
 *
 * Every column of every event is written into arrays that stay: fixed-size values directly, text
 * as slices of pools made once. A batch is a number of rows of these arrays.
 *
 * Lifetime: nexmark_create .. nexmark_destroy.
 *
 * Used by: in_nexmark.    Tested by: tests/unit/edge/nexmark_test.c
 */
#ifndef ENGINE_EDGE_NEXMARK_H
#define ENGINE_EDGE_NEXMARK_H

#include "engine/base/batch.h"
#include "engine/base/err.h"

/* The columns that are made:  group  member  name in SQL  array of */
#define NEXMARK_PERSON_LIST(X)                                                                     \
    X(person, id, "id", i64)                                                                       \
    X(person, name, "name", text)                                                                  \
    X(person, email, "emailAddress", text)                                                         \
    X(person, card, "creditCard", text)                                                            \
    X(person, city, "city", text)                                                                  \
    X(person, state, "state", text)                                                                \
    X(person, time, "dateTime", time)                                                              \
    X(person, extra, "extra", text)

#define NEXMARK_AUCTION_LIST(X)                                                                    \
    X(auction, id, "id", i64)                                                                      \
    X(auction, item, "itemName", text)                                                             \
    X(auction, description, "description", text)                                                   \
    X(auction, initial, "initialBid", i64)                                                         \
    X(auction, reserve, "reserve", i64)                                                            \
    X(auction, time, "dateTime", time)                                                             \
    X(auction, expires, "expires", time)                                                           \
    X(auction, seller, "seller", i64)                                                              \
    X(auction, category, "category", i64)                                                          \
    X(auction, extra, "extra", text)

#define NEXMARK_BID_LIST(X)                                                                        \
    X(bid, auction, "auction", i64)                                                                \
    X(bid, bidder, "bidder", i64)                                                                  \
    X(bid, price, "price", i64)                                                                    \
    X(bid, channel, "channel", text)                                                               \
    X(bid, url, "url", text)                                                                       \
    X(bid, time, "dateTime", time)                                                                 \
    X(bid, extra, "extra", text)

typedef int64_t nexmark_i64;
typedef int64_t nexmark_time;
typedef struct text nexmark_text;

#define X(group, member, name, kind) nexmark_##kind member[BATCH_ROWS];
struct nexmark_person {
    NEXMARK_PERSON_LIST(X)
};
struct nexmark_auction {
    NEXMARK_AUCTION_LIST(X)
};
struct nexmark_bid {
    NEXMARK_BID_LIST(X)
};
#undef X

struct nexmark_options {
    uint32_t person_proportion, auction_proportion, bid_proportion;
    uint32_t hot_auction_ratio, hot_bidder_ratio, hot_seller_ratio; /* 1 of so many is not hot */
    uint32_t person_bytes, auction_bytes, bid_bytes;                /* average sizes of an event */
    double event_rate;                                              /* events a second */
    int64_t base_us;                                                /* time of the first event */
    uint64_t seed;
};

enum {
    NEXMARK_SIZE_MAX = 1 << 15,      /* of person_bytes, auction_bytes and bid_bytes */
    NEXMARK_PROPORTION_MAX = 1 << 20 /* of each */
};

enum { NEXMARK_PERSON, NEXMARK_AUCTION, NEXMARK_BID }; /* event_type */

struct nexmark_pools;

/* One maker of events and the rows that it made last. */
struct nexmark {
    int64_t type[BATCH_ROWS];
    struct nexmark_person person;
    struct nexmark_auction auction;
    struct nexmark_bid bid;
    uint64_t is_person[BATCH_ROWS / 64], is_auction[BATCH_ROWS / 64], is_bid[BATCH_ROWS / 64];
    /* the rest is nexmark.c's */
    struct nexmark_options o;
    struct nexmark_pools *pools;
    uint64_t random; /* its state */
    uint64_t events; /* made so far */
    uint64_t epoch;  /* rounds of person, auctions, bids */
    uint32_t place;  /* in the epoch */
};

/* NULL: no memory. */
struct nexmark *nexmark_create(const struct nexmark_options *o) MUST_USE;
/* The next `rows` events, in rows 0 .. rows - 1. */
void nexmark_make(struct nexmark *n, uint32_t rows);
/* The time of event number `event`. */
int64_t nexmark_time_us(const struct nexmark_options *o, uint64_t event);
void nexmark_destroy(struct nexmark *n); /* accepts NULL */

#endif
