/* time_parse.c: reading TIMESTAMP, DATE and TIME.
 *
 * 'YYYY-MM-DD HH:MM:SS' is what streams bring, so it has a way of its own: the fourteen digits are
 * gathered into one vector register, checked and paired at once, and the six fields compared with
 * their bounds at once. Whatever it does not take goes to the plain reader, which alone decides
 * what is wrong.
 */
#include "engine/base/time.h"

#include <assert.h>
#include <immintrin.h>
#include <string.h>

enum { DATE_BYTES = 10, FIXED_BYTES = 19, ZONE_HOURS_MAX = 14 };

/* What is still to be read. */
struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *c, char want) {
    if (c->at == c->end || *c->at != want) return false;
    c->at++;
    return true;
}

static bool next_is_digit(const struct cursor *c) {
    return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

/* Exactly `digits` digits; -1: they are not there. */
static int32_t take_digits(struct cursor *c, uint32_t digits) {
    int32_t v = 0;
    for (uint32_t i = 0; i < digits; i++) {
        if (!next_is_digit(c)) return -1;
        v = v * 10 + (*c->at++ - '0');
    }
    return v;
}

/* [.f...] as microseconds, digits past six cut; -1: a point without digits. */
static int32_t take_fraction(struct cursor *c) {
    if (!take(c, '.')) return 0;
    if (!next_is_digit(c)) return -1;
    int32_t v = 0, unit = 100000;
    for (; next_is_digit(c); c->at++, unit /= 10) v += (*c->at - '0') * unit;
    return v;
}

/* [Z|(+|-)hh:mm] to the end, as microseconds east. */
static enum parse_result take_zone(struct cursor *c, int64_t *east_us_out) {
    *east_us_out = 0;
    if (c->at == c->end) return PARSE_OK;
    if (take(c, 'Z')) return c->at == c->end ? PARSE_OK : PARSE_SYNTAX;

    bool west = take(c, '-');
    if (!west && !take(c, '+')) return PARSE_SYNTAX;
    int32_t hour = take_digits(c, 2);
    if (hour < 0 || !take(c, ':')) return PARSE_SYNTAX;
    int32_t minute = take_digits(c, 2);
    if (minute < 0 || c->at != c->end) return PARSE_SYNTAX;
    if (hour > ZONE_HOURS_MAX || minute > 59) return PARSE_RANGE;
    int64_t east = hour * HOUR_US + minute * MINUTE_US;
    *east_us_out = west ? -east : east;
    return PARSE_OK;
}

static enum parse_result take_date(struct cursor *c, int64_t *days_out) {
    int32_t year = take_digits(c, 4);
    if (year < 0 || !take(c, '-')) return PARSE_SYNTAX;
    int32_t month = take_digits(c, 2);
    if (month < 0 || !take(c, '-')) return PARSE_SYNTAX;
    int32_t day = take_digits(c, 2);
    if (day < 0) return PARSE_SYNTAX;

    if (month < 1 || month > 12 || day < 1 || day > civil_month_days(year, month))
        return PARSE_RANGE;
    *days_out = civil_to_days((struct civil){.year = year, .month = month, .day = day});
    return PARSE_OK;
}

/* HH:MM[:SS[.f...]] */
static enum parse_result take_clock(struct cursor *c, int64_t *us_out) {
    int32_t hour = take_digits(c, 2);
    if (hour < 0 || !take(c, ':')) return PARSE_SYNTAX;
    int32_t minute = take_digits(c, 2), second = 0, fraction = 0;
    if (minute < 0) return PARSE_SYNTAX;
    if (take(c, ':')) {
        second = take_digits(c, 2);
        if (second < 0) return PARSE_SYNTAX;
        fraction = take_fraction(c);
        if (fraction < 0) return PARSE_SYNTAX;
    }
    if (hour > 23 || minute > 59 || second > 59) return PARSE_RANGE;
    *us_out = hour * HOUR_US + minute * MINUTE_US + second * SECOND_US + fraction;
    return PARSE_OK;
}

static struct cursor cursor_of(struct text s) {
    return (struct cursor){s.at, s.bytes > 0 ? s.at + s.bytes : s.at};
}

/* A syntax error further right outweighs a field out of range. */
static enum parse_result parse_plain(struct text s, int64_t *us_out) {
    struct cursor c = cursor_of(s);
    int64_t days = 0, us = 0, east_us = 0;
    enum parse_result date = take_date(&c, &days), clock = PARSE_OK;
    if (date == PARSE_SYNTAX) return date;
    if (c.at < c.end) {
        if (!take(&c, ' ') && !take(&c, 'T')) return PARSE_SYNTAX;
        clock = take_clock(&c, &us);
        if (clock == PARSE_SYNTAX) return clock;
        enum parse_result zone = take_zone(&c, &east_us);
        if (zone != PARSE_OK) return zone;
    }
    if (date != PARSE_OK || clock != PARSE_OK) return PARSE_RANGE;
    *us_out = days * DAY_US + us - east_us;
    return PARSE_OK;
}

/* Days of a valid date whose year is 0..9999; the year 400 earlier makes all terms positive. */
static int32_t days_of(uint32_t year, uint32_t month, uint32_t day) {
    uint32_t y = year + 400 - (month <= 2);
    uint32_t march = month > 2 ? month - 3 : month + 9;
    uint32_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * march + 2) / 5 + day - 1;
    return (int32_t)days - (719468 + 146097);
}

