/* bind_track.c: TRACK in FROM: rows that show boxes, with the number of what they show.
 *
 *     TRACK(TABLE d PARTITION BY camera, DESCRIPTOR(ts))
 *     TRACK(TABLE d, DESCRIPTOR(ts), BOX => DESCRIPTOR(l, t, w, h), MAX_AGE => INTERVAL '2' SECOND)
 *     TRACK(DATA => TABLE d, TIMECOL => DESCRIPTOR(ts), MIN_OVERLAP => 0.2, SAME_LABEL => FALSE)
 *
 * The data and its time may stand by position; what else is said has names. Without BOX the box is
 * the columns x, y, w, h; a column label is the label, and score the score, if there are such. What
 * of them is no DOUBLE is converted in a Project below.
 */
#include <assert.h>

#include "engine/base/time.h"
#include "engine/program.h"
#include "sql/bind_group.h"
#include "sql/bind_model.h"

#define OVERLAP_DEFAULT 0.3
#define AGE_DEFAULT_US SECOND_US

enum {
    ARG_DATA,
    ARG_TIMECOL,
    ARG_BOX,
    ARG_LABEL,
    ARG_SCORE,
    ARG_MIN_OVERLAP,
    ARG_MIN_SCORE,
    ARG_MAX_AGE,
    ARG_SAME_LABEL,
    ARGS,
    POSITIONS = 2,
};

static const char *const words[ARGS] = {
    [ARG_DATA] = "DATA",           [ARG_TIMECOL] = "TIMECOL", [ARG_BOX] = "BOX",
    [ARG_LABEL] = "LABEL",         [ARG_SCORE] = "SCORE",     [ARG_MIN_OVERLAP] = "MIN_OVERLAP",
    [ARG_MIN_SCORE] = "MIN_SCORE", [ARG_MAX_AGE] = "MAX_AGE", [ARG_SAME_LABEL] = "SAME_LABEL",
};

static const char *const box_words[TRACK_BOX_COLS] = {"x", "y", "w", "h"};

struct track_call {
    struct binder *b;
    const struct ast_call *call;
    const struct ast_arg *arg[ARGS];
    struct rel *rel; /* the data */
    struct plan_track plan;
    uint32_t source_col[TRACK_BOX_COLS + 1]; /* of the data: the box, the score */
    uint32_t sources;
};

static uint32_t arg_place(const struct ast_arg *a, uint32_t position) {
    if (a->name.text.bytes == 0) return position < POSITIONS ? position : ARGS;
    for (uint32_t i = 0; i < ARGS; i++) {
        if (text_equal_fold(a->name.text, text_of(words[i]))) return i;
    }
    return ARGS;
}

static bool take_args(struct track_call *c, struct err *e) {
    const struct ast_args *args = &c->call->args;
    bool named = false;
    for (uint32_t i = 0; i < args->count; i++) {
        const struct ast_arg *a = &args->at[i];
        bool has_name = a->name.text.bytes > 0;
        if (named && !has_name)
            return bind_error(c->b, a->start, e,
                              "42601: an argument behind a named one wants a name");
        named |= has_name;
        uint32_t place = arg_place(a, i);
        if (place == ARGS) {
            bind_error(c->b, has_name ? a->name.at : a->start, e,
                       has_name ? "42883: TRACK has no argument %.*s"
                                : "42883: TRACK takes the data and its time by position",
                       TEXT_ARG(a->name.text));
            return err_hint(e, "It has DATA, TIMECOL, BOX, LABEL, SCORE, MIN_OVERLAP, MIN_SCORE, "
                               "MAX_AGE and SAME_LABEL, as in MAX_AGE => INTERVAL '2' SECOND.");
        }
        if (c->arg[place])
            return bind_error(c->b, a->start, e, "42601: argument %s is given twice", words[place]);
        c->arg[place] = a;
    }
    if (c->arg[ARG_DATA] && c->arg[ARG_TIMECOL]) return true;
    bind_error(c->b, c->call->name.at, e, "42883: TRACK wants its data and a time column");
    return err_hint(e, "Write TRACK(TABLE d PARTITION BY camera, DESCRIPTOR(ts)).");
}

