/* harness_run.c: see harness.h: rows in, the ways of cutting, rows out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/decimal.h"
#include "engine/base/number.h"
#include "engine/batch_slice.h"
#include "tests/unit/engine/harness.h"
#include "tests/unit/storage/pieces.h"

enum { WORD_MAX = 256, LINE_VALUES = RIG_COLUMNS + 1 };

/* "12s", "12ms", "12": microseconds. */
static int64_t time_read(const char *word) {
    char *end;
    int64_t v = strtoll(word, &end, 10);
    if (strcmp(end, "s") == 0) return v * RIG_SECOND;
    if (strcmp(end, "ms") == 0) return v * 1000;
    return v;
}

static void value_read(struct rig *r, struct column_builder *b, const char *word) {
    int128_t d;
    if (strcmp(word, "NULL") == 0) {
        builder_null(b);
        return;
    }
    switch (b->type->id) {
    case TYPE_BIGINT: builder_i64(b, strtoll(word, NULL, 10)); return;
    case TYPE_TIMESTAMP:
    case TYPE_INTERVAL: builder_i64(b, time_read(word)); return;
    case TYPE_DOUBLE: builder_f64(b, strtod(word, NULL)); return;
    case TYPE_BOOLEAN: builder_b8(b, word[0] == 't'); return;
    case TYPE_TEXT: builder_text_copy(b, text_of(word)); return;
    case TYPE_DECIMAL:
        assert_int_equal(decimal_parse(text_of(word),
                                       (struct decimal_shape){b->type->precision, b->type->scale},
                                       &d),
                         PARSE_OK);
        builder_i128(b, d);
        return;
    case TYPE_NULL:
    case TYPE_BLOB:
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_ROW:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_TENSOR:
    case TYPE_IMAGE:
    case TYPE_COUNT: break;
    }
    fail_msg("no value of that type in a test");
    (void)r;
}

static int8_t kind_read(const char *word) {
    static const char *const kinds[] = {"+I", "-U", "+U", "-D"};
    for (int8_t i = 0; i < 4; i++) {
        if (strcmp(word, kinds[i]) == 0) return i;
    }
    return -1;
}

/* Watermarks before each row, and processing times (1 us a row). */
static void times_make(struct rig *r, struct rig_input *in) {
    struct arena *a = &r->probe.arena;
    in->watermark_us = ARENA_ARRAY(a, in->watermark_us, in->rows + 1);
    in->proctime_us = ARENA_ARRAY(a, in->proctime_us, in->rows + 1);
    int64_t now_us = TIME_MIN_US;
    for (uint32_t i = 0; i <= in->rows; i++) {
        in->watermark_us[i] = now_us;
        in->proctime_us[i] = i;
        if (in->time_col < 0 || i == in->rows) continue;
        const struct column *c = &in->col[in->time_col];
        if (!column_has(c, i)) continue;
        int64_t at_us = c->as.i64[i];
        if (at_us < INT64_MIN + in->delay_us) continue;
        if (at_us - in->delay_us > now_us) now_us = at_us - in->delay_us;
    }
}

void rig_columns(struct rig *r, uint32_t input, struct column *col, uint32_t rows) {
    struct rig_input *in = &r->input[input];
    in->col = col;
    in->rows = rows;
    times_make(r, in);
}

static const char *line_read(struct rig *r, struct rig_input *in, struct column_builder *b,
                             const char *at, int8_t *kind) {
    char word[WORD_MAX];
    for (uint32_t c = 0; c < in->schema->cols;) {
        uint32_t n = 0;
        while (*at == ' ') at++;
        assert_true(*at && *at != '\n');
        while (*at && *at != ' ' && *at != '\n') word[n++] = *at++;
        word[n] = '\0';
        if (c == 0 && kind_read(word) >= 0 && *kind < 0) {
            *kind = kind_read(word);
        } else {
            value_read(r, &b[c++], word);
        }
    }
    while (*at == ' ') at++;
    assert_true(!*at || *at == '\n');
    return *at ? at + 1 : at;
}

