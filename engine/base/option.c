/* option.c: see option.h.
 *
 * Values are few and read once, when a stream is opened, so everything here is plain loops.
 */
#include "engine/base/option.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/number.h"
#include "engine/base/time.h"

/* Flink's names before 1.11, and what they are called since. */
static const struct {
    const char *old;
    const char *key;
} legacy_names[] = {
    {"connector.type", "connector"},
    {"connector.path", "path"},
    {"format.type", "format"},
};

struct text option_key(struct text key) {
    for (size_t i = 0; i < COUNT_OF(legacy_names); i++) {
        if (text_equal(key, text_of(legacy_names[i].old))) return text_of(legacy_names[i].key);
    }
    return key;
}

const struct option *option_find(const struct options *o, const char *key) {
    struct text want = text_of(key);
    for (uint32_t i = o->count; i-- > 0;) {
        if (text_equal(option_key(o->option[i].key), want)) return &o->option[i];
    }
    return NULL;
}

struct text option_text(const struct options *o, const char *key) {
    const struct option *found = option_find(o, key);
    if (!found) return (struct text){.at = NULL};
    return found->value.at ? found->value : TEXT_LITERAL("");
}

bool options_equal(const struct options *a, const struct options *b) {
    if (a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++) {
        if (!text_equal(a->option[i].key, b->option[i].key)) return false;
        if (!text_equal(a->option[i].value, b->option[i].value)) return false;
    }
    return true;
}

static uint32_t merge_one(struct option *to, uint32_t count, const struct option *from) {
    struct option o = *from;
    o.key = option_key(o.key);
    for (uint32_t i = 0; i < count; i++) {
        if (!text_equal(to[i].key, o.key)) continue;
        to[i] = o;
        return count;
    }
    to[count] = o;
    return count + 1;
}

bool options_merge(struct arena *a, const struct options *base, const struct options *hint,
                   struct options *out, struct err *e) {
    struct option *all = ARENA_ARRAY(a, all, (size_t)base->count + hint->count + 1);
    if (!all) return err_memory(e);
    uint32_t count = 0;
    for (uint32_t i = 0; i < base->count; i++) count = merge_one(all, count, &base->option[i]);
    for (uint32_t i = 0; i < hint->count; i++) count = merge_one(all, count, &hint->option[i]);
    *out = (struct options){.option = all, .count = count};
    return true;
}

bool option_error(const struct option *o, struct err *e, const char *format, ...) {
    char sentence[200];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    err_set(e, ERR_SQL, "22023", "option '%.*s': %s", TEXT_ARG(o->key), sentence);
    e->offset = o->at;
    return false;
}

static bool wrong_value(const struct option *o, const char *wanted, struct err *e) {
    return option_error(o, e, "'%.*s' is not %s", TEXT_ARG(o->value), wanted);
}

static bool parse_bool(struct text v, bool *out) {
    bool yes = text_equal_fold(v, TEXT_LITERAL("true"));
    if (!yes && !text_equal_fold(v, TEXT_LITERAL("false"))) return false;
    *out = yes;
    return true;
}

/* A number and the unit behind it, which may be empty: "10 s". */
struct measure {
    double number;
    int64_t whole; /* the number when it has no point */
    bool is_whole;
    struct text unit;
};

static struct text trim(struct text t) {
    while (t.bytes > 0 && (t.at[0] == ' ' || t.at[0] == '\t')) {
        t.at++;
        t.bytes--;
    }
    while (t.bytes > 0 && (t.at[t.bytes - 1] == ' ' || t.at[t.bytes - 1] == '\t')) t.bytes--;
    return t;
}

static bool parse_measure(struct text v, struct measure *out) {
    v = trim(v);
    uint32_t n = 0;
    while (n < v.bytes && ((v.at[n] >= '0' && v.at[n] <= '9') || v.at[n] == '.')) n++;
    struct text number = {.at = v.at, .bytes = n};
    struct text unit = {.at = v.at + n, .bytes = v.bytes - n};
    if (n == 0 || f64_parse(number, &out->number) != PARSE_OK) return false;
    out->is_whole = i64_parse(number, &out->whole) == PARSE_OK;
    out->unit = trim(unit);
    return true;
}