/* The value of a constant argument of that type. */
static bool constant(struct track_call *c, uint32_t which, const struct type *type,
                     struct column *out, struct err *e) {
    const struct ast_arg *a = c->arg[which];
    if (a->kind != AST_ARG_EXPR)
        return bind_error(c->b, a->start, e, "42804: %s is a constant", words[which]);
    struct expr_scope none = {.b = c->b, .clause = "TRACK"};
    const struct expr *x = bind_expr(&none, a->expr, e);
    if (x) x = bind_convert(&none, x, type, a->expr->start, e);
    if (!x) return false;
    if (!expr_is_constant(x))
        return bind_error(c->b, a->start, e, "42804: %s is a constant", words[which]);
    if (!program_fold(x, c->b->arena, out, e)) {
        if (e->code == ERR_DATA) e->code = ERR_SQL;
        return bind_place(c->b, a->expr->start, e);
    }
    return column_has(out, 0) || bind_error(c->b, a->start, e, "22004: %s is NULL", words[which]);
}

/* MIN_OVERLAP, MIN_SCORE: from 0 to 1, where they are given. */
static bool part_of_one(struct track_call *c, uint32_t which, double *out, struct err *e) {
    struct column value;
    if (!c->arg[which]) return true;
    if (!constant(c, which, &type_double, &value, e)) return false;
    double v = value.as.f64[0];
    if (!(v >= 0 && v <= 1))
        return bind_error(c->b, c->arg[which]->start, e, "22023: %s is from 0 to 1", words[which]);
    *out = v;
    return true;
}

static bool bind_age(struct track_call *c, struct err *e) {
    struct column value;
    c->plan.age_max_us = AGE_DEFAULT_US;
    if (!c->arg[ARG_MAX_AGE]) return true;
    if (!constant(c, ARG_MAX_AGE, &type_interval, &value, e)) return false;
    int64_t us = value.as.i64[0];
    if (us <= 0 || us > WINDOW_SIZE_MAX_US)
        return bind_error(c->b, c->arg[ARG_MAX_AGE]->start, e,
                          "22023: MAX_AGE is greater than 0, and at most 36,000 years");
    c->plan.age_max_us = us;
    return true;
}

/* The only column that DESCRIPTOR(c) names. */
static bool named_column(struct track_call *c, uint32_t which, uint32_t *out, struct err *e) {
    const struct ast_arg *a = c->arg[which];
    if (a->kind != AST_ARG_DESCRIPTOR || a->columns.count != 1)
        return bind_error(c->b, a->start, e, "42804: one column is wanted here: DESCRIPTOR(%s)",
                          which == ARG_LABEL ? "label" : "score");
    int32_t i = bind_find_column(c->b, c->rel, NULL, &a->columns.at[0], e);
    if (i < 0) return false;
    *out = (uint32_t)i;
    return true;
}

static bool has_column(const struct rel *r, struct text name) {
    for (uint32_t i = 0; i < r->cols; i++) {
        if (text_equal_fold(r->col[i].name, name)) return true;
    }
    return false;
}

/* A column by the name that it has unless another was said. */
static bool usual_column(struct track_call *c, const char *word, uint32_t *out, struct err *e) {
    const struct ast_name name = {.text = text_of(word), .at = c->call->name.at};
    int32_t i = bind_find_column(c->b, c->rel, NULL, &name, e);
    if (i < 0) return false;
    *out = (uint32_t)i;
    return true;
}

static bool bind_label(struct track_call *c, struct err *e) {
    struct column same;
    bool wanted = true, said = c->arg[ARG_SAME_LABEL] != NULL;
    uint32_t col = 0;
    c->plan.label_col = -1;
    if (said && !constant(c, ARG_SAME_LABEL, &type_boolean, &same, e)) return false;
    if (said) wanted = same.as.b8[0] != 0;
    if (!wanted) {
        if (!c->arg[ARG_LABEL]) return true;
        return bind_error(c->b, c->arg[ARG_LABEL]->start, e,
                          "42601: LABEL says nothing where SAME_LABEL is FALSE");
    }
    if (c->arg[ARG_LABEL]) {
        if (!named_column(c, ARG_LABEL, &col, e)) return false;
    } else if (said || has_column(c->rel, TEXT_LITERAL("label"))) {
        if (!usual_column(c, "label", &col, e))
            return err_hint(e, "Another column is named so: LABEL => DESCRIPTOR(class).");
    } else {
        return true;
    }
    c->plan.label_col = (int32_t)col;
    return true;
}

