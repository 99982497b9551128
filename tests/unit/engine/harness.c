/* harness.c: see harness.h: plans by hand. */
#include "tests/unit/engine/harness.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/base/signature.h"
#include "udf/aggregate.h"

enum { WORD_MAX = 64 };

void rig_init(struct rig *r) {
    *r = (struct rig){.keeps_bytes = true};
    probe_init(&r->probe);
    r->query.input = r->plan_input;
}

void rig_done(struct rig *r) {
    probe_done(&r->probe);
}

static const char *skip_blanks(const char *at) {
    while (*at == ' ' || *at == ',') at++;
    return at;
}

/* A word up to a blank, a comma or an end; parentheses hold together. */
static const char *take_word(const char *at, char word[WORD_MAX]) {
    uint32_t n = 0, depth = 0;
    for (at = skip_blanks(at); *at && (depth > 0 || (*at != ' ' && *at != ',')); at++) {
        if (*at == '(') depth++;
        if (*at == ')') depth--;
        assert_true(n + 1 < WORD_MAX);
        word[n++] = *at;
    }
    word[n] = '\0';
    return at;
}

static const struct type *type_of(struct rig *r, const char *word) {
    uint32_t a, b;
    if (sscanf(word, "DECIMAL(%u,%u)", &a, &b) == 2) return type_decimal(&r->probe.arena, a, b);
    if (sscanf(word, "TIMESTAMP(%u)", &a) == 1) return type_timestamp(&r->probe.arena, a);
    static const struct {
        const char *name;
        const struct type *type;
    } simple[] = {{"BIGINT", &type_bigint},
                  {"DOUBLE", &type_double},
                  {"TEXT", &type_text},
                  {"BOOLEAN", &type_boolean},
                  {"INTERVAL", &type_interval}};
    for (size_t i = 0; i < COUNT_OF(simple); i++) {
        if (strcmp(simple[i].name, word) == 0) return simple[i].type;
    }
    fail_msg("no type %s", word);
    return NULL;
}

const struct schema *rig_schema(struct rig *r, const char *columns) {
    struct arena *a = &r->probe.arena;
    struct schema *s = ARENA_NEW(a, s);
    struct field *f = ARENA_ARRAY(a, f, RIG_COLUMNS);
    char word[WORD_MAX];
    for (const char *at = skip_blanks(columns); *at; at = skip_blanks(at)) {
        at = take_word(at, word);
        f[s->cols].name = text_of(arena_copy(a, word, strlen(word)));
        at = take_word(at, word);
        f[s->cols++].type = type_of(r, word);
    }
    s->col = f;
    return s;
}

struct plan *rig_node(struct rig *r, enum plan_kind kind, struct plan *a, struct plan *b) {
    struct plan *p = ARENA_NEW(&r->probe.arena, p);
    assert_non_null(p);
    p->kind = kind;
    p->input[0] = a;
    p->input[1] = b;
    p->inputs = a && b ? 2U : a ? 1U : 0U;
    if (a) {
        p->schema = a->schema;
        p->changes = a->changes || (b && b->changes);
    }
    return p;
}

struct plan *rig_scan(struct rig *r, const char *columns, const char *time, int64_t delay_us) {
    uint32_t i = r->query.inputs++;
    assert_true(i < RIG_INPUTS);
    struct stream_def *def = ARENA_NEW(&r->probe.arena, def);
    struct plan *p = rig_node(r, PLAN_SCAN, NULL, NULL);
    p->schema = def->schema = def->physical = rig_schema(r, columns);
    p->as.scan.input = i;
    def->name = TEXT_LITERAL("s");
    r->plan_input[i] = (struct plan_input){.def = def, .bounded = true};
    r->input[i] = (struct rig_input){.schema = p->schema, .time_col = -1, .delay_us = delay_us};
    if (time) {
        r->input[i].time_col = schema_find(p->schema, text_of(time));
        def->watermark = x_i64(&r->probe, 0); /* there is one; rig_rows() computes it */
    }
    for (uint32_t c = 0; c < p->schema->cols; c++) {
        r->probe.field[c] = p->schema->col[c];
    }
    r->probe.schema = (struct schema){.cols = p->schema->cols, .col = r->probe.field};
    return p;
}

struct plan *rig_filter(struct rig *r, struct plan *in, const struct expr *predicate) {
    struct plan *p = rig_node(r, PLAN_FILTER, in, NULL);
    p->as.filter.predicate = predicate;
    return p;
}

struct plan *rig_project(struct rig *r, struct plan *in, const char *columns,
                         const struct expr *const *expr) {
    struct plan *p = rig_node(r, PLAN_PROJECT, in, NULL);
    p->schema = rig_schema(r, columns);
    p->as.project.expr = expr;
    return p;
}

