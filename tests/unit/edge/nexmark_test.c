/* The Nexmark generator: proportions, references, distributions, the same for one seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/edge/nexmark.h"
#include "tests/unit/edge/edge_probe.h"

enum { FIRST_ID = 1000 };

static const struct nexmark_options standard = {
    .person_proportion = 1,
    .auction_proportion = 3,
    .bid_proportion = 46,
    .hot_auction_ratio = 2,
    .hot_bidder_ratio = 4,
    .hot_seller_ratio = 4,
    .person_bytes = 200,
    .auction_bytes = 500,
    .bid_bytes = 100,
    .event_rate = 10000,
    .base_us = 1436918400000000,
    .seed = 1,
};

static void of_fifty_events_one_is_a_person(void **unused) {
    (void)unused;
    struct nexmark *n = nexmark_create(&standard);
    assert_non_null(n);
    for (uint32_t part = 0; part < 10; part++) {
        nexmark_make(n, 1250);
        uint32_t count[3] = {0, 0, 0};
        for (uint32_t i = 0; i < 1250; i++) {
            count[n->type[i]]++;
            assert_int_equal(bit_get(n->is_person, i), n->type[i] == NEXMARK_PERSON);
            assert_int_equal(bit_get(n->is_auction, i), n->type[i] == NEXMARK_AUCTION);
            assert_int_equal(bit_get(n->is_bid, i), n->type[i] == NEXMARK_BID);
        }
        assert_int_equal(count[NEXMARK_PERSON], 25);
        assert_int_equal(count[NEXMARK_AUCTION], 75);
        assert_int_equal(count[NEXMARK_BID], 1150);
    }
    nexmark_destroy(n);
}

/* Ids count up without gaps, from 1000; times never go back and advance by the rate. */
static void ids_and_times_count_up(void **unused) {
    (void)unused;
    struct nexmark *n = nexmark_create(&standard);
    int64_t person = FIRST_ID, auction = FIRST_ID;
    uint64_t event = 0;
    for (uint32_t part = 0; part < 5; part++) {
        nexmark_make(n, BATCH_ROWS);
        for (uint32_t i = 0; i < BATCH_ROWS; i++, event++) {
            int64_t us = standard.base_us + (int64_t)(event / 10 * 1000);
            int64_t got = n->bid.time[i];
            if (n->type[i] == NEXMARK_PERSON) got = n->person.time[i];
            if (n->type[i] == NEXMARK_AUCTION) got = n->auction.time[i];
            assert_int_equal(got, us);
            if (n->type[i] == NEXMARK_PERSON) assert_int_equal(n->person.id[i], person++);
            if (n->type[i] == NEXMARK_AUCTION) assert_int_equal(n->auction.id[i], auction++);
        }
    }
    nexmark_destroy(n);
}

static void bids_name_what_is_or_will_be_there(void **unused) {
    (void)unused;
    struct nexmark *n = nexmark_create(&standard);
    uint32_t hot = 0, bids = 0, hot_channel = 0;
    for (uint32_t part = 0; part < 50; part++) {
        nexmark_make(n, BATCH_ROWS);
        for (uint32_t i = 0; i < BATCH_ROWS; i++) {
            if (n->type[i] != NEXMARK_BID) continue;
            int64_t epoch = (int64_t)((part * (uint64_t)BATCH_ROWS + i) / 50);
            int64_t last_auction = epoch * 3 + 2 + FIRST_ID, last_person = epoch + FIRST_ID;
            assert_in_range(n->bid.auction[i], FIRST_ID, last_auction + 10);
            assert_true(n->bid.auction[i] >= last_auction - 100 - 99);
            assert_in_range(n->bid.bidder[i], FIRST_ID, last_person + 10);
            assert_in_range(n->bid.price[i], 100, 100000000);
            assert_in_range(n->bid.extra[i].bytes, 54, 81);
            hot += n->bid.auction[i] % 100 == 0;
            hot_channel += n->bid.channel[i].bytes < 9; /* Google, Facebook, Baidu, Apple */
            bids++;
        }
    }
    assert_in_range(hot, bids * 48 / 100, bids * 54 / 100);
    assert_in_range(hot_channel, bids * 48 / 100, bids * 54 / 100);
    nexmark_destroy(n);
}

/* Prices are log-uniform: as many in each power of ten. */
static void prices_are_log_uniform(void **unused) {
    (void)unused;
    struct nexmark *n = nexmark_create(&standard);
    uint32_t decade[7] = {0}, bids = 0;
    for (uint32_t part = 0; part < 50; part++) {
        nexmark_make(n, BATCH_ROWS);
        for (uint32_t i = 0; i < BATCH_ROWS; i++) {
            if (n->type[i] != NEXMARK_BID) continue;
            uint32_t d = 0;
            for (int64_t v = n->bid.price[i]; v >= 1000 && d < 6; v /= 10) d++;
            decade[d]++;
            bids++;
        }
    }
    for (uint32_t d = 0; d < 6; d++) assert_in_range(decade[d], bids * 15 / 100, bids * 19 / 100);
    nexmark_destroy(n);
}

