/* aggregate.h: the aggregates of the language, as tables of rows.
 *
 * One file a family; each adds its table to UDF_AGGREGATE_LIST. To add an aggregate, write a row in
 * the table of its family.
 *
 * Lifetime: const, for ever.
 *
 * Used by: clients (joins the tables for the binder), tests.
 * Tested by: tests/unit/engine/aggregate_test.c
 */
#ifndef UDF_AGGREGATE_H
#define UDF_AGGREGATE_H

#include "engine/base/aggregate.h"

#define UDF_AGGREGATE_LIST(X)                                                                      \
    X(sum)       /* count, sum, avg, total */                                                      \
    X(extreme)   /* min, max */                                                                    \
    X(moment)    /* stddev_*, var_* */                                                             \
    X(order)     /* first_value, last_value */                                                     \
    X(list)      /* group_concat, listagg, array_agg */                                            \
    X(sketch)    /* approx_count_distinct */                                                       \
    X(score)     /* accuracy, mse, mae, r2, log_loss */                                            \
    X(confusion) /* precision_score, recall_score, f1_score, confusion_matrix */                   \
    X(rank)      /* roc_auc */

#define X(family) extern const struct agg_table aggregate_##family##_table;
UDF_AGGREGATE_LIST(X)
#undef X

#define X(family) UDF_AGGREGATE_TABLE_##family,
enum udf_aggregate_table { UDF_AGGREGATE_LIST(X) UDF_AGGREGATE_TABLES };
#undef X

/* Copies the tables out: UDF_AGGREGATE_TABLES of them. */
void udf_aggregates(struct agg_table *out);

#endif
