/* shape.c: see shape.h. */
#include "udf/nn/shape.h"

#include <stdio.h>
#include <string.h>

size_t net_type_bytes(enum net_type t) {
#define X(ID, ctype, name) sizeof(ctype),
    static const size_t bytes[NET_TYPE_COUNT] = {NET_TYPE_LIST(X)};
#undef X
    assert(t < NET_TYPE_COUNT);
    return bytes[t];
}

const char *net_type_name(enum net_type t) {
#define X(ID, ctype, name) name,
    static const char *const names[NET_TYPE_COUNT] = {NET_TYPE_LIST(X)};
#undef X
    return t < NET_TYPE_COUNT ? names[t] : "unknown";
}

bool shape_fits(const struct net_shape *s) {
    int64_t n = 1;
    if (s->rank > NET_RANK_MAX) return false;
    for (uint32_t i = 0; i < s->rank; i++) {
        int64_t d = s->dim[i];
        if (d < 0 || d > shape_elements_max) return false;
        if (d > 0) n *= d;
        if (n > shape_elements_max) return false;
    }
    return true;
}

struct net_shape shape_of(uint32_t rank, const int64_t *dim) {
    struct net_shape s = {.rank = rank};
    assert(rank <= NET_RANK_MAX);
    if (rank > 0) memcpy(s.dim, dim, rank * sizeof *dim);
    return s;
}

bool shape_equal(const struct net_shape *a, const struct net_shape *b) {
    if (a->rank != b->rank) return false;
    return a->rank == 0 || a->rank == SHAPE_UNKNOWN ||
           memcmp(a->dim, b->dim, a->rank * sizeof *a->dim) == 0;
}

bool shape_broadcast(struct net_shape *s, const struct net_shape *with) {
    struct net_shape out = {.rank = s->rank > with->rank ? s->rank : with->rank};
    for (uint32_t i = 1; i <= out.rank; i++) {
        int64_t a = i <= s->rank ? s->dim[s->rank - i] : 1;
        int64_t b = i <= with->rank ? with->dim[with->rank - i] : 1;
        if (a != b && a != 1 && b != 1) return false;
        out.dim[out.rank - i] = a == 1 ? b : a;
    }
    *s = out;
    return true;
}

bool shape_axis(int64_t axis, uint32_t rank, uint32_t *axis_out) {
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) return false;
    *axis_out = (uint32_t)axis;
    return true;
}

const char *shape_text(const struct net_shape *s, char out[SHAPE_TEXT_BYTES]) {
    size_t at = 0;
    if (s->rank == SHAPE_UNKNOWN) return memcpy(out, "[...]", sizeof "[...]");
    out[at++] = '[';
    for (uint32_t i = 0; i < s->rank; i++) {
        const char *comma = i > 0 ? "," : "";
        int n = s->dim[i] < 0 ? snprintf(out + at, SHAPE_TEXT_BYTES - at, "%s?", comma)
                              : snprintf(out + at, SHAPE_TEXT_BYTES - at, "%s%lld", comma,
                                         (long long)s->dim[i]);
        at += (size_t)n;
        if (at > SHAPE_TEXT_BYTES - 2) at = SHAPE_TEXT_BYTES - 2;
    }
    out[at] = ']';
    out[at + 1] = '\0';
    return out;
}
