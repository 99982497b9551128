/* bind_window.c: TUMBLE, HOP, CUMULATE and SESSION in FROM: rows with their windows.
 *
 *     TUMBLE(TABLE bid, DESCRIPTOR(ts), INTERVAL '10' SECOND [, offset])       Flink, by position
 *     HOP(DATA => TABLE bid, TIMECOL => DESCRIPTOR(ts), SLIDE => .., SIZE => ..)  .. by name
 *     TUMBLE(bid, ts, INTERVAL '10 seconds')                                   RisingWave
 *
 * The time column must be a time attribute of the data: the column that its watermark speaks of,
 * or one that is PROCTIME(), handed on unchanged through views and subqueries.
 */
#include <assert.h>

#include "sql/bind_group.h"
#include "sql/bind_model.h"

enum { WINDOW_ARGS_MAX = 6, DURATIONS_MAX = 3, WINDOW_COLUMNS = 3 };

/* What the arguments are called, in the order of their positions. */
static const char *const arg_names[][DURATIONS_MAX] = {
    [WINDOW_TUMBLE] = {"SIZE", "OFFSET", NULL},
    [WINDOW_HOP] = {"SLIDE", "SIZE", "OFFSET"},
    [WINDOW_CUMULATE] = {"STEP", "SIZE", "OFFSET"},
    [WINDOW_SESSION] = {"GAP", NULL, NULL},
};

struct window_call {
    const struct ast_arg *data, *time, *partition;
    const struct ast_arg *duration[DURATIONS_MAX];
};

static bool take(struct binder *b, const struct ast_arg **place, const struct ast_arg *a,
                 struct err *e) {
    if (*place)
        return bind_error(b, a->name.at, e, "42601: argument %.*s is given twice",
                          TEXT_ARG(a->name.text));
    *place = a;
    return true;
}

static bool take_named(struct binder *b, enum window_kind kind, const struct ast_arg *a,
                       struct window_call *w, struct err *e) {
    struct text name = a->name.text;
    if (text_equal_fold(name, TEXT_LITERAL("data"))) return take(b, &w->data, a, e);
    if (text_equal_fold(name, TEXT_LITERAL("timecol"))) return take(b, &w->time, a, e);
    if (kind == WINDOW_SESSION && text_equal_fold(name, TEXT_LITERAL("key")))
        return take(b, &w->partition, a, e);
    for (uint32_t i = 0; i < DURATIONS_MAX; i++) {
        const char *other = arg_names[kind][i];
        if (other && text_equal_fold(name, text_of(other))) return take(b, &w->duration[i], a, e);
    }
    bind_error(b, a->name.at, e, "42883: %s has no argument %.*s", window_kind_name(kind),
               TEXT_ARG(name));
    return err_hint(e, "It has DATA, TIMECOL, %s%s%s%s%s.", arg_names[kind][0],
                    arg_names[kind][1] ? ", " : "", arg_names[kind][1] ? arg_names[kind][1] : "",
                    arg_names[kind][2] ? ", " : "", arg_names[kind][2] ? arg_names[kind][2] : "");
}

static bool take_positional(struct binder *b, enum window_kind kind, const struct ast_call *c,
                            struct window_call *w, struct err *e) {
    uint32_t i = 0;
    w->data = &c->args.at[i++];
    if (i < c->args.count) w->time = &c->args.at[i++];
    if (kind == WINDOW_SESSION && i < c->args.count && c->args.at[i].kind == AST_ARG_DESCRIPTOR)
        w->partition = &c->args.at[i++];
    for (uint32_t k = 0; i < c->args.count; i++, k++) {
        if (k == DURATIONS_MAX)
            return bind_error(b, c->name.at, e, "42883: %s takes fewer arguments",
                              window_kind_name(kind));
        w->duration[k] = &c->args.at[i];
    }
    return true;
}

static bool take_args(struct binder *b, enum window_kind kind, const struct ast_call *c,
                      struct window_call *w, struct err *e) {
    uint32_t named = 0;
    for (uint32_t i = 0; i < c->args.count; i++) named += c->args.at[i].name.text.bytes > 0;
    if (named > 0 && named < c->args.count)
        return bind_error(b, c->name.at, e, "42601: name all arguments of %s or none",
                          window_kind_name(kind));
    if (named == 0 && c->args.count > 0 && !take_positional(b, kind, c, w, e)) return false;
    for (uint32_t i = 0; named > 0 && i < c->args.count; i++) {
        if (!take_named(b, kind, &c->args.at[i], w, e)) return false;
    }
    if (w->data && w->time && w->duration[0]) return true;
    bind_error(b, c->name.at, e, "42883: %s wants its data, a time column and durations",
               window_kind_name(kind));
    return err_hint(e, "Write TABLE(%s(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)).",
                    window_kind_name(kind));
}

