/* in_datagen.c: the datagen connector: rows of random or counted values, as Flink's. */
#include <assert.h>
#include <stdlib.h>

#include "engine/base/option.h"
#include "engine/edge/connector.h"
#include "engine/edge/datagen.h"
#include "engine/edge/intake.h"
#include "engine/edge/pace.h"

static const struct option_row options[] = {
    {"rows-per-second", "number",
     "How fast by the clock; 10000 when the rows have no end, else as fast as they are read."},
    {"number-of-rows", "integer", "How many rows; without it and without a sequence no end."},
    {"seed", "integer", "Another seed gives other values; 1."},
    {"fields.#.kind", "'random' | 'sequence'", "How the values of column # are made; random."},
    {"fields.#.min", "a value of the column",
     "Smallest random number: BIGINT, DOUBLE (0), DECIMAL, INTERVAL in microseconds (0)."},
    {"fields.#.max", "a value of the column",
     "Largest random number: BIGINT, DOUBLE (1), DECIMAL, INTERVAL in microseconds (a day)."},
    {"fields.#.max-past", "duration", "A TIMESTAMP is now, or so much before at most."},
    {"fields.#.length", "integer", "Bytes of a text, 100; elements of a list, 3."},
    {"fields.#.var-len", "true | false", "Lengths from 1 up to that."},
    {"fields.#.start", "integer", "First number of a sequence."},
    {"fields.#.end", "integer", "Last number of a sequence: the rows end with it."},
    {"fields.#.null-rate", "number", "Share of NULLs, 0 to 1."},
    {NULL, NULL, NULL},
};

enum { DEFAULT_RATE = 10000 };

struct datagen_reader {
    struct reader base;
    struct reader_options o;
    struct pace pace;
    uint64_t made, rows_max;
    struct seeded random;
    struct datagen *column; /* [physical->cols] */
    struct intake *intake;
    struct arena arena;
    struct arena batch_arena;
};

/* What the options say of the rows as a whole. */
struct settings {
    uint64_t rows_max; /* UINT64_MAX: no end */
    double per_second; /* 0: no limit */
    int64_t seed;
    struct datagen *column;
};

/* Does 'fields.<key>' name a column, or a part of one, and then an option? */
static bool is_known(const struct schema *columns, struct text key) {
    for (uint32_t c = 0; c < columns->cols; c++) {
        const struct field *f = &columns->col[c];
        uint32_t head = f->name.bytes;
        if (key.bytes <= head || key.at[head] != '.' || memcmp(key.at, f->name.at, head) != 0) {
            continue;
        }
        struct text rest = {.at = key.at + head + 1, .bytes = key.bytes - head - 1};
        if (datagen_names(f->type, rest)) return true;
    }
    return false;
}

/* Every 'fields.x.…' names a column. */
static bool check_names(const struct stream_def *def, const struct options *o, struct err *e) {
    for (uint32_t i = 0; i < o->count; i++) {
        struct text key = o->option[i].key;
        if (key.bytes < 7 || memcmp(key.at, "fields.", 7) != 0) continue;
        struct text name = {.at = key.at + 7, .bytes = key.bytes - 7};
        if (is_known(def->physical, name)) continue;
        const char *dot = memrchr(name.at, '.', name.bytes);
        if (dot) name.bytes = (uint32_t)(dot - name.at);
        option_error(&o->option[i], e, "there is no column \"%.*s\"", TEXT_ARG(name));
        return err_hint(e, "Letters count: it is 'fields.', the column as declared, and '.kind' "
                           "or another option.");
    }
    return true;
}

static bool read_columns(const struct stream_def *def, const struct options *o, struct arena *a,
                         struct settings *s, struct err *e) {
    s->column = ARENA_ARRAY(a, s->column, def->physical->cols + 1);
    if (!s->column) return err_memory(e);
    for (uint32_t c = 0; c < def->physical->cols; c++) {
        const struct field *f = &def->physical->col[c];
        if (!datagen_read(&s->column[c], f->type, f->name, o, a, e)) return false;
        uint64_t rows = datagen_rows(&s->column[c]);
        if (rows < s->rows_max) s->rows_max = rows;
    }
    return true;
}

static bool read_settings(const struct stream_def *def, const struct options *o, struct arena *a,
                          struct settings *s, struct err *e) {
    int64_t rows = -1;
    *s = (struct settings){.rows_max = UINT64_MAX, .per_second = -1, .seed = 1};
    if (!option_i64(o, "number-of-rows", &rows, e)) return false;
    const struct option *number = option_find(o, "number-of-rows");
    if (number && rows < 0) {
        option_error(number, e, "%.*s is no number of rows", TEXT_ARG(number->value));
        return err_hint(e, "It is 0 or more; without the option there is no end.");
    }
    if (number) s->rows_max = (uint64_t)rows;
    if (!check_names(def, o, e) || !read_columns(def, o, a, s, e)) return false;
    if (!option_i64(o, "seed", &s->seed, e)) return false;
    if (!option_f64(o, "rows-per-second", &s->per_second, e)) return false;
    const struct option *rate = option_find(o, "rows-per-second");
    if (rate && s->per_second <= 0) return option_error(rate, e, "a rate is above 0");
    if (!rate) s->per_second = s->rows_max == UINT64_MAX ? DEFAULT_RATE : 0;
    return true;
}

