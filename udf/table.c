/* table.c: see table.h. */
#include "udf/table.h"

#define X(name) &fn_##name,
const struct fn_table *const fn_tables[] = {FN_TABLE_LIST(X)};
#undef X

const uint32_t fn_table_count = COUNT_OF(fn_tables);

void fn_tables_copy(struct fn_table *out) {
    for (uint32_t i = 0; i < fn_table_count; i++) out[i] = *fn_tables[i];
}
