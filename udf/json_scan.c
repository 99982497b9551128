/* json_scan.c: see json_scan.h. Recursive descent, JSON_DEPTH_MAX deep. The first of equal labels
 * counts, labels are compared as they stand (escapes not undone): both as SQLite does.
 */
#include "udf/json_scan.h"

#include <assert.h>

enum { OFF_PATH = -1 };

struct scan {
    const char *at, *end;
    const struct json_path *path;
    struct text found;
    bool has_found;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool parse_label(struct text s, uint32_t *i, struct json_step *out) {
    uint32_t from = *i;
    if (from < s.bytes && s.at[from] == '"') {
        const char *quote = memchr(s.at + from + 1, '"', s.bytes - from - 1);
        if (!quote) return false;
        out->label = (struct text){s.at + from + 1, (uint32_t)(quote - s.at) - from - 1};
        *i = (uint32_t)(quote - s.at) + 1;
    } else {
        while (*i < s.bytes && s.at[*i] != '.' && s.at[*i] != '[') (*i)++;
        out->label = (struct text){s.at + from, *i - from};
    }
    out->index = OFF_PATH;
    return out->label.bytes > 0 && !memchr(out->label.at, '\\', out->label.bytes);
}

static bool parse_index(struct text s, uint32_t *i, struct json_step *out) {
    uint32_t digits = 0;
    out->index = 0;
    while (*i < s.bytes && is_digit(s.at[*i]) && digits++ < 9) {
        out->index = out->index * 10 + (s.at[(*i)++] - '0');
    }
    return digits > 0 && *i < s.bytes && s.at[(*i)++] == ']';
}

bool json_path_parse(struct text s, struct json_path *out) {
    *out = (struct json_path){.steps = 0};
    if (s.bytes == 0 || s.at[0] != '$' || memchr(s.at, 0, s.bytes)) return false;
    for (uint32_t i = 1; i < s.bytes;) {
        if (out->steps == JSON_STEPS_MAX) return false;
        struct json_step *step = &out->step[out->steps++];
        char c = s.at[i++];
        bool ok = c == '.' ? parse_label(s, &i, step) : c == '[' ? parse_index(s, &i, step) : false;
        if (!ok) return false;
    }
    return true;
}

static void skip_space(struct scan *s) {
    while (s->at < s->end &&
           (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r')) {
        s->at++;
    }
}

static bool take(struct scan *s, char c) {
    if (s->at == s->end || *s->at != c) return false;
    s->at++;
    return true;
}

static bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Behind a backslash. */
static bool scan_escape(struct scan *s) {
    if (s->at == s->end) return false;
    char c = *s->at++;
    if (c != 'u') return memchr("\"\\/bfnrt", c, 8) != NULL;
    for (uint32_t i = 0; i < 4; i++) {
        if (s->at == s->end || !is_hex(*s->at++)) return false;
    }
    return true;
}

static bool scan_string(struct scan *s, struct text *inside_out) {
    if (!take(s, '"')) return false;
    const char *from = s->at;
    while (s->at < s->end) {
        unsigned char c = (unsigned char)*s->at++;
        if (c == '"') {
            *inside_out = (struct text){from, (uint32_t)(s->at - 1 - from)};
            return true;
        }
        if (c < 0x20 || (c == '\\' && !scan_escape(s))) return false;
    }
    return false;
}

static bool scan_digits(struct scan *s) {
    const char *from = s->at;
    while (s->at < s->end && is_digit(*s->at)) s->at++;
    return s->at > from;
}

static bool scan_number(struct scan *s) {
    take(s, '-');
    if (!take(s, '0') && !scan_digits(s)) return false;
    if (take(s, '.') && !scan_digits(s)) return false;
    if (!take(s, 'e') && !take(s, 'E')) return true;
    if (!take(s, '+')) take(s, '-');
    return scan_digits(s);
}

static bool scan_word(struct scan *s, const char *word) {
    for (; *word; word++) {
        if (!take(s, *word)) return false;
    }
    return true;
}

static bool scan_value(struct scan *s, int32_t step, uint32_t depth);

/* The step into a child of a value at `step`: one further, or off the path. */
static int32_t step_into(const struct scan *s, int32_t step, const struct text *label,
                         int64_t index, bool *matched) {
    if (step == OFF_PATH || (uint32_t)step == s->path->steps || *matched) return OFF_PATH;
    const struct json_step *want = &s->path->step[step];
    *matched =
        label ? want->index == OFF_PATH && text_equal(want->label, *label) : want->index == index;
    return *matched ? step + 1 : OFF_PATH;
}

static bool scan_object(struct scan *s, int32_t step, uint32_t depth) {
    bool matched = false;
    skip_space(s);
    if (take(s, '}')) return true;
    do {
        struct text label;
        skip_space(s);
        if (!scan_string(s, &label)) return false;
        skip_space(s);
        if (!take(s, ':')) return false;
        if (!scan_value(s, step_into(s, step, &label, 0, &matched), depth)) return false;
        skip_space(s);
    } while (take(s, ','));
    return take(s, '}');
}

static bool scan_array(struct scan *s, int32_t step, uint32_t depth) {
    bool matched = false;
    skip_space(s);
    if (take(s, ']')) return true;
    int64_t index = 0;
    do {
        if (!scan_value(s, step_into(s, step, NULL, index++, &matched), depth)) return false;
        skip_space(s);
    } while (take(s, ','));
    return take(s, ']');
}

static bool scan_value(struct scan *s, int32_t step, uint32_t depth) {
    if (depth == JSON_DEPTH_MAX) return false;
    skip_space(s);
    if (s->at == s->end) return false;
    const char *from = s->at;
    struct text inside;
    bool ok;
    switch (*from) {
    case '{':
        s->at++;
        ok = scan_object(s, step, depth + 1);
        break;
    case '[':
        s->at++;
        ok = scan_array(s, step, depth + 1);
        break;
    case '"': ok = scan_string(s, &inside); break;
    case 't': ok = scan_word(s, "true"); break;
    case 'f': ok = scan_word(s, "false"); break;
    case 'n': ok = scan_word(s, "null"); break;
    default: ok = scan_number(s);
    }
    if (ok && step != OFF_PATH && (uint32_t)step == s->path->steps) {
        s->has_found = true;
        s->found = (struct text){from, (uint32_t)(s->at - from)};
    }
    return ok;
}

enum json_found json_scan(struct text doc, const struct json_path *path, struct text *out) {
    struct scan s = {.at = doc.at, .end = doc.at + doc.bytes, .path = path};
    if (!scan_value(&s, 0, 0)) return JSON_DOUBTFUL;
    skip_space(&s);
    if (s.at != s.end) return JSON_DOUBTFUL;
    if (!s.has_found) return JSON_MISSING;
    *out = s.found;
    return JSON_FOUND;
}

void json_add_minified(struct buf *out, struct text value) {
    bool inside = false;
    for (uint32_t i = 0; i < value.bytes; i++) {
        char c = value.at[i];
        bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (space && !inside) continue;
        buf_add_char(out, c);
        if (c == '"') inside = !inside;
        if (c == '\\' && inside) buf_add_char(out, value.at[++i]);
    }
}

static uint32_t hex_4(const char *at) {
    uint32_t v = 0;
    for (uint32_t i = 0; i < 4; i++) {
        char c = at[i];
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

/* \uXXXX at s.at[*i] == 'u', with the half behind it where it is a surrogate. */
static bool add_code(struct buf *out, struct text s, uint32_t *i) {
    uint32_t code = hex_4(s.at + *i + 1);
    *i += 4;
    if (code >= 0xD800 && code < 0xE000) {
        bool pair =
            code < 0xDC00 && *i + 6 < s.bytes && s.at[*i + 1] == '\\' && s.at[*i + 2] == 'u';
        uint32_t low = pair ? hex_4(s.at + *i + 3) : 0;
        if (low < 0xDC00 || low > 0xDFFF) return false;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        *i += 6;
    }
    char bytes[4];
    if (code == 0) return false;
    buf_add(out, bytes, utf8_encode(code, bytes));
    return true;
}

bool json_add_unescaped(struct buf *out, struct text string) {
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    assert(string.bytes >= 2 && string.at[0] == '"');
    struct text s = {string.at + 1, string.bytes - 2};
    for (uint32_t i = 0; i < s.bytes; i++) {
        if (s.at[i] != '\\') {
            buf_add_char(out, s.at[i]);
            continue;
        }
        char c = s.at[++i];
        const char *known = memchr(from, c, sizeof from - 1);
        if (c == 'u') {
            if (!add_code(out, s, &i)) return false;
        } else {
            buf_add_char(out, known ? to[known - from] : c);
        }
    }
    return true;
}
