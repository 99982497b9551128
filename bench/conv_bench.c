/* conv_bench.c: convolutions of known networks, one thread, one layer at a time.
 *
 *     conv_bench [NETWORK [IMAGES [LEVEL]]]
 *
 * Without arguments a line a network: milliseconds of all its convolutions. With a network a line a
 * shape: microseconds (the least of RUNS runs or of a quarter of a second), arithmetic rate, and
 * its share of the peak that this machine reached just before with multiply-adds in registers.
 * Inputs lie in the cache between runs, where they are small enough. Rates count the operations of
 * the definition, so Winograd's may be above the peak.
 */
#include <assert.h>
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/conv_shapes.h"
#include "engine/base/cpu.h"
#include "udf/nn/conv.h"
#include "udf/nn/kernels.h"

enum { RUNS = 200, PEAK_ROUNDS = 20000, PEAK_SUMS = 12 };

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

__attribute__((target("avx512f"))) static float multiply_512(void) {
    __m512 sum[PEAK_SUMS], x = _mm512_set1_ps(0.999f);
    for (int i = 0; i < PEAK_SUMS; i++) sum[i] = _mm512_set1_ps((float)i);
    for (int r = 0; r < PEAK_ROUNDS; r++) {
#pragma GCC unroll 12
        for (int i = 0; i < PEAK_SUMS; i++) sum[i] = _mm512_fmadd_ps(sum[i], x, x);
    }
    float all = 0;
    for (int i = 0; i < PEAK_SUMS; i++) all += _mm512_reduce_add_ps(sum[i]);
    return all;
}

__attribute__((target("avx2,fma"))) static float multiply_256(void) {
    __m256 sum[PEAK_SUMS], x = _mm256_set1_ps(0.999f);
    for (int i = 0; i < PEAK_SUMS; i++) sum[i] = _mm256_set1_ps((float)i);
    for (int r = 0; r < PEAK_ROUNDS; r++) {
#pragma GCC unroll 12
        for (int i = 0; i < PEAK_SUMS; i++) sum[i] = _mm256_fmadd_ps(sum[i], x, x);
    }
    float all = 0;
    for (int i = 0; i < PEAK_SUMS; i++) all += sum[i][0];
    return all;
}

/* Floating-point operations a second. */
static double peak(void) {
    uint32_t cpu = cpu_features();
    double best = 1e9, lanes = cpu & CPU_AVX512 ? 16 : 8;
    volatile float keep = 0;
    if (!(cpu & CPU_AVX2)) return 0;
    for (int i = 0; i < RUNS; i++) {
        double start = now_s();
        keep = keep + (cpu & CPU_AVX512 ? multiply_512() : multiply_256());
        double took = now_s() - start;
        if (took < best) best = took;
    }
    return 2.0 * PEAK_ROUNDS * PEAK_SUMS * lanes / best;
}

static float *floats(size_t count) {
    float *at = aligned_alloc(64, (count * sizeof *at + 63) / 64 * 64);
    for (size_t i = 0; at && i < count; i++) at[i] = (float)(i * 2654435761u % 2001) / 1000 - 1;
    return at;
}

static double least_s(const struct conv_plan *plan, const struct conv_io *io) {
    double best = 1e9, start = now_s();
    for (int i = 0; i < RUNS && (i < 3 || now_s() - start < 0.25); i++) {
        double from = now_s();
        conv_run(plan, io);
        double took = now_s() - from;
        if (took < best) best = took;
    }
    return best;
}

static struct conv_shape shape_of(const struct conv_layer *l) {
    struct conv_shape s = {
        .h = l->h,
        .w = l->w,
        .c_in = l->c_in,
        .c_out = l->c_out,
        .groups = l->groups,
        .patch = {l->kernel, l->kernel, l->stride, l->stride, l->dilation, l->dilation,
                  l->pad_before, l->pad_before, l->pad_after, l->pad_after},
        .in_order = l->c_in <= 3 ? CONV_NCHW : CONV_NHWC,
    };
    return s;
}

/* Seconds of one run of `images` images; its operations to *flop_out. */
static double measure(const struct conv_layer *l, uint32_t images, const struct nn_kernels *kernels,
                      double *flop_out, const char **how_out) {
    struct arena arena;
    arena_init(&arena, 0);
    struct conv_shape s = shape_of(l);
    size_t taps = (size_t)l->kernel * l->kernel, inner = l->c_in / l->groups * taps;
    float *weights = floats(l->c_out * inner), *bias = floats(l->c_out);
    struct conv_post post = {.before = {.kind = ACT_CLIP, .a = 0, .b = 1e30f}};
    struct conv_options options = {.kernels = kernels, .images = images};
    struct conv_weights w = {weights, bias};
    struct conv_plan *plan = conv_create(&arena, &s, &w, &post, &options);
    assert(plan);

    size_t pixels = (size_t)images * conv_out_h(plan) * conv_out_w(plan);
    float *in = floats((size_t)images * l->h * l->w * l->c_in), *out = floats(pixels * l->c_out);
    struct conv_io io = {.n = images, .in = in, .in_stride = l->c_in, .out = out};
    io.out_stride = l->c_out;
    io.scratch = malloc(conv_scratch_bytes(plan));
    double took = least_s(plan, &io);
    *flop_out = 2.0 * (double)pixels * l->c_out * (double)inner;
    *how_out = conv_algorithm(plan);
    free(io.scratch);
    free(in);
    free(out);
    free(weights);
    free(bias);
    arena_done(&arena);
    return took;
}

int main(int argc, char **argv) {
    const char *only = argc > 1 ? argv[1] : NULL;
    uint32_t images = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
    const struct nn_kernels *kernels = nn_kernels_best();
    if (argc > 3 && strcmp(argv[3], "v3") == 0) kernels = &nn_kernels_v3;
    if (argc > 3 && strcmp(argv[3], "v2") == 0) kernels = &nn_kernels_v2;
    double top = peak(), total = 0, total_flop = 0;
    printf("convolutions, %s, %u image(s); peak %.0f GFLOP/s\n", kernels->name, images, top * 1e-9);

    for (size_t i = 0; i < conv_layers_count; i++) {
        const struct conv_layer *l = &conv_layers[i];
        const char *how;
        double flop;
        if (only && strcmp(only, l->network) != 0) continue;
        double took = measure(l, images, kernels, &flop, &how);
        if (only) {
            printf("%4ux%-4u %4u > %-4u %ux%u s%u d%u g%-4u x%-2u %9.1f us %7.1f GFLOP/s %4.0f %%  "
                   "%s\n",
                   l->h, l->w, l->c_in, l->c_out, l->kernel, l->kernel, l->stride, l->dilation,
                   l->groups, l->times, took * 1e6, flop / took * 1e-9, 100 * flop / took / top,
                   how);
        }
        total += took * l->times;
        total_flop += flop * l->times;
        bool last =
            i + 1 == conv_layers_count || strcmp(conv_layers[i + 1].network, l->network) != 0;
        if (!last) continue;
        printf("%-14s %8.3f ms an image, %6.1f GFLOP/s, %3.0f %% of the peak\n", l->network,
               total * 1e3 / images, total_flop / total * 1e-9, 100 * total_flop / total / top);
        total = total_flop = 0;
    }
    return 0;
}
