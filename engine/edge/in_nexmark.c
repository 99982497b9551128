/* in_nexmark.c: the nexmark connector: the events of nexmark.h as the columns that are declared.
 *
 * A table declares event_type and the ROWs person, auction and bid with the fields it wants, by
 * the names of the benchmark's DDL. All of them are made for every event whatever is declared.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/option.h"
#include "engine/edge/connector.h"
#include "engine/edge/intake.h"
#include "engine/edge/nexmark.h"
#include "engine/edge/pace.h"

static const struct option_row options[] = {
    {"events.num", "integer", "How many events; 0, when not given: without end."},
    {"first-event.rate", "number", "Events a second of event time; 10000."},
    {"next-event.rate", "number", "The same: a rate that changes is not supported."},
    {"rate.limited", "true | false", "Make them no faster than that by the clock, too."},
    {"rate.shape", "'SQUARE' | 'SINE'", "No effect: the rate does not change."},
    {"rate.period", "duration", "No effect: the rate does not change."},
    {"person.proportion", "integer", "People among the events; 1."},
    {"auction.proportion", "integer", "Auctions; 3."},
    {"bid.proportion", "integer", "Bids; 46."},
    {"person.avg-size", "bytes", "200b."},
    {"auction.avg-size", "bytes", "500b."},
    {"bid.avg-size", "bytes", "100b."},
    {"bid.hot-ratio.auctions", "integer", "1 bid of so many is not for a hot auction; 2."},
    {"bid.hot-ratio.bidders", "integer", "1 bid of so many is not from a hot bidder; 4."},
    {"auction.hot-ratio.sellers", "integer", "1 auction of so many has no hot seller; 4."},
    {"stop-at", "integer", "Stop after so many events, as events.num; -1: do not."},
    {"keep-alive", "true | false", "Be silent after the last event, and not at an end."},
    {"max-emit-speed", "true | false", "false is rate.limited."},
    {"base-time", "timestamp", "Time of the first event; 2015-07-15 00:00:00."},
    {"seed", "integer", "Another seed gives other events; 1."},
    {NULL, NULL, NULL},
};

#define BASE_TIME_US INT64_C(1436918400000000) /* 2015-07-15, as in the benchmark */

struct settings {
    struct nexmark_options n;
    uint64_t events; /* UINT64_MAX: no end */
    bool limited;
    bool keep_alive; /* the last event is not the end */
};

struct nexmark_reader {
    struct reader base;
    struct reader_options o;
    struct settings settings;
    struct pace pace;
    struct nexmark *events;
    struct intake *intake;
    struct arena arena;
    struct arena batch_arena;
    struct column *col; /* [physical->cols] */
};

/* An option that must be a number from `least` to `most`. */
static bool whole(const struct options *o, const char *key, const int64_t range[2], int64_t *value,
                  struct err *e) {
    if (!option_i64(o, key, value, e)) return false;
    if (*value >= range[0] && *value <= range[1]) return true;
    option_error(option_find(o, key), e, "%" PRId64 " is out of range", *value);
    return err_hint(e, "It is %" PRId64 " to %" PRId64 ".", range[0], range[1]);
}

static bool ratio(const struct options *o, const char *key, uint32_t *value, struct err *e) {
    static const int64_t range[] = {1, INT32_MAX};
    int64_t v = *value;
    if (!whole(o, key, range, &v, e)) return false;
    *value = (uint32_t)v;
    return true;
}

static bool proportion(const struct options *o, const char *key, uint32_t *value, struct err *e) {
    static const int64_t range[] = {0, NEXMARK_PROPORTION_MAX};
    int64_t v = *value;
    if (!whole(o, key, range, &v, e)) return false;
    *value = (uint32_t)v;
    return true;
}

static bool size(const struct options *o, const char *key, uint32_t *value, struct err *e) {
    uint64_t v = *value;
    if (!option_bytes(o, key, &v, e)) return false;
    if (v > NEXMARK_SIZE_MAX) {
        const struct option *given = option_find(o, key);
        option_error(given, e, "'%.*s' is too large", TEXT_ARG(given->value));
        return err_hint(e, "It is 0 to %d bytes.", NEXMARK_SIZE_MAX);
    }
    *value = (uint32_t)v;
    return true;
}

