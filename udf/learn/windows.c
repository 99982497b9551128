/* Backwards through weights: see kernel.h for how everything becomes sums of scaled stretches.
 *
 * Places are taken in order. The gradients of a place that are not 0 are listed; they scale the
 * units' weights into the place's window of dx, and each of its entries is appended to its unit's
 * list of places, which in the end scales the windows of x into the unit's weights. Windows shorter
 * than a vector have their own way for the weights.
 */
#include "udf/learn/windows.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { SHORT_RUN = 16 };

/* What the spare memory holds. */
struct lists {
    uint32_t *index; /* [units] of a place */
    uint32_t *begin; /* [units] the same as places in the weights */
    real *value;     /* [units] */
    uint32_t *count; /* [units] places of each unit */
    uint32_t *at;    /* [units][places] */
    real *scale;     /* [units][places] */
};

size_t windows_spare_bytes(uint32_t places, uint32_t units) {
    size_t entries = (size_t)units * places + 2 * (size_t)units;
    return entries * (sizeof(uint32_t) + sizeof(real)) + units * sizeof(uint32_t) +
           KERNEL_SHORT_SPARE * sizeof(real);
}

static struct lists lists_of(const struct windows_back *b) {
    size_t units = b->units, entries = units * b->w.count;
    real *numbers = (real *)(void *)b->spare;
    struct lists l = {.value = numbers, .scale = numbers + units};
    uint32_t *words = (uint32_t *)(void *)(l.scale + entries);
    l.index = words;
    l.begin = words + units;
    l.count = words + 2 * units;
    l.at = words + 3 * units;
    return l;
}

static void place_back(const struct windows_back *b, const struct lists *l, uint32_t place) {
    const struct windows *w = &b->w;
    uint32_t n = w->runs * w->run;
    uint32_t found =
        b->kernels->nonzero(b->dy + (size_t)place * b->units, b->units, l->index, l->value);
    for (uint32_t i = 0; i < found; i++) {
        uint32_t unit = l->index[i], k = l->count[unit]++;
        l->begin[i] = unit * n;
        l->at[(size_t)unit * w->count + k] = w->at[place];
        l->scale[(size_t)unit * w->count + k] = l->value[i];
    }
    if (!b->dx) return;
    struct terms t = {.source = b->weight, .at = l->begin, .scale = l->value, .count = found};
    for (uint32_t r = 0; r < w->runs; r++, t.source += w->run) {
        b->kernels->sum(&t, w->run, b->dx + w->at[place] + (size_t)r * w->pitch);
    }
}

static void unit_back(const struct windows_back *b, const struct lists *l, uint32_t unit) {
    const struct windows *w = &b->w;
    real *grad = b->grad + (size_t)unit * w->runs * w->run;
    struct terms t = {.source = w->x,
                      .at = l->at + (size_t)unit * w->count,
                      .scale = l->scale + (size_t)unit * w->count,
                      .count = l->count[unit]};
    for (uint32_t r = 0; r < w->runs; r++, t.source += w->pitch) {
        b->kernels->sum(&t, w->run, grad + (size_t)r * w->run);
    }
}

void windows_backward(const struct windows_back *b) {
    const struct windows *w = &b->w;
    assert(w->runs > 0 && w->run > 0);
    real *bias = b->grad + (size_t)b->units * w->runs * w->run;
    for (uint32_t place = 0; place < w->count; place++) {
        b->kernels->add(b->units, b->dy + (size_t)place * b->units, bias);
    }
    bool by_taps = w->run < SHORT_RUN;
    if (by_taps) {
        b->kernels->sum_short(w, b->dy, b->units, (real *)(void *)b->spare, b->grad);
    }
    if (by_taps && !b->dx) return;
    struct lists l = lists_of(b);
    memset(l.count, 0, b->units * sizeof *l.count);
    for (uint32_t place = 0; place < w->count; place++) place_back(b, &l, place);
    for (uint32_t unit = 0; unit < b->units && !by_taps; unit++) unit_back(b, &l, unit);
}
