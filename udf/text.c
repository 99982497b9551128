/* text.c: functions of one text: case, length, parts, trimming, order of characters.
 *
 * As SQLite where SQLite has them: upper and lower change ASCII letters only, length and substr
 * count characters and stop at U+0000. A part of a text is a slice of it: no byte is copied.
 */
#include "udf/each.h"
#include "udf/table.h"
#include "udf/utf8.h"

static bool row_slice(struct fn_result *out, uint32_t row, const char *at, size_t bytes) {
    out->as.text[row] = (struct text){.at = at, .bytes = (uint32_t)bytes};
    return true;
}

/* Both change letters of one case to the other: `first` .. `first` + 25 lose or win 0x20. */
static void change_case(char *to, struct text t, char first) {
    for (uint32_t i = 0; i < t.bytes; i++) {
        unsigned char letter = (unsigned char)(t.at[i] - first);
        to[i] = (char)(t.at[i] ^ (letter < 26 ? 0x20 : 0));
    }
}

static bool case_row(struct fn_call *c, uint32_t row, struct fn_result *out, char first) {
    struct text t = arg_text(c, 0, row);
    char *to = arena_alloc(c->arena, t.bytes);
    if (!to) return false;
    change_case(to, t, first);
    return row_slice(out, row, to, t.bytes);
}

static bool upper_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return case_row(c, row, out, 'a');
}
DEFINE_EACH(upper)

static bool lower_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return case_row(c, row, out, 'A');
}
DEFINE_EACH(lower)

static bool is_letter_or_digit(char c) {
    char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static bool initcap_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row);
    char *to = arena_alloc(c->arena, t.bytes);
    if (!to) return false;
    bool inside = false;
    for (uint32_t i = 0; i < t.bytes; i++) {
        to[i] = inside ? ascii_lower(t.at[i]) : ascii_upper(t.at[i]);
        inside = is_letter_or_digit(t.at[i]);
    }
    return row_slice(out, row, to, t.bytes);
}
DEFINE_EACH(initcap)

static bool length_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = text_to_nul(arg_text(c, 0, row));
    out->as.i64[row] = (int64_t)utf8_length(t.at, t.bytes);
    return true;
}
DEFINE_EACH(length)

static bool octet_length_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = arg_text(c, 0, row).bytes;
    return true;
}
DEFINE_EACH(octet_length)

enum { LENGTH_ALL = 1000000000 };

/* A part in characters or bytes: from `first` (0 is the start), `count` of them. */
struct part {
    int64_t first, count;
};

/* SQLite's rule: position 1 is the first, negative ones count from the end, a negative length
 * takes what stands before the position. Without a length it is LENGTH_ALL, SQLite's longest text.
 * Of both numbers SQLite reads the low 32 bits. */
static struct part part_of(const struct fn_call *c, uint32_t row, int64_t length) {
    int64_t p1 = arg_i64(c, 1, row), p2 = c->args > 2 ? arg_i64(c, 2, row) : LENGTH_ALL;
    p1 = (int32_t)(uint32_t)p1;
    p2 = (int32_t)(uint32_t)p2;
    bool before = p2 < 0;
    if (before) p2 = -p2;
    if (p1 < 0) {
        p1 += length;
        if (p1 < 0) {
            p2 = p2 + p1 < 0 ? 0 : p2 + p1;
            p1 = 0;
        }
    } else if (p1 > 0) {
        p1--;
    } else if (p2 > 0) {
        p2--;
    }
    if (before) {
        p1 -= p2;
        if (p1 < 0) {
            p2 += p1;
            p1 = 0;
        }
    }
    return (struct part){.first = p1, .count = p2};
}

static bool substr_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = text_to_nul(arg_text(c, 0, row));
    bool from_end = (int32_t)(uint32_t)arg_i64(c, 1, row) < 0;
    struct part p = part_of(c, row, from_end ? (int64_t)utf8_length(t.at, t.bytes) : 0);
    uint32_t start = utf8_offset(t, (uint64_t)p.first);
    struct text rest = {t.at + start, t.bytes - start};
    return row_slice(out, row, rest.at, utf8_offset(rest, (uint64_t)p.count));
}
DEFINE_EACH(substr)

