/* A chain gives the bits that its links give one after the other. */
#include "udf/nn/chain.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/base/random.h"

enum { LINKS = 4 };

static const float untouched = -12345.5f;

struct sample {
    struct arena arena;
    struct chain_link link[LINKS];
    struct pool_shape pool[LINKS];
    uint32_t links, n;
    uint32_t c_in;
    uint32_t between[LINKS]; /* channels of what link i gives */
    uint32_t h, w, c;        /* of what the last link gives */
    size_t out_floats, out_stride;
    float *in, *residual; /* residual NULL: the last link has none */
};

static float *floats(struct random *r, size_t count) {
    float *at = malloc(count * sizeof *at);
    for (size_t i = 0; i < count; i++) at[i] = (float)random_below(r, 2001) / 1000 - 1;
    return at;
}

static struct patch draw_patch(struct random *r) {
    uint32_t kernel = random_below(r, 3) ? 3 : 1 + (uint32_t)random_below(r, 5);
    uint32_t stride = random_below(r, 3) ? 1 : 2, pad = kernel / 2;
    struct patch p = {kernel, kernel, stride, stride, 1, 1, pad, pad, pad, pad};
    if (random_below(r, 4) == 0) p.pad_bottom = p.pad_right = 0;
    if (random_below(r, 6) == 0 && kernel > 1) p.dilation_h = p.dilation_w = 2;
    return p;
}

static void draw_pool(struct random *r, struct sample *x, struct patch patch) {
    struct pool_shape *s = &x->pool[x->links];
    *s = (struct pool_shape){.kind = random_below(r, 2) ? POOL_MAX : POOL_MEAN,
                             .h = x->h,
                             .w = x->w,
                             .c = x->c,
                             .out_h = patch_out_h(&patch, x->h),
                             .out_w = patch_out_w(&patch, x->w),
                             .patch = patch,
                             .count_pads = random_below(r, 2)};
    x->link[x->links].pool = s;
    x->h = s->out_h;
    x->w = s->out_w;
}

static void draw_conv(struct random *r, struct sample *x, struct patch patch, bool last) {
    struct conv_shape s = {.h = x->h, .w = x->w, .c_in = x->c, .groups = 1, .patch = patch};
    if (x->links == 0 && random_below(r, 2)) s.in_order = CONV_NCHW;
    s.c_out = 1 + (uint32_t)random_below(r, 40);
    if (random_below(r, 2)) s.groups = s.c_out = s.c_in;
    struct conv_post post = {.residual = last && random_below(r, 2)};
    post.after.kind = random_below(r, 2) ? ACT_SILU : ACT_NONE;
    post.after.a = 1;
    float *weights = floats(r, (size_t)s.c_out * s.c_in * patch.kernel_h * patch.kernel_w);
    struct conv_options options = {.no_winograd = true};
    struct conv_weights w = {weights, NULL};
    struct conv_plan *p = conv_create(&x->arena, &s, &w, &post, &options);
    assert_non_null(p);
    free(weights);
    x->link[x->links].conv = p;
    x->h = conv_out_h(p);
    x->w = conv_out_w(p);
    x->c = s.c_out;
    if (post.residual) x->residual = floats(r, (size_t)x->n * x->h * x->w * x->c);
}

/* false: no chain. */
static bool draw(struct random *r, struct sample *x) {
    memset(x, 0, sizeof *x);
    arena_init(&x->arena, 0);
    x->n = 1 + (uint32_t)random_below(r, 2);
    x->h = 1 + (uint32_t)random_below(r, 60);
    x->w = 1 + (uint32_t)random_below(r, 40);
    x->c = 1 + (uint32_t)random_below(r, random_below(r, 2) ? 4 : 24);
    x->c_in = x->c;
    x->in = floats(r, (size_t)x->n * x->h * x->w * x->c);
    uint32_t links = 2 + (uint32_t)random_below(r, LINKS - 1);
    for (; x->links < links; x->links++) {
        struct patch patch = draw_patch(r);
        if (patch_out_h(&patch, x->h) == 0 || patch_out_w(&patch, x->w) == 0) return false;
        if (random_below(r, 4) == 0) {
            draw_pool(r, x, patch);
        } else {
            draw_conv(r, x, patch, x->links + 1 == links);
        }
        x->between[x->links] = x->c;
        const struct chain_link *l = &x->link[x->links];
        if (x->links > 0 && !chain_joins(l - 1, l)) return false;
    }
    x->out_stride = x->c + random_below(r, 3);
    x->out_floats = ((size_t)x->n * x->h * x->w - 1) * x->out_stride + x->c;
    return true;
}

static void sample_done(struct sample *x) {
    free(x->in);
    free(x->residual);
    arena_done(&x->arena);
}

static float *blank(size_t count) {
    float *at = malloc(count * sizeof *at);
    for (size_t i = 0; i < count; i++) at[i] = untouched;
    return at;
}

/* The links one by one, each over the whole image. */
static void run_links(const struct sample *x, float *out) {
    float *from = NULL;
    for (uint32_t i = 0; i < x->links; i++) {
        const struct chain_link *l = &x->link[i];
        bool last = i + 1 == x->links;
        uint32_t c = i > 0 ? x->between[i - 1] : x->c_in;
        uint32_t h = l->conv ? conv_out_h(l->conv) : l->pool->out_h;
        uint32_t w = l->conv ? conv_out_w(l->conv) : l->pool->out_w;
        struct conv_io io = {.n = x->n, .in = i > 0 ? from : x->in, .in_stride = c};
        io.out = last ? out : blank((size_t)x->n * h * w * x->between[i]);
        io.out_stride = last ? x->out_stride : x->between[i];
        io.residual = last ? x->residual : NULL;
        io.residual_stride = x->c;
        if (l->conv) {
            io.scratch = malloc(conv_scratch_bytes(l->conv));
            conv_run(l->conv, &io);
            free(io.scratch);
        } else {
            struct pool_io pool = {x->n, io.in, io.in_stride, io.out, io.out_stride};
            pool_run(l->pool, NULL, &pool);
        }
        free(from);
        from = io.out;
    }
}

static void chain_is_its_links(void **unused) {
    (void)unused;
    struct random r = random_start("chain");
    uint32_t chains = 0;
    for (uint32_t round = 0; round < random_rounds(400); round++) {
        struct sample x;
        if (!draw(&r, &x)) {
            sample_done(&x);
            continue;
        }
        chains++;
        struct chain *c = chain_create(&x.arena, x.link, x.links);
        assert_non_null(c);
        float *want = blank(x.out_floats), *got = blank(x.out_floats);
        run_links(&x, want);
        struct conv_io io = {.n = x.n, .in = x.in, .in_stride = x.c_in, .out = got};
        io.out_stride = x.out_stride;
        io.residual = x.residual;
        io.residual_stride = x.c;
        io.scratch = malloc(chain_scratch_bytes(c));
        chain_run(c, &io);
        assert_memory_equal(got, want, x.out_floats * sizeof *got);
        free(io.scratch);
        free(want);
        free(got);
        sample_done(&x);
    }
    assert_true(chains > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(chain_is_its_links)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
