/* codec_options.c: see codec_options.h. */
#include "engine/edge/codec_options.h"

#include <assert.h>

/* The part of `key` behind "<format>.", or `key` itself; *prefixed says which. */
static struct text bare_key(const char *format, struct text key, bool *prefixed) {
    struct text f = text_of(format);
    *prefixed = key.bytes > f.bytes && key.at[f.bytes] == '.' &&
                text_equal_fold((struct text){.at = key.at, .bytes = f.bytes}, f);
    if (!*prefixed) return key;
    return (struct text){.at = key.at + f.bytes + 1, .bytes = key.bytes - f.bytes - 1};
}

static bool row_matches(const struct option_row *row, struct text key) {
    struct text t = text_of(row->key);
    const char *family = memchr(t.at, '#', t.bytes);
    if (!family) return text_equal_fold(t, key);

    t.bytes = (uint32_t)(family - t.at);
    return key.bytes > t.bytes && text_equal_fold((struct text){.at = key.at, .bytes = t.bytes}, t);
}

static const struct option_row *row_find(const struct option_row *row, struct text key) {
    for (; row && row->key; row++) {
        if (row_matches(row, key)) return row;
    }
    return NULL;
}

bool codec_option_known(const char *format, const struct option_row *row, struct text key) {
    bool prefixed;
    return row_find(row, bare_key(format, key, &prefixed)) != NULL;
}

/* Lists the table's keys as the hint. */
static bool hint_keys(const struct codec_ask *ask, struct err *e) {
    char keys[120];
    size_t n = 0;
    for (const struct option_row *row = ask->row; row && row->key; row++) {
        size_t bytes = strlen(row->key);
        if (n + bytes + 3 > sizeof keys) break;
        if (n > 0) {
            memcpy(keys + n, ", ", 2);
            n += 2;
        }
        memcpy(keys + n, row->key, bytes);
        n += bytes;
    }
    return err_hint(e, "Options of format %s: %.*s.", ask->format, (int)n, keys);
}

bool codec_option_check(const struct codec_ask *ask, struct err *e) {
    assert(ask->format && e);
    for (uint32_t i = 0; ask->given && i < ask->given->count; i++) {
        const struct option *o = &ask->given->option[i];
        bool prefixed;
        struct text key = bare_key(ask->format, o->key, &prefixed);
        if (!prefixed || row_find(ask->row, key)) continue;

        err_set(e, ERR_SQL, "22023", "format %s has no option '%.*s'", ask->format,
                TEXT_ARG(o->key));
        e->offset = o->at;
        return hint_keys(ask, e);
    }
    return true;
}

const struct option *codec_option_find(const struct codec_ask *ask, const char *key) {
    struct text want = text_of(key);
    const struct option *found = NULL;
    for (uint32_t i = 0; ask->given && i < ask->given->count; i++) {
        const struct option *o = &ask->given->option[i];
        bool prefixed;
        if (!text_equal_fold(bare_key(ask->format, o->key, &prefixed), want)) continue;
        if (prefixed) return o;
        if (!found) found = o;
    }
    return found;
}

bool codec_option_wrong(const struct codec_ask *ask, const struct option *o, struct err *e) {
    bool prefixed;
    const struct option_row *row = row_find(ask->row, bare_key(ask->format, o->key, &prefixed));
    err_set(e, ERR_SQL, "22023", "option '%.*s' cannot be '%.*s'", TEXT_ARG(o->key),
            TEXT_ARG(o->value));
    e->offset = o->at;
    return row ? err_hint(e, "Allowed: %s.", row->value) : false;
}

bool codec_option_bool(const struct codec_ask *ask, const char *key, bool *out, struct err *e) {
    static const char *const words[] = {"false", "true", NULL};
    uint32_t at = *out;
    if (!codec_option_word(ask, key, words, &at, e)) return false;
    *out = at != 0;
    return true;
}

bool codec_option_char(const struct codec_ask *ask, const char *key, char *out, struct err *e) {
    const struct option *o = codec_option_find(ask, key);
    if (!o) return true;
    if (text_equal(o->value, TEXT_LITERAL("\\t"))) {
        *out = '\t';
        return true;
    }
    bool plain = o->value.bytes == 1 && (unsigned char)o->value.at[0] < 0x80 &&
                 o->value.at[0] != '\n' && o->value.at[0] != '\r' && o->value.at[0] != '\0';
    if (!plain) return codec_option_wrong(ask, o, e);
    *out = o->value.at[0];
    return true;
}

bool codec_option_word(const struct codec_ask *ask, const char *key, const char *const *words,
                       uint32_t *out, struct err *e) {
    const struct option *o = codec_option_find(ask, key);
    if (!o) return true;
    for (uint32_t i = 0; words[i]; i++) {
        if (!text_equal_fold(o->value, text_of(words[i]))) continue;
        *out = i;
        return true;
    }
    return codec_option_wrong(ask, o, e);
}

bool codec_option_time_number(const struct codec_ask *ask, enum time_number *out, struct err *e) {
    static const char *const words[] = {"s", "ms", "us", NULL};
    uint32_t at = UINT32_MAX;
    if (!codec_option_word(ask, "timestamp-unit", words, &at, e)) return false;
    if (at != UINT32_MAX) *out = (enum time_number)(at + 1);
    return true;
}