struct rel *bind_table_arg(struct binder *b, const struct ast_arg *a, struct err *e) {
    struct ast_source s = {.kind = AST_SOURCE_NAME};
    if (a->kind == AST_ARG_TABLE && a->order_by.count > 0) {
        bind_unsupported(b, a->object.at, e, "ORDER BY of a table argument is not supported");
        return NULL;
    }
    if (a->kind == AST_ARG_TABLE && a->select) {
        s.kind = AST_SOURCE_SELECT;
        s.select = a->select;
    } else if (a->kind == AST_ARG_EXPR && a->expr->kind == AST_EXPR_SELECT) {
        s.kind = AST_SOURCE_SELECT;
        s.select = a->expr->as.select;
    } else if (a->kind == AST_ARG_TABLE) {
        s.name = a->object;
        if (a->options) s.options = *a->options;
    } else if (a->kind == AST_ARG_EXPR && a->expr->kind == AST_EXPR_COLUMN &&
               a->expr->as.column.count == 1) {
        s.name = a->expr->as.column.at[0];
    } else {
        bind_error(b, a->kind == AST_ARG_EXPR ? a->expr->start : a->object.at, e,
                   "42804: a stream, table or view is wanted here");
        err_hint(e, "Write TABLE and its name, or a query in parentheses.");
        return NULL;
    }
    s.at = s.start = s.name.at;
    return bind_source(b, &s, e);
}

/* DESCRIPTOR(ts) or a bare name: a column of the data. */
static bool name_of(struct binder *b, const struct ast_arg *a, const struct ast_name **out,
                    struct err *e) {
    *out = NULL;
    if (a->kind == AST_ARG_DESCRIPTOR && a->columns.count == 1) *out = &a->columns.at[0];
    if (a->kind == AST_ARG_EXPR && a->expr->kind == AST_EXPR_COLUMN) {
        const struct ast_names *names = &a->expr->as.column;
        *out = &names->at[names->count - 1];
    }
    if (*out) return true;
    uint32_t at = a->kind == AST_ARG_EXPR                                 ? a->expr->start
                  : a->kind == AST_ARG_DESCRIPTOR && a->columns.count > 0 ? a->columns.at[0].at
                                                                          : a->object.at;
    return bind_error(b, at, e, "42804: one column is wanted here: DESCRIPTOR(ts)");
}

static bool no_time_attribute(struct binder *b, const struct rel *r, const struct ast_name *name,
                              struct err *e) {
    bind_error(b, name->at, e, "42804: column \"%.*s\" is not the time attribute of its input",
               TEXT_ARG(name->text));
    struct text right = bind_time_column(r);
    if (right.bytes > 0) return err_hint(e, "The time attribute is \"%.*s\".", TEXT_ARG(right));
    return err_hint(e, "There is none: declare WATERMARK FOR %.*s AS %.*s - INTERVAL '5' SECOND.",
                    TEXT_ARG(name->text), TEXT_ARG(name->text));
}

bool bind_time_arg(struct binder *b, const struct rel *r, const struct ast_arg *a,
                   struct window_spec *spec, struct err *e) {
    const struct ast_name *name;
    if (!name_of(b, a, &name, e)) return false;
    int32_t c = bind_find_column(b, r, NULL, name, e);
    if (c < 0) return false;
    enum time_role role = r->col[c].time;
    if (role == TIME_ROLE_NONE) return no_time_attribute(b, r, name, e);
    spec->time_col = (uint32_t)c;
    spec->proctime = role == TIME_ROLE_CLOCK;
    return true;
}

