/* chain.c: strips of output rows are pulled through the links.
 *
 * A strip of rows is a convolution of a smaller image: the rows that its windows reach, with
 * padding above and below only where the whole image has it. So a link runs on a strip with a copy
 * of its plan in which the heights and the padding above are the strip's.
 *
 * Between two links is a buffer with the rows that the next strip of the second needs. For each
 * strip of the last link the rows needed of all others are found backwards; then, forwards, each
 * link computes those that are new behind those that it has, and drops what is not needed any more.
 * A buffer has room for a few strips, so that rows are seldom moved to its start.
 */
#include "udf/nn/chain.h"

#include <assert.h>
#include <string.h>

#include "udf/nn/conv_plan.h"

enum {
    BUFFERS_BYTES = 256 * 1024, /* of all buffers: they stay in the second-level cache */
    BETWEEN_BYTES_MIN = 1024 * 1024,
    WEIGHTS_BYTES_MAX = 128 * 1024,
    STRIP_ROWS_MAX = 16,
    SPARE_STRIPS = 2
};

struct chain {
    uint32_t links;
    struct chain_link link[CHAIN_LINKS_MAX];
    struct pool_shape pool[CHAIN_LINKS_MAX]; /* what link[i].pool points at */
    const struct nn_kernels *kernels;
    uint32_t strip_rows;            /* of the last link's output */
    size_t buffer[CHAIN_LINKS_MAX]; /* in scratch, of link i's output, in floats */
    uint32_t room[CHAIN_LINKS_MAX]; /* its rows */
    size_t scratch;                 /* of the links, behind the buffers, in floats */
    size_t scratch_bytes;
};

/* A link's images, whatever it is. */
struct form {
    uint32_t h, w, c, out_h, out_w, out_c;
    const struct patch *patch;
};

static struct form form_of(const struct chain_link *l) {
    if (l->pool) {
        const struct pool_shape *s = l->pool;
        return (struct form){s->h, s->w, s->c, s->out_h, s->out_w, s->c, &s->patch};
    }
    const struct conv_shape *s = &l->conv->shape;
    return (struct form){s->h, s->w, s->c_in, l->conv->out_h, l->conv->out_w, s->c_out, &s->patch};
}

static uint32_t reach_of(const struct patch *p) {
    return (p->kernel_h - 1) * p->dilation_h + 1;
}

/* Does every window see some row of the image, and can it be computed by strips? */
static bool has_strips(const struct chain_link *l) {
    struct form f = form_of(l);
    uint32_t reach = reach_of(f.patch);
    if (f.patch->pad_top >= reach || f.patch->pad_bottom >= reach) return false;
    if (l->pool) return (f.out_h - 1) * f.patch->stride_h < f.h + f.patch->pad_top;
    return l->conv->algorithm != &conv_winograd && !l->conv->staged;
}

bool chain_joins(const struct chain_link *first, const struct chain_link *second) {
    struct form a = form_of(first), b = form_of(second);
    if (first->conv && first->conv->post.residual) return false;
    if (second->conv && second->conv->algorithm == &conv_planes) return false;
    assert(a.out_h == b.h && a.out_w == b.w && a.out_c == b.c);
    return has_strips(first) && has_strips(second);
}

static bool is_light(const struct chain_link *l) {
    if (l->pool) return true;
    const struct conv_shape *s = &l->conv->shape;
    uint64_t weights =
        (uint64_t)s->c_out * (s->c_in / s->groups) * s->patch.kernel_h * s->patch.kernel_w;
    return weights * sizeof(float) <= WEIGHTS_BYTES_MAX;
}

bool chain_pays(const struct chain_link *first, const struct chain_link *second) {
    struct form a = form_of(first);
    uint64_t between = (uint64_t)a.out_h * a.out_w * a.out_c * sizeof(float);
    return between >= BETWEEN_BYTES_MIN && is_light(first) && is_light(second) &&
           chain_joins(first, second);
}

