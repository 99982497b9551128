/* table.h: fn_tables: every scalar function of the language, by topic.
 *
 * Used by: clients/main.c (hands them to the binder).    Tested by: tests/unit/udf/table_test.c
 */
#ifndef UDF_TABLE_H
#define UDF_TABLE_H

#include "engine/base/fn.h"

/* Topics, in the order of SHOW FUNCTIONS. To add one: a row here, udf/<name>.c with fn_<name>
 * (those of images: udf/image/fn_*.c). */
#define FN_TABLE_LIST(X)                                                                           \
    X(arith)                                                                                       \
    X(arith_decimal)                                                                               \
    X(compare)                                                                                     \
    X(in)                                                                                          \
    X(match)                                                                                       \
    X(regexp)                                                                                      \
    X(text)                                                                                        \
    X(text_find)                                                                                   \
    X(math)                                                                                        \
    X(round)                                                                                       \
    X(random)                                                                                      \
    X(time_arith)                                                                                  \
    X(time_part)                                                                                   \
    X(time_unit)                                                                                   \
    X(time_text)                                                                                   \
    X(json)                                                                                        \
    X(array)                                                                                       \
    X(vector)                                                                                      \
    X(image_codec)                                                                                 \
    X(image_shape)                                                                                 \
    X(image_tone)                                                                                  \
    X(image_filter)                                                                                \
    X(image_draw)                                                                                  \
    X(image_feature)                                                                               \
    X(sqlite)                                                                                      \
    X(misc)

#define X(name) extern const struct fn_table fn_##name;
FN_TABLE_LIST(X)
#undef X

/* All of them; fn_table_count entries, each a topic's own table. */
extern const struct fn_table *const fn_tables[];
extern const uint32_t fn_table_count;

struct model_type;
/* Every provider of models; the last is NULL. */
const struct model_type *const *udf_models(void);

/* Copies the tables into one array, as sql_env wants them; `out` has room for fn_table_count. */
void fn_tables_copy(struct fn_table *out);

#endif