/* A part of an empty BLOB is NULL, as SQLite has it; an empty part of another is empty. */
static bool substr_blob_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row);
    if (t.bytes == 0) return row_null(out, row);
    struct part p = part_of(c, row, t.bytes);
    if (p.first > t.bytes) p.first = t.bytes;
    if (p.count > t.bytes - p.first) p.count = t.bytes - p.first;
    return row_slice(out, row, t.at + p.first, (size_t)p.count);
}
DEFINE_EACH(substr_blob)

/* left(s, n), right(s, n): no character for n <= 0. */
static bool left_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row);
    int64_t n = arg_i64(c, 1, row);
    return row_slice(out, row, t.at, utf8_offset(t, n > 0 ? (uint64_t)n : 0));
}
DEFINE_EACH(left)

static bool right_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row);
    int64_t n = arg_i64(c, 1, row);
    uint32_t at = t.bytes;
    for (; n > 0 && at > 0; n--) {
        do at--;
        while (at > 0 && utf8_is_inside(t.at[at]));
    }
    return row_slice(out, row, t.at + at, t.bytes - at);
}
DEFINE_EACH(right)

/* Bytes of the character of `set` that t starts with, or ends with; 0: it does neither. */
static uint32_t set_match(struct text t, struct text set, bool at_end) {
    for (uint32_t i = 0; i < set.bytes;) {
        uint32_t n = utf8_step(set, i);
        const char *at = at_end ? t.at + t.bytes - n : t.at;
        if (n <= t.bytes && memcmp(at, set.at + i, n) == 0) return n;
        i += n;
    }
    return 0;
}

enum { TRIM_START = 1, TRIM_END = 2 };

static bool trim_row(struct fn_call *c, uint32_t row, struct fn_result *out, uint32_t ends) {
    struct text t = arg_text(c, 0, row);
    struct text set = c->args > 1 ? text_to_nul(arg_text(c, 1, row)) : TEXT_LITERAL(" ");
    uint32_t n;
    while ((ends & TRIM_START) && t.bytes > 0 && (n = set_match(t, set, false))) {
        t = (struct text){t.at + n, t.bytes - n};
    }
    while ((ends & TRIM_END) && t.bytes > 0 && (n = set_match(t, set, true))) t.bytes -= n;
    return row_slice(out, row, t.at, t.bytes);
}

static bool both_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return trim_row(c, row, out, TRIM_START | TRIM_END);
}
DEFINE_EACH(both)

static bool ltrim_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return trim_row(c, row, out, TRIM_START);
}
DEFINE_EACH(ltrim)

static bool rtrim_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return trim_row(c, row, out, TRIM_END);
}
DEFINE_EACH(rtrim)

static bool reverse_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row);
    char *to = arena_alloc(c->arena, t.bytes);
    if (!to) return false;
    for (uint32_t i = 0; i < t.bytes;) {
        uint32_t n = utf8_step(t, i);
        memcpy(to + t.bytes - i - n, t.at + i, n);
        i += n;
    }
    return row_slice(out, row, to, t.bytes);
}
DEFINE_EACH(reverse)

