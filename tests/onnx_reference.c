/* onnx_reference.c: runs models and compares with outputs that were stored.
 *
 *     onnx_reference MODELS REFERENCE
 *
 * REFERENCE/<name> holds data sets for MODELS/<name>.onnx. One line a model: "pass NAME" or
 * "fail NAME reason", and a closing count. An output may differ by 1e-3 of its largest value and
 * 1e-4.
 */
#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/onnx_case.h"

static bool model_run(const char *models, const char *reference, const char *name) {
    static const struct onnx_case_tolerance tolerance = {
        .relative = 1e-3, .absolute = 1e-4, .of_largest = true};
    char path[ONNX_CASE_PATH_BYTES], reason[ONNX_CASE_REASON_BYTES] = "";
    struct arena a;
    struct text file;
    struct err e = {0};
    uint32_t sets = 0;
    arena_init(&a, 0);
    onnx_case_path(path, "%s/%s.onnx", models, name);
    bool there = onnx_case_read(path, &a, &file);
    struct net *n = there ? net_load(file, &e) : NULL;
    if (!there) snprintf(reason, sizeof reason, "there is no such model");
    if (there && !n) snprintf(reason, sizeof reason, "%s", e.message);
    onnx_case_path(path, "%s/%s", reference, name);
    bool good = n && onnx_case_run(n, path, &tolerance, &sets, reason);
    if (good && sets == 0) snprintf(reason, sizeof reason, "it has no data");
    good &= sets > 0;
    printf("%s %s%s%s\n", good ? "pass" : "fail", name, reason[0] ? " " : "", reason);
    net_destroy(n);
    arena_done(&a);
    return good;
}

int main(int argc, char **argv) {
    struct dirent **entry = NULL;
    uint32_t passed = 0, failed = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: onnx_reference MODELS REFERENCE\n");
        return 2;
    }
    int count = scandir(argv[2], &entry, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entry[i]->d_name[0] != '.') {
            bool good = model_run(argv[1], argv[2], entry[i]->d_name);
            passed += good;
            failed += !good;
        }
        free(entry[i]);
    }
    free(entry);
    printf("%u passed, %u failed, 0 skipped\n", passed, failed);
    return failed > 0 || passed == 0;
}