static void texts_have_their_forms(void **unused) {
    (void)unused;
    struct nexmark *n = nexmark_create(&standard);
    nexmark_make(n, BATCH_ROWS);
    for (uint32_t i = 0; i < BATCH_ROWS; i++) {
        if (n->type[i] == NEXMARK_BID) {
            struct text url = n->bid.url[i];
            assert_memory_equal(url.at, "https://www.nexmark.com/", 24);
            assert_non_null(memmem(url.at, url.bytes, "/item.htm?query=1", 17));
        } else if (n->type[i] == NEXMARK_PERSON) {
            struct text card = n->person.card[i];
            assert_int_equal(card.bytes, 19);
            assert_true(card.at[4] == ' ' && card.at[9] == ' ' && card.at[14] == ' ');
            assert_non_null(memchr(n->person.email[i].at, '@', n->person.email[i].bytes));
        } else {
            struct text item = n->auction.item[i];
            assert_in_range(item.bytes, 2, 19);
            assert_true(item.at[0] != ' ' && item.at[item.bytes - 1] != ' ');
            assert_true(n->auction.reserve[i] > n->auction.initial[i]);
            assert_true(n->auction.expires[i] > n->auction.time[i]);
            assert_in_range(n->auction.category[i], 10, 14);
        }
    }
    nexmark_destroy(n);
}

/* Where batches end changes nothing; another seed changes nearly everything. */
static void one_seed_one_stream(void **unused) {
    (void)unused;
    struct nexmark_options other = standard;
    other.seed = 2;
    struct nexmark *a = nexmark_create(&standard), *b = nexmark_create(&standard),
                   *c = nexmark_create(&other);
    nexmark_make(a, 1000);
    nexmark_make(c, 1000);
    uint32_t done = 0, same = 0;
    for (uint32_t rows = 1; done < 1000; rows = rows * 3 % 97 + 1) {
        if (rows > 1000 - done) rows = 1000 - done;
        nexmark_make(b, rows);
        for (uint32_t i = 0; i < rows; i++) {
            if (a->type[done + i] != NEXMARK_BID) continue;
            assert_int_equal(a->bid.price[done + i], b->bid.price[i]);
            assert_true(text_equal(a->bid.url[done + i], b->bid.url[i]));
            assert_true(text_equal(a->bid.extra[done + i], b->bid.extra[i]));
            same += a->bid.price[done + i] == c->bid.price[done + i];
        }
        done += rows;
    }
    assert_true(same < 10);
    nexmark_destroy(a);
    nexmark_destroy(b);
    nexmark_destroy(c);
}

static void odd_proportions_work(void **unused) {
    (void)unused;
    static const uint32_t mixes[][3] = {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}, {0, 2, 5}, {100, 1, 3000}};
    for (size_t m = 0; m < COUNT_OF(mixes); m++) {
        struct nexmark_options o = standard;
        o.person_proportion = mixes[m][0];
        o.auction_proportion = mixes[m][1];
        o.bid_proportion = mixes[m][2];
        struct nexmark *n = nexmark_create(&o);
        for (uint32_t part = 0; part < 5; part++) nexmark_make(n, BATCH_ROWS);
        assert_int_equal(n->events, 5 * BATCH_ROWS);
        nexmark_destroy(n);
    }
}

/* The connector: the DDL of the benchmark, NULL where an event is of another kind. */
static void the_connector_gives_rows(void **unused) {
    (void)unused;
    struct probe p;
    probe_begin(&p);
    const struct field bid[] = {{TEXT_LITERAL("price"), &type_bigint, false},
                                {TEXT_LITERAL("dateTime"), &type_timestamp3, false}};
    const struct field person[] = {{TEXT_LITERAL("ID"), &type_bigint, false}};
    probe_column(&p, "event_type", &type_bigint);
    probe_column(&p, "bid", type_row(&p.arena, 2, bid));
    probe_column(&p, "person", type_row(&p.arena, 1, person));
    probe_option(&p, "connector", "nexmark");
    probe_option(&p, "events.num", "6");
    const char *got = probe_read_all(&p);
    assert_ptr_equal(strstr(got, "- {\"event_type\":0,\"bid\":null,\"person\":{\"ID\":1000}}\n"
                                 "- {\"event_type\":1,\"bid\":null,\"person\":null}\n"),
                     got);
    assert_non_null(strstr(got, "- {\"event_type\":2,\"bid\":{\"price\":"));
    assert_non_null(strstr(got, "\"dateTime\":\"2015-07-15 00:00:00.000\"},\"person\":null}\n"));
    probe_end(&p);
}

static void the_connector_knows_its_columns(void **unused) {
    (void)unused;
    struct probe p;
    bool bounded = true;
    probe_begin(&p);
    probe_option(&p, "connector", "nexmark");
    probe_column(&p, "event_type", &type_bigint);
    assert_true(connector_check_source(&p.def, NULL, &bounded, &p.err));
    assert_false(bounded);
    probe_column(&p, "colour", &type_text);
    assert_false(connector_check_source(&p.def, NULL, &bounded, &p.err));
    assert_string_equal(p.err.sqlstate, "42703");
    probe_end(&p);
}

