/* signature.h: the `sig` texts of fn.h and aggregate.h, read into trees.
 *
 *     "round(DOUBLE, [BIGINT]) DOUBLE"   name, arguments, result
 *
 * A place is a type, ANY, a type variable (one capital letter: T, U, K, V), or a list, row or map
 * made of those. A type without parameters stands for all of them: DECIMAL takes every precision,
 * ARRAY every element. `*` as the only argument is no argument: count(*).
 *
 * Lifetime: trees live in the arena given, names point into the text.
 *
 * Used by: sql (overloads), clients (SHOW FUNCTIONS).
 * Tested by: tests/unit/base/signature_test.c
 */
#ifndef ENGINE_BASE_SIGNATURE_H
#define ENGINE_BASE_SIGNATURE_H

#include "engine/base/arena.h"
#include "engine/base/type.h"

enum { SIG_ARGS_MAX = 16, SIG_PARAMS_MAX = 4 };

enum sig_kind {
    SIG_TYPE,  /* id, with parameters or fields where given */
    SIG_ANY,   /* each argument its own type */
    SIG_VAR,   /* the same type at each place of `var` */
    SIG_MODEL, /* MODEL m */
};

struct sig_type;

struct sig_field {
    struct text name; /* ROW; else bytes 0 */
    const struct sig_type *type;
};

struct sig_type {
    enum sig_kind kind;
    enum type_id id;
    char var;
    uint32_t params; /* DECIMAL(p, s), TIMESTAMP(p), TENSOR(d, ..); 0: any */
    uint32_t param[SIG_PARAMS_MAX];
    uint32_t fields; /* ROW<..>, ARRAY<T>, MAP<K, V>; 0: any */
    const struct sig_field *field;
};

struct signature {
    struct text name;
    uint32_t args;
    uint32_t args_min; /* fewer than args where the last are optional or repeat */
    bool repeats;      /* the last argument, any number of times */
    const struct sig_type *arg[SIG_ARGS_MAX];
    const struct sig_type *result;
};

/* false: no memory, or `sig` is not of this form. */
bool signature_parse(const char *sig, struct arena *a, struct signature *out) MUST_USE;

/* What argument i of a call is matched against; NULL: one too many. */
const struct sig_type *signature_arg(const struct signature *s, uint32_t i);

/* The type that `t` says where it says all of it (no ANY, no variable, no bare DECIMAL, ARRAY,
 * ROW, MAP or TENSOR), a bare TIMESTAMP being TIMESTAMP(6); else NULL. Made in `a`. */
const struct type *sig_type_exact(struct arena *a, const struct sig_type *t);

#endif
