/* err.c: see err.h. */
#include "engine/base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Writes a formatted sentence of at most size - 1 bytes, cut between characters. */
static void format_cut(char *to, size_t size, const char *format, va_list args) {
    int n = vsnprintf(to, size, format, args);
    if (n < 0) to[0] = '\0';
    if (n < 0 || (size_t)n < size) return;

    /* Back to the last lead byte, and off with it if its sequence was cut. */
    size_t end = size - 1, lead = end;
    while (lead > 0 && end - lead < 3 && ((unsigned char)to[lead - 1] & 0xC0) == 0x80) lead--;
    if (lead == 0) return;
    unsigned char c = (unsigned char)to[lead - 1];
    size_t need = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (need > end - (lead - 1)) to[lead - 1] = '\0';
}

bool err_set(struct err *e, enum err_code code, const char *sqlstate, const char *format, ...) {
    assert(e && code != ERR_NONE && strlen(sqlstate) == 5);

    *e = (struct err){.code = code};
    memcpy(e->sqlstate, sqlstate, sizeof e->sqlstate);

    va_list args;
    va_start(args, format);
    format_cut(e->message, sizeof e->message, format, args);
    va_end(args);
    return false;
}

bool err_hint(struct err *e, const char *format, ...) {
    assert(e && e->code != ERR_NONE);

    va_list args;
    va_start(args, format);
    format_cut(e->hint, sizeof e->hint, format, args);
    va_end(args);
    return false;
}

bool err_memory(struct err *e) {
    return err_set(e, ERR_LIMIT, "53200", "out of memory");
}

void err_clear(struct err *e) {
    *e = (struct err){.code = ERR_NONE};
}