/* A value that would be cut is refused, and the hint says what may be. */
static void values_out_of_range_are_refused(void **unused) {
    (void)unused;
    static const char *const wrong[][2] = {{"bid.avg-size", "1 mb"},
                                           {"person.proportion", "2000000"},
                                           {"events.num", "-1"},
                                           {"stop-at", "-2"},
                                           {"bid.hot-ratio.auctions", "0"}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct probe p;
        bool bounded;
        probe_begin(&p);
        probe_column(&p, "event_type", &type_bigint);
        probe_option(&p, "connector", "nexmark");
        probe_option(&p, wrong[i][0], wrong[i][1]);
        assert_false(connector_check_source(&p.def, NULL, &bounded, &p.err));
        assert_string_equal(p.err.sqlstate, "22023");
        assert_non_null(strstr(p.err.message, wrong[i][0]));
        assert_true(p.err.hint[0] != '\0');
        probe_end(&p);
    }
}

/* A source that is kept alive has no end: after its last event it is silent. */
static void kept_alive_is_silent_after_the_last_event(void **unused) {
    (void)unused;
    static const char *const alive[] = {"false", "true"};
    for (uint32_t i = 0; i < COUNT_OF(alive); i++) {
        struct probe p;
        bool bounded = true;
        probe_begin(&p);
        probe_column(&p, "event_type", &type_bigint);
        probe_option(&p, "connector", "nexmark");
        probe_option(&p, "events.num", "50");
        probe_option(&p, "keep-alive", alive[i]);
        assert_true(connector_check_source(&p.def, NULL, &bounded, &p.err));
        assert_int_equal(bounded, i == 0);
        struct reader *r = probe_open(&p);
        assert_non_null(r);
        assert_int_equal(probe_read(&p, r, 50), i == 0 ? READ_END : READ_WAIT);
        r->type->close(r);
        probe_end(&p);
    }
}

/* What limits the rate does so by the clock; 'max-emit-speed' = 'false' is another word for it. */
static void a_limited_rate_goes_by_the_clock(void **unused) {
    (void)unused;
    static const char *const limit[][2] = {
        {"rate.limited", "true"}, {"max-emit-speed", "false"}, {"max-emit-speed", "true"}};
    for (uint32_t i = 0; i < COUNT_OF(limit); i++) {
        struct probe p;
        const struct batch *b;
        uint32_t rows = 0;
        probe_begin(&p);
        probe_column(&p, "event_type", &type_bigint);
        probe_option(&p, "connector", "nexmark");
        probe_option(&p, "events.num", "1000");
        probe_option(&p, "first-event.rate", "100");
        probe_option(&p, "next-event.rate", "100");
        probe_option(&p, limit[i][0], limit[i][1]);
        probe_set_clock(5000000);
        struct reader *r = probe_open(&p);
        assert_non_null(r);
        if (r->type->read(r, &b, &p.err) == READ_ROWS) rows += b->rows;
        assert_int_equal(r->type->read(r, &b, &p.err), i < 2 ? READ_WAIT : READ_END);
        probe_set_clock(5500000);
        if (r->type->read(r, &b, &p.err) == READ_ROWS) rows += b->rows;
        assert_int_equal(rows, i < 2 ? 51 : 1000);
        r->type->close(r);
        probe_end(&p);
    }
}

/* The event's time goes by two names in the published declarations. */
static void the_time_of_an_event_has_two_names(void **unused) {
    (void)unused;
    struct probe p;
    probe_begin(&p);
    const struct field person[] = {{TEXT_LITERAL("customTime"), &type_timestamp3, false},
                                   {TEXT_LITERAL("dateTime"), &type_timestamp3, false}};
    probe_column(&p, "person", type_row(&p.arena, 2, person));
    probe_option(&p, "connector", "nexmark");
    probe_option(&p, "events.num", "1");
    assert_string_equal(probe_read_all(&p),
                        "- {\"person\":{\"customTime\":\"2015-07-15 00:00:00.000\","
                        "\"dateTime\":\"2015-07-15 00:00:00.000\"}}\n");
    probe_end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_fifty_events_one_is_a_person),
        cmocka_unit_test(ids_and_times_count_up),
        cmocka_unit_test(bids_name_what_is_or_will_be_there),
        cmocka_unit_test(prices_are_log_uniform),
        cmocka_unit_test(texts_have_their_forms),
        cmocka_unit_test(one_seed_one_stream),
        cmocka_unit_test(odd_proportions_work),
        cmocka_unit_test(the_connector_gives_rows),
        cmocka_unit_test(the_connector_knows_its_columns),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(a_limited_rate_goes_by_the_clock),
        cmocka_unit_test(kept_alive_is_silent_after_the_last_event),
        cmocka_unit_test(the_time_of_an_event_has_two_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