static bool bind_score(struct track_call *c, struct err *e) {
    uint32_t col = 0;
    c->plan.score_col = -1;
    if (!c->arg[ARG_MIN_SCORE]) {
        if (!c->arg[ARG_SCORE]) return true;
        return bind_error(c->b, c->arg[ARG_SCORE]->start, e,
                          "42601: SCORE says nothing without MIN_SCORE");
    }
    if (!part_of_one(c, ARG_MIN_SCORE, &c->plan.score_min, e)) return false;
    if (c->arg[ARG_SCORE]) {
        if (!named_column(c, ARG_SCORE, &col, e)) return false;
    } else if (!usual_column(c, "score", &col, e)) {
        return err_hint(e, "Another column is named so: SCORE => DESCRIPTOR(confidence).");
    }
    c->plan.score_col = 0; /* its place is known when all columns are DOUBLE */
    c->source_col[c->sources++] = col;
    return true;
}

static bool bind_box(struct track_call *c, struct err *e) {
    const struct ast_arg *a = c->arg[ARG_BOX];
    if (a && (a->kind != AST_ARG_DESCRIPTOR || a->columns.count != TRACK_BOX_COLS))
        return bind_error(c->b, a->start, e,
                          "42804: four columns are wanted here: DESCRIPTOR(x, y, w, h)");
    for (uint32_t i = 0; i < TRACK_BOX_COLS; i++) {
        uint32_t col = 0;
        if (a) {
            int32_t found = bind_find_column(c->b, c->rel, NULL, &a->columns.at[i], e);
            if (found < 0) return false;
            col = (uint32_t)found;
        } else if (!usual_column(c, box_words[i], &col, e)) {
            return err_hint(e, "A box is the columns x, y, w and h; others are named so: "
                               "BOX => DESCRIPTOR(x, y, width, height).");
        }
        c->source_col[c->sources++] = col;
    }
    return true;
}

static bool bind_partition(struct track_call *c, struct err *e) {
    const struct ast_exprs *by = &c->arg[ARG_DATA]->partition_by;
    uint32_t *col = ARENA_ARRAY(c->b->arena, col, by->count + 1);
    if (!col) return err_memory(e);
    struct expr_scope s = {.b = c->b, .rel = c->rel, .clause = "PARTITION BY"};
    for (uint32_t i = 0; i < by->count; i++) {
        const struct expr *x = bind_expr(&s, by->at[i], e);
        if (!x) return false;
        if (x->kind != EXPR_COLUMN)
            return bind_unsupported(c->b, by->at[i]->start, e, "PARTITION BY takes columns only");
        col[c->plan.partitions++] = x->column;
    }
    c->plan.partition_col = col;
    return true;
}

/* Do its rows come from an operator whose rows may be taken back? */
static bool takes_back(const struct plan *p) {
    if (p->kind == PLAN_GROUP_AGGREGATE || p->kind == PLAN_SET_OPERATION) return true;
    for (uint32_t i = 0; i < p->inputs; i++) {
        if (takes_back(p->input[i])) return true;
    }
    return false;
}

static bool bind_time(struct track_call *c, struct err *e) {
    if (bind_time_column(c->rel).bytes == 0 && takes_back(c->rel->plan)) {
        bind_unsupported(c->b, c->arg[ARG_DATA]->start, e,
                         "TRACK of rows that may be taken back is not supported");
        return err_hint(e, "Aggregates without a window, INTERSECT and EXCEPT give such rows.");
    }
    struct window_spec spec = {.kind = WINDOW_TUMBLE};
    if (!bind_time_arg(c->b, c->rel, c->arg[ARG_TIMECOL], &spec, e)) return false;
    if (spec.proctime)
        return bind_unsupported(c->b, c->arg[ARG_TIMECOL]->start, e,
                                "TRACK goes by event time, not by the clock");
    c->plan.time_col = spec.time_col;
    return true;
}

