/* onnx_backend.c: runs cases of ONNX's backend test suite.
 *
 *     onnx_backend FOLDER...
 *
 * A case is a folder with model.onnx and data sets; folders are searched for such. One line a case:
 * "pass NAME", "fail NAME reason" or "skip NAME reason", and a closing count. A case is skipped
 * only for an operator or an element type that weir does not promise: `promised` below is that
 * promise, not what the program can do.
 */
#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/onnx_case.h"

static const char *const promised[] = {"Conv",
                                       "ConvTranspose",
                                       "Gemm",
                                       "MatMul",
                                       "MaxPool",
                                       "AveragePool",
                                       "GlobalAveragePool",
                                       "GlobalMaxPool",
                                       "BatchNormalization",
                                       "LRN",
                                       "InstanceNormalization",
                                       "LayerNormalization",
                                       "Relu",
                                       "LeakyRelu",
                                       "PRelu",
                                       "Elu",
                                       "Selu",
                                       "Clip",
                                       "Sigmoid",
                                       "HardSigmoid",
                                       "HardSwish",
                                       "Tanh",
                                       "Softplus",
                                       "Mish",
                                       "Gelu",
                                       "Softmax",
                                       "LogSoftmax",
                                       "Add",
                                       "Sub",
                                       "Mul",
                                       "Div",
                                       "Pow",
                                       "Sqrt",
                                       "Exp",
                                       "Log",
                                       "Abs",
                                       "Neg",
                                       "Floor",
                                       "Ceil",
                                       "Min",
                                       "Max",
                                       "Sum",
                                       "Mean",
                                       "Concat",
                                       "Split",
                                       "Slice",
                                       "Reshape",
                                       "Flatten",
                                       "Squeeze",
                                       "Unsqueeze",
                                       "Transpose",
                                       "Pad",
                                       "Resize",
                                       "Upsample",
                                       "DepthToSpace",
                                       "SpaceToDepth",
                                       "ReduceMean",
                                       "ReduceSum",
                                       "ReduceMax",
                                       "ReduceMin",
                                       "ReduceProd",
                                       "ReduceL2",
                                       "ArgMax",
                                       "TopK",
                                       "Gather",
                                       "Shape",
                                       "ConstantOfShape",
                                       "Constant",
                                       "Cast",
                                       "Identity",
                                       "Dropout",
                                       "Expand",
                                       "Tile",
                                       "Where",
                                       "Equal",
                                       "Less",
                                       "Greater",
                                       "NonMaxSuppression",
                                       "Einsum"};

enum { CASES_MAX = 10000, OPSET_MIN = 7, OPSET_MAX = 22 }; /* of opsets: promised */

struct counts {
    uint32_t passed, failed, skipped;
};

static bool is_promised(const struct onnx_node *n) {
    if (n->domain.bytes > 0 && !text_equal(n->domain, TEXT_LITERAL("ai.onnx"))) return false;
    for (size_t i = 0; i < COUNT_OF(promised); i++) {
        if (text_equal(n->op, text_of(promised[i]))) return true;
    }
    return false;
}

/* Of attributes: no tensor (a graph, text), or no type of ours (Cast). */
static bool attr_outside(const struct onnx_node *n, char *reason) {
    enum net_type unused;
    for (uint32_t i = 0; i < n->attrs; i++) {
        const struct onnx_attr *a = &n->attr[i];
        bool cast = text_equal(n->op, TEXT_LITERAL("Cast")) &&
                    text_equal(a->name, TEXT_LITERAL("to")) && a->kind == ONNX_ATTR_INT;
        if (!cast || onnx_type_of((int32_t)a->i, &unused)) continue;
        snprintf(reason, ONNX_CASE_REASON_BYTES, "type %s", onnx_type_name((int32_t)a->i));
        return true;
    }
    return false;
}

static bool port_outside(const struct onnx_port *p, char *reason) {
    enum net_type unused;
    if (onnx_type_of(p->onnx_type, &unused)) return false;
    snprintf(reason, ONNX_CASE_REASON_BYTES, "type %s",
             p->onnx_type == 0 ? "other than tensor" : onnx_type_name(p->onnx_type));
    return true;
}

