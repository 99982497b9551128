/* interval.c: see interval.h. One cursor over the text; sums are checked for 64 bits. */
#include "sql/interval.h"

#include <assert.h>

#include "engine/base/attr.h"

enum { FRACTION_DIGITS = 6 };

#define MONTHS 0 /* no fixed length */

/* Units by name; the first of a length is the one that interval_unit_name() gives. */
static const struct {
    const char *word;
    const char *name;
    int64_t us;
} units[] = {
    {"microsecond", "microsecond", 1},
    {"us", NULL, 1},
    {"millisecond", "millisecond", 1000},
    {"ms", NULL, 1000},
    {"second", "second", 1000000},
    {"sec", NULL, 1000000},
    {"s", NULL, 1000000},
    {"minute", "minute", 60000000},
    {"min", NULL, 60000000},
    {"m", NULL, 60000000},
    {"hour", "hour", INT64_C(3600000000)},
    {"h", NULL, INT64_C(3600000000)},
    {"day", "day", INT64_C(86400000000)},
    {"d", NULL, INT64_C(86400000000)},
    {"week", "week", INT64_C(604800000000)},
    {"w", NULL, INT64_C(604800000000)},
    {"month", "month", MONTHS},
    {"quarter", "quarter", MONTHS},
    {"year", "year", MONTHS},
};

/* Index in units[] of a word, with or without a plural s; -1: none. */
static int32_t unit_find(struct text word) {
    for (uint32_t i = 0; i < COUNT_OF(units); i++) {
        struct text name = text_of(units[i].word);
        struct text stem = word;
        if (text_equal_fold(word, name)) return (int32_t)i;
        if (name.bytes < 2 || word.bytes != name.bytes + 1) continue;
        stem.bytes--;
        bool plural = (word.at[stem.bytes] | 0x20) == 's';
        if (plural && text_equal_fold(stem, name)) return (int32_t)i;
    }
    return -1;
}

struct text interval_unit_name(struct text word) {
    int32_t i = unit_find(word);
    if (i < 0 || !units[i].name) return (struct text){0};
    return text_of(units[i].name);
}

struct cursor {
    struct text text;
    uint32_t at;
    struct err *e;
};

