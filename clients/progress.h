/* progress.h: the progress line on stderr, for work longer than a second on a terminal.
 *
 * Used by: clients.
 */
#ifndef CLIENTS_PROGRESS_H
#define CLIENTS_PROGRESS_H

#include "clients/out.h"
#include "clients/session.h"

struct progress {
    struct out *err;
    bool shown_on_terminal;
    bool on_screen; /* a line stands there now */
    int64_t start_us;
    int64_t last_us; /* when it was last drawn */
    uint64_t last_rows_in;
};

void progress_init(struct progress *p, struct out *err, bool terminal, int64_t now_us);
/* Draws it again: rows in, rows/s, rows out, watermark. */
void progress_show(struct progress *p, const struct session *s, int64_t now_us);
/* Takes it off the screen, before anything else is printed. */
void progress_clear(struct progress *p);

#endif
