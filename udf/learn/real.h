/* real.h: the number that layers compute with: float; double in the build that checks gradients.
 *
 * Used by: udf/learn.    Tested by: tests/unit/udf/learn_layer_test.c
 */
#ifndef UDF_LEARN_REAL_H
#define UDF_LEARN_REAL_H

#ifdef LEARN_DOUBLE
typedef double real;
#else
typedef float real;
#endif

#endif
