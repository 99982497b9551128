/* durable_records.h: bodies of the records of a data directory: how statements and changes of rows
 * are written, and read. Integers are little-endian.
 *
 * Used by: clients/durable*.c    Tested by: tests/unit/clients/durable_records_test.c
 */
#ifndef CLIENTS_DURABLE_RECORDS_H
#define CLIENTS_DURABLE_RECORDS_H

#include "clients/settings.h"
#include "engine/base/batch.h"
#include "engine/edge/table.h"

/* Sections of the items of an object (storage/store.h). */
enum durable_section {
    SECTION_DDL = 1,      /* its statement */
    SECTION_CHANGES = 2,  /* changes of a table; numbers rise with time */
    SECTION_RUN = 3,      /* of object 0: where all queries stand (runner_save) */
    SECTION_QUERY = 4,    /* what its query remembers (job_save_query) */
    SECTION_STREAM = 5,   /* counters, sources and sinks (stream_save) */
    SECTION_KEPT = 6,     /* rows it keeps, and behind it x$errors and x$late: enum stream_rows;
                            numbers are those of rows */
    SECTION_ARRIVALS = 9, /* what came of a source and is still needed; numbers are its places */
    SECTION_ARRIVED = 10, /* 8 bytes: the place behind all that came */
    SECTION_MODEL = 11,   /* what a model has learnt (model_type.save) */
};

/* A statement that made an object: name, settings that were not as at the start, text.
 *
 *   offset  bytes  what
 *   0       4      bytes of the name
 *   4       4      bytes of the settings
 *   8       ...    the name; settings as "name=value" lines; the text
 *
 * A record without bytes says that the object was dropped. */
struct ddl_record {
    struct text name, settings, text;
};
void ddl_save(struct buf *out, const struct ddl_record *r);
/* XX001. The texts point into `body`. */
bool ddl_load(struct text body, struct ddl_record *out, struct err *e) MUST_USE;

/* Settings that are not as at the start; and back. */
void settings_save(struct buf *out, const struct settings *s);
bool settings_load(struct settings *s, struct text lines, struct err *e) MUST_USE;

/* Changes of a table, one behind the other: 8 bytes of number; 4 of the length before, 4 of that
 * after (0xFFFFFFFF: the row was, or is, not there); the rows, packed. */
void change_save(struct buf *out, const struct table_change *c);
bool change_load(struct text *at, struct table_change *out, struct err *e) MUST_USE;

/* Rows of a kept stream: 8 bytes of the watermark and 8 of the time behind them, then a block
 * (engine/base/block.h). */
bool append_save(struct buf *out, const struct batch *b, const struct mark *after,
                 struct err *e) MUST_USE;
bool append_load(struct text body, const struct schema *schema, struct arena *a, struct batch *out,
                 struct mark *after, struct err *e) MUST_USE;

/* What came of a source that cannot be read twice (engine/edge/journal.h):
 *
 *   offset  bytes  what
 *   0       1      its kind
 *   1       8      the place of its first byte in all that came
 *   9       8      when it came
 *   17      ...    the bytes
 */
enum arrival_kind {
    ARRIVAL_BYTES = 0,
    ARRIVAL_RECORDS = 1,
    ARRIVAL_END = 2,
    ARRIVAL_BEGIN = 3, /* a reading begins here; no place of its own */
};

struct arrival_record {
    enum arrival_kind kind;
    uint64_t at;
    int64_t came_us;
    struct text bytes;
};
void arrival_save(struct buf *out, const struct arrival_record *r);
/* XX001. The bytes point into `body`. */
bool arrival_load(struct text body, struct arrival_record *out, struct err *e) MUST_USE;

#endif