struct unit {
    const char *name;
    int64_t size;
};

/* Flink's spellings; durations in microseconds. */
static const struct unit duration_units[] = {
    {"d", DAY_US},
    {"day", DAY_US},
    {"days", DAY_US},
    {"h", HOUR_US},
    {"hour", HOUR_US},
    {"hours", HOUR_US},
    {"min", MINUTE_US},
    {"m", MINUTE_US},
    {"minute", MINUTE_US},
    {"minutes", MINUTE_US},
    {"s", SECOND_US},
    {"sec", SECOND_US},
    {"secs", SECOND_US},
    {"second", SECOND_US},
    {"seconds", SECOND_US},
    {"", MILLISECOND_US},
    {"ms", MILLISECOND_US},
    {"milli", MILLISECOND_US},
    {"millis", MILLISECOND_US},
    {"millisecond", MILLISECOND_US},
    {"milliseconds", MILLISECOND_US},
    {"us", 1},
    {"micro", 1},
    {"micros", 1},
    {"microsecond", 1},
    {"microseconds", 1},
    {NULL, 0},
};

static const struct unit byte_units[] = {
    {"", 1},
    {"b", 1},
    {"bytes", 1},
    {"k", INT64_C(1) << 10},
    {"kb", INT64_C(1) << 10},
    {"kib", INT64_C(1) << 10},
    {"kibibytes", INT64_C(1) << 10},
    {"m", INT64_C(1) << 20},
    {"mb", INT64_C(1) << 20},
    {"mib", INT64_C(1) << 20},
    {"mebibytes", INT64_C(1) << 20},
    {"g", INT64_C(1) << 30},
    {"gb", INT64_C(1) << 30},
    {"gib", INT64_C(1) << 30},
    {"gibibytes", INT64_C(1) << 30},
    {"t", INT64_C(1) << 40},
    {"tb", INT64_C(1) << 40},
    {"tib", INT64_C(1) << 40},
    {"tebibytes", INT64_C(1) << 40},
    {NULL, 0},
};

static bool parse_scaled(struct text v, const struct unit *units, int64_t *out) {
    struct measure m;
    if (!parse_measure(v, &m)) return false;
    const struct unit *u = units;
    while (u->name && !text_equal_fold(m.unit, text_of(u->name))) u++;
    if (!u->name) return false;
    int64_t whole = 0; /* *out stays as it is where the value is wrong */
    if (m.is_whole && __builtin_mul_overflow(m.whole, u->size, &whole)) return false;
    if (m.is_whole) *out = whole;
    if (m.is_whole) return true;
    double scaled = m.number * (double)u->size;
    if (scaled > 9e18) return false;
    *out = (int64_t)scaled;
    return true;
}

static bool parse_timestamp(struct text v, int64_t *us) {
    if (timestamp_parse(v, us) == PARSE_OK) return true;
    int64_t days;
    if (date_parse(v, &days) != PARSE_OK) return false;
    *us = days * DAY_US;
    return true;
}

bool option_bool(const struct options *o, const char *key, bool *value, struct err *e) {
    const struct option *f = option_find(o, key);
    return !f || parse_bool(f->value, value) || wrong_value(f, "true or false", e);
}

bool option_i64(const struct options *o, const char *key, int64_t *value, struct err *e) {
    const struct option *f = option_find(o, key);
    return !f || i64_parse(f->value, value) == PARSE_OK || wrong_value(f, "an integer", e);
}

bool option_f64(const struct options *o, const char *key, double *value, struct err *e) {
    const struct option *f = option_find(o, key);
    return !f || f64_parse(f->value, value) == PARSE_OK || wrong_value(f, "a number", e);
}

bool option_duration(const struct options *o, const char *key, int64_t *us, struct err *e) {
    const struct option *f = option_find(o, key);
    return !f || parse_scaled(f->value, duration_units, us) ||
           wrong_value(f, "a duration such as '10 s', '500 ms' or '1 min'", e);
}

