/* side.c: x$errors and x$late: what a stream's declaration or a query did not take.
 *
 * Both are kept streams of at most 10,000 rows and 64 MiB. `raw` is shown as text: bytes of it
 * that are no UTF-8 become U+FFFD.
 */
#include <assert.h>

#include "engine/edge/junction.h"
#include "engine/edge/slice.h"
#include "engine/edge/stream.h"

enum { SIDE_ROWS_MAX = 10000, SIDE_BYTES_MAX = 64 << 20, RAW_BYTES_MAX = 1 << 20 };

enum { ERROR_COLS = 6, LATE_COLS = 3 };

static const struct field error_field[ERROR_COLS] = {
    {{"at", 2}, &type_timestamp6, true},  {{"query", 5}, &type_text, false},
    {{"offset", 6}, &type_bigint, false}, {{"raw", 3}, &type_text, false},
    {{"code", 4}, &type_text, true},      {{"message", 7}, &type_text, false},
};

static const struct field late_field[LATE_COLS] = {
    {{"query", 5}, &type_text, false},
    {{"watermark", 9}, &type_timestamp6, true},
    {{"missed", 6}, &type_bigint, true},
};

static bool declare(struct stream *s, struct stream_def *def, const char *suffix,
                    const struct schema *schema, struct err *e) {
    struct text name = s->def->name;
    char *at = arena_alloc(&s->arena, name.bytes + strlen(suffix) + 1);
    uint32_t *col = ARENA_ARRAY(&s->arena, col, schema->cols);
    const struct expr **computed = ARENA_ARRAY(&s->arena, computed, schema->cols);
    if (!at || !col || !computed) return err_memory(e);
    if (name.bytes > 0) memcpy(at, name.at, name.bytes);
    memcpy(at + name.bytes, suffix, strlen(suffix) + 1);
    for (uint32_t i = 0; i < schema->cols; i++) col[i] = i;
    *def = (struct stream_def){
        .name = {.at = at, .bytes = name.bytes + (uint32_t)strlen(suffix)},
        .schema = schema,
        .physical = schema,
        .physical_col = col,
        .computed = computed,
        .time_col = -1,
    };
    return true;
}

bool sides_declare(struct stream *s, struct err *e) {
    uint32_t cols = s->def->schema->cols;
    struct schema *errors = ARENA_NEW(&s->arena, errors);
    struct schema *late = ARENA_NEW(&s->arena, late);
    struct field *field = ARENA_ARRAY(&s->arena, field, cols + LATE_COLS);
    if (!errors || !late || !field) return err_memory(e);
    *errors = (struct schema){.cols = ERROR_COLS, .col = error_field};
    memcpy(field, late_field, sizeof late_field);
    if (cols > 0) memcpy(field + LATE_COLS, s->def->schema->col, cols * sizeof *field);
    *late = (struct schema){.cols = cols + LATE_COLS, .col = field};
    return declare(s, &s->errors.def, "$errors", errors, e) &&
           declare(s, &s->late.def, "$late", late, e);
}

struct kept *side_kept(struct stream *s, struct side *side, struct err *e) {
    if (side->kept) return side->kept;
    const struct kept_options o = {
        .schema = side->def.schema,
        .batch_rows = s->env->batch_rows,
        .bytes_max = SIDE_BYTES_MAX,
        .bytes_hard = (size_t)SIDE_BYTES_MAX * 2,
        .rows_max = SIDE_ROWS_MAX,
    };
    side->kept = kept_create(&o, e);
    return side->kept;
}

/* Valid UTF-8 for any bytes. */
static struct text readable(struct arena *a, struct text raw) {
    static const char replacement[] = "\xEF\xBF\xBD";
    if (raw.bytes > RAW_BYTES_MAX) raw.bytes = RAW_BYTES_MAX;
    size_t good = raw.bytes > 0 ? utf8_valid_prefix(raw.at, raw.bytes) : 0;
    if (good == raw.bytes) return raw;
    char *to = arena_alloc(a, (size_t)raw.bytes * 3);
    if (!to) return (struct text){.at = "", .bytes = 0};
    uint32_t n = 0;
    size_t at = 0;
    while (at < raw.bytes) {
        good = utf8_valid_prefix(raw.at + at, raw.bytes - at);
        memcpy(to + n, raw.at + at, good);
        n += (uint32_t)good;
        at += good;
        if (at == raw.bytes) break;
        memcpy(to + n, replacement, 3);
        n += 3;
        at++;
    }
    return (struct text){.at = to, .bytes = n};
}

/* A column of one value, or NULL. */
struct one {
    struct column col;
    uint64_t valid;
    struct text text;
    int64_t i64;
};

static void one_text(struct one *o, const struct type *t, struct text v) {
    o->text = v;
    o->valid = v.at ? 1 : 0;
    o->col = (struct column){.type = t, .valid = &o->valid, .as.text = &o->text};
}

static void one_i64(struct one *o, const struct type *t, int64_t v) {
    o->i64 = v;
    o->valid = 1;
    o->col = (struct column){.type = t, .valid = &o->valid, .as.i64 = &o->i64};
}

