/* time_format.c: moments to and from text by a pattern of letters, as Java's and Flink's.
 *
 *     y  year          yyyy 2026, yy 26        M  month    M 3, MM 03, MMM Mar, MMMM March
 *     d  day of month  dd 04                   D  day of year
 *     H  hour 0..23    h  hour 1..12           k  hour 1..24    K  hour 0..11
 *     m  minute        s  second               S  fraction of the second, to as many digits
 *     E  day of week   EEE Tue, EEEE Tuesday   u  1 (Monday) .. 7
 *     a  AM or PM      w  ISO week             'text' as it stands, '' a quote
 *
 * Other letters are errors; other characters stand for themselves. A pattern is compiled to fields,
 * once where it is a constant.
 */
#include "udf/time_format.h"

#include <assert.h>

#include "udf/time_part.h"

static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
static const char *const day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};

enum { SHORT_NAME = 3, NUMBER_BYTES = 24 };

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Quoted text, without its quotes, as a field of its own; returns how many bytes were read. */
static uint32_t quoted(struct text p, char *plain, struct time_field *f) {
    uint32_t i = 1, n = 0;
    if (p.bytes > 1 && p.at[1] == '\'') {
        plain[0] = '\'';
        *f = (struct time_field){.text = {plain, 1}};
        return 2;
    }
    while (i < p.bytes) {
        if (p.at[i] == '\'' && (i + 1 == p.bytes || p.at[i + 1] != '\'')) break;
        if (p.at[i] == '\'') i++;
        plain[n++] = p.at[i++];
    }
    *f = (struct time_field){.text = {plain, n}};
    return i + 1 <= p.bytes ? i + 1 : p.bytes;
}

/* The longest span in which the field does not change. */
static int64_t unit_of(char letter) {
    switch (letter) {
    case 'S': return 1;
    case 's': return SECOND_US;
    case 'm': return MINUTE_US;
    case 'H':
    case 'h':
    case 'k':
    case 'K':
    case 'a': return HOUR_US;
    default: return DAY_US;
    }
}

bool time_format_compile(struct time_format *t, struct arena *a, struct text pattern,
                         char *unknown_out) {
    *t = (struct time_format){.unit_us = DAY_US};
    *unknown_out = 0;
    t->field = ARENA_ARRAY(a, t->field, (size_t)pattern.bytes + 1);
    char *plain = arena_alloc(a, (size_t)pattern.bytes + 1);
    if (!t->field || !plain) return false;
    for (uint32_t i = 0, used = 0; i < pattern.bytes;) {
        struct time_field *f = &t->field[t->fields++];
        struct text rest = {pattern.at + i, pattern.bytes - i};
        char c = rest.at[0];
        uint32_t n = 1;
        if (c == '\'') {
            n = quoted(rest, plain + used, f);
            used += f->text.bytes;
        } else if (is_letter(c)) {
            while (n < rest.bytes && rest.at[n] == c) n++;
            if (!strchr("yMdDHhkKmsSEuaw", c)) *unknown_out = c;
            *f = (struct time_field){.letter = c, .width = n};
        } else {
            plain[used] = c;
            *f = (struct time_field){.text = {plain + used++, 1}};
        }
        if (unit_of(f->letter) < t->unit_us) t->unit_us = unit_of(f->letter);
        t->bytes_max += f->letter ? f->width + NUMBER_BYTES : f->text.bytes;
        i += n;
    }
    return true;
}

/* A number with at least `width` digits; returns the end. */
static char *put_number(char *to, int64_t v, uint32_t width) {
    char digits[NUMBER_BYTES];
    uint32_t n = 0;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    if (v < 0) *to++ = '-';
    do digits[n++] = (char)('0' + rest % 10);
    while (rest /= 10);
    for (uint32_t i = n; i < width; i++) *to++ = '0';
    while (n > 0) *to++ = digits[--n];
    return to;
}

/* The first `width` digits of the microseconds, more of them zeros. */
static char *put_fraction(char *to, int32_t us, uint32_t width) {
    int32_t power = 100000;
    for (uint32_t i = 0; i < width; i++) {
        *to++ = (char)('0' + (power ? us / power % 10 : 0));
        power /= 10;
    }
    return to;
}

static char *put_name(char *to, const char *name, uint32_t width) {
    return mempcpy(to, name, width > SHORT_NAME ? strlen(name) : SHORT_NAME);
}

static char *put_month(char *to, int32_t month, uint32_t width) {
    if (width >= SHORT_NAME) return put_name(to, month_names[month - 1], width);
    return put_number(to, month, width);
}

static char *put_year(char *to, int64_t year, uint32_t width) {
    if (width == 2) return put_number(to, (year % 100 + 100) % 100, 2);
    return put_number(to, year, width);
}

static char *put_field(char *to, const struct time_field *f, int64_t us,
                       const struct time_parts *t) {
    int64_t hour = t->hour;
    switch (f->letter) {
    case 'y': return put_year(to, t->date.year, f->width);
    case 'M': return put_month(to, t->date.month, f->width);
    case 'd': return put_number(to, t->date.day, f->width);
    case 'D': return put_number(to, part_of_timestamp(us, PART_DOY), f->width);
    case 'w': return put_number(to, part_of_timestamp(us, PART_WEEK), f->width);
    case 'H': return put_number(to, hour, f->width);
    case 'k': return put_number(to, hour == 0 ? 24 : hour, f->width);
    case 'K': return put_number(to, hour % 12, f->width);
    case 'h': return put_number(to, hour % 12 == 0 ? 12 : hour % 12, f->width);
    case 'm': return put_number(to, t->minute, f->width);
    case 's': return put_number(to, t->second, f->width);
    case 'S': return put_fraction(to, t->microsecond, f->width);
    case 'E': return put_name(to, day_names[part_of_timestamp(us, PART_ISODOW) - 1], f->width);
    case 'u': return put_number(to, part_of_timestamp(us, PART_ISODOW), f->width);
    case 'a': return mempcpy(to, hour < 12 ? "AM" : "PM", 2);
    default: return f->text.bytes > 0 ? mempcpy(to, f->text.at, f->text.bytes) : to;
    }
}

