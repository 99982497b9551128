/* vector.c: functions of two VECTORs: how alike they are.
 *
 * Sums are taken in double precision, in four parts that do not wait for one another; the order is
 * fixed, so equal vectors give equal bits.
 */
#include <assert.h>
#include <math.h>

#include "udf/each.h"

enum { PARTS = 4 };

/* What cosine and distance are made of. */
struct sums {
    double product, a2, b2, difference2;
};

static struct sums sums_of(const float *a, const float *b, uint32_t n) {
    struct sums part[PARTS] = {{0, 0, 0, 0}};
    for (uint32_t i = 0; i < n; i++) {
        struct sums *s = &part[i % PARTS];
        double x = (double)a[i], y = (double)b[i];
        s->product += x * y;
        s->a2 += x * x;
        s->b2 += y * y;
        s->difference2 += (x - y) * (x - y);
    }
    struct sums all = part[0];
    for (uint32_t p = 1; p < PARTS; p++) {
        all.product += part[p].product;
        all.a2 += part[p].a2;
        all.b2 += part[p].b2;
        all.difference2 += part[p].difference2;
    }
    return all;
}

static uint32_t numbers_of(const struct type *t, const struct tensor *v) {
    uint32_t n = 1;
    for (uint32_t d = 0; d < t->dims; d++) n *= v->dim[d];
    return n;
}

/* The row's two vectors; false: they are not of one length, and the row has failed. */
static bool row_sums(struct fn_call *c, uint32_t row, struct sums *out) {
    const struct column *a = &c->arg[0], *b = &c->arg[1];
    uint32_t n = numbers_of(a->type, &a->as.tensor[row]);
    uint32_t m = numbers_of(b->type, &b->as.tensor[row]);
    if (n != m) {
        fn_fail(c, row, "22023", "vectors of %u and %u numbers cannot be compared", n, m);
        return false;
    }
    *out = sums_of(a->as.tensor[row].at, b->as.tensor[row].at, n);
    return true;
}

static bool cosine_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct sums s;
    if (!row_sums(c, row, &s)) return true;
    double length = sqrt(s.a2) * sqrt(s.b2);
    out->as.f64[row] = length > 0 ? fmax(-1, fmin(1, s.product / length)) : 0;
    return true;
}
DEFINE_EACH(cosine)

static bool distance_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct sums s;
    if (row_sums(c, row, &s)) out->as.f64[row] = sqrt(s.difference2);
    return true;
}
DEFINE_EACH(distance)

/* What the types already say: 42804 for lengths that differ. */
static const struct type *lengths_check(const struct fn_bind *b, struct err *e) {
    const struct type *x = b->arg_type[0], *y = b->arg_type[1];
    bool known = x->id == TYPE_TENSOR && y->id == TYPE_TENSOR && x->dims == 1 && y->dims == 1 &&
                 x->dim[0] != DIM_ANY && y->dim[0] != DIM_ANY;
    if (!known || x->dim[0] == y->dim[0]) return &type_double;
    err_set(e, ERR_SQL, "42804", "vectors of %u and %u numbers cannot be compared", x->dim[0],
            y->dim[0]);
    return NULL;
}

static const struct fn table[] = {
    {.name = "cosine_similarity",
     .sig = "cosine_similarity(TENSOR, TENSOR) DOUBLE",
     .doc = "the cosine of the angle between two vectors, -1 to 1; 0 where one of them is all 0",
     .example =
         "cosine_similarity(CAST(ARRAY[3,4] AS VECTOR(2)), CAST(ARRAY[6,8] AS VECTOR(2))) = 1",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .type = lengths_check,
     .call = cosine_call},
    {.name = "l2_distance",
     .sig = "l2_distance(TENSOR, TENSOR) DOUBLE",
     .doc = "the Euclidean distance of two vectors",
     .example = "l2_distance(CAST(ARRAY[0,0] AS VECTOR(2)), CAST(ARRAY[3,4] AS VECTOR(2))) = 5",
     .flags = FN_STRICT | FN_CAN_FAIL,
     .type = lengths_check,
     .call = distance_call},
};

const struct fn_table fn_vector = {.fn = table, .count = COUNT_OF(table)};