/* The data, behind it the columns of box and score as DOUBLE where they are something else. */
static struct rel *as_doubles(struct track_call *c, struct err *e) {
    struct rel *r = c->rel;
    struct arena *a = c->b->arena;
    uint32_t cols = r->cols, all = cols + c->sources;
    const struct expr **x = ARENA_ARRAY(a, x, all);
    struct rel_col *col = ARENA_ARRAY(a, col, all);
    if (!x || !col) {
        err_memory(e);
        return NULL;
    }
    struct expr_scope s = {.b = c->b, .rel = r, .clause = "TRACK"};
    memcpy(col, r->col, cols * sizeof *col);
    for (uint32_t i = 0; i < cols; i++) {
        x[i] = expr_column(a, i, col[i].type, e);
        if (!x[i]) return NULL;
    }
    uint32_t n = cols;
    for (uint32_t i = 0; i < c->sources; i++) {
        uint32_t from = c->source_col[i];
        if (col[from].type->id == TYPE_DOUBLE) continue;
        uint32_t at = c->arg[ARG_BOX] && i < TRACK_BOX_COLS ? c->arg[ARG_BOX]->columns.at[i].at
                                                            : c->call->name.at;
        x[n] = bind_convert(&s, x[from], &type_double, at, e);
        if (!x[n]) return NULL;
        col[n] = (struct rel_col){.name = col[from].name, .type = &type_double};
        c->source_col[i] = n++;
    }
    return n == cols ? r : bind_project(c->b, r, x, col, n, e);
}

/* The Track above `r`, and above it only the data's columns and the number. */
static struct rel *tracked(struct track_call *c, struct rel *r, struct err *e) {
    struct arena *a = c->b->arena;
    uint32_t cols = c->rel->cols;
    struct plan *p = bind_plan(c->b, PLAN_TRACK, r->plan, e);
    struct rel_col *col = ARENA_ARRAY(a, col, r->cols + 1);
    const struct expr **x = ARENA_ARRAY(a, x, cols + 1);
    struct rel *out = ARENA_NEW(a, out);
    if (!p) return NULL;
    if (!col || !x || !out) {
        err_memory(e);
        return NULL;
    }
    memcpy(col, r->col, r->cols * sizeof *col);
    for (uint32_t i = 0; i < r->cols; i++) {
        /* Rows come when the watermark has passed their time: no other column keeps up with it. */
        if (i != c->plan.time_col) col[i].time = TIME_ROLE_NONE;
    }
    col[r->cols] = (struct rel_col){
        .name = TEXT_LITERAL("track_id"), .type = &type_bigint, .table = col[0].table};
    p->as.track = c->plan;
    p->schema = bind_schema(c->b, col, r->cols + 1, e);
    if (!p->schema) return NULL;
    *out = (struct rel){.plan = p, .cols = r->cols + 1, .col = col, .bounded = r->bounded};
    if (r->cols == cols) return out;
    for (uint32_t i = 0; i <= cols; i++) {
        uint32_t from = i < cols ? i : r->cols;
        x[i] = expr_column(a, from, col[from].type, e);
        if (!x[i]) return NULL;
    }
    col[cols] = col[r->cols];
    return bind_project(c->b, out, x, col, cols + 1, e);
}

struct rel *bind_track(struct binder *b, const struct ast_source *s, struct err *e) {
    struct track_call c = {.b = b, .call = s->call, .plan = {.overlap_min = OVERLAP_DEFAULT}};
    if (!take_args(&c, e)) return NULL;
    c.rel = bind_table_arg(b, c.arg[ARG_DATA], e);
    if (!c.rel || !bind_time(&c, e) || !bind_partition(&c, e)) return NULL;
    if (has_column(c.rel, TEXT_LITERAL("track_id"))) {
        bind_error(b, c.call->name.at, e, "42701: the data of TRACK has a column track_id already");
        err_hint(e, "Give it another name: TABLE (SELECT track_id AS old, ... FROM d).");
        return NULL;
    }
    if (!bind_box(&c, e) || !bind_score(&c, e) || !bind_label(&c, e)) return NULL;
    if (!part_of_one(&c, ARG_MIN_OVERLAP, &c.plan.overlap_min, e) || !bind_age(&c, e)) return NULL;
    struct rel *r = as_doubles(&c, e);
    if (!r) return NULL;
    for (uint32_t i = 0; i < TRACK_BOX_COLS; i++) c.plan.box_col[i] = c.source_col[i];
    if (c.plan.score_col >= 0) c.plan.score_col = (int32_t)c.source_col[TRACK_BOX_COLS];
    return tracked(&c, r, e);
}
