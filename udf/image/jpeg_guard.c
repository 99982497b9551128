/* jpeg_guard.c: see jpeg_guard.h.
 *
 * Of the library's warnings those count that say that pixels were made up: data that ended early,
 * impossible codes, lost synchronisation. Those about bytes that are too many, odd parameters that
 * change nothing, and refinements that never came do not.
 */
#include "udf/image/jpeg_guard.h"

#include <jerror.h>

static bool warning_is_harmless(int code) {
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_BOGUS_ICC ||
           code == JWRN_NOT_SEQUENTIAL || code == JWRN_BOGUS_PROGRESSION ||
           code == JWRN_TOO_MUCH_DATA || code == JWRN_JFIF_MAJOR;
}

static struct jpeg_guard *guard_of(j_common_ptr library) {
    return (struct jpeg_guard *)(void *)library->err;
}

static void on_error(j_common_ptr library) {
    struct jpeg_guard *g = guard_of(library);
    g->no_memory = g->manager.msg_code == JERR_OUT_OF_MEMORY;
    g->manager.format_message(library, g->message);
    jpeg_guard_leave(g);
}

static void on_message(j_common_ptr library, int level) {
    struct jpeg_guard *g = guard_of(library);
    if (level >= 0 || g->invented || warning_is_harmless(g->manager.msg_code)) return;
    g->invented = true;
    g->manager.format_message(library, g->message);
}

static void on_output(j_common_ptr library) {
    (void)library;
}

void jpeg_guard_init(struct jpeg_guard *g) {
    *g = (struct jpeg_guard){.invented = false};
    jpeg_std_error(&g->manager);
    g->manager.error_exit = on_error;
    g->manager.emit_message = on_message;
    g->manager.output_message = on_output;
}

bool jpeg_guard_run(struct jpeg_guard *g, void (*work)(void *), void *context) {
    if (setjmp(g->back) != 0) return false;
    work(context);
    return true;
}

void jpeg_guard_leave(struct jpeg_guard *g) {
    longjmp(g->back, 1);
}
