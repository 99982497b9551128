/* stream.c: streams at run time: made at CREATE, counted, appended to.
 *
 * Rows INSERTed into a kept stream go through an intake as those of any source do: computed
 * columns, NOT NULL, the watermark.
 */
#include "engine/edge/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/option.h"
#include "engine/edge/out_lines.h"
#include "engine/edge/outlet.h"
#include "engine/edge/slice.h"
#include "engine/edge/tap.h"

/* What is kept when 'retention' does not say, and what a reader that is behind may hold back at
 * least: much more than the runner lets it be behind. */
enum { RETENTION_BYTES = 64 << 20, HARD_BYTES = 256 << 20 };

/* The row of an INSERT that the stream's declaration does not take. */
static bool insert_bad(void *context, const struct decode_bad *b, struct err *e) {
    struct stream *s = context;
    struct decode_bad bad = *b;
    if (change_is_retraction(batch_change(&s->appended, b->row))) return true; /* never there */
    s->refused_row = b->row;
    bool stops = s->refusing.strict || s->fail_on_error;
    if (s->refusing.gather && !stops) return bad_list_add(s->refusing.gather, b->row, b, e);
    return stream_refuse(s, &s->appended, b->row, &bad, e);
}

static bool intake_open(struct stream *s, struct err *e) {
    const struct intake_options in = {
        .def = s->def,
        .env = edge_fn_env(s->env),
        .judge_null = true,
        .arena = &s->arena,
        .context = s,
        .bad = insert_bad,
    };
    s->intake = intake_create(&in, e);
    return s->intake != NULL;
}

static bool keep_rows(struct stream *s, struct err *e) {
    uint64_t retention = RETENTION_BYTES;
    if (!option_bytes(&s->def->options, "retention", &retention, e)) return false;
    const struct kept_options o = {
        .schema = s->def->schema,
        .batch_rows = s->env->batch_rows,
        .bytes_max = retention > 0 ? (size_t)retention : 1,
        .bytes_hard = retention > HARD_BYTES / 2 ? (size_t)retention * 2 : HARD_BYTES,
    };
    s->kept = kept_create(&o, e);
    return s->kept && intake_open(s, e);
}

/* The declaration of a table with the ids of its rows, which no name reaches. */
static bool number_rows(struct stream *s, struct err *e) {
    uint32_t cols = s->def->schema->cols;
    struct schema *schema = ARENA_NEW(&s->arena, schema);
    struct field *field = ARENA_ARRAY(&s->arena, field, cols + 1);
    const struct expr **computed = ARENA_ARRAY(&s->arena, computed, cols + 1);
    if (!schema || !field || !computed) return err_memory(e);
    memcpy(field, s->def->schema->col, cols * sizeof *field);
    field[cols] =
        (struct field){.name = TEXT_LITERAL("row id"), .type = &type_bigint, .not_null = true};
    *schema = (struct schema){.cols = cols + 1, .col = field};
    s->numbered = *s->def;
    s->numbered.schema = schema;
    s->numbered.computed = computed;
    return true;
}

static bool store_rows(struct stream *s, struct err *e) {
    const struct stream_def *def = s->def;
    struct table_options o = {
        .name = def->name,
        .kind = TABLE_BY_NUMBER,
        .appended = !stored_changes(def->stored),
        .schema = def->schema,
        .keys = def->keys,
        .key_col = def->key_col,
        .bytes_max = s->env->table_bytes_max,
        .batch_rows = s->env->batch_rows,
        .clock_us = s->env->clock_us,
    };
    if (def->stored == STORED_VIEW) o.kind = TABLE_BY_CONTENT;
    if (def->keys > 0) o.kind = TABLE_BY_KEY;
    s->table = table_create(&o, e);
    return s->table && number_rows(s, e) && intake_open(s, e);
}

