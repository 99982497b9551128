/* A network is parsed and shaped, then rearranged so that less is computed and the result is the
 * same: a layer that rises, behind which the largest of some numbers is picked, comes after the
 * picking; and a convolution leaves out what the pooling behind it does not look at.
 */
#include "udf/learn/network.h"

#include <assert.h>
#include <string.h>

#include "udf/learn/noise.h"

enum { TILE_BYTES = 1 << 20, ALIGN = 64 };

static void swap_layers(struct layer *l) {
    struct layer rising = l[0];
    l[0] = l[1];
    l[1] = rising;
    l[0].in = rising.in;
    l[1].in = l[1].out = l[1].computed = l[0].out;
}

static void rearrange(struct network *n) {
    for (uint32_t i = 0; i + 1 < n->layers; i++) {
        struct layer *l = &n->layer[i];
        if (l[0].type->rises && l[1].type->picks) swap_layers(l);
    }
    for (uint32_t i = 0; i + 1 < n->layers; i++) {
        struct layer *l = &n->layer[i];
        const struct layer_words *w = &l[1].words;
        if (!l[0].type->trims || !l[1].type->pools) continue;
        l[0].computed.h = (l[1].out.h - 1) * w->stride + w->kernel_h;
        l[0].computed.w = (l[1].out.w - 1) * w->stride + w->kernel_w;
        l[1].in = l[0].computed;
    }
}

static bool ready(struct network *n, struct arena *a, struct err *e) {
    size_t row_bytes = n->in_size * sizeof(real);
    for (uint32_t i = 0; i < n->layers; i++) {
        struct layer *l = &n->layer[i];
        if (l->type->ready && !l->type->ready(l, n->kernels, a, e)) return layer_error(l, e);
        l->packed_at = n->packed_size;
        n->packed_size += l->packed;
        n->parameters = l->param_at + l->weights + l->biases + l->state > n->parameters
                            ? l->param_at + l->weights + l->biases + l->state
                            : n->parameters;
        if (l->spare_bytes > n->spare_bytes) n->spare_bytes = l->spare_bytes;
        row_bytes += 2 * shape_size(l->computed) * sizeof(real) + l->keep_bytes;
    }
    size_t rows = TILE_BYTES / row_bytes;
    n->tile_rows = rows < 1 ? 1 : rows > LAYER_SPARE_ROWS ? LAYER_SPARE_ROWS : (uint32_t)rows;
    return true;
}

/* Where segments begin, and which layers learn. */
static bool survey(struct network *n, struct arena *a, struct err *e) {
    n->segment = ARENA_ARRAY(a, n->segment, n->layers + 2);
    if (!n->segment) return err_memory(e);
    n->learning = n->layers;
    for (uint32_t i = 0; i < n->layers; i++) {
        const struct layer *l = &n->layer[i];
        n->whole = n->whole || l->type->whole;
        if (i == 0 || l->type->whole) n->segment[n->segments++] = i;
        if (l->weights + l->biases > 0 && n->learning == n->layers) n->learning = i;
        if (l->weights > 0) n->features = i;
    }
    n->segment[n->segments] = n->layers;
    if (n->learning < n->layers) return true;
    return err_set(e, ERR_SQL, "22023",
                   "'layers' has nothing that learns: no conv, dense or "
                   "batchnorm");
}

struct network *network_create(const struct network_words *w, struct arena *a, struct err *e) {
    assert(w->in.h > 0 && w->in.w > 0 && w->in.c > 0);
    struct network *n = ARENA_NEW(a, n);
    if (!n) {
        err_memory(e);
        return NULL;
    }
    n->kernels = w->kernels ? w->kernels : learn_kernels_best();
    n->in = w->in;
    n->in_size = shape_size(w->in);
    if (!layers_parse(w->layers, a, &n->layer, &n->layers, e)) return NULL;
    if (!layers_shape(n->layer, n->layers, w->in, a, e)) return NULL;
    n->out_size = shape_size(n->layer[n->layers - 1].out);
    rearrange(n);
    return survey(n, a, e) && ready(n, a, e) ? n : NULL;
}

void network_init(const struct network *n, uint64_t seed, real *param) {
    memset(param, 0, n->parameters * sizeof *param);
    for (uint32_t i = 0; i < n->layers; i++) {
        const struct layer *l = &n->layer[i];
        if (l->type->init) l->type->init(l, noise_key(seed, l->place), param + l->param_at);
    }
}

void network_pack(const struct network *n, const real *param, real *packed) {
    for (uint32_t i = 0; i < n->layers; i++) {
        const struct layer *l = &n->layer[i];
        if (!l->type->pack) continue;
        l->type->pack(l, n->kernels, param + l->param_at, packed + l->packed_at);
    }
}