void rig_rows(struct rig *r, uint32_t input, const char *lines) {
    struct rig_input *in = &r->input[input];
    struct arena *a = &r->probe.arena;
    struct column_builder *b = ARENA_ARRAY(a, b, in->schema->cols);
    struct column *col = ARENA_ARRAY(a, col, in->schema->cols);
    size_t lines_max = strlen(lines) + 1;
    int8_t *change = arena_alloc(a, lines_max);
    bool changes = false;
    for (uint32_t c = 0; c < in->schema->cols; c++) {
        assert_true(builder_init(&b[c], a, in->schema->col[c].type, 0));
    }
    for (const char *at = lines; *at;) {
        int8_t kind = -1;
        uint32_t row = b[0].rows;
        at = line_read(r, in, b, at, &kind);
        changes = changes || kind >= 0;
        change[row] = kind < 0 ? CHANGE_INSERT : kind;
    }
    for (uint32_t c = 0; c < in->schema->cols; c++) assert_true(builder_column(&b[c], &col[c]));
    in->change = changes ? change : NULL;
    rig_columns(r, input, col, b[0].rows);
}

static void time_print(struct buf *out, int64_t v) {
    if (v == TIME_MIN_US) {
        buf_add_str(out, "-inf");
    } else if (v == TIME_END_US) {
        buf_add_str(out, "end");
    } else if (v % RIG_SECOND == 0) {
        buf_addf(out, "%llds", (long long)(v / RIG_SECOND));
    } else {
        buf_addf(out, "%lldus", (long long)v);
    }
}

static void value_print(struct buf *out, const struct column *c, uint32_t row) {
    if (!column_has(c, row)) {
        buf_add_str(out, "NULL");
        return;
    }
    switch (type_rep(c->type)) {
    case REP_B8: buf_add_str(out, c->as.b8[row] ? "t" : "f"); return;
    case REP_I64:
        if (c->type->id == TYPE_BIGINT) {
            buf_add_i64(out, c->as.i64[row]);
        } else {
            time_print(out, c->as.i64[row]);
        }
        return;
    case REP_F64: buf_add_f64(out, c->as.f64[row]); return;
    case REP_I128: buf_add_decimal(out, (struct decimal){c->as.i128[row], c->type->scale}); return;
    case REP_TEXT: buf_add_text(out, c->as.text[row]); return;
    case REP_SPAN:
        buf_add_char(out, '[');
        for (uint32_t i = 0; i < c->as.span[row].count; i++) {
            if (i > 0) buf_add_char(out, ',');
            value_print(out, &c->child[0], c->as.span[row].first + i);
        }
        buf_add_char(out, ']');
        return;
    case REP_TENSOR:
    case REP_COUNT: break;
    }
    fail_msg("no such value in a test");
}

struct listener {
    struct buf *plain, *full;
    struct buf rejects; /* in their own order, told at the end */
    bool changes;       /* the result is a changelog */
    bool ended;
    uint64_t ordinal;
    int64_t watermark_us;
};

static bool rows_print(void *context, const struct batch *b, struct err *e) {
    struct listener *l = context;
    (void)e;
    static const char *const kinds[] = {"+I", "-U", "+U", "-D"};
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        size_t from = l->plain->bytes;
        if (l->changes) buf_addf(l->plain, "%s ", kinds[batch_change(b, row)]);
        assert_true(l->changes || batch_change(b, row) == CHANGE_INSERT);
        for (uint32_t c = 0; c < b->schema->cols; c++) {
            if (c > 0) buf_add_char(l->plain, ' ');
            value_print(l->plain, &b->col[c], row);
        }
        buf_add(l->full, l->plain->at + from, l->plain->bytes - from);
        buf_add_char(l->plain, '\n');
        assert_true(batch_watermark(b, row) >= l->watermark_us);
        assert_true(batch_ordinal(b, row) >= l->ordinal);
        l->watermark_us = batch_watermark(b, row);
        l->ordinal = batch_ordinal(b, row);
        buf_addf(l->full, " @%llu ", (unsigned long long)l->ordinal);
        time_print(l->full, l->watermark_us);
        buf_add_char(l->full, '\n');
    }
    return true;
}

static bool mark_hear(void *context, const struct mark *m, struct err *e) {
    struct listener *l = context;
    (void)e;
    assert_true(m->watermark_us >= l->watermark_us);
    l->ended = m->watermark_us == TIME_END_US;
    return true;
}