/* Rows [first, end) of an image. */
struct rows {
    uint32_t first, end;
};

/* The input rows that the windows of output rows `out` see. */
static struct rows rows_under(const struct form *f, struct rows out) {
    const struct patch *p = f->patch;
    int64_t first = (int64_t)out.first * p->stride_h - p->pad_top;
    int64_t end = (int64_t)(out.end - 1) * p->stride_h - p->pad_top + reach_of(p);
    if (first < 0) first = 0;
    if (end > f->h) end = f->h;
    return (struct rows){(uint32_t)first, (uint32_t)end};
}

/* Sizes the buffers for strips of `rows` rows; returns their floats. */
static size_t lay_out(struct chain *c, uint32_t rows) {
    size_t floats = 0;
    c->strip_rows = rows;
    for (uint32_t i = c->links - 1; i > 0; i--) {
        struct form f = form_of(&c->link[i]);
        uint64_t fresh = (uint64_t)rows * f.patch->stride_h;
        uint64_t want = fresh - f.patch->stride_h + reach_of(f.patch);
        uint64_t room = want + SPARE_STRIPS * fresh;
        rows = (uint32_t)(want < f.h ? want : f.h);
        c->room[i - 1] = (uint32_t)(room < f.h ? room : f.h);
        c->buffer[i - 1] = floats;
        floats += ((size_t)c->room[i - 1] * f.w * f.c + 15) & ~(size_t)15;
    }
    return floats;
}

struct chain *chain_create(struct arena *a, const struct chain_link *link, uint32_t links) {
    assert(links > 0 && links <= CHAIN_LINKS_MAX);
    struct chain *c = ARENA_NEW(a, c);
    if (!c) return NULL;
    c->links = links;
    size_t most = 0;
    for (uint32_t i = 0; i < links; i++) {
        c->link[i] = link[i];
        if (link[i].pool) {
            c->pool[i] = *link[i].pool;
            c->link[i].pool = &c->pool[i];
            continue;
        }
        size_t bytes = conv_scratch_bytes(link[i].conv);
        if (bytes > most) most = bytes;
        if (!c->kernels) c->kernels = link[i].conv->kernels;
    }
    if (!c->kernels) c->kernels = nn_kernels_best();

    uint32_t rows = STRIP_ROWS_MAX;
    while (lay_out(c, rows) * sizeof(float) > BUFFERS_BYTES && rows > 1) rows /= 2;
    c->scratch = lay_out(c, rows);
    c->scratch_bytes = c->scratch * sizeof(float) + most;
    return c;
}

size_t chain_scratch_bytes(const struct chain *c) {
    return c->scratch_bytes + 64;
}

/* Output rows `out` of one image of link i; `in` is rows_under() them, of which io->in is the
 * first; io->out is the first of `out`. */
static void run_strip(const struct chain *c, uint32_t i, struct rows out,
                      const struct conv_io *io) {
    const struct chain_link *l = &c->link[i];
    struct form f = form_of(l);
    struct rows in = rows_under(&f, out);
    uint32_t pad_top = f.patch->pad_top + in.first - out.first * f.patch->stride_h;
    if (l->conv) {
        struct conv_plan strip = *l->conv;
        strip.shape.h = strip.h = in.end - in.first;
        strip.shape.patch.pad_top = strip.patch.pad_top = pad_top;
        strip.out_h = out.end - out.first;
        conv_run(&strip, io);
        return;
    }
    struct pool_shape strip = *l->pool;
    strip.h = in.end - in.first;
    strip.out_h = out.end - out.first;
    strip.patch.pad_top = pad_top;
    if (in.end < l->pool->h) strip.patch.pad_bottom = 0;
    struct pool_io pool = {1, io->in, io->in_stride, io->out, io->out_stride};
    pool_run(&strip, c->kernels, &pool);
}

