/* text_find.c: functions of several texts: finding, splitting, replacing, putting together.
 *
 * A result longer than TEXT_BYTES_MAX fails its row: a repeat() or replace() of a few bytes must
 * not take all memory.
 */
#include "udf/each.h"
#include "udf/table.h"
#include "udf/utf8.h"

enum { TEXT_BYTES_MAX = 64 << 20 };

static bool row_slice(struct fn_result *out, uint32_t row, const char *at, size_t bytes) {
    out->as.text[row] = (struct text){.at = at, .bytes = (uint32_t)bytes};
    return true;
}

/* Memory for a result of `bytes`; NULL with *ok telling whether the row failed (true) or memory. */
static char *result_new(struct fn_call *c, uint32_t row, uint64_t bytes, bool *ok) {
    *ok = bytes > TEXT_BYTES_MAX;
    if (*ok) {
        fn_fail(c, row, "54000", "the result has more than %d MiB", TEXT_BYTES_MAX >> 20);
        return NULL;
    }
    return arena_alloc(c->arena, bytes);
}

/* The first place of `part` in t, or NULL. */
static const char *find(struct text t, struct text part) {
    if (part.bytes == 0) return t.at;
    return t.bytes < part.bytes ? NULL : memmem(t.at, t.bytes, part.at, part.bytes);
}

/* Character number of the first place, from 1; 0: nowhere. */
static int64_t position_of(struct text t, struct text part) {
    if (part.bytes == 0) return 1;
    const char *at = find(t, part);
    return at ? (int64_t)utf8_length(t.at, (size_t)(at - t.at)) + 1 : 0;
}

static bool instr_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    out->as.i64[row] = position_of(arg_text(c, 0, row), arg_text(c, 1, row));
    return true;
}
DEFINE_EACH(instr)

static bool instr_blob_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row), part = arg_text(c, 1, row);
    const char *at = find(t, part);
    out->as.i64[row] = part.bytes == 0 ? 1 : at ? at - t.at + 1 : 0;
    return true;
}
DEFINE_EACH(instr_blob)

/* position(part, text), locate(part, text [, from]). */
static bool position_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 1, row);
    int64_t from = c->args > 2 ? arg_i64(c, 2, row) : 1;
    uint32_t skipped = utf8_offset(t, from > 1 ? (uint64_t)from - 1 : 0);
    struct text rest = {t.at + skipped, t.bytes - skipped};
    int64_t at = position_of(rest, arg_text(c, 0, row));
    int64_t before = (int64_t)utf8_length(t.at, skipped);
    out->as.i64[row] = at > 0 && from >= 1 ? at + before : 0;
    return true;
}
DEFINE_EACH(position)

static bool starts_with_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row), part = arg_text(c, 1, row);
    bool fits = part.bytes <= t.bytes;
    out->as.b8[row] = fits && text_equal((struct text){t.at, part.bytes}, part);
    return true;
}
DEFINE_EACH(starts_with)

static bool ends_with_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row), part = arg_text(c, 1, row);
    bool fits = part.bytes <= t.bytes;
    uint32_t skip = fits ? t.bytes - part.bytes : 0;
    out->as.b8[row] = fits && text_equal((struct text){t.at + skip, part.bytes}, part);
    return true;
}
DEFINE_EACH(ends_with)

/* How often the one character of the second argument occurs. */
static bool count_char_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row), one = arg_text(c, 1, row);
    int64_t count = 0;
    out->as.i64[row] = 0;
    if (one.bytes == 0) return true;
    one.bytes = utf8_step(one, 0);
    if (one.bytes == 1) {
        for (uint32_t i = 0; i < t.bytes; i++) count += t.at[i] == one.at[0];
        out->as.i64[row] = count;
        return true;
    }
    for (const char *at; (at = find(t, one)); count++) {
        uint32_t behind = (uint32_t)(at - t.at) + one.bytes;
        t = (struct text){t.at + behind, t.bytes - behind};
    }
    out->as.i64[row] = count;
    return true;
}
DEFINE_EACH(count_char)

/* The next part of *rest up to the separator; an empty one separates at white space. */
static struct text next_part(struct text *rest, struct text separator, bool *last) {
    const char *at = NULL;
    uint32_t width = separator.bytes ? separator.bytes : 1;
    if (separator.bytes > 0) {
        at = find(*rest, separator);
    } else {
        for (uint32_t i = 0; i < rest->bytes && !at; i++) {
            if (memchr(" \t\n\v\f\r", rest->at[i], 6)) at = rest->at + i;
        }
    }
    struct text part = *rest;
    *last = !at;
    if (!at) return part;
    part.bytes = (uint32_t)(at - rest->at);
    *rest = (struct text){at + width, rest->bytes - part.bytes - width};
    return part;
}