/* Is an operator or type of the model outside of what is promised? Which, in `reason`. */
static bool outside(struct text file, struct arena *a, char *reason) {
    struct onnx_model m;
    struct err e = {0};
    if (!onnx_read(file, a, &m, &e)) {
        snprintf(reason, ONNX_CASE_REASON_BYTES, "%s", e.message);
        return strcmp(e.sqlstate, "0A000") == 0;
    }
    for (uint32_t i = 0; i < m.nodes; i++) {
        if (!is_promised(&m.node[i])) {
            snprintf(reason, ONNX_CASE_REASON_BYTES, "operator %.*s", TEXT_ARG(m.node[i].op));
            return true;
        }
        if (m.opset < OPSET_MIN || m.opset > OPSET_MAX) {
            snprintf(reason, ONNX_CASE_REASON_BYTES, "operator %.*s of opset %lld",
                     TEXT_ARG(m.node[i].op), (long long)m.opset);
            return true;
        }
        if (attr_outside(&m.node[i], reason)) return true;
    }
    for (uint32_t i = 0; i < m.ins; i++) {
        if (port_outside(&m.in[i], reason)) return true;
    }
    for (uint32_t i = 0; i < m.outs; i++) {
        if (port_outside(&m.out[i], reason)) return true;
    }
    return false;
}

static void say(const char *word, const char *name, const char *reason, uint32_t *count) {
    printf("%s %s%s%s\n", word, name, reason[0] ? " " : "", reason);
    (*count)++;
}

static void case_run(const char *folder, const char *name, struct counts *c) {
    static const struct onnx_case_tolerance suite = {.relative = 1e-3, .absolute = 1e-7};
    char path[ONNX_CASE_PATH_BYTES], reason[ONNX_CASE_REASON_BYTES] = "", why[sizeof reason] = "";
    struct arena a;
    struct text file;
    struct err e = {0};
    uint32_t sets = 0;
    arena_init(&a, 0);
    onnx_case_path(path, "%s/model.onnx", folder);
    bool there = onnx_case_read(path, &a, &file);
    assert(there);
    struct net *n = net_load(file, &e);
    bool good = n && onnx_case_run(n, folder, &suite, &sets, reason);
    if (!n) snprintf(reason, sizeof reason, "%s", e.message);
    if (good && sets == 0) snprintf(reason, sizeof reason, "it has no data");
    if (good && sets > 0) {
        say("pass", name, "", &c->passed);
    } else if (outside(file, &a, why)) {
        say("skip", name, why, &c->skipped);
    } else {
        say("fail", name, reason, &c->failed);
    }
    net_destroy(n);
    arena_done(&a);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Runs the folder if it is a case, else what is in it. */
static void search(const char *folder, uint32_t depth, struct counts *c) {
    char path[ONNX_CASE_PATH_BYTES];
    struct stat st;
    onnx_case_path(path, "%s/model.onnx", folder);
    const char *slash = strrchr(folder, '/');
    if (stat(path, &st) == 0) {
        case_run(folder, slash ? slash + 1 : folder, c);
        return;
    }
    DIR *d = depth < 4 ? opendir(folder) : NULL;
    if (!d) return;
    char **names = calloc(CASES_MAX, sizeof *names);
    size_t count = 0;
    assert(names);
    for (struct dirent *f = readdir(d); f && count < CASES_MAX; f = readdir(d)) {
        if (f->d_name[0] != '.') names[count++] = strdup(f->d_name);
    }
    closedir(d);
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        onnx_case_path(path, "%s/%s", folder, names[i]);
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) search(path, depth + 1, c);
        free(names[i]);
    }
    free(names);
}

int main(int argc, char **argv) {
    struct counts c = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: onnx_backend FOLDER...\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        size_t bytes = strlen(argv[i]);
        while (bytes > 1 && argv[i][bytes - 1] == '/') argv[i][--bytes] = '\0';
        search(argv[i], 0, &c);
    }
    printf("%u passed, %u failed, %u skipped\n", c.passed, c.failed, c.skipped);
    return c.failed > 0 || c.passed + c.skipped == 0;
}