/* The state of one image. */
struct chain_pull {
    const struct chain *chain;
    const struct conv_io *io; /* of the image */
    float *base;
    uint32_t start[CHAIN_LINKS_MAX]; /* the row at the start of the buffer of link i's output */
    uint32_t end[CHAIN_LINKS_MAX];   /* behind the last row there */
};

/* Where row `row` of the input of the first link is; of any other link: of its buffer. */
static const float *input_row(const struct chain_pull *p, uint32_t i, uint32_t row) {
    struct form f = form_of(&p->chain->link[i]);
    if (i > 0) {
        size_t behind = row - p->start[i - 1];
        return p->base + p->chain->buffer[i - 1] + behind * f.w * f.c;
    }
    const struct conv_plan *conv = p->chain->link[0].conv;
    bool planes = conv && conv->shape.in_order == CONV_NCHW;
    return p->io->in + (size_t)row * f.w * (planes ? 1 : p->io->in_stride);
}

/* Makes the buffer of link i's output hold rows `want`. */
static void advance(struct chain_pull *p, uint32_t i, struct rows want) {
    const struct chain *c = p->chain;
    struct form f = form_of(&c->link[i]);
    float *buffer = p->base + c->buffer[i];
    size_t row_floats = (size_t)f.out_w * f.out_c;
    uint32_t kept = p->end[i] > want.first ? p->end[i] - want.first : 0;
    if (want.end - p->start[i] > c->room[i]) {
        size_t dropped = want.first - p->start[i];
        memmove(buffer, buffer + dropped * row_floats, kept * row_floats * sizeof *buffer);
        p->start[i] = want.first;
    }
    struct rows fresh = {want.first + kept, want.end};
    p->end[i] = want.end;
    if (fresh.first >= fresh.end) return;
    struct conv_io io = {
        .n = 1,
        .in = input_row(p, i, rows_under(&f, fresh).first),
        .in_stride = i > 0 ? f.c : p->io->in_stride,
        .out = buffer + (fresh.first - p->start[i]) * row_floats,
        .out_stride = f.out_c,
        .scratch = p->base + c->scratch,
    };
    run_strip(c, i, fresh, &io);
}

static void pull_strip(struct chain_pull *p, struct rows out) {
    const struct chain *c = p->chain;
    uint32_t last = c->links - 1;
    struct rows want[CHAIN_LINKS_MAX];
    want[last] = out;
    for (uint32_t i = last; i > 0; i--) {
        struct form f = form_of(&c->link[i]);
        want[i - 1] = rows_under(&f, want[i]);
    }
    for (uint32_t i = 0; i < last; i++) advance(p, i, want[i]);

    struct form f = form_of(&c->link[last]);
    size_t pixel = (size_t)out.first * f.out_w;
    struct conv_io io = *p->io;
    io.in = input_row(p, last, rows_under(&f, out).first);
    if (last > 0) io.in_stride = f.c;
    io.out += pixel * io.out_stride;
    if (io.residual) io.residual += pixel * io.residual_stride;
    io.scratch = p->base + c->scratch;
    run_strip(c, last, out, &io);
}

void chain_run(const struct chain *c, const struct conv_io *io) {
    struct form first = form_of(&c->link[0]), last = form_of(&c->link[c->links - 1]);
    bool planes = c->link[0].conv && c->link[0].conv->shape.in_order == CONV_NCHW;
    size_t in = (size_t)first.h * first.w * (planes ? first.c : io->in_stride);
    size_t out = (size_t)last.out_h * last.out_w;
    for (uint32_t image = 0; image < io->n; image++) {
        struct conv_io one = *io;
        one.n = 1;
        one.in += image * in;
        one.out += image * out * io->out_stride;
        if (one.residual) one.residual += image * out * io->residual_stride;
        struct chain_pull pull = {.chain = c, .io = &one, .base = conv_scratch(io)};
        for (struct rows r = {0, 0}; r.first < last.out_h; r.first = r.end) {
            r.end = r.first + conv_even_part(last.out_h - r.first, c->strip_rows);
            pull_strip(&pull, r);
        }
    }
}