static uint32_t column_of(const struct plan *in, const char *name) {
    int32_t c = schema_find(in->schema, text_of(name));
    if (c < 0) fail_msg("no column %s", name);
    return (uint32_t)c;
}

static uint32_t *columns_of(struct rig *r, const struct plan *in, const char *names,
                            uint32_t *count_out) {
    uint32_t *col = ARENA_ARRAY(&r->probe.arena, col, RIG_COLUMNS), n = 0;
    char word[WORD_MAX];
    for (const char *at = skip_blanks(names); *at; at = skip_blanks(at)) {
        at = take_word(at, word);
        col[n++] = column_of(in, word);
    }
    *count_out = n;
    return col;
}

/* Does a signature's argument take this type as it is? */
static bool arg_fits(const struct sig_type *s, const struct type *t) {
    return s && (s->kind != SIG_TYPE || s->id == t->id);
}

/* The row of that name for exactly these types. */
static const struct aggregate *aggregate_find(struct rig *r, const char *name,
                                              const struct agg_bind *b) {
    struct agg_table tables[UDF_AGGREGATE_TABLES];
    udf_aggregates(tables);
    for (uint32_t t = 0; t < UDF_AGGREGATE_TABLES; t++) {
        for (uint32_t i = 0; i < tables[t].count; i++) {
            const struct aggregate *agg = &tables[t].agg[i];
            struct signature s;
            if (strcmp(agg->name, name) != 0) continue;
            assert_true(signature_parse(agg->sig, &r->probe.arena, &s));
            bool fits = s.args == b->args;
            for (uint32_t a = 0; a < b->args && fits; a++)
                fits = arg_fits(s.arg[a], b->arg_type[a]);
            if (fits) return agg;
        }
    }
    fail_msg("no aggregate %s", name);
    return NULL;
}

static const struct type *result_type(struct rig *r, const struct aggregate *agg,
                                      const struct agg_bind *b) {
    struct err e = {0};
    if (agg->type) return agg->type(b, &e);
    struct signature s;
    assert_true(signature_parse(agg->sig, &r->probe.arena, &s));
    const struct type *t = sig_type_exact(&r->probe.arena, s.result);
    if (t) return t;
    return type_array(&r->probe.arena, b->arg_type[0]); /* array_agg */
}

/* "sum(v)", "count(distinct v)", "count(*)", "max(v) filter f" */
static const char *agg_read(struct rig *r, const struct plan *in, const char *at,
                            struct plan_agg *out) {
    char word[WORD_MAX], name[WORD_MAX];
    *out = (struct plan_agg){.filter_col = -1};
    at = take_word(at, word);
    char *open = strchr(word, '(');
    assert_non_null(open);
    *open = '\0';
    snprintf(name, sizeof name, "%s", word);
    char *args = open + 1;
    args[strlen(args) - 1] = '\0';
    if (strncmp(args, "distinct ", 9) == 0) {
        out->distinct = true;
        args += 9;
    }
    if (strcmp(args, "*") != 0) out->arg_col = columns_of(r, in, args, &out->bind.args);
    const struct type **type = ARENA_ARRAY(&r->probe.arena, type, out->bind.args);
    for (uint32_t i = 0; i < out->bind.args; i++) {
        type[i] = in->schema->col[out->arg_col[i]].type;
    }
    out->bind.arg_type = type;
    out->agg = aggregate_find(r, name, &out->bind);
    out->bind.type = result_type(r, out->agg, &out->bind);
    if (strncmp(at, " filter ", 8) != 0) return skip_blanks(at);
    at = take_word(at + 8, word);
    out->filter_col = (int32_t)column_of(in, word);
    return skip_blanks(at);
}

/* agg, agg2, agg3, .. */
static struct text agg_name(struct rig *r, uint32_t i) {
    char name[16];
    int n = snprintf(name, sizeof name, i > 0 ? "agg%u" : "agg", i + 1);
    return text_of(arena_copy(&r->probe.arena, name, (size_t)n));
}

static struct plan *aggregate_plan(struct rig *r, struct plan *in, const char *keys,
                                   const char *aggs, enum plan_kind kind) {
    struct arena *a = &r->probe.arena;
    struct plan *p = rig_node(r, kind, in, NULL);
    struct plan_aggregate *g = &p->as.aggregate;
    struct schema *s = ARENA_NEW(a, s);
    struct field *f = ARENA_ARRAY(a, f, RIG_COLUMNS + RIG_AGGS + 3);
    struct plan_agg *agg = ARENA_ARRAY(a, agg, RIG_AGGS);
    g->key_col = columns_of(r, in, keys, &g->keys);
    for (uint32_t k = 0; k < g->keys; k++) f[s->cols++] = in->schema->col[g->key_col[k]];
    for (const char *at = skip_blanks(aggs); *at; g->aggs++) {
        at = agg_read(r, in, at, &agg[g->aggs]);
        f[s->cols++] = (struct field){.name = agg_name(r, g->aggs), .type = agg[g->aggs].bind.type};
    }
    g->agg = agg;
    s->col = f;
    p->schema = s;
    return p;
}