/* The first 19 bytes as 'YYYY-MM-DD HH:MM:SS' (or T); false: they are something else. */
static bool parse_fixed(const char *at, int64_t *us_out) {
    const __m128i digit_at = _mm_setr_epi8(0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, -1, -1, -1, -1);
    const __m128i marks = _mm_setr_epi8(0, 0, 0, 0, '-', 0, 0, '-', 0, 0, 0, 0, 0, ':', 0, 0);
    const __m128i least = _mm_setr_epi16(0, 0, 1, 1, 0, 0, 0, 0);
    const __m128i most = _mm_setr_epi16(99, 99, 12, 31, 23, 59, 59, 0);
    enum { MARK_BITS = 1 << 4 | 1 << 7 | 1 << 13 };

    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)at);
    int mark = _mm_movemask_epi8(_mm_cmpeq_epi8(x, marks)) & MARK_BITS;
    bool divided = (at[10] == ' ' || at[10] == 'T') && at[16] == ':';
    if (mark != MARK_BITS || !divided) return false;

    uint16_t seconds;
    memcpy(&seconds, at + 17, sizeof seconds);
    __m128i d = _mm_insert_epi16(_mm_shuffle_epi8(x, digit_at), seconds, 6);
    d = _mm_sub_epi8(d, _mm_setr_epi8('0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0',
                                      '0', '0', 0, 0));
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8(9)), d);
    __m128i pair = _mm_maddubs_epi16(d, _mm_set1_epi16(1 << 8 | 10));
    __m128i outside = _mm_or_si128(_mm_cmpgt_epi16(pair, most), _mm_cmpgt_epi16(least, pair));
    if (_mm_movemask_epi8(_mm_andnot_si128(outside, is_digit)) != 0xFFFF) return false;

    uint64_t date = (uint64_t)_mm_cvtsi128_si64(pair);
    uint64_t clock = (uint64_t)_mm_extract_epi64(pair, 1);
    uint32_t year = (uint32_t)(date & 0xFF) * 100 + (uint32_t)(date >> 16 & 0xFF);
    uint32_t month = (uint32_t)(date >> 32 & 0xFF), day = (uint32_t)(date >> 48);
    if (unlikely(day > 28) && day > (uint32_t)civil_month_days(year, (int32_t)month)) return false;

    uint32_t second = (uint32_t)(clock & 0xFF) * 3600 + (uint32_t)(clock >> 16 & 0xFF) * 60 +
                      (uint32_t)(clock >> 32 & 0xFF);
    *us_out = days_of(year, month, day) * DAY_US + second * SECOND_US;
    return true;
}

enum parse_result timestamp_parse(struct text s, int64_t *us_out) {
    assert(s.at || s.bytes == 0);
    int64_t us;
    if (s.bytes < FIXED_BYTES || !parse_fixed(s.at, &us)) return parse_plain(s, us_out);

    struct cursor c = {s.at + FIXED_BYTES, s.at + s.bytes};
    int32_t fraction = take_fraction(&c);
    if (fraction < 0) return PARSE_SYNTAX;
    int64_t east_us = 0;
    enum parse_result zone = take_zone(&c, &east_us);
    if (zone != PARSE_OK) return zone;
    *us_out = us + fraction - east_us;
    return PARSE_OK;
}

enum parse_result date_parse(struct text s, int64_t *days_out) {
    struct cursor c = cursor_of(s);
    int64_t days = 0;
    enum parse_result got = take_date(&c, &days);
    if (got == PARSE_SYNTAX || c.at != c.end) return PARSE_SYNTAX;
    if (got == PARSE_OK) *days_out = days;
    return got;
}

enum parse_result time_parse(struct text s, int64_t *us_out) {
    struct cursor c = cursor_of(s);
    int64_t us = 0;
    enum parse_result got = take_clock(&c, &us);
    if (got == PARSE_SYNTAX || c.at != c.end) return PARSE_SYNTAX;
    if (got == PARSE_OK) *us_out = us;
    return got;
}
