/* time.c: the calendar, and printing of time types.
 *
 * Days are counted in eras of 400 years (146,097 days) that begin on the first of March of year 0,
 * so that the leap day is the last of its year (Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"). Everything floors, so times before 1970 need no case of their own, and nothing
 * overflows for any int64 microsecond or day.
 */
#include "engine/base/time.h"

#include <assert.h>
#include <immintrin.h>
#include <string.h>

#include "engine/base/digits.h"
#include "engine/base/number.h"

enum {
    ERA_YEARS = 400,
    ERA_DAYS = 146097,
    EPOCH_ERA = 4,       /* 1970-01-01 lies in the era of the year 1600 ... */
    EPOCH_DAYS = 135080, /* ... that many days from its start */
    FRACTION_DIGITS = 6,
    MOMENT_BYTES = 20, /* with the point before a fraction */
};

int64_t civil_to_days(struct civil c) {
    int64_t month = time_floor_div((int64_t)c.month - 1, 12);
    int64_t year = c.year + month;
    int32_t m = (int32_t)(c.month - 1 - month * 12); /* 0 January */
    year -= m < 2;
    int32_t march = m < 2 ? m + 10 : m - 2; /* 0 March */

    int64_t era = time_floor_div(year, ERA_YEARS);
    int64_t y = year - era * ERA_YEARS;
    int64_t day_of_year = (153 * march + 2) / 5;
    int64_t day_of_era = y * 365 + y / 4 - y / 100 + day_of_year;
    return (era - EPOCH_ERA) * ERA_DAYS + day_of_era - EPOCH_DAYS + c.day - 1;
}

/* Of a day of the calendar's positive era in 32 bits: each division is a multiplication whose two
 * halves are quotient and remainder (Neri and Schneider, "Euclidean affine functions and their
 * application to calendar algorithms", 2023). day 0 is 0000-03-01. */
static struct civil civil_from_day(uint32_t day) {
    uint32_t quarters = 4 * day + 3;
    uint32_t century = quarters / ERA_DAYS;
    uint32_t of_century = quarters % ERA_DAYS | 3;
    uint64_t years = (uint64_t)2939745 * of_century;
    uint32_t year = 100 * century + (uint32_t)(years >> 32);
    uint32_t day_of_year = (uint32_t)years / 2939745 / 4;
    uint32_t months = 2141 * day_of_year + 197913;
    uint32_t month = months >> 16;
    bool next_year = day_of_year >= 306;
    return (struct civil){
        .year = year + next_year,
        .month = (int32_t)(next_year ? month - 12 : month),
        .day = (int32_t)((months & 0xFFFF) / 2141 + 1),
    };
}

struct civil civil_from_days(int64_t days) {
    int64_t era = time_floor_div(days, ERA_DAYS);
    int32_t rest = (int32_t)(days % ERA_DAYS);
    int32_t day = (rest < 0 ? rest + ERA_DAYS : rest) + EPOCH_DAYS; /* 0 .. two eras */
    struct civil c = civil_from_day((uint32_t)day);
    c.year += (era + EPOCH_ERA) * ERA_YEARS;
    return c;
}

int32_t civil_month_days(int64_t year, int32_t month) {
    assert(month >= 1 && month <= 12);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month == 2) return leap ? 29 : 28;
    return 30 + ((month + month / 8) & 1);
}

int32_t days_weekday(int64_t days) {
    int64_t monday = days - time_floor_div(days, 7) * 7 + 3; /* 1970-01-01 was a Thursday */
    return (int32_t)(monday % 7) + 1;
}

struct time_parts timestamp_split(int64_t us) {
    int64_t days = time_floor_div(us, DAY_US);
    /* days * DAY_US may lie below INT64_MIN; the difference never does. */
    int64_t rest = (int64_t)((uint64_t)us - (uint64_t)days * (uint64_t)DAY_US);
    assert(rest >= 0 && rest < DAY_US);
    int32_t second = (int32_t)(rest / SECOND_US);
    return (struct time_parts){
        .date = civil_from_days(days),
        .hour = second / 3600,
        .minute = second / 60 % 60,
        .second = second % 60,
        .microsecond = (int32_t)(rest % SECOND_US),
    };
}

static int32_t power10(uint32_t digits) {
    static const int32_t power[FRACTION_DIGITS + 1] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    return power[digits];
}

int64_t timestamp_floor(int64_t us, uint32_t digits) {
    assert(digits <= FRACTION_DIGITS);
    int64_t unit = power10(FRACTION_DIGITS - digits);
    int64_t over = us % unit, floor;
    if (over < 0) over += unit;
    return __builtin_sub_overflow(us, over, &floor) ? us : floor; /* next to INT64_MIN */
}

static char *two(char *at, int32_t v) {
    at[0] = (char)('0' + v / 10);
    at[1] = (char)('0' + v % 10);
    return at + 2;
}

static char *date_write(char *at, struct civil c) {
    uint64_t year = c.year < 0 ? 0 - (uint64_t)c.year : (uint64_t)c.year;
    if (c.year < 0) *at++ = '-';
    if (year < 10000) {
        at = two(at, (int32_t)(year / 100));
        at = two(at, (int32_t)(year % 100));
    } else {
        at += u64_print(at, year);
    }
    *at++ = '-';
    at = two(at, c.month);
    *at++ = '-';
    return two(at, c.day);
}

