/* settings.h: what SET, --set and RESET change: one table row a setting.
 *
 * Used by: clients/session.    Tested by: tests/unit/clients/settings_test.c
 */
#ifndef CLIENTS_SETTINGS_H
#define CLIENTS_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/text.h"

/* Values by number or word; see the table in settings.c for names, ranges and meaning. */
struct settings {
    int64_t batch_rows;
    int64_t threads;
    int64_t seed;
    int64_t state_limit_bytes; /* 0: half of the machine's memory */
    int64_t state_ttl_us;      /* 0: nothing is forgotten */
    int64_t max_line_bytes;
    int64_t max_image_pixels;
    int64_t on_error; /* enum on_error */
    int64_t checkpoint_bytes;
    int64_t checkpoint_interval_us;
    int64_t durability; /* enum log_durability */
    int64_t log_segment_bytes;
    int64_t inference_batch;
    int64_t inference_wait_us;
    int64_t inference_cache;
};

enum on_error { ON_ERROR_SKIP, ON_ERROR_FAIL };

enum setting_kind { SETTING_INTEGER, SETTING_BYTES, SETTING_WORD, SETTING_DURATION };

struct setting {
    const char *name;
    const char *alias; /* Flink's name for it, or NULL */
    enum setting_kind kind;
    size_t offset; /* in struct settings */
    int64_t initial;
    int64_t min, max;        /* INTEGER, BYTES; DURATION: us */
    const char *const *word; /* WORD: NULL-terminated, by value */
    const char *doc;
};

extern const struct setting setting_table[];
extern const uint32_t setting_count;

void settings_init(struct settings *s);

/* The row of that name or alias (case folded), or NULL with 42704 and a hint in *e. */
const struct setting *setting_find(struct text name, struct err *e);

/* 22023 with what is allowed. */
bool settings_set(struct settings *s, struct text name, struct text value, struct err *e) MUST_USE;
bool settings_reset(struct settings *s, struct text name, struct err *e) MUST_USE;

/* state-limit-bytes, with 0 resolved to half of the machine's memory. */
size_t settings_state_limit(const struct settings *s);

/* The value as SET takes it. */
void setting_print(struct buf *out, const struct settings *s, const struct setting *row);

#endif
