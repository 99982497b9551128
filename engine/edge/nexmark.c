/* nexmark.c: see nexmark.h.
 *
 * Events come in epochs: first the people, then the auctions, then the bids of one round. Within
 * an epoch the newest ids do not change while bids are made, so everything that needs a division
 * is done once an epoch, and a bid costs two random numbers, each cut into parts, and its stores.
 *
 * Slots of rows that are no event of a kind hold what an older batch left there: the values are
 * NULL, and the pointers still good.
 */
#include "engine/edge/nexmark.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "engine/base/time.h"
#include "engine/edge/nexmark_pool.h"

enum {
    FIRST_ID = 1000, /* of people and auctions */
    FIRST_CATEGORY = 10,
    CATEGORIES = 5,
    HOT_GROUP = 100, /* of so many ids following each other one is hot */
    ACTIVE_PEOPLE = 1000,
    AUCTIONS_IN_FLIGHT = 100,
    ID_LEAD = 10, /* ids that do not exist yet and may be named */
    NUMBER_BYTES = 8 * 4,
};

/* How long an extra text is: at least `least`, less than least + spread. */
struct extra {
    uint32_t least, spread;
};

/* What holds for a whole epoch. */
struct epoch {
    uint64_t last_person, last_auction; /* ids from 0, of the newest ones */
    uint64_t people_from, auctions_from;
    uint32_t people, auctions; /* how many to choose from */
    int64_t hot_auction, hot_bidder, hot_seller;
};

int64_t nexmark_time_us(const struct nexmark_options *o, uint64_t event) {
    double us = (double)event * (1e6 / o->event_rate);
    return o->base_us + (int64_t)us / MILLISECOND_US * MILLISECOND_US;
}

static struct extra extra_of(uint32_t average, uint32_t used) {
    if (used >= average) return (struct extra){0, 1};
    uint32_t wanted = average - used;
    uint32_t delta = (uint32_t)(wanted * 0.2 + 0.5);
    return (struct extra){.least = wanted - delta, .spread = delta > 0 ? 2 * delta : 1};
}

static struct text extra_text(const struct nexmark *n, struct extra x, uint64_t bits) {
    uint32_t bytes = x.least + seeded_scale(bits, x.spread);
    if (bytes > POOL_SLICE_MAX) bytes = POOL_SLICE_MAX;
    return (struct text){.at = n->pools->letter + (bits >> 48), .bytes = bytes};
}

/* 3 to `most` - 1 letters and spaces, no space at the ends. */
static struct text sentence(const struct nexmark *n, uint32_t most, uint64_t bits) {
    const char *at = n->pools->sentence + (bits >> 48);
    uint32_t bytes = 3 + seeded_scale(bits, most - 3);
    at += *at == ' ';
    bytes -= at[bytes - 1] == ' ';
    return (struct text){.at = at, .bytes = bytes};
}

static int64_t price(const struct nexmark *n, uint64_t bits) {
    double v = n->pools->price_high[bits >> 54] * n->pools->price_low[bits >> 44 & 1023];
    return (int64_t)(v + 0.5);
}

static uint64_t draw(struct nexmark *n) {
    struct seeded s = {.state = n->random};
    uint64_t bits = seeded_next(&s);
    n->random = s.state;
    return bits;
}

/* The epoch as seen by an event after `people` and `auctions` of its own ones were made. */
static struct epoch epoch_begin(const struct nexmark *n, uint32_t people, uint32_t auctions) {
    const struct nexmark_options *o = &n->o;
    uint64_t made_people = n->epoch * o->person_proportion + people;
    uint64_t made_auctions = n->epoch * o->auction_proportion + auctions;
    struct epoch p = {
        .last_person = made_people > 0 ? made_people - 1 : 0,
        .last_auction = made_auctions > 0 ? made_auctions - 1 : 0,
    };
    uint64_t known = p.last_person + 1;
    uint64_t active = known < ACTIVE_PEOPLE ? known : ACTIVE_PEOPLE;
    p.people_from = known - active;
    p.people = (uint32_t)active + ID_LEAD;
    bool young = p.last_auction < AUCTIONS_IN_FLIGHT;
    p.auctions_from = young ? 0 : p.last_auction - AUCTIONS_IN_FLIGHT;
    p.auctions = (uint32_t)(p.last_auction - p.auctions_from) + 1 + ID_LEAD;
    p.hot_auction = (int64_t)(p.last_auction / HOT_GROUP * HOT_GROUP) + FIRST_ID;
    p.hot_seller = (int64_t)(p.last_person / HOT_GROUP * HOT_GROUP) + FIRST_ID;
    p.hot_bidder = p.hot_seller + 1; /* hot bidders and hot sellers are not the same */
    return p;
}

