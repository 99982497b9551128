/* present.h: presenter: shows results as table, csv or ndjson on one descriptor.
 *
 * csv and ndjson are the codecs of engine/edge, the keys of ndjson made distinct; table is
 * present_table.h.
 *
 * Lifetime: presenter_init .. presenter_done.
 *
 * Used by: clients.    Tested by: tests/cases/format
 */
#ifndef CLIENTS_PRESENT_H
#define CLIENTS_PRESENT_H

#include "clients/out.h"
#include "clients/present_table.h"
#include "engine/base/batch.h"

enum present_format { PRESENT_TABLE, PRESENT_CSV, PRESENT_NDJSON, PRESENT_COUNT };

/* The format of that name; false: there is none. */
bool present_format_find(const char *name, enum present_format *out);

struct encoder;

struct presenter {
    enum present_format format;
    struct out *out;
    struct grid_style style; /* table */
    struct grid table;
    const struct codec *codec; /* csv, ndjson: of the result being shown */
    struct encoder *encoder;
    struct arena arena; /* ndjson: its keys */
};

void presenter_init(struct presenter *p, struct out *out, enum present_format format);
/* schema outlives the result. */
bool presenter_begin(struct presenter *p, const struct schema *schema, bool changes, bool live,
                     struct err *e) MUST_USE;
bool presenter_rows(struct presenter *p, const struct batch *b, struct err *e) MUST_USE;
bool presenter_end(struct presenter *p, uint64_t rows, struct err *e) MUST_USE;
void presenter_done(struct presenter *p);

#endif
