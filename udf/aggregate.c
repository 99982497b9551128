/* aggregate.c: the list of the families of aggregates. */
#include "udf/aggregate.h"

void udf_aggregates(struct agg_table *out) {
#define X(family) out[UDF_AGGREGATE_TABLE_##family] = aggregate_##family##_table;
    UDF_AGGREGATE_LIST(X)
#undef X
}