static bool split_row(struct fn_call *c, uint32_t row, struct fn_result *out,
                      struct text separator) {
    struct text rest = arg_text(c, 0, row);
    int64_t index = arg_i64(c, 2, row);
    bool last = rest.bytes == 0;
    if (index < 0 || last) return row_null(out, row);
    for (int64_t i = 0; !last; i++) {
        struct text part = next_part(&rest, separator, &last);
        if (i == index) return row_slice(out, row, part.at, part.bytes);
    }
    return row_null(out, row);
}

static bool split_index_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return split_row(c, row, out, arg_text(c, 1, row));
}
DEFINE_EACH(split_index)

/* The separator as the number of a character. */
static bool split_code_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    char bytes[4];
    int64_t code = arg_i64(c, 1, row);
    bool good = code > 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    if (!good) return row_null(out, row);
    uint32_t n = utf8_encode((uint32_t)code, bytes);
    return split_row(c, row, out, (struct text){.at = bytes, .bytes = n});
}
DEFINE_EACH(split_code)

/* How often `part` occurs without overlap. */
static uint64_t occurrences(struct text t, struct text part) {
    uint64_t count = 0;
    for (const char *at; (at = find(t, part)); count++) {
        uint32_t behind = (uint32_t)(at - t.at) + part.bytes;
        t = (struct text){t.at + behind, t.bytes - behind};
    }
    return count;
}

static void replace_into(char *to, struct text t, struct text part, struct text by) {
    for (const char *at; (at = find(t, part));) {
        size_t before = (size_t)(at - t.at);
        memcpy(to, t.at, before);
        if (by.bytes > 0) memcpy(to + before, by.at, by.bytes);
        to += before + by.bytes;
        t = (struct text){at + part.bytes, t.bytes - (uint32_t)before - part.bytes};
    }
    if (t.bytes > 0) memcpy(to, t.at, t.bytes);
}

/* SQLite's: an empty pattern (or one that starts with U+0000) gives the text itself, also where
 * the replacement is NULL. */
static bool replace_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    if (!arg_has(c, 0, row) || !arg_has(c, 1, row)) return row_null(out, row);
    struct text t = arg_text(c, 0, row), part = arg_text(c, 1, row);
    if (part.bytes == 0 || part.at[0] == 0) return row_slice(out, row, t.at, t.bytes);
    if (!arg_has(c, 2, row)) return row_null(out, row);
    struct text by = arg_text(c, 2, row);
    uint64_t count = occurrences(t, part);
    if (count == 0) return row_slice(out, row, t.at, t.bytes);

    bool failed;
    uint64_t bytes = t.bytes - count * part.bytes + count * by.bytes;
    char *to = result_new(c, row, bytes, &failed);
    if (!to) return failed;
    replace_into(to, t, part, by);
    return row_slice(out, row, to, bytes);
}
DEFINE_EACH(replace)

static bool concat_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    uint64_t bytes = 0, at = 0;
    for (uint32_t i = 0; i < c->args; i++) bytes += arg_text(c, i, row).bytes;
    bool failed;
    char *to = result_new(c, row, bytes, &failed);
    if (!to) return failed;
    for (uint32_t i = 0; i < c->args; i++) {
        struct text t = arg_text(c, i, row);
        if (t.bytes > 0) memcpy(to + at, t.at, t.bytes);
        at += t.bytes;
    }
    return row_slice(out, row, to, bytes);
}
DEFINE_EACH(concat)

/* NULL parts are left out; a NULL separator gives NULL. */
static bool concat_ws_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    if (!arg_has(c, 0, row)) return row_null(out, row);
    struct text separator = arg_text(c, 0, row);
    uint64_t bytes = 0;
    for (uint32_t i = 1; i < c->args; i++) {
        if (arg_has(c, i, row)) bytes += arg_text(c, i, row).bytes + (uint64_t)separator.bytes;
    }
    bool failed, first = true;
    char *to = result_new(c, row, bytes, &failed), *at = to;
    if (!to) return failed;
    for (uint32_t i = 1; i < c->args; i++) {
        if (!arg_has(c, i, row)) continue;
        struct text t = arg_text(c, i, row);
        if (!first && separator.bytes > 0) at = mempcpy(at, separator.at, separator.bytes);
        if (t.bytes > 0) at = mempcpy(at, t.at, t.bytes);
        first = false;
    }
    return row_slice(out, row, to, (size_t)(at - to));
}
DEFINE_EACH(concat_ws)