static int64_t some_person(const struct epoch *p, uint64_t bits) {
    return (int64_t)(p->people_from + seeded_scale(bits, p->people)) + FIRST_ID;
}

static int64_t some_auction(const struct epoch *p, uint64_t bits) {
    return (int64_t)(p->auctions_from + seeded_scale(bits, p->auctions)) + FIRST_ID;
}

/* Is the choice whose random part is `bits` (16 of them) the hot one of `ratio`? */
static bool is_hot(uint64_t bits, uint32_t ratio) {
    return (bits & UINT16_MAX) * ratio >> 16 > 0;
}

/* Room for texts that are different for every person; reused by the row. */
enum { EMAIL_BYTES = 16, CARD_BYTES = 19 };

static struct text email(struct nexmark *n, char *to) {
    uint64_t bits = draw(n);
    uint32_t head = 3 + (uint32_t)(bits >> 62), tail = 3 + (uint32_t)(bits >> 61 & 1);
    memcpy(to, n->pools->letter + (bits & 0xFFFF), head);
    to[head] = '@';
    memcpy(to + head + 1, n->pools->letter + (bits >> 16 & 0xFFFF), tail);
    memcpy(to + head + 1 + tail, ".com", 4);
    return (struct text){.at = to, .bytes = head + tail + 5};
}

static struct text card(struct nexmark *n, char *to) {
    uint64_t bits = draw(n);
    for (uint32_t i = 0; i < CARD_BYTES; i++) {
        if (i % 5 == 4) {
            to[i] = ' ';
            continue;
        }
        to[i] = (char)('0' + (bits & 0xFFFFFFF) % 10);
        bits = (bits >> 4) ^ (bits << 61);
    }
    return (struct text){.at = to, .bytes = CARD_BYTES};
}

static void make_person(struct nexmark *n, uint32_t row, int64_t at_us) {
    struct nexmark_person *p = &n->person;
    struct nexmark_pools *pools = n->pools;
    const struct epoch now = epoch_begin(n, n->place + 1, 0);
    uint64_t a = draw(n), b = draw(n);
    char *own = pools->own + (size_t)row * POOL_OWN_BYTES;
    p->id[row] = (int64_t)now.last_person + FIRST_ID;
    p->name[row] = pools->name[seeded_scale(a, POOL_NAMES)];
    p->email[row] = email(n, own);
    p->card[row] = card(n, own + EMAIL_BYTES);
    p->city[row] = pools->city[seeded_scale(a >> 32, POOL_CITIES)];
    p->state[row] = pools->state[seeded_scale(b >> 32, POOL_STATES)];
    p->time[row] = at_us;
    uint32_t used = 8 + p->name[row].bytes + p->email[row].bytes + p->card[row].bytes +
                    p->city[row].bytes + p->state[row].bytes;
    p->extra[row] = extra_text(n, extra_of(n->o.person_bytes, used), b);
    n->type[row] = NEXMARK_PERSON;
    bit_set(n->is_person, row);
}

static void make_auction(struct nexmark *n, uint32_t row, int64_t at_us) {
    struct nexmark_auction *u = &n->auction;
    const struct nexmark_options *o = &n->o;
    uint32_t place = n->place - o->person_proportion;
    const struct epoch now = epoch_begin(n, o->person_proportion, place + 1);
    uint64_t a = draw(n), b = draw(n), c = draw(n), d = draw(n);
    uint64_t total = (uint64_t)o->person_proportion + o->auction_proportion + o->bid_proportion;
    uint64_t ahead = AUCTIONS_IN_FLIGHT * total / o->auction_proportion;
    uint64_t horizon = (uint64_t)(nexmark_time_us(o, n->events + ahead) - at_us) / 1000 * 2;
    struct seeded length = {.state = d};
    u->id[row] = (int64_t)now.last_auction + FIRST_ID;
    u->item[row] = sentence(n, 20, a);
    u->description[row] = sentence(n, 100, b);
    u->initial[row] = price(n, c);
    u->reserve[row] = u->initial[row] + price(n, d);
    u->time[row] = at_us;
    u->expires[row] =
        at_us + (int64_t)(1 + seeded_below(&length, horizon ? horizon : 1)) * MILLISECOND_US;
    u->seller[row] = is_hot(a >> 32, o->hot_seller_ratio) ? now.hot_seller : some_person(&now, c);
    u->category[row] = FIRST_CATEGORY + seeded_scale(d, CATEGORIES);
    uint32_t used = 8 * 6 + u->item[row].bytes + u->description[row].bytes;
    u->extra[row] = extra_text(n, extra_of(o->auction_bytes, used), b ^ d);
    n->type[row] = NEXMARK_AUCTION;
    bit_set(n->is_auction, row);
}