static char peek(const struct cursor *c) {
    return c->at < c->text.bytes ? c->text.at[c->at] : '\0';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void skip_spaces(struct cursor *c) {
    while (peek(c) == ' ') c->at++;
}

static bool wrong(struct cursor *c) {
    return err_set(c->e, ERR_SQL, "22P02", "not an interval: '%.*s'", TEXT_ARG(c->text));
}

static bool too_long(struct cursor *c) {
    return err_set(c->e, ERR_SQL, "22003", "interval out of range: '%.*s'", TEXT_ARG(c->text));
}

static bool read_sign(struct cursor *c) {
    bool negative = peek(c) == '-';
    if (negative || peek(c) == '+') c->at++;
    return negative;
}

/* Adds digits[.digits] of `unit_us` to *sum; without `fraction` a point is wrong. */
static bool add_number(struct cursor *c, int64_t unit_us, bool fraction, int64_t *sum) {
    if (!is_digit(peek(c)) && !(fraction && peek(c) == '.')) return wrong(c);
    int64_t value = 0;
    for (; is_digit(peek(c)); c->at++) {
        if (__builtin_mul_overflow(value, 10, &value)) return too_long(c);
        if (__builtin_add_overflow(value, peek(c) - '0', &value)) return too_long(c);
    }
    if (__builtin_mul_overflow(value, unit_us, &value)) return too_long(c);

    int64_t parts = 0, scale = 1;
    if (fraction && peek(c) == '.') {
        uint32_t digits = 0;
        for (c->at++; is_digit(peek(c)); c->at++) {
            if (++digits > FRACTION_DIGITS) continue;
            parts = parts * 10 + (peek(c) - '0');
            scale *= 10;
        }
        if (digits == 0) return wrong(c);
    }
    /* parts < 1e6 and unit_us <= 6.1e11: the product fits */
    if (__builtin_add_overflow(value, parts * unit_us / scale, &value)) return too_long(c);
    return !__builtin_add_overflow(*sum, value, sum) || too_long(c);
}

/* h:m[:s[.f]] behind the hours' number, which the cursor still stands at. */
static bool add_clock(struct cursor *c, int64_t *sum) {
    int64_t unit_us = INT64_C(3600000000);
    if (!add_number(c, unit_us, false, sum)) return false;
    while (peek(c) == ':' && unit_us > 1000000) {
        c->at++;
        unit_us /= 60;
        if (!add_number(c, unit_us, unit_us == 1000000, sum)) return false;
    }
    return true;
}

static bool no_months(struct cursor *c, int32_t unit) {
    return err_set(c->e, ERR_SQL, "0A000", "an interval of a %s has no fixed length; use days",
                   units[unit].word);
}

static bool is_clock(const struct cursor *c) {
    uint32_t at = c->at;
    while (at < c->text.bytes && is_digit(c->text.at[at])) at++;
    return at > c->at && at < c->text.bytes && c->text.at[at] == ':';
}

/* The unit's word that stands behind the number at the cursor; -1 and *e: none. */
static int32_t unit_ahead(struct cursor *c) {
    uint32_t at = c->at;
    while (at < c->text.bytes && (is_digit(c->text.at[at]) || c->text.at[at] == '.')) at++;
    while (at < c->text.bytes && c->text.at[at] == ' ') at++;
    struct text word = {.at = c->text.at + at};
    while (at < c->text.bytes && (c->text.at[at] | 0x20) >= 'a' && (c->text.at[at] | 0x20) <= 'z') {
        at++;
        word.bytes++;
    }
    int32_t unit = unit_find(word);
    if (unit < 0) {
        wrong(c);
        if (word.bytes == 0) err_hint(c->e, "A unit is missing: INTERVAL '10' SECOND.");
        return -1;
    }
    if (units[unit].us != MONTHS) return unit;
    no_months(c, unit);
    return -1;
}

static void skip_unit(struct cursor *c) {
    skip_spaces(c);
    while ((peek(c) | 0x20) >= 'a' && (peek(c) | 0x20) <= 'z') c->at++;
}

/* One of "2 hours", "02:30", with its sign, added to *sum. */
static bool add_term(struct cursor *c, int64_t *sum) {
    bool negative = read_sign(c);
    int64_t term = 0;
    if (is_clock(c)) {
        if (!add_clock(c, &term)) return false;
    } else {
        int32_t unit = unit_ahead(c);
        if (unit < 0 || !add_number(c, units[unit].us, true, &term)) return false;
        skip_unit(c);
    }
    if (negative) term = -term;
    return !__builtin_add_overflow(*sum, term, sum) || too_long(c);
}

static bool read_terms(struct cursor *c, int64_t *sum) {
    skip_spaces(c);
    if (c->at == c->text.bytes) return wrong(c);
    while (c->at < c->text.bytes) {
        if (!add_term(c, sum)) return false;
        skip_spaces(c);
    }
    return true;
}

/* Fields from one unit down to another: 'd h:m:s' or a part of it. */
static bool read_fields(struct cursor *c, int64_t unit_us, int64_t last_us, int64_t *sum) {
    bool negative = read_sign(c);
    for (;;) {
        bool seconds = unit_us == 1000000;
        if (!add_number(c, unit_us, seconds || unit_us == last_us, sum)) return false;
        if (unit_us == last_us) break;
        char separator = unit_us == INT64_C(86400000000) ? ' ' : ':';
        if (peek(c) != separator) return wrong(c);
        c->at++;
        unit_us /= separator == ' ' ? 24 : 60;
    }
    if (negative) *sum = -*sum;
    skip_spaces(c);
    return c->at == c->text.bytes || wrong(c);
}

bool interval_read(struct text text, struct interval_units given, int64_t *us_out, struct err *e) {
    assert(us_out && e);

    struct cursor c = {.text = text, .e = e};
    int64_t sum = 0;
    if (given.from.bytes == 0) {
        if (!read_terms(&c, &sum)) return false;
        if (sum == INT64_MIN) return too_long(&c); /* it has no negative */
        *us_out = sum;
        return true;
    }
    int32_t from = unit_find(given.from);
    int32_t to = given.to.bytes > 0 ? unit_find(given.to) : from;
    if (from < 0 || to < 0) return wrong(&c);
    if (units[from].us == MONTHS) return no_months(&c, from);
    if (units[to].us == MONTHS) return no_months(&c, to);

    bool days_to_seconds = units[from].us <= INT64_C(86400000000) && units[to].us >= 1000000;
    if (from != to && (!days_to_seconds || units[from].us < units[to].us))
        return err_set(e, ERR_SQL, "42601", "no interval goes from %.*s to %.*s",
                       TEXT_ARG(given.from), TEXT_ARG(given.to));
    skip_spaces(&c);
    if (!read_fields(&c, units[from].us, units[to].us, &sum)) return false;
    *us_out = sum;
    return true;
}
