/* half.h: half: 16-bit floating point (IEEE 754 binary16) to float32 and back.
 *
 * Used by: udf/nn.    Tested by: tests/unit/udf/net_shape_test.c
 */
#ifndef UDF_NN_HALF_H
#define UDF_NN_HALF_H

#include <stdint.h>

/* Exact. */
float half_to_float(uint16_t h);

/* Rounds to nearest, ties to even; past the largest it is an infinity. */
uint16_t half_of_float(float f);

#endif