static bool late_print(void *context, const struct query_reject *r, struct err *e) {
    struct listener *l = context;
    (void)e;
    buf_addf(&l->rejects, "late ");
    time_print(&l->rejects, r->watermark_us);
    buf_addf(&l->rejects, " %u\n", r->missed);
    return true;
}

static bool bad_print(void *context, const struct query_reject *r, struct err *e) {
    struct listener *l = context;
    (void)e;
    const char *of = r->result ? " result" : "";
    buf_addf(&l->rejects, "bad %s%s\n", r->sqlstate, of);
    return true;
}

/* The rows of an input from `from` on, as a batch. */
static struct batch input_batch(struct rig *r, const struct rig_input *in, uint32_t from,
                                uint32_t rows, struct arena *a) {
    if (rows > in->rows - from) rows = in->rows - from;
    struct batch all = {.schema = in->schema,
                        .col = in->col,
                        .rows = in->rows,
                        .live = in->rows,
                        .watermark_us = in->watermark_us,
                        .proctime_us = in->proctime_us,
                        .change = in->change};
    struct batch out;
    (void)r;
    assert_true(batch_slice(&all, from, from + rows, a, &out));
    return out;
}

struct feed {
    struct rig *r;
    struct query *q;
    const struct rig_cut *cut;
    struct query_output out;
    uint32_t at[RIG_INPUTS];
    struct arena arena;
    struct pieces pieces; /* cut->changes */
    uint32_t saves;
};

static struct query *feed_open(struct feed *f, struct err *e) {
    struct query_options o = {.batch_rows = f->cut->output_rows,
                              .workers = f->cut->workers,
                              .state_limit_bytes = f->r->state_limit_bytes,
                              .journal = f->cut->changes ? &f->pieces.journal : NULL,
                              .seed = 1};
    return query_create(&f->r->query, &o, &f->out, e);
}

/* Puts the state of the query into a new one. */
static bool feed_load(struct feed *f, struct text saved, struct err *e) {
    struct query *next = feed_open(f, e);
    bool done = next && query_load(next, saved, e);
    query_destroy(f->q);
    f->q = next;
    return done;
}

static bool feed_save(struct feed *f, struct err *e) {
    struct buf saved;
    buf_init(&saved);
    pieces_begin(&f->pieces);
    bool done = query_save(f->q, &saved, e);
    pieces_end(&f->pieces);
    bool load = f->cut->saves || ++f->saves % 3 == 0;
    if (done && load) done = feed_load(f, buf_text(&saved), e);
    buf_done(&saved);
    return done;
}

/* One batch, or the end, of the input whose turn it is. */
static bool feed_step(struct feed *f, uint32_t input, struct err *e) {
    const struct rig_input *in = &f->r->input[input];
    arena_reset(&f->arena);
    if (f->at[input] == in->rows) {
        struct mark end = {.watermark_us = TIME_END_US, .proctime_us = in->rows};
        return query_flush(f->q, input, &end, e);
    }
    struct batch b = input_batch(f->r, in, f->at[input], f->cut->input_rows, &f->arena);
    uint32_t from = 0, taken;
    if (!query_push(f->q, input, &b, from, &taken, e)) return false;
    f->at[input] += taken;
    bool save = (f->cut->saves || f->cut->changes) && taken > 0 && !query_done(f->q);
    return !save || feed_save(f, e);
}

bool rig_run_once(struct rig *r, const struct rig_cut *cut, struct buf *plain, struct buf *full,
                  struct err *e) {
    struct listener l = {.plain = plain,
                         .full = full,
                         .watermark_us = TIME_MIN_US,
                         .changes = r->root->input[0]->changes};
    struct feed f = {.r = r,
                     .cut = cut,
                     .out = {.context = &l,
                             .rows = rows_print,
                             .mark = mark_hear,
                             .late = late_print,
                             .bad = bad_print}};
    arena_init(&f.arena, 0);
    pieces_init(&f.pieces, 1);
    buf_init(&l.rejects);
    f.q = feed_open(&f, e);
    bool done = f.q != NULL;
    if (done && r->query.inputs == 0) {
        done = query_flush(f.q, 0, &(struct mark){.watermark_us = TIME_END_US}, e);
    }
    for (uint32_t i; done && (i = query_wants(f.q)) != UINT32_MAX;) done = feed_step(&f, i, e);
    if (done) {
        assert_true(query_done(f.q) && l.ended);
        query_stats(f.q, &r->stats);
    }
    buf_add(plain, l.rejects.at, l.rejects.bytes);
    buf_add(full, l.rejects.at, l.rejects.bytes);
    buf_done(&l.rejects);
    query_destroy(f.q);
    pieces_done(&f.pieces);
    arena_done(&f.arena);
    return done;
}

