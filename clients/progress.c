/* progress.c: see progress.h. */
#include "clients/progress.h"

#include <inttypes.h>
#include <sys/ioctl.h>

#include "engine/base/time.h"

enum { WIDTH_UNKNOWN = 80 };

void progress_init(struct progress *p, struct out *err, bool terminal, int64_t now_us) {
    *p = (struct progress){
        .err = err,
        .shown_on_terminal = terminal,
        .start_us = now_us,
        .last_us = now_us,
    };
}

static void add_watermark(struct buf *out, int64_t watermark_us) {
    if (watermark_us == TIME_MIN_US || watermark_us == TIME_END_US) return;
    char text[TIMESTAMP_TEXT_MAX];
    uint32_t bytes = timestamp_print(text, watermark_us, 3);
    buf_addf(out, ", watermark %.*s", (int)bytes, text);
}

/* A line of the terminal's whole width would go on in the next one, and clearing it would leave
 * the first. The text is ASCII. */
static void fit(struct out *err) {
    struct winsize size;
    bool known = ioctl(err->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    size_t room = (known ? size.ws_col : WIDTH_UNKNOWN) - 1;
    if (err->buf.bytes > room) err->buf.bytes = room;
}

void progress_show(struct progress *p, const struct session *s, int64_t now_us) {
    if (!p->shown_on_terminal || now_us - p->start_us < SECOND_US) return;

    struct session_progress now;
    session_progress(s, &now);
    double seconds = (double)(now_us - p->last_us) / 1e6;
    double rate = seconds > 0 ? (double)(now.rows_in - p->last_rows_in) / seconds : 0;
    p->last_us = now_us;
    p->last_rows_in = now.rows_in;

    progress_clear(p);
    out_flush(p->err);
    buf_addf(&p->err->buf, "%" PRIu64 " rows in, %.0f rows/s, %" PRIu64 " rows out", now.rows_in,
             rate, now.rows_out);
    add_watermark(&p->err->buf, now.watermark_us);
    fit(p->err);
    out_flush(p->err);
    p->on_screen = true;
}

void progress_clear(struct progress *p) {
    if (!p->on_screen) return;
    buf_add_str(&p->err->buf, "\r\033[K");
    out_flush(p->err);
    p->on_screen = false;
}
