/* fake_model.h: fake_model: a provider of models for tests: deterministic, and it counts its runs.
 *
 * An input row is a number n: the sum of its numbers, and of the bytes of its texts modulo 1000;
 * a text that begins with "bad" is an error of the row. From n comes all that it answers:
 *
 *     classify        label n mod labels      'labels' = 'zero,one,two'
 *     classify_top    the labels from that one on, with scores 1, 1/2, 1/3, ..
 *     detect          n mod 4 boxes of scores 0.9, 0.7, 0.5; its own limit is 0.6
 *     embed           (n, n + 1, ..), as many as 'size' says
 *     predict         by the type of the output: the label, n, or n as a DOUBLE; several: a ROW
 *
 * With 'learns' = 'true' it predicts the mean of the targets (numbers) seen so far, as a DOUBLE,
 * and publishes a version each 'publish' rows. A negative target is a bad row.
 *
 * Tested by: itself; it tests engine/op/infer, train.
 */
#ifndef TESTS_FAKE_MODEL_H
#define TESTS_FAKE_MODEL_H

#include "engine/base/model.h"

extern const struct model_type fake_model;

struct fake_counts {
    uint64_t runs, rows, rows_max;
    uint64_t versions; /* kept now */
};
void fake_model_counts(const struct model *m, struct fake_counts *out);

#endif