uint32_t time_format_print(const struct time_format *t, int64_t us, char *out) {
    struct time_parts parts = timestamp_split(us);
    char *to = out;
    for (uint32_t i = 0; i < t->fields; i++) to = put_field(to, &t->field[i], us, &parts);
    assert((size_t)(to - out) <= t->bytes_max);
    return (uint32_t)(to - out);
}

/* What has been read so far. */
struct reading {
    struct text rest;
    struct civil date;
    int64_t hour, minute, second, microsecond;
    bool half, afternoon; /* hours of 1..12 */
};

/* At most `digits` digits; false: none. */
static bool read_number(struct reading *r, uint32_t digits, int64_t *out) {
    int64_t v = 0;
    uint32_t n = 0;
    while (n < digits && n < r->rest.bytes && r->rest.at[n] >= '0' && r->rest.at[n] <= '9') {
        v = v * 10 + (r->rest.at[n++] - '0');
    }
    if (n == 0) return false;
    r->rest = (struct text){r->rest.at + n, r->rest.bytes - n};
    *out = v;
    return true;
}

static bool read_fraction(struct reading *r, uint32_t width) {
    int64_t power = 100000, us = 0;
    uint32_t n = 0;
    while (n < width && n < r->rest.bytes && r->rest.at[n] >= '0' && r->rest.at[n] <= '9') {
        us += (r->rest.at[n++] - '0') * power;
        power /= 10;
    }
    if (n == 0) return false;
    r->rest = (struct text){r->rest.at + n, r->rest.bytes - n};
    r->microsecond = us;
    return true;
}

static bool read_text(struct reading *r, struct text t) {
    if (t.bytes > r->rest.bytes) return false;
    if (!text_equal((struct text){r->rest.at, t.bytes}, t)) return false;
    r->rest = (struct text){r->rest.at + t.bytes, r->rest.bytes - t.bytes};
    return true;
}

/* The number (from 1) of the name that stands here, short or whole; 0: none. */
static int32_t read_name(struct reading *r, const char *const *name, int32_t names) {
    for (int32_t i = 0; i < names; i++) {
        struct text whole = text_of(name[i]), brief = {name[i], SHORT_NAME};
        if (read_text(r, whole) || read_text(r, brief)) return i + 1;
    }
    return 0;
}

static bool read_half(struct reading *r) {
    r->half = true;
    r->afternoon = false;
    if (read_text(r, TEXT_LITERAL("AM")) || read_text(r, TEXT_LITERAL("am"))) return true;
    r->afternoon = true;
    return read_text(r, TEXT_LITERAL("PM")) || read_text(r, TEXT_LITERAL("pm"));
}

static bool read_year(struct reading *r, uint32_t width) {
    if (!read_number(r, width < 4 ? width * 2 : width > 9 ? 9 : width, &r->date.year)) return false;
    if (width == 2) r->date.year += r->date.year < 70 ? 2000 : 1900;
    return true;
}

static bool read_small(struct reading *r, uint32_t width, int32_t *out) {
    int64_t v;
    if (!read_number(r, width > 2 ? width : 2, &v)) return false;
    *out = (int32_t)(v > 999 ? 999 : v);
    return true;
}

static bool read_field(struct reading *r, const struct time_field *f) {
    switch (f->letter) {
    case 'y': return read_year(r, f->width);
    case 'M':
        if (f->width < SHORT_NAME) return read_small(r, f->width, &r->date.month);
        return (r->date.month = read_name(r, month_names, 12)) > 0;
    case 'd': return read_small(r, f->width, &r->date.day);
    case 'H': return read_number(r, 2, &r->hour) && r->hour < 24;
    case 'k': return read_number(r, 2, &r->hour) && (r->hour %= 24) < 24;
    case 'h':
    case 'K': return read_number(r, 2, &r->hour) && (r->hour %= 12) < 12;
    case 'm': return read_number(r, 2, &r->minute) && r->minute < 60;
    case 's': return read_number(r, 2, &r->second) && r->second < 60;
    case 'S': return read_fraction(r, f->width);
    case 'E': return read_name(r, day_names, 7) > 0;
    case 'a': return read_half(r);
    case 0: return read_text(r, f->text);
    default: return false;
    }
}

bool time_format_parse(const struct time_format *t, struct text s, int64_t *us_out) {
    struct reading r = {.rest = s, .date = {.year = 1970, .month = 1, .day = 1}};
    for (uint32_t i = 0; i < t->fields; i++) {
        if (!read_field(&r, &t->field[i])) return false;
    }
    if (r.rest.bytes > 0 || r.date.month < 1 || r.date.month > 12) return false;
    if (r.date.day < 1 || r.date.day > civil_month_days(r.date.year, r.date.month)) return false;
    if (r.date.year > 9999) return false;
    if (r.half && r.afternoon) r.hour += 12;
    *us_out = civil_to_days(r.date) * DAY_US + r.hour * HOUR_US + r.minute * MINUTE_US +
              r.second * SECOND_US + r.microsecond;
    return true;
}
