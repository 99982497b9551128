/* kernels.h: nn_kernels: the inner loops of networks, one set per instruction set.
 *
 * Used by: act, conv, gemm, pool.
 */
#ifndef UDF_NN_KERNELS_H
#define UDF_NN_KERNELS_H

struct nn_kernels {
    const char *name; /* "v2", "v3", "v4" */
};

/* The set for the machine that runs this. */
const struct nn_kernels *nn_kernels_best(void);

#endif
