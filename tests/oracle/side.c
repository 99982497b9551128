/* side.c: runs statements in a session and copies result batches into rows of values. */
#include "tests/oracle/side.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/session.h"
#include "udf/aggregate.h"
#include "udf/table.h"

enum { FN_TABLES_MAX = 64 };

struct side {
    struct memory_files *files;
    struct session *session;
    int null_fd;
    struct fn_table fn[FN_TABLES_MAX];
    struct agg_table agg[UDF_AGGREGATE_TABLES];
    /* of the statement that runs */
    struct rows *out;
    struct otype *types;
    bool changes;
    int8_t *change; /* [change_capacity] kinds of the rows in `out` */
    uint32_t change_capacity;
};

/* A fixed clock: nothing here depends on it. */
static int64_t still_clock(void) {
    return INT64_C(1000000000000000);
}

static char letter_of(const struct type *t) {
    static const char letters[TYPE_COUNT] = {[TYPE_NULL] = '0',
                                             [TYPE_BOOLEAN] = T_BOOLEAN,
                                             [TYPE_BIGINT] = T_BIGINT,
                                             [TYPE_DOUBLE] = T_DOUBLE,
                                             [TYPE_DECIMAL] = T_DECIMAL,
                                             [TYPE_TEXT] = T_TEXT,
                                             [TYPE_BLOB] = T_BLOB,
                                             [TYPE_TIMESTAMP] = T_TIMESTAMP,
                                             [TYPE_DATE] = T_DATE,
                                             [TYPE_TIME] = T_TIME,
                                             [TYPE_INTERVAL] = T_INTERVAL,
                                             [TYPE_ROW] = T_ROW,
                                             [TYPE_ARRAY] = T_ARRAY,
                                             [TYPE_MAP] = T_MAP,
                                             [TYPE_TENSOR] = T_TENSOR,
                                             [TYPE_IMAGE] = T_IMAGE};
    return letters[t->id];
}

static bool begin_rows(void *context, const struct schema *schema, bool changes, bool live,
                       struct err *e) {
    struct side *s = context;
    (void)live;
    (void)e;
    if (!s->out) return true;
    s->out->cols = schema->cols;
    s->out->count = s->out->capacity = 0;
    s->changes = changes;
    for (uint32_t c = 0; s->types && c < schema->cols; c++) {
        const struct type *t = schema->col[c].type;
        s->types[c] = (struct otype){letter_of(t), t->precision, t->scale};
    }
    return true;
}

/* Past 64 bits it is told as text, which equals nothing that SQLite gives. */
static struct value wide_value(struct arena *a, int128_t v) {
    if (v == (int64_t)v) return (struct value){.kind = VALUE_INT, .integer = (int64_t)v};
    char text[64];
    snprintf(text, sizeof text, "wide %.30e", (double)v);
    char *copy = arena_copy(a, text, strlen(text));
    assert(copy);
    return (struct value){.kind = VALUE_TEXT, .text = text_of(copy)};
}

static struct text copy_text(struct arena *a, struct text t) {
    char *copy = arena_copy(a, t.bytes > 0 ? t.at : "", t.bytes);
    assert(copy);
    return (struct text){.at = copy, .bytes = t.bytes};
}

/* Nested values as SQLite's JSON functions print them, without blanks. */
static void print_json(struct buf *out, const struct column *c, uint32_t row) {
    if (!column_has(c, row)) {
        buf_add_str(out, "null");
        return;
    }
    switch (type_rep(c->type)) {
    case REP_I64: buf_addf(out, "%" PRId64, c->as.i64[row]); break;
    case REP_TEXT: buf_addf(out, "\"%.*s\"", TEXT_ARG(c->as.text[row])); break;
    case REP_B8: /* a ROW */
        for (uint32_t i = 0; i < c->type->fields; i++) {
            buf_addf(out, "%c\"%.*s\":", i > 0 ? ',' : '{', TEXT_ARG(c->type->field[i].name));
            print_json(out, &c->child[i], row);
        }
        buf_add_char(out, '}');
        break;
    case REP_SPAN: {
        bool map = c->type->id == TYPE_MAP;
        const struct span span = c->as.span[row];
        buf_add_char(out, map ? '{' : '[');
        for (uint32_t i = span.first; i < span.first + span.count; i++) {
            if (i > span.first) buf_add_char(out, ',');
            print_json(out, &c->child[0], i);
            if (map) buf_add_char(out, ':');
            if (map) print_json(out, &c->child[1], i);
        }
        buf_add_char(out, map ? '}' : ']');
        break;
    }
    case REP_TENSOR:
        for (uint32_t i = 0; i < c->as.tensor[row].dim[0]; i++) {
            buf_addf(out, "%c%.1f", i > 0 ? ',' : '[', (double)c->as.tensor[row].at[i]);
        }
        buf_add_char(out, ']');
        break;
    case REP_F64:
    case REP_I128:
    case REP_COUNT: assert(false && "nested so"); break;
    }
}

static struct value nested_value(struct arena *a, const struct column *c, uint32_t row) {
    struct buf out;
    buf_init(&out);
    print_json(&out, c, row);
    struct value v = {.kind = VALUE_TEXT, .text = copy_text(a, buf_text(&out))};
    buf_done(&out);
    return v;
}

