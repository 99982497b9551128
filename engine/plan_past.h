/* plan_past.h: which version of a table a query reads: the present one, or that of a point in time
 * or of the log.
 *
 * Used by: engine/plan.h, sql, clients.    Tested by: tests/cases/table/past.case
 */
#ifndef ENGINE_PLAN_PAST_H
#define ENGINE_PLAN_PAST_H

#include <stdint.h>

/* FOR SYSTEM_TIME AS OF */
enum as_of { AS_OF_NOW, AS_OF_TIME, AS_OF_LSN };

struct plan_as_of {
    enum as_of kind;
    int64_t at; /* us since the epoch, or an LSN */
};

#endif
