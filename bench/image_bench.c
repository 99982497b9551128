/* image_bench.c: JPEG bytes to the normalised tensor of a network, one thread.
 *
 *     image_bench REPEATS FILE...      prints images a second, the best of the repeats
 *
 * As a query's Infer does it for a network of 224 x 224: decoded at the smallest scale that is
 * large enough, resized, normalised to channels x height x width of float32.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "udf/image/image.h"

enum { SIDE = 224, FILES_MAX = 256 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool prepare(struct text bytes, struct arena *a, float *to) {
    static const float mean[] = {123.675F, 116.28F, 103.53F}, std[] = {58.395F, 57.12F, 57.375F};
    const struct image_read how = {.channels = 3, .width_min = SIDE, .height_min = SIDE};
    const struct image_info size = {.width = SIDE, .height = SIDE};
    struct image image;
    struct image_canvas small;
    struct err e;
    if (!image_decode(bytes, &how, a, &image, &e)) return false;
    if (!image_resize(&image, &size, IMAGE_BILINEAR, a, &small, &e)) return false;
    for (uint32_t c = 0; c < 3; c++) {
        float by = 1 / std[c], less = mean[c] / std[c];
        const uint8_t *from = small.pixel + c;
        for (uint32_t i = 0; i < SIDE * SIDE; i++) *to++ = from[i * 3] * by - less;
    }
    return true;
}

static bool read_file(const char *path, struct arena *a, struct text *out) {
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    bool sought = fseek(f, 0, SEEK_END) == 0;
    long bytes = sought ? ftell(f) : -1;
    rewind(f);
    char *at = bytes > 0 ? arena_alloc(a, (size_t)bytes) : NULL;
    bool ok = at && fread(at, 1, (size_t)bytes, f) == (size_t)bytes;
    fclose(f);
    if (ok) *out = (struct text){at, (uint32_t)bytes};
    return ok;
}

int main(int argc, char **argv) {
    struct arena files, a;
    struct text file[FILES_MAX];
    arena_init(&files, 0);
    arena_init(&a, 0);
    float *tensor = arena_alloc(&files, SIDE * SIDE * 3 * sizeof *tensor);
    uint32_t count = argc > 2 ? (uint32_t)argc - 2 : 0;
    if (!tensor || count == 0 || count > FILES_MAX) return 2;
    for (uint32_t i = 0; i < count; i++) {
        if (!read_file(argv[i + 2], &files, &file[i])) return 2;
    }
    double best = 1e300;
    for (long r = strtol(argv[1], NULL, 10); r > 0; r--) {
        double start = now_ms();
        for (uint32_t i = 0; i < count; i++) {
            if (!prepare(file[i], &a, tensor)) return 3;
            arena_reset(&a);
        }
        double took = (now_ms() - start) / count;
        if (took < best) best = took;
    }
    printf("%.2f\n", 1e3 / best);
    arena_done(&a);
    arena_done(&files);
    return 0;
}
