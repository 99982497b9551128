/* onnx_rows.c: rows that a model takes together give what they give one by one.
 *
 *     onnx_rows FOLDER [SEED]
 *
 * For each model of the folder that says it takes any number of rows (net_batches()): a few random
 * ones at once, then each alone. One line a model: "pass NAME", "fail NAME reason", or "skip NAME"
 * where it takes one row at a time or its shapes are open, and a closing count. An output may
 * differ by 1e-4 of its largest value.
 */
#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/onnx_case.h"

enum { ROWS = 5, PORTS_MAX = 32 };

struct model {
    struct net *net;
    struct arena arena;
    uint64_t random;
    char *reason; /* [ONNX_CASE_REASON_BYTES] */
};

/* Xorshift (Marsaglia 2003). */
static float random_number(struct model *m) {
    m->random ^= m->random << 13;
    m->random ^= m->random >> 7;
    m->random ^= m->random << 17;
    return (float)(m->random >> 40) / (float)(1 << 23) - 1;
}

static bool failed(const struct model *m, const char *what) {
    snprintf(m->reason, ONNX_CASE_REASON_BYTES, "%s", what);
    return false;
}

/* Does it take rows of a known size, all of float32? */
static bool can_batch(const struct net *n) {
    bool can = net_batches(n) && net_inputs(n) <= PORTS_MAX && net_outputs(n) <= PORTS_MAX;
    for (uint32_t i = 0; can && i < net_inputs(n); i++) {
        const struct net_port *p = net_input(n, i);
        can = p->type == NET_F32;
        for (uint32_t d = 1; d < p->shape.rank; d++) can &= p->shape.dim[d] > 0;
    }
    return can;
}

static bool inputs_make(struct model *m, struct net_tensor *in) {
    for (uint32_t i = 0; i < net_inputs(m->net); i++) {
        in[i] = (struct net_tensor){.type = NET_F32, .shape = net_input(m->net, i)->shape};
        in[i].shape.dim[0] = ROWS;
        size_t n = shape_elements(&in[i].shape);
        float *x = arena_alloc(&m->arena, n * sizeof *x);
        if (!x) return failed(m, "no memory");
        for (size_t k = 0; k < n; k++) x[k] = random_number(m);
        in[i].at = x;
    }
    return true;
}

static bool rows_agree(const struct model *m, const struct net_tensor *all,
                       const struct net_tensor *one, uint32_t row) {
    size_t n = shape_elements(&one->shape);
    if (all->shape.dim[0] != ROWS || one->shape.dim[0] != 1 ||
        shape_elements(&all->shape) != n * ROWS) {
        return failed(m, "an output has not one row for each");
    }
    if (all->type != NET_F32) {
        size_t bytes = n * net_type_bytes(all->type);
        bool same = memcmp((const char *)all->at + row * bytes, one->at, bytes) == 0;
        return same || failed(m, "whole numbers differ");
    }
    const float *a = (const float *)all->at + row * n, *b = one->at;
    float largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(b[i])) largest = fmaxf(largest, fabsf(b[i]));
    }
    for (size_t i = 0; i < n; i++) {
        bool none = isnan(a[i]) && isnan(b[i]);
        if (none || a[i] == b[i] || fabsf(a[i] - b[i]) <= 1e-4F * largest) continue;
        snprintf(m->reason, ONNX_CASE_REASON_BYTES, "row %u, element %zu: %g, not %g", row, i,
                 (double)a[i], (double)b[i]);
        return false;
    }
    return true;
}

static bool rows_run(struct model *m, struct net_run *together, struct net_run *alone) {
    struct net_tensor in[PORTS_MAX], all[PORTS_MAX], row[PORTS_MAX], one[PORTS_MAX];
    struct err e = {0};
    if (!inputs_make(m, in)) return false;
    if (!net_run(together, in, all, &e)) return failed(m, e.message);
    for (uint32_t k = 0; k < ROWS; k++) {
        for (uint32_t i = 0; i < net_inputs(m->net); i++) {
            row[i] = in[i];
            row[i].shape.dim[0] = 1;
            row[i].at = (const float *)in[i].at + k * shape_elements(&row[i].shape);
        }
        if (!net_run(alone, row, one, &e)) return failed(m, e.message);
        for (uint32_t i = 0; i < net_outputs(m->net); i++) {
            if (!rows_agree(m, &all[i], &one[i], k)) return false;
        }
    }
    return true;
}

static bool model_check(struct model *m) {
    struct err e = {0};
    struct net_run *together = net_run_create(m->net, &e), *alone = net_run_create(m->net, &e);
    bool good = together && alone ? rows_run(m, together, alone) : failed(m, e.message);
    net_run_destroy(together);
    net_run_destroy(alone);
    return good;
}

struct counts {
    uint32_t passed, failed, skipped;
};

static void model_open(const char *folder, const char *name, uint64_t seed, struct counts *c) {
    char path[ONNX_CASE_PATH_BYTES], reason[ONNX_CASE_REASON_BYTES] = "";
    struct model m = {.random = seed, .reason = reason};
    struct text file;
    struct err e = {0};
    const char *word = "fail";
    arena_init(&m.arena, 0);
    onnx_case_path(path, "%s/%s", folder, name);
    if (onnx_case_read(path, &m.arena, &file)) m.net = net_load(file, &e);
    if (!m.net)
        failed(&m, e.message);
    else if (!can_batch(m.net))
        word = "skip";
    else if (model_check(&m))
        word = "pass";
    c->passed += word[0] == 'p';
    c->failed += word[0] == 'f';
    c->skipped += word[0] == 's';
    printf("%s %s%s%s\n", word, name, reason[0] ? " " : "", reason);
    net_destroy(m.net);
    arena_done(&m.arena);
}

int main(int argc, char **argv) {
    struct dirent **entry = NULL;
    struct counts c = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: onnx_rows FOLDER [SEED]\n");
        return 2;
    }
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 20260801;
    printf("# seed %" PRIu64 "\n", seed);
    int count = scandir(argv[1], &entry, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *dot = strrchr(entry[i]->d_name, '.');
        if (dot && strcmp(dot, ".onnx") == 0) model_open(argv[1], entry[i]->d_name, seed | 1, &c);
        free(entry[i]);
    }
    free(entry);
    printf("%u passed, %u failed, %u skipped\n", c.passed, c.failed, c.skipped);
    return c.failed > 0 || c.passed == 0;
}
