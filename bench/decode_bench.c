/* decode_bench.c: goal P1: NDJSON bids into columns, events a second on one core.
 *
 *     decode_bench [--rounds N] [--events N] [--only NAME] [--shuffle 1] [--file PATH] [--rates 1]
 *
 * Ours, simdjson On-Demand (a call a line, and iterate_many) and jansson run over the same bytes
 * in turn, N rounds; the median and the best of each are printed, in events a CPU second, and the
 * ratio of its median to that of simdjson's better one. All must add up the same sums. The events
 * are made up, or the first N of a file; --rates 1 prints names and medians only, for a script.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "bench/decode_yardstick.h"
#include "engine/base/time.h"
#include "engine/edge/codec.h"

enum {
    FIELD_MAX = 80,
    ROUNDS_MAX = 99,
    JANSSON_SHARE = 20
}; /* jansson sees a twentieth: it is that slow */

struct input {
    char *at;
    size_t bytes;
    uint64_t events;
};

struct contender {
    const char *name;
    bool (*run)(const struct input *in, struct bid_sum *out);
    double seconds[ROUNDS_MAX];
    uint64_t events;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t next_random(uint64_t *state) {
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

struct bid {
    uint64_t auction, bidder, price, ms;
    const char *channel;
    char path[4];
};

/* Field `f` of a bid as JSON. */
static int field_print(char *to, const struct bid *b, int f) {
    switch (f) {
    case 0: return snprintf(to, FIELD_MAX, "\"auction\":%" PRIu64, b->auction);
    case 1: return snprintf(to, FIELD_MAX, "\"bidder\":%" PRIu64, b->bidder);
    case 2: return snprintf(to, FIELD_MAX, "\"price\":%" PRIu64, b->price);
    case 3: return snprintf(to, FIELD_MAX, "\"channel\":\"%s\"", b->channel);
    case 4:
        return snprintf(to, FIELD_MAX, "\"url\":\"https://www.nexmark.com/%s/item.htm?query=1\"",
                        b->path);
    default: break;
    }
    return snprintf(to, FIELD_MAX, "\"dateTime\":\"2026-01-%02u %02u:%02u:%02u.%03u\"",
                    (unsigned)(1 + b->ms / 86400000 % 28), (unsigned)(b->ms / 3600000 % 24),
                    (unsigned)(b->ms / 60000 % 60), (unsigned)(b->ms / 1000 % 60),
                    (unsigned)(b->ms % 1000));
}

static struct bid bid_make(uint64_t i, uint64_t *state) {
    static const char *const channels[] = {"Google", "Facebook", "Baidu", "Apple", "channel-4711"};
    uint64_t r = next_random(state);
    return (struct bid){
        .auction = 1000 + r % 100000,
        .bidder = 1000 + (r >> 20) % 10000,
        .price = next_random(state) % (r & 64 ? 10000000 : 10000),
        .ms = i / 10,
        .channel = channels[(r >> 40) % 5],
        .path = {(char)('a' + (r >> 50) % 26), (char)('a' + (r >> 55) % 26),
                 (char)('a' + (r >> 59) % 26), '\0'},
    };
}

/* `shuffle`: the keys come in another order in each line. */
static bool input_make(struct input *in, uint64_t events, bool shuffle) {
    uint64_t state = 88172645463325252u;
    in->at = malloc(events * 200 + DECODE_PAD_BYTES);
    if (!in->at) return false;
    in->events = events;
    char *to = in->at;
    for (uint64_t i = 0; i < events; i++) {
        int order[6] = {0, 1, 2, 3, 4, 5};
        struct bid b = bid_make(i, &state);
        for (int f = 5; shuffle && f > 0; f--) {
            int other = (int)(next_random(&state) % (uint64_t)(f + 1));
            int keep = order[f];
            order[f] = order[other];
            order[other] = keep;
        }
        for (int f = 0; f < 6; f++) {
            *to++ = f == 0 ? '{' : ',';
            to += field_print(to, &b, order[f]);
        }
        *to++ = '}';
        *to++ = '\n';
    }
    in->bytes = (size_t)(to - in->at);
    memset(to, 0, DECODE_PAD_BYTES);
    return true;
}

/* The first `events` lines of a file. */
static bool input_read(struct input *in, const char *path, uint64_t events) {
    FILE *f = fopen(path, "r");
    size_t room = events * 400 + 1;
    in->at = malloc(room + DECODE_PAD_BYTES);
    if (f && in->at) room = fread(in->at, 1, room, f);
    bool ok = f && in->at && !ferror(f);
    if (f) fclose(f);
    in->events = 0;
    in->bytes = 0;
    while (ok && in->events < events) {
        const char *feed = memchr(in->at + in->bytes, '\n', room - in->bytes);
        if (!feed) break;
        in->bytes = (size_t)(feed + 1 - in->at);
        in->events++;
    }
    if (ok) memset(in->at + in->bytes, 0, DECODE_PAD_BYTES);
    return ok && in->events > 0;
}

/* ---- ours */

static const struct field bid_fields[] = {
    {{"auction", 7}, &type_bigint, false}, {{"bidder", 6}, &type_bigint, false},
    {{"price", 5}, &type_bigint, false},   {{"channel", 7}, &type_text, false},
    {{"url", 3}, &type_text, false},       {{"dateTime", 8}, &type_timestamp3, false},
};
static const struct schema bid_schema = {.cols = COUNT_OF(bid_fields), .col = bid_fields};

static bool bad_stop(void *context, const struct decode_bad *b, struct err *e) {
    (void)context;
    return err_set(e, ERR_DATA, b->sqlstate, "%s", b->message);
}

static void add_up(const struct column_builder *col, uint32_t rows, struct bid_sum *out) {
    out->rows += rows;
    for (uint32_t r = 0; r < rows; r++) {
        out->auction += (uint64_t)col[0].as.i64[r];
        out->bidder += (uint64_t)col[1].as.i64[r];
        out->price += (uint64_t)col[2].as.i64[r];
        out->channel_bytes += col[3].as.text[r].bytes;
        out->url_bytes += col[4].as.text[r].bytes;
        out->time_us += (uint64_t)col[5].as.i64[r];
    }
}

static bool ours_batch(struct decoder *d, struct decode_job *job, struct err *e) {
    arena_reset(job->arena);
    for (uint32_t i = 0; i < bid_schema.cols; i++) {
        if (!builder_init(&job->col[i], job->arena, bid_fields[i].type, BATCH_ROWS))
            return err_memory(e);
    }
    return codec_json.decode(d, job, e);
}

static bool ours(const struct input *in, struct bid_sum *out) {
    static const bool used[] = {true, true, true, true, true, true};
    const struct decoder_options o = {
        .physical = &bid_schema, .used = used, .record_bytes_max = 1 << 20};
    struct err e = {0};
    struct arena arena;
    struct column_builder col[COUNT_OF(bid_fields)];
    struct decoder *d = codec_json.decoder_create(&o, &e);
    if (!d) return false;
    arena_init(&arena, 0);
    size_t at = 0;
    while (at < in->bytes) {
        /* As a source would: a buffer of 256 KiB at a time. */
        size_t left = in->bytes - at;
        size_t bytes = left < 256 * 1024 ? left : 256 * 1024;
        struct decode_job job = {.at = in->at + at,
                                 .bytes = bytes,
                                 .last = bytes == left,
                                 .offset = at,
                                 .col = col,
                                 .rows_max = BATCH_ROWS,
                                 .arena = &arena,
                                 .bad = bad_stop};
        if (!ours_batch(d, &job, &e)) break;
        add_up(col, job.rows, out);
        at += job.consumed;
    }
    if (e.code) fprintf(stderr, "ours: %s\n", e.message);
    arena_done(&arena);
    codec_json.decoder_destroy(d);
    return at == in->bytes;
}

/* ---- yardsticks */

static bool simdjson_lines(const struct input *in, struct bid_sum *out) {
    return yard_simdjson_lines(in->at, in->bytes, out);
}

static bool simdjson_many(const struct input *in, struct bid_sum *out) {
    return yard_simdjson_many(in->at, in->bytes, out);
}

static bool jansson_line(const char *at, size_t bytes, struct bid_sum *out) {
    json_error_t error;
    json_t *o = json_loadb(at, bytes, 0, &error);
    if (!o) return false;
    const char *time = json_string_value(json_object_get(o, "dateTime"));
    int64_t us = 0;
    bool ok = time && timestamp_parse(text_of(time), &us) == PARSE_OK;
    out->rows++;
    out->auction += (uint64_t)json_integer_value(json_object_get(o, "auction"));
    out->bidder += (uint64_t)json_integer_value(json_object_get(o, "bidder"));
    out->price += (uint64_t)json_integer_value(json_object_get(o, "price"));
    out->channel_bytes += json_string_length(json_object_get(o, "channel"));
    out->url_bytes += json_string_length(json_object_get(o, "url"));
    out->time_us += (uint64_t)us;
    json_decref(o);
    return ok;
}

static bool jansson(const struct input *in, struct bid_sum *out) {
    size_t at = 0;
    for (uint64_t i = 0; i < in->events / JANSSON_SHARE; i++) {
        const char *feed = memchr(in->at + at, '\n', in->bytes - at);
        if (!jansson_line(in->at + at, (size_t)(feed - in->at) - at, out)) return false;
        at = (size_t)(feed - in->at) + 1;
    }
    return true;
}

/* ---- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Millions of events a second: the median, the best. */
struct rate {
    double median, best;
};

static struct rate rate_of(struct contender *c, int rounds) {
    qsort(c->seconds, (size_t)rounds, sizeof *c->seconds, by_value);
    double millions = (double)c->events * 1e-6;
    return (struct rate){.median = millions / c->seconds[rounds / 2],
                         .best = millions / c->seconds[0]};
}

static bool round_run(struct contender *c, const struct input *in, int round,
                      struct bid_sum *expected) {
    struct bid_sum sum = {0};
    double start = now();
    if (!c->run(in, &sum)) {
        fprintf(stderr, "%s: failed\n", c->name);
        return false;
    }
    c->seconds[round] = now() - start;
    c->events = sum.rows;
    if (sum.rows != in->events) return true; /* a share only */
    if (expected->rows == 0) *expected = sum;
    if (memcmp(&sum, expected, sizeof sum) == 0) return true;
    fprintf(stderr, "%s: another sum\n", c->name);
    return false;
}

static void rates_print(struct contender *c, size_t count, int rounds) {
    for (size_t i = 0; i < count; i++) {
        if (c[i].events) printf("%s %.3f\n", c[i].name, rate_of(&c[i], rounds).median);
    }
}

static void report(struct contender *c, size_t count, int rounds) {
    double fast = 0, slow = 0;
    for (size_t i = 0; i < count; i++) {
        double r = c[i].events ? rate_of(&c[i], rounds).median : 0;
        if (strncmp(c[i].name, "simdjson", 8) == 0 && r > fast) fast = r;
        if (strcmp(c[i].name, "jansson") == 0) slow = r;
    }
    printf("%-28s %10s %10s %12s %10s\n", "P1 NDJSON bids -> columns", "M ev/CPU-s", "best",
           "/ simdjson", "/ jansson");
    for (size_t i = 0; i < count; i++) {
        if (!c[i].events) continue;
        struct rate r = rate_of(&c[i], rounds);
        printf("%-28s %10.2f %10.2f %12.2f %10.1f\n", c[i].name, r.median, r.best,
               fast > 0 ? r.median / fast : 0, slow > 0 ? r.median / slow : 0);
    }
}

/* What the command line says. */
struct settings {
    uint64_t events;
    int rounds;
    bool shuffle, rates;
    const char *only, *file;
};

static struct settings settings_read(int argc, char **argv) {
    struct settings s = {.events = 400000, .rounds = 5};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--rounds") == 0) s.rounds = (int)strtol(value, NULL, 10);
        if (strcmp(argv[i], "--events") == 0) s.events = strtoull(value, NULL, 10);
        if (strcmp(argv[i], "--only") == 0) s.only = value;
        if (strcmp(argv[i], "--file") == 0) s.file = value;
        if (strcmp(argv[i], "--shuffle") == 0) s.shuffle = strcmp(value, "0") != 0;
        if (strcmp(argv[i], "--rates") == 0) s.rates = strcmp(value, "0") != 0;
    }
    if (s.rounds < 1 || s.rounds > ROUNDS_MAX) s.rounds = 5;
    return s;
}

int main(int argc, char **argv) {
    struct contender contender[] = {{.name = "weir", .run = ours},
                                    {.name = "simdjson_lines", .run = simdjson_lines},
                                    {.name = "simdjson_many", .run = simdjson_many},
                                    {.name = "jansson", .run = jansson}};
    struct settings s = settings_read(argc, argv);
    struct input in;
    struct bid_sum expected = {0};
    bool made = s.file ? input_read(&in, s.file, s.events) : input_make(&in, s.events, s.shuffle);
    if (!made) {
        fprintf(stderr, "decode_bench: no input\n");
        return 1;
    }
    if (!s.rates) {
        printf("%" PRIu64 " events, %.1f bytes each, simdjson's kernel: %s\n", in.events,
               (double)in.bytes / (double)in.events, yard_simdjson_kernel());
    }
    for (int round = 0; round < s.rounds; round++) {
        for (size_t i = 0; i < COUNT_OF(contender); i++) {
            if (s.only && strcmp(s.only, contender[i].name) != 0) continue;
            if (!round_run(&contender[i], &in, round, &expected)) return 1;
        }
    }
    if (s.rates) {
        rates_print(contender, COUNT_OF(contender), s.rounds);
    } else {
        report(contender, COUNT_OF(contender), s.rounds);
    }
    free(in.at);
    return 0;
}
