/* onnx_case.h: onnx_case: folders of ONNX test cases: a model, inputs and the outputs they give.
 *
 * A data set is a folder test_data_set_<n> with input_<k>.pb and output_<k>.pb, TensorProtos,
 * perhaps gzipped (.pb.gz).
 *
 * Used by: tests/onnx_backend.c, tests/onnx_reference.c.
 */
#ifndef TESTS_ONNX_CASE_H
#define TESTS_ONNX_CASE_H

#include "udf/nn/net.h"
#include "udf/nn/onnx.h"

enum { ONNX_CASE_REASON_BYTES = 400, ONNX_CASE_PATH_BYTES = 1000 };

/* printf() into a path, which fits. */
void onnx_case_path(char out[ONNX_CASE_PATH_BYTES], const char *format, ...) PRINTF_LIKE(2, 3);

/* All of a file, gunzipped if it is gzipped; false: there is none. */
bool onnx_case_read(const char *path, struct arena *a, struct text *out);

/* How close: |is - wanted| <= absolute + relative * |wanted| (or the largest |wanted| of all). */
struct onnx_case_tolerance {
    double relative, absolute;
    bool of_largest;
};

/* Runs all data sets of `folder` twice each. false: why, in `reason`; *sets_out: how many there
 * are. */
bool onnx_case_run(const struct net *n, const char *folder, const struct onnx_case_tolerance *t,
                   uint32_t *sets_out, char reason[ONNX_CASE_REASON_BYTES]);

#endif