static bool read_mix(const struct options *o, struct nexmark_options *n, struct err *e) {
    return proportion(o, "person.proportion", &n->person_proportion, e) &&
           proportion(o, "auction.proportion", &n->auction_proportion, e) &&
           proportion(o, "bid.proportion", &n->bid_proportion, e) &&
           ratio(o, "bid.hot-ratio.auctions", &n->hot_auction_ratio, e) &&
           ratio(o, "bid.hot-ratio.bidders", &n->hot_bidder_ratio, e) &&
           ratio(o, "auction.hot-ratio.sellers", &n->hot_seller_ratio, e) &&
           size(o, "person.avg-size", &n->person_bytes, e) &&
           size(o, "auction.avg-size", &n->auction_bytes, e) &&
           size(o, "bid.avg-size", &n->bid_bytes, e);
}

static bool read_limits(const struct options *o, struct settings *s, struct err *e) {
    static const int64_t from_0[] = {0, INT64_MAX}, from_minus_1[] = {-1, INT64_MAX};
    int64_t num = 0, stop = -1, seed = 1;
    if (!whole(o, "events.num", from_0, &num, e) || !whole(o, "stop-at", from_minus_1, &stop, e) ||
        !option_i64(o, "seed", &seed, e)) {
        return false;
    }
    s->n.seed = (uint64_t)seed;
    s->events = num > 0 ? (uint64_t)num : UINT64_MAX;
    if (stop >= 0 && (uint64_t)stop < s->events) s->events = (uint64_t)stop;
    return option_bool(o, "keep-alive", &s->keep_alive, e);
}

static bool read_rate(const struct options *o, struct settings *s, struct err *e) {
    bool fast = true;
    double *rate = &s->n.event_rate;
    if (!option_f64(o, "first-event.rate", rate, e)) return false;
    double next = *rate;
    if (!option_f64(o, "next-event.rate", &next, e)) return false;
    if (!option_bool(o, "rate.limited", &s->limited, e)) return false;
    if (!option_bool(o, "max-emit-speed", &fast, e)) return false;
    if (!fast) s->limited = true;
    if (*rate <= 0) {
        return option_error(option_find(o, "first-event.rate"), e, "a rate is above 0");
    }
    if (next < *rate || next > *rate) {
        return option_error(option_find(o, "next-event.rate"), e,
                            "a rate that changes is not supported");
    }
    return true;
}

static bool read_settings(const struct options *o, struct settings *s, struct err *e) {
    *s = (struct settings){
        .n = {.person_proportion = 1,
              .auction_proportion = 3,
              .bid_proportion = 46,
              .hot_auction_ratio = 2,
              .hot_bidder_ratio = 4,
              .hot_seller_ratio = 4,
              .person_bytes = 200,
              .auction_bytes = 500,
              .bid_bytes = 100,
              .event_rate = 10000,
              .base_us = BASE_TIME_US},
    };
    if (!read_mix(o, &s->n, e) || !read_limits(o, s, e)) return false;
    if (!read_rate(o, s, e)) return false;
    if (!option_timestamp(o, "base-time", &s->n.base_us, e)) return false;
    if (s->n.person_proportion + s->n.auction_proportion + s->n.bid_proportion == 0) {
        return err_set(e, ERR_SQL, "22023", "nexmark has no events: all proportions are 0");
    }
    return true;
}

/* A column that can be declared: where its values are. */
struct offer {
    const char *group; /* the ROW; NULL: event_type */
    const char *name;
    const struct type *type;
    size_t at; /* of the array in struct nexmark */
};

#define TYPE_OF_i64 &type_bigint
#define TYPE_OF_text &type_text
#define TYPE_OF_time &type_timestamp3

