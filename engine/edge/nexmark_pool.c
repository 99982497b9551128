/* nexmark_pool.c: see nexmark_pool.h. */
#include "engine/edge/nexmark_pool.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHANNEL_BYTES = 96, NAME_BYTES = 24 };

static const char *const first_names[] = {"Peter", "Paul",  "Luke",  "John",   "Saul",  "Vicky",
                                          "Kate",  "Julie", "Sarah", "Deiter", "Walter"};
static const char *const last_names[] = {"Shultz", "Abrams", "Spencer", "White", "Bartels",
                                         "Walton", "Smith",  "Jones",   "Noris"};
static const char *const cities[POOL_CITIES] = {
    "Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland",
    "Bend",    "Redmond",     "Seattle",       "Kent",  "Cheyenne"};
static const char *const states[POOL_STATES] = {"AZ", "CA", "ID", "OR", "WA", "WY"};
static const char *const hot_channels[POOL_HOT_CHANNELS] = {"Google", "Facebook", "Baidu", "Apple"};

static void fill_letters(struct nexmark_pools *p, struct seeded *s) {
    for (size_t i = 0; i < sizeof p->letter; i++) {
        p->letter[i] = (char)('a' + seeded_below(s, 26));
    }
    char before = ' ';
    for (size_t i = 0; i < sizeof p->sentence; i++) {
        bool space = before != ' ' && seeded_below(s, 13) == 0;
        before = space ? ' ' : (char)('a' + seeded_below(s, 26));
        p->sentence[i] = before;
    }
}

/* Letters and underscores, 3 or 4 of them: a folder of a URL. */
static void folder(struct seeded *s, char out[5]) {
    uint32_t n = 3 + (uint32_t)seeded_below(s, 2);
    for (uint32_t i = 0; i < n; i++) {
        out[i] = seeded_below(s, 13) == 0 ? '_' : (char)('a' + seeded_below(s, 26));
    }
    out[n] = '\0';
}

/* Bits of a 31-bit number in the other order: channel ids look random, yet are unique. */
static uint32_t reversed(uint32_t n) {
    uint32_t r = 0;
    for (uint32_t i = 0; i < 32; i++) r |= (n >> i & 1) << (31 - i);
    return r;
}

static struct text put(char **at, const char *s) {
    size_t bytes = strlen(s);
    char *to = *at;
    memcpy(to, s, bytes);
    *at += bytes;
    return (struct text){.at = to, .bytes = (uint32_t)bytes};
}

/* `number` < 0: without a channel_id. */
static struct text put_url(char **at, struct seeded *s, int64_t number) {
    char a[5], b[5], c[5], url[CHANNEL_BYTES];
    folder(s, a);
    folder(s, b);
    folder(s, c);
    int n = snprintf(url, sizeof url, "https://www.nexmark.com/%s/%s/%s/item.htm?query=1", a, b, c);
    assert(n > 0);
    if (number >= 0) {
        int32_t id = (int32_t)reversed((uint32_t)number);
        snprintf(url + n, sizeof url - (size_t)n, "&channel_id=%lld", llabs((long long)id));
    }
    return put(at, url);
}

static void fill_channels(struct nexmark_pools *p, struct seeded *s, char **at) {
    for (uint32_t i = 0; i < POOL_HOT_CHANNELS; i++) {
        p->hot[i].name = put(at, hot_channels[i]);
        p->hot[i].url = put_url(at, s, -1);
    }
    for (uint32_t i = 0; i < POOL_CHANNELS; i++) {
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "channel-%u", i);
        p->channel[i].name = put(at, name);
        p->channel[i].url = put_url(at, s, seeded_below(s, 10) > 0 ? (int64_t)i : -1);
    }
}

static void fill_people(struct nexmark_pools *p, char **at) {
    uint32_t n = 0;
    for (size_t f = 0; f < COUNT_OF(first_names); f++) {
        for (size_t l = 0; l < COUNT_OF(last_names); l++) {
            char name[NAME_BYTES];
            snprintf(name, sizeof name, "%s %s", first_names[f], last_names[l]);
            p->name[n++] = put(at, name);
        }
    }
    assert(n == POOL_NAMES);
    for (uint32_t i = 0; i < POOL_CITIES; i++) p->city[i] = text_of(cities[i]);
    for (uint32_t i = 0; i < POOL_STATES; i++) p->state[i] = text_of(states[i]);
}

/* 100 * 10^(6 u) for u in steps of 1 / POOL_PRICES^2, as a product of two factors. */
static void fill_prices(struct nexmark_pools *p) {
    for (uint32_t i = 0; i < POOL_PRICES; i++) {
        p->price_high[i] = 100.0 * pow(10.0, 6.0 * i / POOL_PRICES);
        p->price_low[i] = pow(10.0, 6.0 * i / POOL_PRICES / POOL_PRICES);
    }
}

struct nexmark_pools *nexmark_pools_create(uint64_t seed) {
    struct nexmark_pools *p = calloc(1, sizeof *p);
    struct seeded s = {.state = seed};
    size_t channels = POOL_CHANNELS + POOL_HOT_CHANNELS;
    char *bytes = malloc(channels * (CHANNEL_BYTES + NAME_BYTES) + (size_t)POOL_NAMES * NAME_BYTES);
    if (!p || !bytes) {
        free(p);
        free(bytes);
        return NULL;
    }
    p->bytes = bytes;
    fill_letters(p, &s);
    fill_channels(p, &s, &bytes);
    fill_people(p, &bytes);
    fill_prices(p);
    return p;
}

void nexmark_pools_destroy(struct nexmark_pools *p) {
    if (!p) return;
    free(p->bytes);
    free(p);
}
