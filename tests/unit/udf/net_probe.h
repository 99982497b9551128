/* net_probe.h: probe: a small network, its inputs, and what must come out, for tests of layers.
 *
 * A test writes nodes and gives each value by name; probe_check() then runs the network in every
 * way there is (ways.* below) and compares with the reference that the test computed in double.
 *
 * Lifetime: probe_init .. probe_done.    Used by: tests/unit/udf/net_*_test.c
 */
#ifndef TESTS_UNIT_UDF_NET_PROBE_H
#define TESTS_UNIT_UDF_NET_PROBE_H

#include "tests/unit/base/random.h"
#include "tests/unit/udf/onnx_write.h"
#include "udf/nn/net.h"

enum { PROBE_VALUES_MAX = 24 };

struct probe_value {
    char name[16];
    struct tensor t;
    bool constant; /* in every way: an attribute in disguise */
    bool declared; /* its shape is; else a run learns it */
};

struct probe {
    struct arena arena;
    struct random random;
    struct onnx_writer w;
    struct probe_value value[PROBE_VALUES_MAX];
    uint32_t values;
    double relative, absolute; /* allowed */
};

/* For a group of tests: OpenBLAS stays loaded, which else every network would load anew. */
int probe_setup(void **state);
int probe_teardown(void **state);

void probe_init(struct probe *p, struct random *r, uint32_t opset);
void probe_done(struct probe *p);

struct net_shape probe_shape(uint32_t rank, ...);
/* Dimensions from 1 to `most`. */
struct net_shape probe_shape_random(struct random *r, uint32_t rank, uint32_t most);

/* A value of the network, filled with random numbers of [least, most]; the test may change them. */
struct tensor *probe_random(struct probe *p, const char *name, const struct net_shape *shape,
                            double least, double most);
struct tensor *probe_value(struct probe *p, const char *name, enum net_type type,
                           const struct net_shape *shape);
/* Integers that are constant in every way. */
struct tensor *probe_ints(struct probe *p, const char *name, const int64_t *at, uint32_t count);

/* What must come out: room for doubles, and its type and shape. */
struct probe_wanted {
    const char *name;
    enum net_type type;
    struct net_shape shape;
    double *at; /* [elements] */
};
struct probe_wanted probe_wanted(struct probe *p, const char *name, enum net_type type,
                                 const struct net_shape *shape);

/* Asserts that the network gives `wanted`, in each way:
 *   values as inputs, and as constants; fused and turned, and plain; with shapes declared, and not;
 *   memory poisoned before, and no memory used twice; twice in a row. */
void probe_check(struct probe *p, const struct probe_wanted *wanted, uint32_t count);

/* Asserts that loading or running fails; the message must hold `words`. */
void probe_fails(struct probe *p, const char *out, const char *words);

double probe_at(const struct tensor *t, size_t i);

/* The k-th number of index `i` in a shape. */
size_t probe_index(const struct net_shape *s, size_t i, uint32_t k);

#endif
