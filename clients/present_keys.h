/* present_keys.h: the keys of a result shown as JSON: the columns' names, made distinct.
 *
 * A result may have several columns of one name (SELECT i, i), as in SQLite and psql; table and
 * csv repeat it. Of an object's equal keys readers keep one, so here the second is i_1, the next
 * i_2; a name that is taken by another column is passed over. Beside the key "op" of a changelog
 * a column op is op_1. Names that differ in case are different keys.
 *
 * Used by: present.c.    Tested by: tests/unit/clients/present_keys_test.c
 */
#ifndef CLIENTS_PRESENT_KEYS_H
#define CLIENTS_PRESENT_KEYS_H

#include "engine/base/err.h"
#include "engine/base/type.h"

/* `schema` with distinct names: itself where they are, else one in `a`. NULL: no memory, *e. */
const struct schema *present_keys(const struct schema *schema, bool changes, struct arena *a,
                                  struct err *e);

#endif
