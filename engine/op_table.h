/* op_table.h: which operator runs which kind of plan node.
 *
 * Used by: engine/query.c, engine/op.c
 */
#ifndef ENGINE_OP_TABLE_H
#define ENGINE_OP_TABLE_H

#include "engine/op.h"

const struct op_type *op_type_of(enum plan_kind kind);

#endif
