/* move.c: see move.h.
 *
 * The last dimension is the inner loop: a memcpy where both sides are dense, else one element at a
 * time; where the destination is dense and the source is dense along another dimension, these two
 * are done together in tiles.
 */
#include "udf/nn/move.h"

#include <string.h>

void move_steps(const struct net_shape *s, ptrdiff_t step[NET_RANK_MAX]) {
    ptrdiff_t by = 1;
    for (uint32_t d = s->rank; d-- > 0;) {
        step[d] = by;
        by *= (ptrdiff_t)s->dim[d];
    }
}

void move_add(struct move *m, size_t dim, ptrdiff_t from_step, ptrdiff_t to_step) {
    if (dim == 1) return;
    ptrdiff_t n = (ptrdiff_t)dim;
    uint32_t last = m->rank - 1;
    if (m->rank > 0 && m->from_step[last] == from_step * n && m->to_step[last] == to_step * n) {
        m->dim[last] *= dim;
    } else {
        assert(m->rank < MOVE_DIMS_MAX);
        last = m->rank++;
        m->dim[last] = dim;
    }
    m->from_step[last] = from_step;
    m->to_step[last] = to_step;
}

void move_ready(struct move *m) {
    m->column = m->rank;
    if (m->rank < 2) return;
    uint32_t last = m->rank - 1;
    if (m->to_step[last] != 1 || m->from_step[last] <= 1) return;
    for (uint32_t d = 0; d < last; d++) {
        if (m->from_step[d] == 1 && m->to_step[d] > 1) m->column = d;
    }
}

/* One element at a time: DEFINE per size. */
#define DEFINE_LINE(bits)                                                                          \
    static void line_##bits(const struct move *m, uint32_t d, const void *from, void *to) {        \
        const uint##bits##_t *x = from;                                                            \
        uint##bits##_t *y = to;                                                                    \
        ptrdiff_t n = (ptrdiff_t)m->dim[d], a = m->from_step[d], b = m->to_step[d];                \
        for (ptrdiff_t i = 0; i < n; i++) y[i * b] = x[i * a];                                     \
    }
DEFINE_LINE(8)
DEFINE_LINE(32)
DEFINE_LINE(64)

struct mover {
    const struct move *m;
    const struct loops *loops;
    size_t bytes;  /* of an element */
    uint32_t dims; /* outer dimensions */
    uint32_t outer[MOVE_DIMS_MAX];
};

static void inner(const struct mover *v, const char *from, char *to) {
    const struct move *m = v->m;
    uint32_t last = m->rank - 1;
    if (m->column < m->rank && v->bytes == sizeof(float)) {
        /* Rows: the last dimension; columns: the one along which the source is dense. */
        v->loops->transpose(&(struct loop_plane){.rows = m->dim[last],
                                                 .cols = m->dim[m->column],
                                                 .x = (const float *)(const void *)from,
                                                 .x_stride = (size_t)m->from_step[last],
                                                 .y = (float *)(void *)to,
                                                 .y_stride = (size_t)m->to_step[m->column]});
    } else if (m->from_step[last] == 1 && m->to_step[last] == 1) {
        memcpy(to, from, m->dim[last] * v->bytes);
    } else if (v->bytes == 1) {
        line_8(m, last, from, to);
    } else if (v->bytes == 4) {
        line_32(m, last, from, to);
    } else {
        line_64(m, last, from, to);
    }
}

void move_run(const struct move *m, const struct loops *loops, size_t element_bytes,
              const void *from, void *to) {
    struct mover v = {.m = m, .loops = loops, .bytes = element_bytes};
    size_t index[MOVE_DIMS_MAX] = {0};
    ptrdiff_t bytes = (ptrdiff_t)element_bytes;
    const char *x = from;
    char *y = to;
    if (m->rank == 0) {
        memcpy(to, from, element_bytes);
        return;
    }
    bool tiles = m->column < m->rank && element_bytes == sizeof(float);
    for (uint32_t d = 0; d + 1 < m->rank; d++) {
        if (!tiles || d != m->column) v.outer[v.dims++] = d;
    }
    for (;;) {
        inner(&v, x, y);
        uint32_t k = v.dims;
        while (k > 0) {
            uint32_t d = v.outer[k - 1];
            x += m->from_step[d] * bytes;
            y += m->to_step[d] * bytes;
            if (++index[d] < m->dim[d]) break;
            x -= m->from_step[d] * bytes * (ptrdiff_t)m->dim[d];
            y -= m->to_step[d] * bytes * (ptrdiff_t)m->dim[d];
            index[d] = 0;
            k--;
        }
        if (k == 0) return;
    }
}