static bool repeat_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row);
    int64_t n = arg_i64(c, 1, row);
    if (n <= 0 || t.bytes == 0) return row_slice(out, row, t.at, 0);
    uint64_t times = n > TEXT_BYTES_MAX ? (uint64_t)TEXT_BYTES_MAX + 1 : (uint64_t)n;
    bool failed;
    char *to = result_new(c, row, times * t.bytes, &failed);
    if (!to) return failed;
    for (uint64_t i = 0; i < times; i++) memcpy(to + i * t.bytes, t.at, t.bytes);
    return row_slice(out, row, to, times * t.bytes);
}
DEFINE_EACH(repeat)

/* `count` characters of `pad`, again and again, at `to`; returns the end. */
static char *pad_into(char *to, struct text pad, uint64_t count) {
    uint32_t at = 0;
    for (; count > 0; count--) {
        uint32_t n = utf8_step(pad, at);
        to = mempcpy(to, pad.at + at, n);
        at = at + n == pad.bytes ? 0 : at + n;
    }
    return to;
}

/* To `n` characters: cut, or padded at the left or right. NULL for n < 0 or an empty pad. */
static bool pad_row(struct fn_call *c, uint32_t row, struct fn_result *out, bool left) {
    struct text t = arg_text(c, 0, row);
    struct text pad = c->args > 2 ? arg_text(c, 2, row) : TEXT_LITERAL(" ");
    int64_t n = arg_i64(c, 1, row), length = (int64_t)utf8_length(t.at, t.bytes);
    if (n < 0 || pad.bytes == 0) return row_null(out, row);
    if (n <= length) return row_slice(out, row, t.at, utf8_offset(t, (uint64_t)n));

    uint64_t missing = (uint64_t)(n - length);
    uint64_t most = missing > TEXT_BYTES_MAX ? (uint64_t)TEXT_BYTES_MAX + 1 : missing * 4;
    bool failed;
    char *to = result_new(c, row, most + t.bytes, &failed), *at = to;
    if (!to) return failed;
    if (left) at = pad_into(at, pad, missing);
    if (t.bytes > 0) at = mempcpy(at, t.at, t.bytes);
    if (!left) at = pad_into(at, pad, missing);
    return row_slice(out, row, to, (size_t)(at - to));
}

static bool lpad_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return pad_row(c, row, out, true);
}
DEFINE_EACH(lpad)

static bool rpad_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    return pad_row(c, row, out, false);
}
DEFINE_EACH(rpad)

/* The text with `by` in place of n characters (as many as it has itself) from a position on; a
 * position outside the text leaves it as it is. */
static bool overlay_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    struct text t = arg_text(c, 0, row), by = arg_text(c, 1, row);
    int64_t from = arg_i64(c, 2, row), length = (int64_t)utf8_length(t.at, t.bytes);
    int64_t n = c->args > 3 ? arg_i64(c, 3, row) : (int64_t)utf8_length(by.at, by.bytes);
    if (from < 1 || from > length) return row_slice(out, row, t.at, t.bytes);
    uint32_t start = utf8_offset(t, (uint64_t)from - 1);
    struct text rest = {t.at + start, t.bytes - start};
    uint32_t cut = n < 0 ? rest.bytes : utf8_offset(rest, (uint64_t)n);

    bool failed;
    uint64_t bytes = (uint64_t)t.bytes - cut + by.bytes;
    char *to = result_new(c, row, bytes, &failed), *at = to;
    if (!to) return failed;
    at = mempcpy(at, t.at, start);
    if (by.bytes > 0) at = mempcpy(at, by.at, by.bytes);
    memcpy(at, rest.at + cut, rest.bytes - cut);
    return row_slice(out, row, to, bytes);
}
DEFINE_EACH(overlay)

enum { FAILING = FN_STRICT | FN_CAN_FAIL };