uint64_t network_flops(const struct network *n) {
    uint64_t flops = 0;
    for (uint32_t i = 0; i < n->layers; i++) {
        if (n->layer[i].type->flops) flops += n->layer[i].type->flops(&n->layer[i]);
    }
    return flops;
}

/* Aligned to a cache line. */
static void *aligned(struct arena *a, size_t bytes) {
    char *at = arena_alloc(a, bytes + ALIGN);
    return at ? at + (ALIGN - (uintptr_t)at % ALIGN) % ALIGN : NULL;
}

bool network_values(const struct network *n, uint32_t rows, bool learns, struct arena *a,
                    struct network_values *out, struct err *e) {
    struct network_values v = {.rows = rows};
    v.y = ARENA_ARRAY(a, v.y, n->layers);
    v.dy = learns ? ARENA_ARRAY(a, v.dy, n->layers) : NULL;
    v.keep = ARENA_ARRAY(a, v.keep, n->layers);
    v.x = aligned(a, (size_t)rows * n->in_size * sizeof(real));
    v.spare = aligned(a, n->spare_bytes);
    if (!v.y || !v.keep || !v.x || !v.spare || (learns && !v.dy)) return err_memory(e);
    for (uint32_t i = 0; i < n->layers; i++) {
        const struct layer *l = &n->layer[i];
        size_t bytes = (size_t)rows * shape_size(l->computed) * sizeof(real);
        bool view = !l->type->forward; /* the values are those before it */
        v.y[i] = !view ? aligned(a, bytes) : i > 0 ? v.y[i - 1] : v.x;
        if (learns) v.dy[i] = view && i > 0 ? v.dy[i - 1] : aligned(a, bytes);
        v.keep[i] = aligned(a, rows * l->keep_bytes);
        if (!v.y[i] || !v.keep[i] || (learns && !v.dy[i])) return err_memory(e);
    }
    *out = v;
    return true;
}

void network_load(const struct network *n, const struct network_rows *r, uint32_t first,
                  uint32_t rows, real *x) {
    assert(first + rows <= r->rows);
    for (uint32_t row = 0; row < rows; row++, x += n->in_size) {
        const char *from = r->at + (size_t)(first + row) * r->row_bytes;
        const uint8_t *pixel = (const uint8_t *)from;
        for (uint32_t i = 0; i < n->in_size && r->pixels; i++) x[i] = (real)pixel[i] / 255;
        for (uint32_t i = 0; i < n->in_size && !r->pixels; i++) {
            float v;
            memcpy(&v, from + i * sizeof v, sizeof v);
            x[i] = (real)v;
        }
    }
}

struct layer_pass network_pass(const struct network *n, const struct network_values *v, uint32_t i,
                               uint32_t first, uint32_t rows) {
    const struct layer *l = &n->layer[i];
    assert(i < n->layers && first + rows <= v->rows);
    size_t in = (size_t)first * shape_size(l->in), out = (size_t)first * shape_size(l->computed);
    struct layer_pass p = {.kernels = n->kernels,
                           .rows = rows,
                           .x = (i > 0 ? v->y[i - 1] : v->x) + in,
                           .y = v->y[i] + out,
                           .keep = v->keep[i] + first * l->keep_bytes,
                           .spare = v->spare};
    if (v->dy) {
        p.dy = v->dy[i] + out;
        p.dx = i > n->learning ? v->dy[i - 1] + in : NULL;
    }
    return p;
}

void network_predict(const struct network *n, const struct network_use *u,
                     const struct network_rows *r) {
    const struct network_values *v = u->values;
    size_t features = shape_size(n->layer[n->features].in);
    for (uint32_t first = 0, rows; first < r->rows; first += rows) {
        rows = r->rows - first < v->rows ? r->rows - first : v->rows;
        network_load(n, r, first, rows, v->x);
        for (uint32_t i = 0; i < n->layers; i++) {
            const struct layer *l = &n->layer[i];
            struct layer_pass p = network_pass(n, v, i, 0, rows);
            p.param = u->param + l->param_at;
            p.packed = u->packed + l->packed_at;
            if (l->type->forward) l->type->forward(l, &p);
            if (i == n->features && u->features) {
                memcpy(u->features + first * features, p.x, rows * features * sizeof *p.x);
            }
        }
        memcpy(u->y + (size_t)first * n->out_size, v->y[n->layers - 1],
               (size_t)rows * n->out_size * sizeof *u->y);
    }
}
