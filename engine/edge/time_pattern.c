/* time_pattern.c: see time_pattern.h. The fields are gathered, and then judged as a timestamp that
 * is written in the usual way.
 */
#include "engine/edge/time_pattern.h"

#include <assert.h>
#include <stdio.h>

#include "engine/base/time.h"

enum { DIGITS_MAX = 9 };

/* The fields of a time, and how they are called. */
enum field { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FRACTION, FIELDS };

static int32_t field_of(char letter) {
    static const char letters[FIELDS + 1] = "yMdHmsS";
    if (letter == 'u') letter = 'y';
    const char *at = letter ? memchr(letters, letter, FIELDS) : NULL;
    return at ? (int32_t)(at - letters) : -1;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool time_pattern_check(struct text pattern, char *letter_out) {
    bool quoted = false;
    for (uint32_t i = 0; i < pattern.bytes; i++) {
        char c = pattern.at[i];
        if (c == '\'') quoted = !quoted;
        *letter_out = c;
        if (!quoted && is_letter(c) && field_of(c) < 0) return false;
    }
    *letter_out = '\'';
    return !quoted;
}

/* What is being read. */
struct reading {
    struct text t;
    uint32_t at;
    uint32_t value[FIELDS];
    uint32_t fraction_digits;
};

/* The digits of a run of `letters` equal letters. */
static bool read_field(struct reading *r, enum field f, uint32_t letters) {
    uint32_t most = letters == 1 ? DIGITS_MAX : letters, n = 0, v = 0;
    if (most > DIGITS_MAX) return false;
    while (n < most && r->at < r->t.bytes && is_digit(r->t.at[r->at])) {
        v = v * 10 + (uint32_t)(r->t.at[r->at++] - '0');
        n++;
    }
    if (n == 0 || (letters > 1 && n < letters)) return false;
    if (f == YEAR && letters == 2) v += 2000;
    if (f == FRACTION) r->fraction_digits = n;
    r->value[f] = v;
    return true;
}

static bool read_char(struct reading *r, char c) {
    return r->at < r->t.bytes && r->t.at[r->at++] == c;
}

static bool to_time(const struct reading *r, int64_t *us_out) {
    char text[64];
    const uint32_t *v = r->value;
    uint32_t us = v[FRACTION];
    for (uint32_t n = r->fraction_digits; n < 6; n++) us *= 10;
    for (uint32_t n = r->fraction_digits; n > 6; n--) us /= 10;
    int bytes = snprintf(text, sizeof text, "%04u-%02u-%02u %02u:%02u:%02u.%06u", v[YEAR], v[MONTH],
                         v[DAY], v[HOUR], v[MINUTE], v[SECOND], us);
    if (bytes < 0 || (size_t)bytes >= sizeof text) return false;
    return timestamp_parse((struct text){.at = text, .bytes = (uint32_t)bytes}, us_out) == PARSE_OK;
}

bool time_pattern_read(struct text pattern, struct text t, int64_t *us_out) {
    struct reading r = {.t = t, .value = {[YEAR] = 1970, [MONTH] = 1, [DAY] = 1}};
    bool quoted = false;
    for (uint32_t i = 0; i < pattern.bytes;) {
        char c = pattern.at[i];
        uint32_t run = 1;
        if (c == '\'') {
            bool two = i + 1 < pattern.bytes && pattern.at[i + 1] == '\'';
            if (two && !read_char(&r, '\'')) return false;
            if (!two) quoted = !quoted;
            i += 1 + two;
            continue;
        }
        if (!quoted && is_letter(c)) {
            while (i + run < pattern.bytes && pattern.at[i + run] == c) run++;
            assert(field_of(c) >= 0);
            if (!read_field(&r, (enum field)field_of(c), run)) return false;
        } else if (!read_char(&r, c)) {
            return false;
        }
        i += run;
    }
    return r.at == t.bytes && to_time(&r, us_out);
}