static const struct offer offers[] = {
#define X(group, member, name, kind)                                                               \
    {#group, name, TYPE_OF_##kind, offsetof(struct nexmark, group.member)},
    NEXMARK_PERSON_LIST(X) NEXMARK_AUCTION_LIST(X) NEXMARK_BID_LIST(X)
#undef X
};

static const struct offer *offer_find(struct text group, struct text name) {
    /* Some releases of the benchmark spell its name so in their DDL. */
    if (text_equal_fold(name, TEXT_LITERAL("customTime"))) name = TEXT_LITERAL("dateTime");
    for (size_t i = 0; i < COUNT_OF(offers); i++) {
        if (text_equal_fold(group, text_of(offers[i].group)) &&
            text_equal_fold(name, text_of(offers[i].name))) {
            return &offers[i];
        }
    }
    return NULL;
}

static bool no_column(struct text group, struct text name, struct err *e) {
    err_set(e, ERR_SQL, "42703", "connector 'nexmark' makes no \"%.*s%s%.*s\"", TEXT_ARG(group),
            group.bytes > 0 ? "." : "", TEXT_ARG(name));
    return err_hint(e, "It makes event_type and the rows person, auction and bid.");
}

static bool check_field(struct text group, const struct field *f, struct err *e) {
    const struct offer *o = offer_find(group, f->name);
    if (!o) return no_column(group, f->name, e);
    if (o->type->id == f->type->id) return true;
    return err_set(e, ERR_SQL, "42804", "connector 'nexmark' makes %.*s.%.*s a %s", TEXT_ARG(group),
                   TEXT_ARG(f->name), type_name(o->type->id));
}

static bool is_group(struct text name) {
    return text_equal_fold(name, TEXT_LITERAL("person")) ||
           text_equal_fold(name, TEXT_LITERAL("auction")) ||
           text_equal_fold(name, TEXT_LITERAL("bid"));
}

static bool check_column(const struct field *f, struct err *e) {
    const struct text none = TEXT_LITERAL("");
    if (text_equal_fold(f->name, TEXT_LITERAL("event_type"))) {
        if (f->type->id == TYPE_BIGINT) return true;
        return err_set(e, ERR_SQL, "42804", "connector 'nexmark' makes event_type a BIGINT");
    }
    if (!is_group(f->name)) return no_column(none, f->name, e);
    if (f->type->id != TYPE_ROW) {
        return err_set(e, ERR_SQL, "42804", "connector 'nexmark' makes %.*s a ROW",
                       TEXT_ARG(f->name));
    }
    for (uint32_t i = 0; i < f->type->fields; i++) {
        if (!check_field(f->name, &f->type->field[i], e)) return false;
    }
    return true;
}

static bool nexmark_check(const struct stream_def *def, const struct options *o, bool *bounded_out,
                          struct err *e) {
    struct settings s;
    if (!read_settings(o, &s, e)) return false;
    for (uint32_t c = 0; c < def->physical->cols; c++) {
        if (!check_column(&def->physical->col[c], e)) return false;
    }
    *bounded_out = s.events != UINT64_MAX && !s.keep_alive;
    return true;
}

/* Points a ROW column at the arrays of its group. */
static bool bind_group(struct nexmark_reader *r, const struct field *f, struct column *to,
                       struct err *e) {
    const struct nexmark *n = r->events;
    const uint64_t *valid = n->is_bid;
    if (text_equal_fold(f->name, TEXT_LITERAL("person"))) valid = n->is_person;
    if (text_equal_fold(f->name, TEXT_LITERAL("auction"))) valid = n->is_auction;
    struct column *child = ARENA_ARRAY(&r->arena, child, f->type->fields + 1);
    uint8_t *ones = arena_alloc(&r->arena, BATCH_ROWS);
    if (!child || !ones) return err_memory(e);
    memset(ones, 1, BATCH_ROWS);
    for (uint32_t i = 0; i < f->type->fields; i++) {
        const struct offer *o = offer_find(f->name, f->type->field[i].name);
        assert(o);
        child[i] = (struct column){
            .type = f->type->field[i].type, .valid = valid, .as.any = (const char *)n + o->at};
    }
    *to = (struct column){.type = f->type, .valid = valid, .as.b8 = ones, .child = child};
    return true;
}

static bool bind_columns(struct nexmark_reader *r, struct err *e) {
    const struct schema *physical = r->o.def->physical;
    r->col = ARENA_ARRAY(&r->arena, r->col, physical->cols + 1);
    if (!r->col) return err_memory(e);
    for (uint32_t c = 0; c < physical->cols; c++) {
        const struct field *f = &physical->col[c];
        if (is_group(f->name)) {
            if (!bind_group(r, f, &r->col[c], e)) return false;
        } else {
            r->col[c] = (struct column){.type = f->type, .as.i64 = r->events->type};
        }
    }
    return true;
}

static enum read_status nexmark_read(struct reader *base, const struct batch **out, struct err *e) {
    struct nexmark_reader *r = (struct nexmark_reader *)base;
    uint64_t left = r->settings.events - r->events->events;
    uint32_t rows = left < r->o.env->batch_rows ? (uint32_t)left : r->o.env->batch_rows;
    if (rows == 0) return r->settings.keep_alive ? READ_WAIT : READ_END;
    int64_t now_us = r->o.env->clock_us();
    rows = pace_due(&r->pace, now_us, r->events->events, rows);
    if (rows == 0) return READ_WAIT;
    nexmark_make(r->events, rows);
    arena_reset(&r->batch_arena);
    const struct intake_rows in = {
        .col = r->col,
        .rows = rows,
        .proctime_us = now_us,
        .arena = &r->batch_arena,
    };
    return intake_take(r->intake, &in, out, e) ? READ_ROWS : READ_FAIL;
}

static void nexmark_mark(const struct reader *base, struct mark *out) {
    intake_mark(((const struct nexmark_reader *)base)->intake, out);
}

static void nexmark_poll(const struct reader *base, struct pollfd *out) {
    (void)base;
    *out = (struct pollfd){.fd = -1};
}

/* What is saved: 8 bytes each: the state of the generator, events made, rounds; 4: the place in the
 * round; the intake's mark. */
static bool nexmark_save(struct reader *base, struct buf *out, struct err *e) {
    const struct nexmark_reader *r = (const struct nexmark_reader *)base;
    saved_put_u64(out, r->events->random);
    saved_put_u64(out, r->events->events);
    saved_put_u64(out, r->events->epoch);
    saved_put_u32(out, r->events->place);
    intake_save(r->intake, out);
    return !out->failed || err_memory(e);
}

static bool nexmark_resume(struct nexmark_reader *r, struct err *e) {
    struct saved s = saved_of(r->o.saved);
    const struct nexmark_options *n = &r->settings.n;
    r->events->random = saved_u64(&s);
    r->events->events = r->pace.before = saved_u64(&s);
    r->events->epoch = saved_u64(&s);
    r->events->place = saved_u32(&s);
    intake_load(r->intake, &s);
    bool fits = r->events->events <= r->settings.events &&
                r->events->place < n->person_proportion + n->auction_proportion + n->bid_proportion;
    return (fits || saved_damaged("a source", e)) && saved_done(&s, "a source", e);
}

static void nexmark_close(struct reader *base) {
    struct nexmark_reader *r = (struct nexmark_reader *)base;
    intake_close(r->intake);
    nexmark_destroy(r->events);
    arena_done(&r->batch_arena);
    arena_done(&r->arena);
    free(r);
}

static const struct reader_type nexmark_type = {
    .read = nexmark_read,
    .mark = nexmark_mark,
    .poll = nexmark_poll,
    .save = nexmark_save,
    .close = nexmark_close,
};

static bool nexmark_init(struct nexmark_reader *r, struct err *e) {
    struct options merged;
    const struct intake_options in = {
        .def = r->o.def,
        .env = edge_fn_env(r->o.env),
        .arena = &r->arena,
        .context = r->o.context,
        .bad = r->o.bad,
    };
    if (!options_merge(&r->arena, &r->o.def->options, &r->o.hint, &merged, e)) return false;
    if (!read_settings(&merged, &r->settings, e)) return false;
    if (r->settings.limited) r->pace.per_second = r->settings.n.event_rate;
    r->events = nexmark_create(&r->settings.n);
    if (!r->events) return err_memory(e);
    r->intake = intake_create(&in, e);
    return r->intake && bind_columns(r, e) && (!r->o.saved.at || nexmark_resume(r, e));
}

static struct reader *nexmark_open(const struct reader_options *o, struct err *e) {
    struct nexmark_reader *r = calloc(1, sizeof *r);
    if (!r) {
        err_memory(e);
        return NULL;
    }
    r->base.type = &nexmark_type;
    r->o = *o;
    arena_init(&r->arena, 0);
    arena_init(&r->batch_arena, 0);
    if (nexmark_init(r, e)) return &r->base;
    nexmark_close(&r->base);
    return NULL;
}

const struct connector connector_nexmark = {
    .name = "nexmark",
    .doc = "The events of the Nexmark benchmark: people, auctions, bids; the same for one seed.",
    .option = options,
    .rereadable = true,
    .source_check = nexmark_check,
    .reader_open = nexmark_open,
};