static const struct fn table[] = {
    {.name = "||",
     .sig = "||(TEXT, TEXT) TEXT",
     .doc = "one text behind the other",
     .example = "'a' || 'b' = 'ab'",
     .flags = FAILING | FN_HIDDEN,
     .call = concat_call},
    {.name = "||",
     .sig = "||(BLOB, BLOB) BLOB",
     .doc = "one behind the other",
     .example = "x'01' || x'02' = x'0102'",
     .flags = FAILING | FN_HIDDEN,
     .call = concat_call},
    {.name = "concat",
     .sig = "concat(TEXT, TEXT...) TEXT",
     .doc = "all texts one behind the other; NULL if any is NULL",
     .example = "concat('a', 'b', 'c') = 'abc'",
     .flags = FAILING,
     .call = concat_call},
    {.name = "concat_ws",
     .sig = "concat_ws(TEXT, TEXT...) TEXT",
     .doc = "the texts that are not NULL, with the first argument between them",
     .example = "concat_ws('-', 'a', NULL, 'b') = 'a-b'",
     .flags = FN_CAN_FAIL,
     .call = concat_ws_call},
    {.name = "instr",
     .sig = "instr(TEXT, TEXT) BIGINT",
     .doc = "where the second text starts in the first, in characters from 1; 0: nowhere",
     .example = "instr('stream', 'ea') = 4",
     .flags = FN_STRICT,
     .call = instr_call},
    {.name = "instr",
     .sig = "instr(BLOB, BLOB) BIGINT",
     .doc = "where the second starts in the first, in bytes from 1; 0: nowhere",
     .example = "instr(x'0102', x'02') = 2",
     .flags = FN_STRICT,
     .call = instr_blob_call},
    {.name = "position",
     .sig = "position(TEXT, TEXT) BIGINT",
     .doc = "where the first text starts in the second, in characters from 1; 0: nowhere",
     .example = "position('ea', 'stream') = 4",
     .flags = FN_STRICT,
     .call = position_call},
    {.name = "locate",
     .sig = "locate(TEXT, TEXT, [BIGINT]) BIGINT",
     .doc = "where the first text starts in the second, from a position on; 0: nowhere",
     .example = "locate('a', 'banana', 3) = 4",
     .flags = FN_STRICT,
     .call = position_call},
    {.name = "starts_with",
     .sig = "starts_with(TEXT, TEXT) BOOLEAN",
     .doc = "the first text starts with the second",
     .example = "starts_with('stream', 'str')",
     .flags = FN_STRICT,
     .call = starts_with_call},
    {.name = "startswith",
     .sig = "startswith(TEXT, TEXT) BOOLEAN",
     .doc = "the first text starts with the second",
     .example = "startswith('stream', 'str')",
     .flags = FN_STRICT,
     .call = starts_with_call},
    {.name = "ends_with",
     .sig = "ends_with(TEXT, TEXT) BOOLEAN",
     .doc = "the first text ends with the second",
     .example = "ends_with('stream', 'am')",
     .flags = FN_STRICT,
     .call = ends_with_call},
    {.name = "endswith",
     .sig = "endswith(TEXT, TEXT) BOOLEAN",
     .doc = "the first text ends with the second",
     .example = "endswith('stream', 'am')",
     .flags = FN_STRICT,
     .call = ends_with_call},
    {.name = "count_char",
     .sig = "count_char(TEXT, TEXT) BIGINT",
     .doc = "how often a character (the first of the second text) occurs",
     .example = "count_char('banana', 'a') = 3",
     .flags = FN_STRICT,
     .call = count_char_call},
    {.name = "split_index",
     .sig = "split_index(TEXT, TEXT, BIGINT) TEXT",
     .doc = "part number n (from 0) of the text cut at a separator; NULL where there is none",
     .example = "split_index('a/b/c', '/', 1) = 'b'",
     .flags = FN_STRICT,
     .call = split_index_call},
    {.name = "split_index",
     .sig = "split_index(TEXT, BIGINT, BIGINT) TEXT",
     .doc = "the same, the separator as the number of a character",
     .example = "split_index('a/b/c', 47, 2) = 'c'",
     .flags = FN_STRICT,
     .call = split_code_call},
    {.name = "replace",
     .sig = "replace(TEXT, TEXT, TEXT) TEXT",
     .doc = "the text with the third argument in place of every second",
     .example = "replace('banana', 'an', 'AN') = 'bANANa'",
     .flags = FN_CAN_FAIL,
     .call = replace_call},
    {.name = "overlay",
     .sig = "overlay(TEXT, TEXT, BIGINT, [BIGINT]) TEXT",
     .doc = "OVERLAY(text PLACING other FROM n [FOR m]): the text with another put over it from a "
            "position on, in place of so many characters",
     .example = "OVERLAY('abcdef' PLACING 'XY' FROM 3) = 'abXYef'",
     .flags = FAILING,
     .call = overlay_call},
    {.name = "repeat",
     .sig = "repeat(TEXT, BIGINT) TEXT",
     .doc = "the text so many times",
     .example = "repeat('ab', 3) = 'ababab'",
     .flags = FAILING,
     .call = repeat_call},
    {.name = "lpad",
     .sig = "lpad(TEXT, BIGINT, [TEXT]) TEXT",
     .doc = "cut or padded at the left, with spaces or a text, to so many characters",
     .example = "lpad('7', 3, '0') = '007'",
     .flags = FAILING,
     .call = lpad_call},
    {.name = "rpad",
     .sig = "rpad(TEXT, BIGINT, [TEXT]) TEXT",
     .doc = "cut or padded at the right, with spaces or a text, to so many characters",
     .example = "rpad('ab', 4, '.') = 'ab..'",
     .flags = FAILING,
     .call = rpad_call},
};

const struct fn_table fn_text_find = {table, COUNT_OF(table)};
