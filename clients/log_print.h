/* log_print.h: what `weir log` shows: a record a line, and how much of a log is sound.
 *
 * Used by: clients/log.c.    Tested by: tests/cases/cli/log.case
 */
#ifndef CLIENTS_LOG_PRINT_H
#define CLIENTS_LOG_PRINT_H

#include "engine/base/buf.h"
#include "storage/log_verify.h"

/* In columns, or as one JSON object. */
void log_print_record(struct buf *b, const struct log_record *r, bool ndjson);
void log_print_verdict(struct buf *b, const struct log_verdict *v, bool ndjson);

#endif