static bool stream_init(struct stream *s, struct err *e) {
    s->connector = connector_of(s->def, e);
    if (!s->connector && e->code != ERR_NONE) return false;
    s->fail_on_error = option_is(&s->def->options, "on-error", "fail");
    if (!option_duration(&s->def->options, "scan.idle-timeout", &s->idle_timeout_us, e)) {
        return false;
    }
    if (!sides_declare(s, e)) return false;
    if (s->def->stored) return store_rows(s, e);
    return s->connector || keep_rows(s, e);
}

struct stream *stream_create(const struct stream_def *def, const struct edge_env *env,
                             struct err *e) {
    assert(def && env && env->batch_rows > 0);
    struct stream *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->def = def;
    s->env = env;
    s->stats.watermark_us = TIME_MIN_US;
    arena_init(&s->arena, 0);
    arena_init(&s->append_arena, 0);
    if (stream_init(s, e)) return s;
    stream_destroy(s);
    return NULL;
}

struct stream *stream_create_query(struct text name, const struct edge_env *env, struct err *e) {
    static const struct schema nothing = {0, NULL};
    struct stream *s = calloc(1, sizeof *s);
    if (!s) {
        err_memory(e);
        return NULL;
    }
    s->env = env;
    s->stats.watermark_us = TIME_MIN_US;
    arena_init(&s->arena, 0);
    arena_init(&s->append_arena, 0);
    struct stream_def *def = ARENA_NEW(&s->arena, def);
    char *copy = arena_copy(&s->arena, name.at, name.bytes);
    if (def && copy) {
        *def = (struct stream_def){.name = {.at = copy, .bytes = name.bytes},
                                   .schema = &nothing,
                                   .physical = &nothing,
                                   .time_col = -1};
        s->def = def;
        if (sides_declare(s, e)) return s;
    } else {
        err_memory(e);
    }
    stream_destroy(s);
    return NULL;
}

void stream_destroy(struct stream *s) {
    if (!s) return;
    taps_close(s);
    outlets_close(s);
    intake_close(s->intake);
    kept_destroy(s->kept);
    table_destroy(s->table);
    kept_destroy(s->errors.kept);
    kept_destroy(s->late.kept);
    arena_done(&s->append_arena);
    arena_done(&s->arena);
    free(s);
}

void stream_stats(const struct stream *s, struct stream_stats *out) {
    *out = s->stats;
    if (s->table) out->rows = table_rows(s->table);
}

const struct stream_def *stream_numbered_def(struct stream *s) {
    return s->table ? &s->numbered : NULL;
}

size_t stream_behind_bytes(const struct stream *s) {
    size_t aside = taps_aside_bytes(s);
    if (s->table) return table_behind_bytes(s->table) + aside;
    return s->kept ? kept_behind_bytes(s->kept) : 0;
}

/* All that came so far. */
static struct stream_news news_all(const struct stream *s) {
    uint64_t bad = s->fail_on_error ? 0 : s->stats.bad - s->stats.refused; /* one was the error */
    return (struct stream_news){.bad = bad,
                                .refused = s->stats.refused,
                                .late = s->late.kept ? kept_rows(s->late.kept) : 0};
}

void stream_news(struct stream *s, struct stream_news *out) {
    const struct stream_news all = news_all(s), *bad = &s->errors.told, *late = &s->late.told;
    assert(all.bad >= bad->bad && all.refused >= bad->refused && all.late >= late->late);
    *out = (struct stream_news){.bad = all.bad - bad->bad,
                                .refused = all.refused - bad->refused,
                                .late = all.late - late->late};
    if (s->errors.followed) out->bad = out->refused = 0;
    if (s->late.followed) out->late = 0;
    s->errors.told = s->late.told = all;
}

void side_note_read(struct stream *s, struct side *side, bool follows) {
    side->followed = side->followed || follows;
    side->told = news_all(s);
}

const struct stream_def *stream_errors_def(struct stream *s) {
    return &s->errors.def;
}

const struct stream_def *stream_late_def(struct stream *s) {
    return &s->late.def;
}