static char *text_keep(struct rig *r, const struct buf *b) {
    return arena_copy(&r->probe.arena, b->at ? b->at : "", b->bytes);
}

/* Prints the first line that differs. */
static void difference_print(const char *got, const char *want) {
    uint32_t line = 1;
    while (*got && *want && strcspn(got, "\n") == strcspn(want, "\n") &&
           strncmp(got, want, strcspn(got, "\n")) == 0) {
        got += strcspn(got, "\n");
        want += strcspn(want, "\n");
        got += *got == '\n';
        want += *want == '\n';
        line++;
    }
    print_message("line %u is  %.*s\n", line, (int)strcspn(got, "\n"), got);
    print_message("should be  %.*s\n", (int)strcspn(want, "\n"), want);
}

void rig_same(const char *got, const char *want) {
    if (strcmp(got, want) == 0) return;
    difference_print(got, want);
    assert_string_equal(got, want);
}

/* Runs one way and compares with the first one. */
static void run_compare(struct rig *r, const struct rig_cut *cut, const char *plain,
                        const char *full) {
    struct buf got_plain, got_full;
    struct err e = {0};
    buf_init(&got_plain);
    buf_init(&got_full);
    if (!rig_run_once(r, cut, &got_plain, &got_full, &e)) {
        fail_msg("%s %s (batches of %u)", e.sqlstate, e.message, cut->input_rows);
    }
    const char *got = text_keep(r, &got_full);
    if (strcmp(got, full) != 0) {
        print_message("in batches of %u, out of %u, %u workers%s:\n", cut->input_rows,
                      cut->output_rows, cut->workers,
                      cut->changes ? ", saved as changes"
                      : cut->saves ? ", saved"
                                   : "");
    }
    rig_same(got, full);
    rig_same(text_keep(r, &got_plain), plain);
    buf_done(&got_plain);
    buf_done(&got_full);
}

const char *rig_run(struct rig *r, struct plan *top) {
    static const uint32_t rows[] = {1, 2, 3, 7, BATCH_ROWS};
    struct buf plain, full;
    struct err e = {0};
    rig_seal(r, top);
    buf_init(&plain);
    buf_init(&full);
    struct rig_cut cut = {.input_rows = BATCH_ROWS, .output_rows = BATCH_ROWS, .workers = 1};
    if (!rig_run_once(r, &cut, &plain, &full, &e)) fail_msg("%s %s", e.sqlstate, e.message);
    const char *want_plain = text_keep(r, &plain), *want_full = text_keep(r, &full);
    uint32_t workers_max = r->workers_max ? r->workers_max : 1;
    for (size_t i = 0; i < COUNT_OF(rows) * workers_max; i++) {
        cut = (struct rig_cut){.input_rows = rows[i % COUNT_OF(rows)],
                               .output_rows = BATCH_ROWS,
                               .workers = 1 + (uint32_t)(i / COUNT_OF(rows))};
        run_compare(r, &cut, want_plain, want_full);
        cut.output_rows = cut.input_rows;
        run_compare(r, &cut, want_plain, want_full);
        cut.output_rows = 3;
        cut.saves = true;
        if (!r->keeps_bytes) continue;
        run_compare(r, &cut, want_plain, want_full);
        cut.saves = false;
        cut.changes = true;
        run_compare(r, &cut, want_plain, want_full);
    }
    buf_done(&plain);
    buf_done(&full);
    return want_plain;
}

const char *rig_error(struct rig *r, struct plan *top) {
    struct buf plain, full;
    struct err e = {0};
    rig_seal(r, top);
    buf_init(&plain);
    buf_init(&full);
    struct rig_cut cut = {.input_rows = BATCH_ROWS, .output_rows = BATCH_ROWS, .workers = 1};
    bool done = rig_run_once(r, &cut, &plain, &full, &e);
    buf_done(&plain);
    buf_done(&full);
    return done ? "" : arena_copy(&r->probe.arena, e.sqlstate, strlen(e.sqlstate));
}