static char *clock_write(char *at, int32_t second) {
    at = two(at, second / 3600);
    *at++ = ':';
    at = two(at, second / 60 % 60);
    *at++ = ':';
    return two(at, second % 60);
}

/* The point and `digits` digits of a fraction of a second; nothing for none. */
static char *fraction_write(char *at, int32_t us, uint32_t digits) {
    if (digits == 0) return at;
    *at++ = '.';
    u64_print_padded(at, (uint64_t)(us / power10(FRACTION_DIGITS - digits)), digits);
    return at + digits;
}

/* As few digits as tell `us`. */
static char *fraction_write_short(char *at, int32_t us) {
    uint32_t digits = us == 0 ? 0 : FRACTION_DIGITS;
    for (; us != 0 && us % 10 == 0; us /= 10) digits--;
    if (digits == 0) return at;
    *at++ = '.';
    u64_print_padded(at, (uint64_t)us, digits);
    return at + digits;
}

/* 'YYYY-MM-DD HH:MM:SS.' of a year 0..9999: seven pairs of digits in the lanes of one register,
 * split by a multiplication with 1/10 and moved apart. */
static void moment_write(char out[MOMENT_BYTES], const struct time_parts *p) {
    const __m128i digit_at = _mm_setr_epi8(0, 1, 2, 3, -1, 4, 5, -1, 6, 7, -1, 8, 9, -1, 10, 11);
    const __m128i marks = _mm_setr_epi8('0', '0', '0', '0', '-', '0', '0', '-', '0', '0', ' ', '0',
                                        '0', ':', '0', '0');
    uint32_t year = (uint32_t)p->date.year;
    uint64_t date =
        year / 100 | year % 100 << 16 | (uint64_t)p->date.month << 32 | (uint64_t)p->date.day << 48;
    uint64_t clock = (uint64_t)p->hour | (uint64_t)p->minute << 16 | (uint64_t)p->second << 32;
    __m128i pair = _mm_set_epi64x((int64_t)clock, (int64_t)date);
    __m128i tens = _mm_mulhi_epu16(pair, _mm_set1_epi16(6554)); /* 2^16 / 10, rounded up */
    __m128i ones = _mm_sub_epi16(pair, _mm_mullo_epi16(tens, _mm_set1_epi16(10)));
    __m128i digits = _mm_or_si128(tens, _mm_slli_epi16(ones, 8));
    __m128i text = _mm_add_epi8(_mm_shuffle_epi8(digits, digit_at), marks);
    _mm_storeu_si128((__m128i *)(void *)out, text);

    /* ':', two digits and '.' in one word */
    uint32_t second = (uint32_t)_mm_extract_epi16(digits, 6) << 8 | 0x2E30303A;
    memcpy(out + 16, &second, sizeof second);
}

uint32_t timestamp_print(char out[TIMESTAMP_TEXT_MAX], int64_t us, uint32_t digits) {
    assert(digits <= FRACTION_DIGITS);
    struct time_parts p = timestamp_split(us);
    if (likely(p.date.year >= 0 && p.date.year <= 9999)) {
        moment_write(out, &p);
        if (digits == 0) return MOMENT_BYTES - 1;
        digits_write(out + MOMENT_BYTES, (uint32_t)p.microsecond * 100);
        return MOMENT_BYTES + digits;
    }
    char *at = date_write(out, p.date);
    *at++ = ' ';
    at = clock_write(at, (p.hour * 60 + p.minute) * 60 + p.second);
    at = fraction_write(at, p.microsecond, digits);
    assert(at - out <= TIMESTAMP_TEXT_MAX);
    return (uint32_t)(at - out);
}

uint32_t date_print(char out[DATE_TEXT_MAX], int64_t days) {
    char *end = date_write(out, civil_from_days(days));
    assert(end - out <= DATE_TEXT_MAX);
    return (uint32_t)(end - out);
}

uint32_t time_print(char out[TIME_TEXT_MAX], int64_t us) {
    int64_t of_day = us % DAY_US;
    if (of_day < 0) of_day += DAY_US;
    char *at = clock_write(out, (int32_t)(of_day / SECOND_US));
    at = fraction_write_short(at, (int32_t)(of_day % SECOND_US));
    return (uint32_t)(at - out);
}

uint32_t interval_print(char out[INTERVAL_TEXT_MAX], int64_t us) {
    uint64_t m = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    char *at = out;
    if (us < 0) *at++ = '-';
    at += u64_print(at, m / (uint64_t)DAY_US);
    *at++ = ' ';
    uint64_t of_day = m % (uint64_t)DAY_US;
    at = clock_write(at, (int32_t)(of_day / (uint64_t)SECOND_US));
    at = fraction_write_short(at, (int32_t)(of_day % (uint64_t)SECOND_US));
    assert(at - out <= INTERVAL_TEXT_MAX);
    return (uint32_t)(at - out);
}

uint32_t duration_print(char out[DURATION_TEXT_MAX], int64_t us) {
    static const struct {
        int64_t us;
        const char *unit;
    } units[] = {{DAY_US, " d"},    {HOUR_US, " h"},         {MINUTE_US, " min"},
                 {SECOND_US, " s"}, {MILLISECOND_US, " ms"}, {1, " us"}};
    size_t i = us == 0 ? 3 : 0; /* 0 s */
    while (us % units[i].us != 0) i++;
    uint32_t digits = i64_print(out, us / units[i].us);
    size_t bytes = strlen(units[i].unit);
    memcpy(out + digits, units[i].unit, bytes);
    return digits + (uint32_t)bytes;
}