/* Their change kinds, compacted; NULL: all are insertions. */
static bool copy_kinds(struct stream *s, const struct batch *b, uint32_t from, uint32_t rows,
                       int8_t **out) {
    *out = NULL;
    if (!b->change) return true;
    *out = arena_alloc(&s->append_arena, rows);
    for (uint32_t i = 0; *out && i < rows; i++) (*out)[i] = b->change[batch_row(b, from + i)];
    return *out != NULL;
}

static bool take_columns(struct stream *s, const struct batch *b, uint32_t from, uint32_t rows,
                         struct column *col) {
    const struct stream_def *def = s->def;
    struct column_builder *builder =
        ARENA_ARRAY(&s->append_arena, builder, def->physical->cols + 1);
    if (!builder) return false;
    for (uint32_t p = 0; p < def->physical->cols; p++) {
        const struct column *source = &b->col[sink_column(def, b, p)];
        if (!builder_init(&builder[p], &s->append_arena, def->physical->col[p].type, rows)) {
            return false;
        }
        column_append(&builder[p], b, source, from, rows);
        if (!builder_column(&builder[p], &col[p])) return false;
    }
    return true;
}

bool stream_take(struct stream *s, const struct batch *b, uint32_t from, uint32_t rows,
                 const struct batch **whole, struct err *e) {
    const struct stream_def *def = s->def;
    int8_t *change;
    *whole = NULL;
    arena_reset(&s->append_arena);
    struct column *col = ARENA_ARRAY(&s->append_arena, col, def->physical->cols + 1);
    if (!col || !take_columns(s, b, from, rows, col)) return err_memory(e);
    if (!copy_kinds(s, b, from, rows, &change)) return err_memory(e);
    s->appended = (struct batch){
        .schema = def->physical, .col = col, .rows = rows, .live = rows, .change = change};
    struct intake_rows in = {
        .col = col,
        .rows = rows,
        .proctime_us = s->env->clock_us(),
        .arena = &s->append_arena,
    };
    struct mark before;
    intake_mark(s->intake, &before);
    s->refused_row = UINT32_MAX;
    if (intake_take(s->intake, &in, whole, e)) return true;
    struct err other; /* a row that stops the queries: those before it are taken */
    *whole = NULL;
    if (s->refused_row == UINT32_MAX) return false;
    in.rows = s->refused_row;
    intake_resume(s->intake, &before);
    if (!intake_take(s->intake, &in, whole, &other)) *whole = NULL;
    return false;
}

static bool append_some(struct stream *s, const struct batch *b, uint32_t from, uint32_t rows,
                        struct err *e) {
    const struct batch *whole;
    struct mark now;
    bool all = stream_take(s, b, from, rows, &whole, e);
    if (!whole) return false;
    const struct stream_holder *h = &s->holder;
    if (h->append && whole->live > 0 && !h->append(h->context, s, whole, e)) return false;
    if (!kept_append(s->kept, whole, 0, e)) return false;
    intake_mark(s->intake, &now);
    kept_set_mark(s->kept, &now);
    s->stats.rows += whole->live;
    s->stats.watermark_us = now.watermark_us;
    return all;
}

bool stream_append_again(struct stream *s, const struct batch *b, const struct mark *after,
                         struct err *e) {
    assert(s->kept);
    if (!kept_append(s->kept, b, 0, e)) return false;
    intake_resume(s->intake, after);
    kept_set_mark(s->kept, after);
    s->stats.rows += b->live;
    s->stats.watermark_us = after->watermark_us;
    return true;
}

bool stream_append(struct stream *s, const struct batch *b, struct err *e) {
    assert(s->kept);
    for (uint32_t from = 0; from < b->live; from += BATCH_ROWS) {
        uint32_t rows = b->live - from < BATCH_ROWS ? b->live - from : BATCH_ROWS;
        if (!append_some(s, b, from, rows, e)) return false;
    }
    return true;
}
