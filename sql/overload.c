/* overload.c: a signature against the types of arguments.
 *
 * First every argument is held against its place in the signature: type variables gather the
 * common type of all that stands at their places. Then each place is made a type, and what the
 * arguments need to get there is counted.
 */
#include "sql/overload.h"

enum { COST_LITERAL = 2, COST_TRUTH = 20, VARS = 26 };

struct matching {
    struct expr_scope *s;
    struct arena *arena;
    const struct type *var[VARS];
    uint32_t digits[VARS];         /* of the BIGINT literals that are all it has met so far; 0 */
    const struct expr *text[VARS]; /* a text literal that is all the variable has met so far */
    bool failed;                   /* no memory */
};

/* One more type at a place of variable v. */
static bool gather(struct matching *m, uint32_t v, const struct type *t, const struct expr *x) {
    const struct type *var = m->var[v];
    bool text = x && x->kind == EXPR_CONSTANT && t->id == TYPE_TEXT;
    const struct type *to;
    if (!var || var->id == TYPE_NULL) {
        to = t;
        m->digits[v] = literal_digits(x);
        m->text[v] = text ? x : NULL;
    } else if (text && type_is_time(var)) {
        to = literal_type(x, var);
    } else if (m->text[v] && type_is_time(t)) {
        to = literal_type(m->text[v], t);
        m->text[v] = NULL;
    } else {
        struct digits_type both = digits_common(m->arena, (struct digits_type){var, m->digits[v]},
                                                (struct digits_type){t, literal_digits(x)});
        to = both.type;
        m->digits[v] = both.digits;
        if (!text && t->id != TYPE_NULL) m->text[v] = NULL;
    }
    m->var[v] = to;
    return to != NULL;
}

/* Does `t` fit the place as far as variables go? Fills them. */
static bool unify(struct matching *m, const struct sig_type *sig, const struct type *t,
                  const struct expr *x) {
    if (sig->kind == SIG_VAR) return gather(m, (uint32_t)(sig->var - 'A'), t, x);
    if (sig->kind != SIG_TYPE || sig->fields == 0 || t->id == TYPE_NULL) return true;
    if (t->id != sig->id || t->fields != sig->fields) return false;
    for (uint32_t i = 0; i < sig->fields; i++) {
        if (!unify(m, sig->field[i].type, t->field[i].type, NULL)) return false;
    }
    return true;
}

static const struct type *instance(struct matching *m, const struct sig_type *sig,
                                   const struct type *own);

static const struct type *instance_fields(struct matching *m, const struct sig_type *sig,
                                          const struct type *own) {
    struct field *f = ARENA_ARRAY(m->arena, f, sig->fields);
    if (!f) return NULL;
    for (uint32_t i = 0; i < sig->fields; i++) {
        const struct type *part = own && own->fields == sig->fields ? own->field[i].type : NULL;
        f[i].name = sig->field[i].name;
        f[i].type = instance(m, sig->field[i].type, part);
        if (!f[i].type) return NULL;
    }
    if (sig->id == TYPE_ARRAY) return type_array(m->arena, f[0].type);
    if (sig->id == TYPE_MAP && sig->fields == 2) return type_map(m->arena, f[0].type, f[1].type);
    return sig->id == TYPE_ROW ? type_row(m->arena, sig->fields, f) : NULL;
}

/* The type that a place stands for when `own` comes to it (NULL: the result); NULL: none. */
static const struct type *instance(struct matching *m, const struct sig_type *sig,
                                   const struct type *own) {
    if (sig->kind == SIG_VAR) return m->var[sig->var - 'A'];
    if (sig->kind == SIG_ANY) return own;
    if (sig->kind == SIG_MODEL) return NULL;
    if (sig->fields > 0) return instance_fields(m, sig, own);
    if (own && own->id == sig->id && sig->params == 0) return own;
    if (own && sig->id == TYPE_DECIMAL && sig->params == 0) {
        return own->id == TYPE_NULL ? type_decimal(m->arena, 1, 0) : type_as_decimal(m->arena, own);
    }
    const struct type *exact = sig_type_exact(m->arena, sig);
    if (!exact && own && own->id == TYPE_NULL) return own;
    return exact;
}

/* A text literal at a place of its own must look like the time that is wanted there: -'5' is no
 * INTERVAL. Where another argument at a variable has said that it is a time, it is meant as one. */
static int cost_of(const struct expr *x, const struct type *to, const struct sig_type *place) {
    int steps = type_widening(x->type, to);
    if (steps >= 0) return steps;
    if (literal_type(x, to) && (place->kind == SIG_VAR || literal_reads(x, to)))
        return COST_LITERAL;
    if (to->id == TYPE_BOOLEAN && type_is_number(x->type)) return COST_TRUTH;
    return TYPE_NEVER;
}

/* What the result is by the signature alone: a bare DECIMAL, TIMESTAMP, ARRAY .. is that of the
 * first argument of the kind. */
static const struct type *result_of(struct matching *m, const struct sig_type *sig,
                                    const struct type *const *target, uint32_t count) {
    bool bare = sig->kind == SIG_TYPE && sig->params == 0 && sig->fields == 0;
    for (uint32_t i = 0; bare && i < count; i++) {
        if (target[i]->id == sig->id) return target[i];
    }
    if (sig->kind == SIG_ANY) return count > 0 ? target[0] : NULL;
    return instance(m, sig, NULL);
}

static bool places_fit(struct matching *m, const struct signature *sig, struct call_args args) {
    if (args.count < sig->args_min) return false;
    for (uint32_t i = 0; i < args.count; i++) {
        const struct sig_type *place = signature_arg(sig, i);
        if (!place || !unify(m, place, args.at[i]->type, args.at[i])) return false;
    }
    return true;
}

/* A repeated variable that stands alone at least once must not be judged before all were seen. */
static int convert_all(struct matching *m, const struct signature *sig, struct call_args args,
                       const struct type **target) {
    int cost = 0;
    for (uint32_t i = 0; i < args.count; i++) {
        const struct sig_type *place = signature_arg(sig, i);
        target[i] = instance(m, place, args.at[i]->type);
        int one = target[i] ? cost_of(args.at[i], target[i], place) : TYPE_NEVER;
        if (one < 0) return TYPE_NEVER;
        cost += one;
    }
    return cost;
}

bool overload_match(struct expr_scope *s, const char *sig, struct call_args args,
                    struct overload *out, struct err *e) {
    struct arena *a = s->b->arena;
    struct signature parsed;
    bool good = signature_parse(sig, a, &parsed); /* a table's row: only memory can lack */
    const struct type **target = ARENA_ARRAY(a, target, args.count);
    if (!good || !target) return err_memory(e);

    struct matching m = {.s = s, .arena = a};
    struct overload o = {.cost = TYPE_NEVER, .target = target};
    if (places_fit(&m, &parsed, args)) {
        o.cost = convert_all(&m, &parsed, args, target);
        if (o.cost >= 0) o.result = result_of(&m, parsed.result, target, args.count);
    }
    *out = o;
    return true;
}