bool option_bytes(const struct options *o, const char *key, uint64_t *bytes, struct err *e) {
    const struct option *f = option_find(o, key);
    int64_t got;
    if (!f) return true;
    if (!parse_scaled(f->value, byte_units, &got)) {
        return wrong_value(f, "a size such as '64 mb' or '200 kb'", e);
    }
    *bytes = (uint64_t)got;
    return true;
}

bool option_timestamp(const struct options *o, const char *key, int64_t *us, struct err *e) {
    const struct option *f = option_find(o, key);
    return !f || parse_timestamp(f->value, us) ||
           wrong_value(f, "a timestamp such as '2026-01-01 00:00:00'", e);
}

bool option_is(const struct options *o, const char *key, const char *word) {
    const struct option *f = option_find(o, key);
    return f && text_equal_fold(f->value, text_of(word));
}

/* Takes the next quoted word of "'a' | 'b'"; false: there is none. */
static bool next_word(const char **at, struct text *out) {
    const char *open = strchr(*at, '\'');
    const char *close = open ? strchr(open + 1, '\'') : NULL;
    if (!close) return false;
    *out = (struct text){.at = open + 1, .bytes = (uint32_t)(close - open - 1)};
    *at = close + 1;
    return true;
}

static bool check_words(const struct option_row *row, const struct option *o, struct err *e) {
    const char *at = row->value;
    struct text word;
    while (next_word(&at, &word)) {
        if (text_equal_fold(word, o->value)) return true;
    }
    return option_error(o, e, "'%.*s' is not one of %s", TEXT_ARG(o->value), row->value);
}

/* Nothing but quoted words and what stands between them: else the list is not whole. */
static bool is_word_list(const char *value) {
    bool inside = false;
    if (value[0] != '\'') return false;
    for (const char *c = value; *c; c++) {
        if (*c == '\'') inside = !inside;
        if (!inside && ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9'))) return false;
    }
    return true;
}

bool option_check(const struct option_row *row, const struct option *o, struct err *e) {
    assert(row && row->value);
    const struct options one = {.option = o, .count = 1};
    char key[128];
    if (o->key.bytes >= sizeof key) return option_error(o, e, "the name is too long");
    struct text name = option_key(o->key);
    memcpy(key, name.at, name.bytes);
    key[name.bytes] = '\0';

    bool yes = false;
    int64_t whole = 0;
    double number = 0;
    uint64_t bytes = 0;
    if (strcmp(row->value, "true | false") == 0) return option_bool(&one, key, &yes, e);
    if (strcmp(row->value, "integer") == 0) return option_i64(&one, key, &whole, e);
    if (strcmp(row->value, "number") == 0) return option_f64(&one, key, &number, e);
    if (strcmp(row->value, "bytes") == 0) return option_bytes(&one, key, &bytes, e);
    if (strcmp(row->value, "duration") == 0) return option_duration(&one, key, &whole, e);
    if (strcmp(row->value, "timestamp") == 0) return option_timestamp(&one, key, &whole, e);
    return !is_word_list(row->value) || check_words(row, o, e);
}

/* Does `key` fit `pattern`, whose '#' stands for one or more bytes? */
static bool key_fits(const char *pattern, struct text key) {
    struct text p = text_of(pattern);
    const char *hash = strchr(pattern, '#');
    if (!hash) return text_equal(p, key);
    uint32_t head = (uint32_t)(hash - pattern);
    uint32_t tail = p.bytes - head - 1;
    return key.bytes > head + tail && memcmp(key.at, pattern, head) == 0 &&
           memcmp(key.at + key.bytes - tail, hash + 1, tail) == 0;
}

const struct option_row *option_row(const struct option_row *table, struct text key,
                                    const char *prefix) {
    uint32_t skip = 0;
    uint32_t bytes = prefix ? (uint32_t)strlen(prefix) : 0;
    if (prefix && key.bytes > bytes + 1 && memcmp(key.at, prefix, bytes) == 0 &&
        key.at[bytes] == '.') {
        skip = bytes + 1;
    }
    struct text bare = {.at = key.at + skip, .bytes = key.bytes - skip};
    for (const struct option_row *row = table; row && row->key; row++) {
        if (key_fits(row->key, key) || key_fits(row->key, bare)) return row;
    }
    return NULL;
}
