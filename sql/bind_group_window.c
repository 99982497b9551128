/* bind_group_window.c: windows as GROUP BY names them, and the durations that all windows have.
 *
 *     TUMBLE(ts, size [, offset])            TUMBLE_START(ts, size), _END, _ROWTIME, _PROCTIME
 *     HOP(ts, slide, size [, offset])        HOP_START(ts, slide, size) ..
 *     CUMULATE(ts, step, size [, offset])    SESSION(ts, gap)
 */
#include <assert.h>

#include "engine/base/time.h"
#include "sql/bind_group.h"

static const char *const kind_names[] = {[WINDOW_TUMBLE] = "TUMBLE",
                                         [WINDOW_HOP] = "HOP",
                                         [WINDOW_CUMULATE] = "CUMULATE",
                                         [WINDOW_SESSION] = "SESSION"};

static const struct {
    const char *suffix;
    enum window_part part;
} part_names[] = {{"_START", WINDOW_PART_START},
                  {"_END", WINDOW_PART_END},
                  {"_ROWTIME", WINDOW_PART_TIME},
                  {"_PROCTIME", WINDOW_PART_TIME}};

bool window_kind_find(struct text word, enum window_kind *out) {
    for (uint32_t k = 0; k < COUNT_OF(kind_names); k++) {
        if (!text_equal_fold(word, text_of(kind_names[k]))) continue;
        *out = (enum window_kind)k;
        return true;
    }
    return false;
}

const char *window_kind_name(enum window_kind kind) {
    assert(kind < COUNT_OF(kind_names));
    return kind_names[kind];
}

enum time_role bind_time_role(const struct rel *r, const struct expr *x) {
    if (x->kind == EXPR_COLUMN && r && x->column < r->cols) return r->col[x->column].time;
    bool clock = x->kind == EXPR_CALL && strcmp(x->fn->name, "proctime") == 0;
    return clock ? TIME_ROLE_CLOCK : TIME_ROLE_NONE;
}

struct text bind_time_column(const struct rel *r) {
    for (uint32_t i = 0; i < r->cols; i++) {
        if (r->col[i].time == TIME_ROLE_EVENT) return r->col[i].name;
    }
    for (uint32_t i = 0; i < r->cols; i++) {
        if (r->col[i].time == TIME_ROLE_CLOCK) return r->col[i].name;
    }
    return (struct text){0};
}

static bool duration(struct expr_scope *s, const struct ast_expr *x, const char *what, int64_t *out,
                     struct err *e) {
    bool null;
    if (!bind_constant_i64(s, x, &type_interval, out, &null, e)) return false;
    if (null) return bind_error(s->b, x->start, e, "22004: the %s of a window is NULL", what);
    return true;
}

static bool positive(struct expr_scope *s, const struct ast_expr *x, const char *what, int64_t us,
                     struct err *e) {
    if (us > WINDOW_SIZE_MAX_US)
        return bind_error(s->b, x->start, e, "22003: the %s of a window is over 36,000 years",
                          what);
    if (us > 0) return true;
    return bind_error(s->b, x->start, e, "22023: the %s of a window must be greater than 0", what);
}

/* What the engine would refuse to cut a window into. */
static bool few_panes(struct expr_scope *s, const struct window_spec *spec, uint32_t at,
                      struct err *e) {
    if (window_spec_panes(spec) <= WINDOW_PANES_MAX) return true;
    bind_error(s->b, at, e, "54000: a window may have at most %d %s", WINDOW_PANES_MAX,
               spec->kind == WINDOW_HOP ? "slides" : "steps");
    if (spec->kind == WINDOW_HOP && spec->size_us % spec->slide_us > 0)
        return err_hint(e, "A slide counts twice where it does not divide the size.");
    return false;
}

static uint8_t precision_of(const struct window_spec *spec) {
    bool fine = spec->size_us % MILLISECOND_US != 0 || spec->slide_us % MILLISECOND_US != 0 ||
                spec->offset_us % MILLISECOND_US != 0;
    return fine ? 6 : 3;
}

bool bind_durations(struct expr_scope *s, const struct window_durations *d, uint32_t at,
                    struct window_spec *spec, struct err *e) {
    static const struct {
        uint32_t min, max;
        const char *takes;
    } counts[] = {[WINDOW_TUMBLE] = {1, 2, "a size and perhaps an offset"},
                  [WINDOW_HOP] = {2, 3, "a slide, a size and perhaps an offset"},
                  [WINDOW_CUMULATE] = {2, 3, "a step, a size and perhaps an offset"},
                  [WINDOW_SESSION] = {1, 1, "a gap"}};
    const char *name = window_kind_name(spec->kind);
    if (d->count < counts[spec->kind].min || d->count > counts[spec->kind].max)
        return bind_error(s->b, at, e, "42883: %s takes %s", name, counts[spec->kind].takes);

    bool has_slide = spec->kind != WINDOW_TUMBLE;
    bool has_size = spec->kind != WINDOW_SESSION;
    const char *slide = spec->kind == WINDOW_HOP        ? "slide"
                        : spec->kind == WINDOW_CUMULATE ? "step"
                                                        : "gap";
    uint32_t i = 0;
    if (has_slide) {
        if (!duration(s, d->at[i], slide, &spec->slide_us, e)) return false;
        if (!positive(s, d->at[i++], slide, spec->slide_us, e)) return false;
    }
    if (has_size) {
        if (!duration(s, d->at[i], "size", &spec->size_us, e)) return false;
        if (!positive(s, d->at[i++], "size", spec->size_us, e)) return false;
    }
    if (i < d->count && !duration(s, d->at[i], "offset", &spec->offset_us, e)) return false;
    if (spec->kind == WINDOW_CUMULATE && spec->size_us % spec->slide_us != 0) {
        return bind_error(s->b, d->at[1]->start, e,
                          "22023: CUMULATE's size must be a multiple of its step");
    }
    spec->precision = precision_of(spec);
    return few_panes(s, spec, d->at[0]->start, e);
}

