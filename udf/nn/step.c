/* step.c: see step.h. */
#include "udf/nn/step.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { REASON_BYTES = 200 };

struct complaint {
    enum err_code code;
    const char *sqlstate;
};

static bool complain(const struct step *s, const struct complaint *c, const char *reason,
                     struct err *e) {
    struct text name = s->node->name;
    if (name.bytes > 60) name.bytes = (uint32_t)utf8_valid_prefix(name.at, 60);
    return err_set(e, c->code, c->sqlstate, "node \"%.*s\" (%s): %s", TEXT_ARG(name),
                   s->node->layer->name, reason);
}

/* One body for three, which differ in code and SQLSTATE. */
#define DEFINE_COMPLAINT(name, CODE, SQLSTATE)                                                     \
    bool name(const struct step *s, struct err *e, const char *format, ...) {                      \
        char reason[REASON_BYTES];                                                                 \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        vsnprintf(reason, sizeof reason, format, args);                                            \
        va_end(args);                                                                              \
        return complain(s, &(struct complaint){CODE, SQLSTATE}, reason, e);                        \
    }

DEFINE_COMPLAINT(step_error, ERR_SQL, "22023")
DEFINE_COMPLAINT(step_unsupported, ERR_SQL, "0A000")
DEFINE_COMPLAINT(step_bad_data, ERR_DATA, "22023")

void *step_state(struct step *s, size_t bytes, struct err *e) {
    s->state = arena_zalloc(s->arena, 1, bytes);
    if (!s->state) err_memory(e);
    return s->state;
}

bool step_expect(const struct step *s, uint32_t i, enum net_type t, struct err *e) {
    if (!step_has(s, i) || s->in[i].type == t) return true;
    return step_error(s, e, "input %u is %s and must be %s", i, net_type_name(s->in[i].type),
                      net_type_name(t));
}

bool step_expect_alike(const struct step *s, struct err *e) {
    for (uint32_t i = 1; i < s->node->ins; i++) {
        if (!step_expect(s, i, s->in[0].type, e)) return false;
    }
    return true;
}

void step_like(struct step *s) {
    s->out[0].type = s->in[0].type;
    s->out[0].shape = s->in[0].shape;
}

bool step_ints(const struct step *s, uint32_t i, int64_t *out, uint32_t max, uint32_t *count_out,
               struct err *e) {
    *count_out = 0;
    if (!step_has(s, i)) return true;
    const struct tensor *t = &s->in[i];
    if (t->shape.rank > 1 || (t->type != NET_I64 && t->type != NET_I32)) {
        return step_error(s, e, "input %u must be a list of integers", i);
    }
    size_t n = shape_elements(&t->shape);
    if (n > max) return step_error(s, e, "input %u has more than %u elements", i, max);
    assert(t->at || n == 0);
    const int64_t *i64 = t->at;
    const int32_t *i32 = t->at;
    for (size_t k = 0; k < n; k++) out[k] = t->type == NET_I64 ? i64[k] : i32[k];
    *count_out = (uint32_t)n;
    return true;
}

bool step_axes(const struct step *s, uint32_t i, uint32_t rank, uint32_t *mask_out, struct err *e) {
    int64_t axes[NET_RANK_MAX];
    uint32_t count, mask = 0;
    if (!step_ints(s, i, axes, NET_RANK_MAX, &count, e)) return false;
    for (uint32_t k = 0; k < count; k++) {
        uint32_t axis;
        if (!shape_axis(axes[k], rank, &axis)) {
            return step_error(s, e, "axis %lld is outside rank %u", (long long)axes[k], rank);
        }
        if (mask >> axis & 1) return step_error(s, e, "axis %u is given twice", axis);
        mask |= 1U << axis;
    }
    *mask_out = mask;
    return true;
}