/* One row on its way to the side. */
struct entry {
    const struct side *side;
    struct lane *lane;
    uint64_t ordinal;
    int64_t at_us;
};

static bool add(struct stream *s, const struct entry *x, const struct column *col, struct err *e) {
    const struct batch b = {
        .schema = x->side->def.schema,
        .col = col,
        .rows = 1,
        .live = 1,
        .first = {.ordinal = x->ordinal, .watermark_us = TIME_MIN_US, .proctime_us = x->at_us},
    };
    if (x->lane) return lane_write(x->lane, &b, 0, e);
    return x->side == &s->errors ? stream_write_errors(s, &b, e) : stream_write_late(s, &b, e);
}

bool stream_write_errors(void *context, const struct batch *b, struct err *e) {
    struct stream *s = context;
    struct kept *k = side_kept(s, &s->errors, e);
    return k && kept_append(k, b, 0, e);
}

bool stream_write_late(void *context, const struct batch *b, struct err *e) {
    struct stream *s = context;
    struct kept *k = side_kept(s, &s->late, e);
    return k && kept_append(k, b, 0, e);
}

bool stream_add_error(struct stream *s, const struct side_row *who, const struct decode_bad *b,
                      struct err *e) {
    struct one v[ERROR_COLS];
    struct column col[ERROR_COLS];
    struct arena a;
    const struct entry x = {&s->errors, who->lane, who->ordinal, who->at_us};
    arena_init(&a, 0);
    one_i64(&v[0], &type_timestamp6, who->at_us);
    one_text(&v[1], &type_text, who->query);
    one_i64(&v[2], &type_bigint, (int64_t)b->offset);
    one_text(&v[3], &type_text, readable(&a, b->raw));
    one_text(&v[4], &type_text, text_of(b->sqlstate));
    one_text(&v[5], &type_text, text_of(b->message));
    for (uint32_t i = 0; i < ERROR_COLS; i++) col[i] = v[i].col;
    bool ok = add(s, &x, col, e);
    arena_done(&a);
    return ok;
}

bool stream_add_late(struct stream *s, const struct late_row *l, struct err *e) {
    struct one v[LATE_COLS];
    struct arena a;
    const struct entry x = {&s->late, l->lane, l->ordinal, batch_proctime(l->row, l->index)};
    const struct schema *schema = s->late.def.schema;
    assert(l->row->schema->cols + LATE_COLS == schema->cols);
    arena_init(&a, 0);
    struct column *col = ARENA_ARRAY(&a, col, schema->cols);
    if (!col) {
        arena_done(&a);
        return err_memory(e);
    }
    one_text(&v[0], &type_text, l->query);
    one_i64(&v[1], &type_timestamp6, l->watermark_us);
    one_i64(&v[2], &type_bigint, l->missed);
    for (uint32_t i = 0; i < LATE_COLS; i++) col[i] = v[i].col;
    bool ok = true;
    for (uint32_t c = 0; ok && c < l->row->schema->cols; c++) {
        ok = column_slice(&a, &l->row->col[c], l->index, 1, &col[LATE_COLS + c]);
    }
    if (!ok) err_memory(e);
    ok = ok && add(s, &x, col, e);
    arena_done(&a);
    return ok;
}

bool side_raw(struct buf *out, const struct batch *b, uint32_t row, struct err *e) {
    static const struct options none = {NULL, 0};
    struct batch one = *b;
    uint16_t sel = (uint16_t)row;
    one.sel = &sel;
    one.live = 1;
    one.change = NULL;
    struct encoder *c = codec_json.encoder_create(one.schema, &none, false, e);
    if (!c) return e->code != ERR_LIMIT;
    bool done = codec_json.encode(c, &one, out, e);
    codec_json.encoder_destroy(c);
    if (!done) buf_reset(out);
    while (out->bytes > 0 && out->at[out->bytes - 1] == '\n') out->bytes--;
    return done || e->code != ERR_LIMIT;
}

bool stream_refuse(struct stream *s, const struct batch *b, uint32_t row, struct decode_bad *bad,
                   struct err *e) {
    const struct side_row who = {.at_us = s->env->clock_us()};
    if (!s->refusing.strict) s->stats.bad++;
    if (s->refusing.strict) return err_set(e, ERR_DATA, bad->sqlstate, "%s", bad->message);
    if (s->fail_on_error) {
        err_set(e, ERR_DATA, bad->sqlstate, "%.*s: %s", TEXT_ARG(s->def->name), bad->message);
        return false;
    }
    s->stats.refused++;
    struct batch named = *b; /* the target's names, and not those of the query */
    bool bare = b->schema->cols == s->def->physical->cols;
    named.schema = bare ? s->def->physical : s->def->schema;
    struct buf raw;
    buf_init(&raw);
    bool ok = side_raw(&raw, &named, row, e);
    bad->raw = buf_text(&raw);
    ok = ok && stream_add_error(s, &who, bad, e);
    buf_done(&raw);
    return ok;
}
