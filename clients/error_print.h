/* error_print.h: an error as psql lays it out.
 *
 *     q.sql:3: ERROR:  42703: column "pricee" does not exist
 *     LINE 3: SELECT auction, pricee FROM bid
 *                             ^
 *     HINT:  Perhaps you meant "price".
 *
 * Used by: clients.    Tested by: tests/unit/clients/error_print_test.c
 */
#ifndef CLIENTS_ERROR_PRINT_H
#define CLIENTS_ERROR_PRINT_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

/* A script and what it is called in errors ("q.sql"); a name of 0 bytes is not printed. */
struct script {
    struct text name;
    struct text text;
};

/* `script` may be NULL: the error is not about one. */
void error_print(struct buf *out, const struct script *script, const struct err *e);

#endif