static bool bind_partition(struct binder *b, const struct rel *r, const struct window_call *w,
                           struct window_spec *spec, struct err *e) {
    const struct ast_exprs *by = &w->data->partition_by;
    uint32_t more = w->partition ? w->partition->columns.count : 0;
    uint32_t *col = ARENA_ARRAY(b->arena, col, by->count + more);
    if (!col) return err_memory(e);
    if (by->count + more > 0 && spec->kind != WINDOW_SESSION)
        return bind_error(b, w->data->object.at, e, "42601: only SESSION has PARTITION BY");
    struct expr_scope s = {.b = b, .rel = r, .clause = "PARTITION BY"};
    for (uint32_t i = 0; i < by->count; i++) {
        const struct expr *x = bind_expr(&s, by->at[i], e);
        if (!x) return false;
        if (x->kind != EXPR_COLUMN)
            return bind_unsupported(b, by->at[i]->start, e, "PARTITION BY takes columns only");
        col[spec->partitions++] = x->column;
    }
    for (uint32_t i = 0; i < more; i++) {
        int32_t c = bind_find_column(b, r, NULL, &w->partition->columns.at[i], e);
        if (c < 0) return false;
        col[spec->partitions++] = (uint32_t)c;
    }
    spec->partition_col = col;
    return true;
}

static bool bind_spec(struct binder *b, const struct rel *r, const struct ast_call *c,
                      const struct window_call *w, struct window_spec *spec, struct err *e) {
    if (!bind_time_arg(b, r, w->time, spec, e) || !bind_partition(b, r, w, spec, e)) return false;
    struct window_durations d = {0};
    for (uint32_t i = 0; i < DURATIONS_MAX && w->duration[i]; i++) {
        if (w->duration[i]->kind != AST_ARG_EXPR)
            return bind_error(b, c->name.at, e, "42804: a duration is an INTERVAL");
        d.at[d.count++] = w->duration[i]->expr;
    }
    struct expr_scope s = {.b = b, .clause = "a window"};
    if (!bind_durations(&s, &d, c->name.at, spec, e)) return false;
    bool fine = r->col[spec->time_col].type->precision > 3;
    if (spec->kind == WINDOW_SESSION && fine) spec->precision = 6;
    return true;
}

void bind_window_columns(struct rel_col col[3], const struct rel_window *w) {
    const struct type *t = w->precision > 3 ? &type_timestamp6 : &type_timestamp3;
    col[0] = (struct rel_col){.name = TEXT_LITERAL("window_start"), .part = WINDOW_PART_START};
    col[1] = (struct rel_col){.name = TEXT_LITERAL("window_end"), .part = WINDOW_PART_END};
    col[2] = (struct rel_col){.name = TEXT_LITERAL("window_time"),
                              .part = WINDOW_PART_TIME,
                              .time = w->proctime ? TIME_ROLE_CLOCK : TIME_ROLE_EVENT};
    for (uint32_t i = 0; i < WINDOW_COLUMNS; i++) {
        col[i].type = t;
        col[i].not_null = true;
        col[i].window = w;
    }
}

struct rel *bind_window_function(struct binder *b, const struct ast_source *s, struct err *e) {
    enum window_kind kind = WINDOW_TUMBLE;
    bool found = window_kind_find(s->call->name.text, &kind);
    assert(found);
    struct window_call w = {0};
    struct window_spec spec = {.kind = kind};
    if (!found || !take_args(b, kind, s->call, &w, e)) return NULL;
    struct rel *r = bind_table_arg(b, w.data, e);
    if (!r || !bind_spec(b, r, s->call, &w, &spec, e)) return NULL;

    struct rel_window *made = ARENA_NEW(b->arena, made);
    struct rel_col *col = ARENA_ARRAY(b->arena, col, r->cols + WINDOW_COLUMNS);
    if (!made || !col) {
        err_memory(e);
        return NULL;
    }
    *made = (struct rel_window){.proctime = spec.proctime, .precision = spec.precision};
    memcpy(col, r->col, r->cols * sizeof *col);
    bind_window_columns(&col[r->cols], made);
    for (uint32_t i = 0; i < r->cols; i++) {
        /* A session is known, and its rows given, only when their time has passed. */
        if (kind == WINDOW_SESSION) col[i].time = TIME_ROLE_NONE;
    }
    for (uint32_t i = r->cols; i < r->cols + WINDOW_COLUMNS; i++) col[i].table = col[0].table;

    struct plan *p = bind_plan(b, PLAN_WINDOW, r->plan, e);
    const struct schema *schema = p ? bind_schema(b, col, r->cols + WINDOW_COLUMNS, e) : NULL;
    if (!schema) return NULL;
    p->schema = schema;
    p->as.window.spec = spec;
    *r = (struct rel){
        .plan = p, .cols = r->cols + WINDOW_COLUMNS, .col = col, .bounded = r->bounded};
    return r;
}