static struct value read_value(struct arena *a, const struct column *c, uint32_t row) {
    struct value v = {.kind = VALUE_NULL};
    if (c->type->id == TYPE_NULL || !column_has(c, row)) return v;
    if (c->type->id == TYPE_ROW) return nested_value(a, c, row);

    switch (type_rep(c->type)) {
    case REP_B8: return (struct value){.kind = VALUE_INT, .integer = c->as.b8[row]};
    case REP_I64: return (struct value){.kind = VALUE_INT, .integer = c->as.i64[row]};
    case REP_F64: return (struct value){.kind = VALUE_REAL, .real = c->as.f64[row]};
    case REP_I128: return wide_value(a, c->as.i128[row]);
    case REP_TEXT:
        v.kind = c->type->id == TYPE_BLOB ? VALUE_BLOB : VALUE_TEXT;
        v.text = copy_text(a, c->as.text[row]);
        return v;
    case REP_SPAN:
    case REP_TENSOR: return nested_value(a, c, row);
    case REP_COUNT: break;
    }
    return v;
}

static void keep_change(struct side *s, int8_t kind) {
    if (s->out->count > s->change_capacity) {
        s->change_capacity = s->out->count * 2 + 64;
        s->change = realloc(s->change, s->change_capacity);
        assert(s->change);
    }
    s->change[s->out->count - 1] = kind;
}

static bool take_rows(void *context, const struct batch *b, struct err *e) {
    struct side *s = context;
    (void)e;
    if (!s->out) return true;
    for (uint32_t i = 0; i < b->live; i++) {
        uint32_t row = batch_row(b, i);
        struct value *values = rows_add(s->out);
        for (uint32_t c = 0; c < s->out->cols; c++) {
            values[c] = read_value(s->out->arena, &b->col[c], row);
        }
        keep_change(s, batch_change(b, row));
    }
    return true;
}

static bool end_rows(void *context, uint64_t rows, struct err *e) {
    (void)context;
    (void)rows;
    (void)e;
    return true;
}

static void hear_nothing(void *context, const char *sentence) {
    (void)context;
    (void)sentence;
}

struct side *side_create(void) {
    struct side *s = calloc(1, sizeof *s);
    assert(s);
    s->files = memory_files_create();
    s->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    assert(s->null_fd >= 0);

    assert(fn_table_count <= FN_TABLES_MAX);
    fn_tables_copy(s->fn);
    udf_aggregates(s->agg);

    const struct session_options options = {.fs = memory_files_system(s->files),
                                            .stdin_fd = s->null_fd,
                                            .stdout_fd = s->null_fd,
                                            .stderr_fd = s->null_fd,
                                            .clock_us = still_clock,
                                            .fn = s->fn,
                                            .fns = fn_table_count,
                                            .agg = s->agg,
                                            .aggs = UDF_AGGREGATE_TABLES};
    const struct session_output output = {.context = s,
                                          .begin = begin_rows,
                                          .rows = take_rows,
                                          .end = end_rows,
                                          .notice = hear_nothing,
                                          .command = hear_nothing};
    struct err e = {0};
    s->session = session_create(&options, &output, &e);
    if (!s->session) printf("weir: %s: %s\n", e.sqlstate, e.message);
    assert(s->session);
    return s;
}

void side_destroy(struct side *s) {
    if (!s) return;
    session_destroy(s->session);
    memory_files_destroy(s->files);
    close(s->null_fd);
    free(s->change);
    free(s);
}

void side_file(struct side *s, const char *path, struct text bytes) {
    memory_files_put(s->files, path, bytes);
}

bool side_set(struct side *s, const char *name, const char *value) {
    struct err e = {0};
    bool good = session_set(s->session, text_of(name), text_of(value), &e);
    if (!good) printf("weir: SET %s: %s: %s\n", name, e.sqlstate, e.message);
    return good;
}

static bool run_all(struct side *s, const char *sql, struct err *e) {
    struct script script = {.name = TEXT_LITERAL("oracle"), .text = text_of(sql)};
    session_start(s->session, &script);
    for (bool more = true; more;) {
        if (!session_step(s->session, &more, e)) return false;
    }
    return session_finish(s->session, e);
}

void side_query(struct side *s, const char *sql, struct rows *out, struct otype *types) {
    struct err e = {0};
    s->out = out;
    s->types = types;
    s->changes = false;
    if (!run_all(s, sql, &e)) {
        out->failed = true;
        memcpy(out->sqlstate, e.sqlstate, sizeof out->sqlstate);
        memcpy(out->message, e.message, sizeof out->message);
    }
    if (s->changes && !rows_fold(out, s->change)) {
        out->failed = true;
        snprintf(out->message, sizeof out->message, "a row was taken back that was not there");
    }
    s->out = NULL;
    s->types = NULL;
}

bool side_run(struct side *s, const char *sql) {
    struct err e = {0};
    bool good = run_all(s, sql, &e);
    if (!good) printf("weir: %s: %s in: %s\n", e.sqlstate, e.message, sql);
    return good;
}