/* ts, durations: the arguments behind TUMBLE( or TUMBLE_START(. */
static bool window_args(struct expr_scope *s, const struct ast_call *c, enum window_kind kind,
                        struct group_window *out, struct err *e) {
    struct group_window w = {.spec = {.kind = kind}};
    struct window_durations d = {.count = c->args.count > 0 ? c->args.count - 1 : 0};
    if (c->args.count < 2 || d.count > COUNT_OF(d.at))
        return bind_error(s->b, c->name.at, e, "42883: %.*s takes a time column and durations",
                          TEXT_ARG(c->name.text));
    for (uint32_t i = 0; i < c->args.count; i++) {
        if (c->args.at[i].kind != AST_ARG_EXPR)
            return bind_error(s->b, c->name.at, e, "42883: %.*s in GROUP BY takes values only",
                              TEXT_ARG(c->name.text));
        if (i > 0) d.at[i - 1] = c->args.at[i].expr;
    }
    w.time = bind_expr(s, c->args.at[0].expr, e);
    if (!w.time || !bind_durations(s, &d, c->name.at, &w.spec, e)) return false;
    *out = w;
    return true;
}

bool bind_group_window(struct expr_scope *s, const struct ast_expr *x, bool *is_window,
                       struct group_window *out, struct err *e) {
    enum window_kind kind;
    *is_window = x->kind == AST_EXPR_CALL && window_kind_find(x->as.call->name.text, &kind);
    if (!*is_window) return true;
    if (!window_args(s, x->as.call, kind, out, e)) return false;

    uint32_t at = x->as.call->args.at[0].expr->start;
    enum time_role role = bind_time_role(s->rel, out->time);
    if (role == TIME_ROLE_NONE || out->time->kind != EXPR_COLUMN) {
        struct text right = bind_time_column(s->rel);
        bind_error(s->b, at, e, "42804: %s wants the time attribute of its input",
                   window_kind_name(kind));
        if (right.bytes > 0) return err_hint(e, "It is \"%.*s\".", TEXT_ARG(right));
        return err_hint(e, "It has none: declare WATERMARK FOR ts AS ts - INTERVAL '5' SECOND.");
    }
    out->spec.proctime = role == TIME_ROLE_CLOCK;
    if (kind == WINDOW_SESSION && out->time->type->precision > 3) out->spec.precision = 6;
    return true;
}

static bool part_find(struct text name, enum window_kind *kind, enum window_part *part) {
    for (size_t i = 0; i < COUNT_OF(part_names); i++) {
        struct text suffix = text_of(part_names[i].suffix);
        if (name.bytes <= suffix.bytes) continue;
        uint32_t head = name.bytes - suffix.bytes;
        if (!text_equal_fold((struct text){name.at + head, suffix.bytes}, suffix)) continue;
        *part = part_names[i].part;
        return window_kind_find((struct text){name.at, head}, kind);
    }
    return false;
}

static bool same_window(const struct group_window *x, const struct group_window *y) {
    return x->spec.kind == y->spec.kind && x->spec.size_us == y->spec.size_us &&
           x->spec.slide_us == y->spec.slide_us && x->spec.offset_us == y->spec.offset_us &&
           expr_same(x->time, y->time);
}

const struct expr *bind_window_part(struct expr_scope *s, const struct ast_expr *x, bool *is_form,
                                    struct err *e) {
    const struct ast_call *c = x->as.call;
    enum window_kind kind = WINDOW_TUMBLE;
    enum window_part part = WINDOW_PART_NONE;
    *is_form = part_find(c->name.text, &kind, &part);
    bool whole = !*is_form && window_kind_find(c->name.text, &kind);
    if (whole) {
        *is_form = true;
        bind_error(s->b, c->name.at, e, "42803: %s(...) stands in GROUP BY or FROM only",
                   window_kind_name(kind));
        err_hint(e, "Write %s_START(...) or %s_END(...).", window_kind_name(kind),
                 window_kind_name(kind));
        return NULL;
    }
    if (!*is_form) return NULL;

    struct group_window asked;
    struct expr_scope inner = *s;
    inner.window = NULL;
    if (!window_args(&inner, c, kind, &asked, e)) return NULL;
    if (!s->window || s->in_aggregate || !same_window(&asked, s->window)) {
        bind_error(s->b, c->name.at, e, "42803: %.*s needs the same %s in GROUP BY",
                   TEXT_ARG(c->name.text), window_kind_name(kind));
        return NULL;
    }
    const struct type *t = s->window->spec.precision > 3 ? &type_timestamp6 : &type_timestamp3;
    return expr_make(s->b->arena,
                     &(struct expr_parts){.kind = EXPR_COLUMN,
                                          .type = t,
                                          .at = bind_at(s->b, x->start),
                                          .column = EXPR_WINDOW_0 + (uint32_t)part},
                     e);
}