static const struct fn table[] = {
    {.name = "upper",
     .sig = "upper(TEXT) TEXT",
     .doc = "ASCII letters as capitals",
     .example = "upper('abc') = 'ABC'",
     .flags = FN_STRICT,
     .call = upper_call},
    {.name = "lower",
     .sig = "lower(TEXT) TEXT",
     .doc = "ASCII letters as small ones",
     .example = "lower('ABC') = 'abc'",
     .flags = FN_STRICT,
     .call = lower_call},
    {.name = "initcap",
     .sig = "initcap(TEXT) TEXT",
     .doc = "the first letter of each word as a capital, the others small",
     .example = "initcap('hello WORLD') = 'Hello World'",
     .flags = FN_STRICT,
     .call = initcap_call},
    {.name = "length",
     .sig = "length(TEXT) BIGINT",
     .doc = "characters, up to the first U+0000",
     .example = "length('Grüße') = 5",
     .flags = FN_STRICT,
     .call = length_call},
    {.name = "length",
     .sig = "length(BLOB) BIGINT",
     .doc = "bytes",
     .example = "length(x'00ff') = 2",
     .flags = FN_STRICT,
     .call = octet_length_call},
    {.name = "char_length",
     .sig = "char_length(TEXT) BIGINT",
     .doc = "characters, up to the first U+0000",
     .example = "char_length('abc') = 3",
     .flags = FN_STRICT,
     .call = length_call},
    {.name = "character_length",
     .sig = "character_length(TEXT) BIGINT",
     .doc = "characters, up to the first U+0000",
     .example = "character_length('abc') = 3",
     .flags = FN_STRICT,
     .call = length_call},
    {.name = "octet_length",
     .sig = "octet_length(TEXT) BIGINT",
     .doc = "bytes in UTF-8",
     .example = "octet_length('ü') = 2",
     .flags = FN_STRICT,
     .call = octet_length_call},
    {.name = "octet_length",
     .sig = "octet_length(BLOB) BIGINT",
     .doc = "bytes",
     .example = "octet_length(x'00ff') = 2",
     .flags = FN_STRICT,
     .call = octet_length_call},
    {.name = "substr",
     .sig = "substr(TEXT, BIGINT, [BIGINT]) TEXT",
     .doc = "characters from a position (1 is the first, -1 the last) on, all or so many",
     .example = "substr('stream', -3, 2) = 'ea'",
     .flags = FN_STRICT,
     .call = substr_call},
    {.name = "substr",
     .sig = "substr(BLOB, BIGINT, [BIGINT]) BLOB",
     .doc = "bytes from a position on, all or so many",
     .example = "substr(x'010203', 2) = x'0203'",
     .flags = FN_STRICT,
     .call = substr_blob_call},
    {.name = "substring",
     .sig = "substring(TEXT, BIGINT, [BIGINT]) TEXT",
     .doc = "characters from a position (1 is the first, -1 the last) on, all or so many",
     .example = "substring('stream', 2, 3) = 'tre'",
     .flags = FN_STRICT,
     .call = substr_call},
    {.name = "substring",
     .sig = "substring(BLOB, BIGINT, [BIGINT]) BLOB",
     .doc = "bytes from a position on, all or so many",
     .example = "substring(x'010203', 2) = x'0203'",
     .flags = FN_STRICT,
     .call = substr_blob_call},
    {.name = "left",
     .sig = "left(TEXT, BIGINT) TEXT",
     .doc = "the first so many characters",
     .example = "left('stream', 2) = 'st'",
     .flags = FN_STRICT,
     .call = left_call},
    {.name = "right",
     .sig = "right(TEXT, BIGINT) TEXT",
     .doc = "the last so many characters",
     .example = "right('stream', 2) = 'am'",
     .flags = FN_STRICT,
     .call = right_call},
    {.name = "trim",
     .sig = "trim(TEXT, [TEXT]) TEXT",
     .doc = "without the spaces, or the characters given, at both ends",
     .example = "trim('xxaxx', 'x') = 'a'",
     .flags = FN_STRICT,
     .call = both_call},
    {.name = "btrim",
     .sig = "btrim(TEXT, [TEXT]) TEXT",
     .doc = "without the spaces, or the characters given, at both ends",
     .example = "btrim(' a ') = 'a'",
     .flags = FN_STRICT,
     .call = both_call},
    {.name = "ltrim",
     .sig = "ltrim(TEXT, [TEXT]) TEXT",
     .doc = "without the spaces, or the characters given, at the start",
     .example = "ltrim('  a ') = 'a '",
     .flags = FN_STRICT,
     .call = ltrim_call},
    {.name = "rtrim",
     .sig = "rtrim(TEXT, [TEXT]) TEXT",
     .doc = "without the spaces, or the characters given, at the end",
     .example = "rtrim(' a  ') = ' a'",
     .flags = FN_STRICT,
     .call = rtrim_call},
    {.name = "reverse",
     .sig = "reverse(TEXT) TEXT",
     .doc = "the characters in the other order",
     .example = "reverse('abc') = 'cba'",
     .flags = FN_STRICT,
     .call = reverse_call},
};

const struct fn_table fn_text = {table, COUNT_OF(table)};