/* `count` bids of one epoch, the first being event number n->events. */
static void make_bids(struct nexmark *n, uint32_t row, uint32_t count) {
    const struct nexmark_options *o = &n->o;
    const struct nexmark_pools *pools = n->pools;
    const struct epoch now = epoch_begin(n, o->person_proportion, o->auction_proportion);
    const struct extra extra = extra_of(o->bid_bytes, NUMBER_BYTES);
    const double step_us = 1e6 / o->event_rate;
    struct nexmark_bid *v = &n->bid;
    struct seeded s = {.state = n->random};
    double event = (double)n->events;
    for (uint32_t i = row; i < row + count; i++) {
        uint64_t a = seeded_next(&s), b = seeded_next(&s), c = seeded_next(&s);
        const struct nexmark_channel *channel =
            b >> 63 ? &pools->hot[b >> 61 & 3] : &pools->channel[seeded_scale(b, POOL_CHANNELS)];
        int64_t auction = some_auction(&now, a);
        int64_t bidder = some_person(&now, c);
        v->auction[i] = is_hot(a >> 32, o->hot_auction_ratio) ? now.hot_auction : auction;
        v->bidder[i] = is_hot(a >> 48, o->hot_bidder_ratio) ? now.hot_bidder : bidder;
        v->price[i] = price(n, (b << 20) ^ c);
        v->channel[i] = channel->name;
        v->url[i] = channel->url;
        v->time[i] = o->base_us + (int64_t)(event * step_us) / MILLISECOND_US * MILLISECOND_US;
        v->extra[i] = extra_text(n, extra, c ^ (a << 3));
        n->type[i] = NEXMARK_BID;
        event += 1.0;
    }
    n->random = s.state;
}

static void set_bits(uint64_t *bits, uint32_t from, uint32_t count) {
    for (uint32_t i = from; i < from + count;) {
        uint32_t in = i % 64;
        uint32_t n = from + count - i < 64 - in ? from + count - i : 64 - in;
        uint64_t ones = n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
        bits[i / 64] |= ones << in;
        i += n;
    }
}

void nexmark_make(struct nexmark *n, uint32_t rows) {
    assert(rows <= BATCH_ROWS);
    const struct nexmark_options *o = &n->o;
    uint32_t bids_from = o->person_proportion + o->auction_proportion;
    uint32_t total = bids_from + o->bid_proportion;
    memset(n->is_person, 0, sizeof n->is_person);
    memset(n->is_auction, 0, sizeof n->is_auction);
    memset(n->is_bid, 0, sizeof n->is_bid);
    for (uint32_t row = 0; row < rows;) {
        uint32_t count = 1;
        if (n->place >= bids_from) {
            count = total - n->place < rows - row ? total - n->place : rows - row;
            make_bids(n, row, count);
            set_bits(n->is_bid, row, count);
        } else if (n->place >= o->person_proportion) {
            make_auction(n, row, nexmark_time_us(o, n->events));
        } else {
            make_person(n, row, nexmark_time_us(o, n->events));
        }
        row += count;
        n->events += count;
        n->place += count;
        if (n->place < total) continue;
        n->place = 0;
        n->epoch++;
    }
}

struct nexmark *nexmark_create(const struct nexmark_options *o) {
    assert(o->person_proportion + o->auction_proportion + o->bid_proportion > 0);
    assert(o->event_rate > 0);
    struct nexmark *n = calloc(1, sizeof *n);
    if (!n) return NULL;
    n->o = *o;
    n->random = hash_u64(o->seed);
    n->pools = nexmark_pools_create(o->seed);
    if (n->pools) return n;
    free(n);
    return NULL;
}

void nexmark_destroy(struct nexmark *n) {
    if (!n) return;
    nexmark_pools_destroy(n->pools);
    free(n);
}
