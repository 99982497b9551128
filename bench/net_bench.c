/* net_bench.c: milliseconds an image of networks, on one thread.
 *
 *     net_bench MILLISECONDS BATCH MODEL.onnx...    prints "<name>_<batch> <ms>" of each
 *     net_bench write FOLDER                        writes the networks that are made here
 *
 * Of each model the median over runs that together take that long, of inputs drawn at random. The
 * networks made here have the shapes of well-known ones and random weights: of their speed only.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/net_shapes.h"
#include "udf/nn/net.h"
#include "udf/nn/shape.h"

enum { PORTS_MAX = 64, RUNS_MAX = 100000 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static char *file_read(const char *path, size_t *bytes_out) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    long bytes = ftell(f);
    rewind(f);
    char *at = malloc((size_t)bytes + 1);
    assert(at);
    *bytes_out = fread(at, 1, (size_t)bytes, f);
    fclose(f);
    return at;
}

static void inputs_draw(const struct net *n, int64_t batch, struct net_tensor *in) {
    uint32_t state = 1;
    for (uint32_t i = 0; i < net_inputs(n); i++) {
        const struct net_port *p = net_input(n, i);
        in[i] = (struct net_tensor){.type = p->type, .shape = p->shape};
        in[i].shape.dim[0] = batch;
        size_t count = shape_elements(&in[i].shape);
        float *x = malloc(count * sizeof *x);
        assert(x && p->type == NET_F32);
        for (size_t k = 0; k < count; k++) {
            state = state * 1664525 + 1013904223;
            x[k] = (float)(state >> 8) / 16777216;
        }
        in[i].at = x;
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double measure(const struct net *n, int64_t batch, double budget_ms, struct err *e) {
    static double took[RUNS_MAX];
    struct net_tensor in[PORTS_MAX], out[PORTS_MAX];
    struct net_run *r = net_run_create(n, e);
    inputs_draw(n, batch, in);
    double sum = 0;
    size_t runs = 0;
    bool good = r && net_run(r, in, out, e) && net_run(r, in, out, e);
    while (good && runs < RUNS_MAX && (sum < budget_ms || runs < 3)) {
        double start = now_ms();
        good = net_run(r, in, out, e);
        took[runs] = now_ms() - start;
        sum += took[runs++];
    }
    net_run_destroy(r);
    for (uint32_t i = 0; i < net_inputs(n); i++) free((void *)(uintptr_t)in[i].at);
    if (!good) return -1;
    qsort(took, runs, sizeof *took, by_size);
    return took[runs / 2] / (double)batch;
}

static bool model(const char *path, int64_t batch, double budget_ms) {
    struct err e = {0};
    size_t bytes = 0;
    char *at = file_read(path, &bytes);
    struct net *n = at ? net_load((struct text){.at = at, .bytes = (uint32_t)bytes}, &e) : NULL;
    free(at);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    int bytes_of_name = (int)(dot ? (size_t)(dot - name) : strlen(name));
    double ms = n && (batch == 1 || net_batches(n)) ? measure(n, batch, budget_ms, &e) : -1;
    if (ms >= 0)
        printf("%.*s_%lld %.5f\n", bytes_of_name, name, (long long)batch, ms);
    else
        fprintf(stderr, "%s: %s\n", path, n ? e.message : "cannot be loaded");
    net_destroy(n);
    return ms >= 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "write") == 0) return net_shapes_write(argv[2]) ? 0 : 1;
    if (argc < 4) {
        fprintf(stderr,
                "usage: net_bench MILLISECONDS BATCH MODEL.onnx..., net_bench write FOLDER\n");
        return 2;
    }
    bool good = true;
    for (int i = 3; i < argc; i++) {
        good &= model(argv[i], strtoll(argv[2], NULL, 10), strtod(argv[1], NULL));
    }
    return !good;
}