struct plan *rig_group(struct rig *r, struct plan *in, const char *keys, const char *aggs,
                       bool final) {
    struct plan *p = aggregate_plan(r, in, keys, aggs, PLAN_GROUP_AGGREGATE);
    p->as.aggregate.final = final;
    p->changes = !final;
    return p;
}

static void window_columns(struct rig *r, struct plan *p, const struct schema *before) {
    struct schema *s = ARENA_NEW(&r->probe.arena, s);
    struct field *f = ARENA_ARRAY(&r->probe.arena, f, before->cols + 3);
    memcpy(f, before->col, before->cols * sizeof *f);
    f[before->cols] =
        (struct field){.name = TEXT_LITERAL("window_start"), .type = &type_timestamp3};
    f[before->cols + 1] =
        (struct field){.name = TEXT_LITERAL("window_end"), .type = &type_timestamp3};
    f[before->cols + 2] =
        (struct field){.name = TEXT_LITERAL("window_time"), .type = &type_timestamp3};
    *s = (struct schema){.cols = before->cols + 3, .col = f};
    p->schema = s;
}

struct plan *rig_window_group(struct rig *r, struct plan *in, const char *keys, const char *aggs,
                              const struct window_spec *window) {
    struct plan *p = aggregate_plan(r, in, keys, aggs, PLAN_WINDOW_AGGREGATE);
    p->as.aggregate.window = *window;
    p->changes = false;
    window_columns(r, p, p->schema);
    return p;
}

struct plan *rig_window(struct rig *r, struct plan *in, const struct window_spec *window) {
    struct plan *p = rig_node(r, PLAN_WINDOW, in, NULL);
    p->as.window.spec = *window;
    window_columns(r, p, in->schema);
    return p;
}

struct window_spec rig_tumble(const struct plan *in, const char *time, int64_t size_us) {
    return (struct window_spec){
        .kind = WINDOW_TUMBLE, .precision = 3, .time_col = column_of(in, time), .size_us = size_us};
}

struct window_spec rig_hop(const struct plan *in, const char *time, int64_t slide_us,
                           int64_t size_us) {
    struct window_spec w = rig_tumble(in, time, size_us);
    w.kind = WINDOW_HOP;
    w.slide_us = slide_us;
    return w;
}

struct window_spec rig_cumulate(const struct plan *in, const char *time, int64_t step_us,
                                int64_t size_us) {
    struct window_spec w = rig_hop(in, time, step_us, size_us);
    w.kind = WINDOW_CUMULATE;
    return w;
}

struct window_spec rig_session(struct rig *r, const struct plan *in, const char *time,
                               const char *partitions, int64_t gap_us) {
    struct window_spec w = rig_hop(in, time, gap_us, 0);
    w.kind = WINDOW_SESSION;
    w.partition_col = columns_of(r, in, partitions, &w.partitions);
    return w;
}

struct plan *rig_track(struct rig *r, struct plan *in, const char *partitions,
                       const struct plan_track *o) {
    static const char *const box[] = {"x", "y", "w", "h"};
    struct plan *p = rig_node(r, PLAN_TRACK, in, NULL);
    struct field *f = ARENA_ARRAY(&r->probe.arena, f, RIG_COLUMNS);
    struct schema *s = ARENA_NEW(&r->probe.arena, s);
    struct plan_track *t = &p->as.track;
    memcpy(f, in->schema->col, in->schema->cols * sizeof *f);
    f[in->schema->cols] = (struct field){.name = TEXT_LITERAL("track_id"), .type = &type_bigint};
    *s = (struct schema){.cols = in->schema->cols + 1, .col = f};
    p->schema = s;
    *t = *o;
    t->time_col = column_of(in, "at");
    for (uint32_t i = 0; i < TRACK_BOX_COLS; i++) t->box_col[i] = column_of(in, box[i]);
    if (o->label_col >= 0) t->label_col = (int32_t)column_of(in, "label");
    if (o->score_col >= 0) t->score_col = (int32_t)column_of(in, "score");
    t->partition_col = columns_of(r, in, partitions, &t->partitions);
    return p;
}

static void number_nodes(struct rig *r, const struct plan *p) {
    struct plan *own = (struct plan *)(uintptr_t)p; /* made by this harness */
    own->id = r->query.plans++;
    for (uint32_t i = 0; i < p->inputs; i++) number_nodes(r, p->input[i]);
}

void rig_seal(struct rig *r, struct plan *top) {
    struct plan *sink = rig_node(r, PLAN_SINK, top, NULL);
    r->query.plans = 0;
    number_nodes(r, sink);
    r->query.root = r->root = sink;
    r->query.bounded = true;
}
