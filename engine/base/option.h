/* option.h: options: WITH ('key' = 'value'), as written, and the tables that say which keys exist.
 *
 * Lifetime: those of an object live in its arena; tables are const and live for ever.
 *
 * Used by: engine/edge, udf (models), sql, clients.
 */
#ifndef ENGINE_BASE_OPTION_H
#define ENGINE_BASE_OPTION_H

#include <stdint.h>

#include "engine/base/text.h"

/* One of WITH (...), or of a hint; keys as spelt. */
struct option {
    struct text key;
    struct text value;
    uint32_t at; /* byte offset of the key in the script */
};

struct options {
    const struct option *option;
    uint32_t count;
};

/* A key that may be given. Tables of these end with a NULL key. */
struct option_row {
    const char *key;
    const char *value; /* what is allowed, as documentation: "true | false", "bytes" */
    const char *doc;
};

#endif