static bool datagen_check(const struct stream_def *def, const struct options *o, bool *bounded_out,
                          struct err *e) {
    struct arena a;
    struct settings s;
    arena_init(&a, 0);
    bool ok = read_settings(def, o, &a, &s, e);
    arena_done(&a);
    if (ok) *bounded_out = s.rows_max != UINT64_MAX;
    return ok;
}

/* Row by row, so that what is drawn for a row does not depend on where batches end. */
static bool make_rows(struct datagen_reader *r, uint32_t rows, int64_t now_us,
                      struct column **col_out, struct err *e) {
    const struct schema *physical = r->o.def->physical;
    struct arena *a = &r->batch_arena;
    arena_reset(a);
    struct column_builder *b = ARENA_ARRAY(a, b, physical->cols + 1);
    struct column *col = ARENA_ARRAY(a, col, physical->cols + 1);
    if (!b || !col) return err_memory(e);
    for (uint32_t c = 0; c < physical->cols; c++) {
        if (!builder_init(&b[c], a, physical->col[c].type, rows)) return err_memory(e);
    }
    for (uint32_t i = 0; i < rows; i++) {
        const struct datagen_row row = {&r->random, r->made + i, now_us};
        for (uint32_t c = 0; c < physical->cols; c++) datagen_value(&r->column[c], &row, &b[c]);
    }
    for (uint32_t c = 0; c < physical->cols; c++) {
        if (!builder_column(&b[c], &col[c])) return err_memory(e);
    }
    *col_out = col;
    return true;
}

static enum read_status datagen_read_rows(struct reader *base, const struct batch **out,
                                          struct err *e) {
    struct datagen_reader *r = (struct datagen_reader *)base;
    uint64_t left = r->rows_max - r->made;
    uint32_t rows = left < r->o.env->batch_rows ? (uint32_t)left : r->o.env->batch_rows;
    if (rows == 0) return READ_END;
    int64_t now_us = r->o.env->clock_us();
    rows = pace_due(&r->pace, now_us, r->made, rows);
    if (rows == 0) return READ_WAIT;
    struct column *col = NULL;
    if (!make_rows(r, rows, now_us, &col, e)) return READ_FAIL;
    r->made += rows;
    const struct intake_rows in = {
        .col = col,
        .rows = rows,
        .proctime_us = now_us,
        .arena = &r->batch_arena,
    };
    return intake_take(r->intake, &in, out, e) ? READ_ROWS : READ_FAIL;
}

static void datagen_mark(const struct reader *base, struct mark *out) {
    intake_mark(((const struct datagen_reader *)base)->intake, out);
}

static void datagen_poll(const struct reader *base, struct pollfd *out) {
    (void)base;
    *out = (struct pollfd){.fd = -1};
}

/* What is saved: 8 bytes each: rows made, the state of the generator; the intake's mark. */
static bool datagen_save(struct reader *base, struct buf *out, struct err *e) {
    const struct datagen_reader *r = (const struct datagen_reader *)base;
    saved_put_u64(out, r->made);
    saved_put_u64(out, r->random.state);
    intake_save(r->intake, out);
    return !out->failed || err_memory(e);
}

static bool datagen_resume(struct datagen_reader *r, struct err *e) {
    struct saved s = saved_of(r->o.saved);
    r->made = r->pace.before = saved_u64(&s);
    r->random.state = saved_u64(&s);
    intake_load(r->intake, &s);
    if (r->made > r->rows_max) return saved_damaged("a source", e);
    return saved_done(&s, "a source", e);
}

static void datagen_close(struct reader *base) {
    struct datagen_reader *r = (struct datagen_reader *)base;
    intake_close(r->intake);
    arena_done(&r->batch_arena);
    arena_done(&r->arena);
    free(r);
}

static const struct reader_type datagen_type = {
    .read = datagen_read_rows,
    .mark = datagen_mark,
    .poll = datagen_poll,
    .save = datagen_save,
    .close = datagen_close,
};

static bool datagen_init(struct datagen_reader *r, struct err *e) {
    struct options merged;
    struct settings s;
    const struct intake_options in = {
        .def = r->o.def,
        .env = edge_fn_env(r->o.env),
        .judge_null = true,
        .arena = &r->arena,
        .context = r->o.context,
        .bad = r->o.bad,
    };
    if (!options_merge(&r->arena, &r->o.def->options, &r->o.hint, &merged, e)) return false;
    if (!read_settings(r->o.def, &merged, &r->arena, &s, e)) return false;
    r->rows_max = s.rows_max;
    r->column = s.column;
    r->pace.per_second = s.per_second;
    r->random.state = hash_u64((uint64_t)s.seed);
    r->intake = intake_create(&in, e);
    return r->intake && (!r->o.saved.at || datagen_resume(r, e));
}

static struct reader *datagen_open(const struct reader_options *o, struct err *e) {
    struct datagen_reader *r = calloc(1, sizeof *r);
    if (!r) {
        err_memory(e);
        return NULL;
    }
    r->base.type = &datagen_type;
    r->o = *o;
    arena_init(&r->arena, 0);
    arena_init(&r->batch_arena, 0);
    if (datagen_init(r, e)) return &r->base;
    datagen_close(&r->base);
    return NULL;
}

const struct connector connector_datagen = {
    .name = "datagen",
    .doc = "Made-up rows: random or counted values, the same for one seed.",
    .option = options,
    .rereadable = true,
    .source_check = datagen_check,
    .reader_open = datagen_open,
};
