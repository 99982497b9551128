/* draw_value.c: values: few of each kind so that groups form and comparisons meet, the ends of the
 * types in wild columns, text of several scripts. */
#include "tests/oracle/draw.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)

uint32_t draw_below(struct draw *d, uint32_t n) {
    assert(n > 0);
    return (uint32_t)random_below(d->random, n);
}

bool draw_chance(struct draw *d, uint32_t percent) {
    return draw_below(d, 100) < percent;
}

bool otype_same(struct otype a, struct otype b) {
    return a.letter == b.letter && (a.letter != T_DECIMAL || a.scale == b.scale);
}

struct otype draw_type(struct draw *d) {
    static const char letters[] = "iiiffntttbsdmx";
    struct otype t = {.letter = letters[draw_below(d, sizeof letters - 1)]};
    if (t.letter == T_DECIMAL) t = (struct otype){T_DECIMAL, 10, 2};
    return t;
}

static struct text copy_text(struct draw *d, const char *s) {
    struct text t = {.at = arena_copy(d->arena, s, strlen(s)), .bytes = (uint32_t)strlen(s)};
    assert(t.at);
    return t;
}

static struct value draw_integer(struct draw *d, bool wild) {
    static const int64_t ends[] = {
        INT64_MIN,        INT64_MAX,           INT64_MIN + 1,    INT64_MAX - 1,
        INT64_C(1) << 53, -(INT64_C(1) << 31), INT64_C(1) << 62, 0};
    struct value v = {.kind = VALUE_INT};
    if (wild && draw_chance(d, 60)) {
        v.integer = ends[draw_below(d, sizeof ends / sizeof ends[0])];
    } else if (draw_chance(d, 60)) {
        v.integer = (int64_t)draw_below(d, 7) - 3;
    } else {
        v.integer = (int64_t)draw_below(d, 2001) - 1000;
    }
    return v;
}

static struct value draw_text(struct draw *d) {
    static const char *const words[] = {
        "",     "a",        "b",      "A",  "ab",        "abc",   "aBc",   "abc1",    "a,b,a",
        " x ",  "xyx",      "zürich", "ÄÖ", "日本語",    "naïve", "%",     "_",       "a%b",
        "it's", "\"q\"",    "12",     "-7", "0",         "3.5",   "a\\b",  "line\n2", "tab\t",
        "😀 ok", "aaaaaaaa", "Straße", "ﬀ",  "e\xCC\x81", "{}",    "[1,2]", "null",    "ba1c22"};
    return (struct value){.kind = VALUE_TEXT,
                          .text = copy_text(d, words[draw_below(d, sizeof words / sizeof *words)])};
}

static struct value draw_json(struct draw *d) {
    static const char *const documents[] = {"{\"a\":1,\"b\":\"x\"}",
                                            "{\"a\":[1,2,3],\"b\":\"\"}",
                                            "{\"a\":[],\"b\":null}",
                                            "{}",
                                            "{\"b\":\"\\u00e9\",\"a\":{\"a\":2}}",
                                            "{\"a\":\"t\",\"b\":\"long text\"}"};
    uint32_t i = draw_below(d, sizeof documents / sizeof *documents);
    return (struct value){.kind = VALUE_TEXT, .text = copy_text(d, documents[i])};
}

static struct value draw_nested(struct draw *d, char letter) {
    static const char *const names[] = {"k", "j", "z"};
    char text[96];
    unsigned n = draw_below(d, 1000), m = draw_below(d, 10);

    if (letter == T_ROW) {
        snprintf(text, sizeof text, "{\"a\":%u,\"b\":\"w%u\"}", n, m);
    } else if (letter == T_ARRAY) {
        const char *const forms[] = {"[]", "[%u]", "[%u,%u]", "[%u,%u,-1]"};
        uint32_t form = draw_below(d, 4);
        if (form == 0) snprintf(text, sizeof text, "[]");
        if (form == 1) snprintf(text, sizeof text, "[%u]", n);
        if (form == 2) snprintf(text, sizeof text, "[%u,%u]", n, m);
        if (form == 3) snprintf(text, sizeof text, "[%u,%u,-1]", n, m);
        assert(forms[form]);
    } else if (letter == T_MAP) {
        snprintf(text, sizeof text, "{\"%s\":%u}", names[draw_below(d, 3)], n);
    } else if (letter == T_TENSOR) {
        snprintf(text, sizeof text, "[%u.0,%u.5,-1.0]", n, m);
    } else {
        snprintf(text, sizeof text, "AAAA");
    }
    return (struct value){.kind = VALUE_TEXT, .text = copy_text(d, text)};
}

static struct value draw_real(struct draw *d, bool wild) {
    static const double ends[] = {1e308, -1e308, 5e-324, 1e-300, 0.1, 1e15, -0.0, 123456789.125};
    struct value v = {.kind = VALUE_REAL};
    if (wild && draw_chance(d, 60)) {
        v.real = ends[draw_below(d, sizeof ends / sizeof ends[0])];
    } else {
        v.real = ((double)draw_below(d, 16001) - 8000) / 8;
        if (draw_chance(d, 50)) v.real = (double)draw_below(d, 9) - 4;
    }
    return v;
}

static int64_t draw_scaled(struct draw *d, struct otype t) {
    int64_t limit = 1;
    for (int i = 0; i < t.precision && i < 7; i++) limit *= 10;
    int64_t v = (int64_t)random_below(d->random, (uint64_t)(2 * limit - 1)) - (limit - 1);
    return draw_chance(d, 40) ? v % 500 : v;
}

static int64_t draw_time_us(struct draw *d, bool wild) {
    static const int64_t ends[] = {
        -1000, 0, -DAY_US, 951782400000000, 4102444799999000, -62135596800000000};
    if (wild && draw_chance(d, 50)) return ends[draw_below(d, sizeof ends / sizeof ends[0])];
    int64_t ms = (int64_t)draw_below(d, 400000) - 100000;
    return (draw_chance(d, 50) ? ms / 1000 * 1000 : ms) * 1000;
}

struct value draw_value(struct draw *d, struct otype type, bool wild) {
    struct value v = {.kind = VALUE_INT};

    switch (type.letter) {
    case T_BIGINT: return draw_integer(d, wild);
    case T_DOUBLE: return draw_real(d, wild);
    case T_TEXT: return draw_text(d);
    case T_JSON: return draw_json(d);
    case T_BOOLEAN: v.integer = draw_below(d, 2); return v;
    case T_DECIMAL: v.integer = draw_scaled(d, type); return v;
    case T_TIMESTAMP: v.integer = draw_time_us(d, wild); return v;
    case T_DATE:
        v.integer = (int64_t)draw_below(d, wild ? 60000 : 8) - (wild ? 20000 : 3);
        return v;
    case T_TIME: v.integer = (int64_t)draw_below(d, 86400) * 1000000; return v;
    case T_INTERVAL: v.integer = (int64_t)(draw_below(d, 100000) + 1) * 1000000; return v;
    case T_BLOB:
        v = draw_text(d);
        v.kind = VALUE_BLOB;
        return v;
    default: return draw_nested(d, type.letter);
    }
}
