/* partition.c: see partition.h. */
#include "engine/edge/partition.h"

#include <assert.h>

#include "engine/base/option.h"
#include "engine/edge/codec_json_encode.h"
#include "engine/edge/value_print.h"

/* Characters that Hive escapes in folder names. */
static bool is_special(char c) {
    static const char special[] = "\"#%'*/:=?\\{}[]^";
    return (unsigned char)c < 0x20 || c == 0x7F || strchr(special, c);
}

static void add_escape(struct buf *out, char c) {
    static const char digits[] = "0123456789ABCDEF";
    buf_add_char(out, '%');
    buf_add_char(out, digits[(unsigned char)c >> 4]);
    buf_add_char(out, digits[(unsigned char)c & 15]);
}

void partition_escape(struct buf *out, struct text t) {
    for (uint32_t i = 0; i < t.bytes; i++) {
        if (is_special(t.at[i])) {
            add_escape(out, t.at[i]);
        } else {
            buf_add_char(out, t.at[i]);
        }
    }
}

void partition_value(struct buf *out, const struct column *c, uint32_t row, struct text null_name) {
    if (!column_has(c, row)) {
        buf_add_text(out, null_name);
        return;
    }
    struct buf value;
    buf_init(&value);
    if (c->type->id == TYPE_BLOB) {
        json_put_base64(&value, c->as.text[row]);
    } else {
        value_print(&value, c, row);
    }
    struct text t = buf_text(&value);
    if (t.bytes > 0 && text_equal(t, null_name)) {
        add_escape(out, t.at[0]);
        t = (struct text){.at = t.at + 1, .bytes = t.bytes - 1};
    }
    partition_escape(out, t);
    out->failed |= value.failed;
    buf_done(&value);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character at t.at[i], and how many bytes it takes there. */
static char escaped_char(struct text t, uint32_t i, uint32_t *bytes_out) {
    bool escape = t.at[i] == '%' && i + 2 < t.bytes && hex_digit(t.at[i + 1]) >= 0 &&
                  hex_digit(t.at[i + 2]) >= 0;
    *bytes_out = escape ? 3 : 1;
    return escape ? (char)(hex_digit(t.at[i + 1]) * 16 + hex_digit(t.at[i + 2])) : t.at[i];
}

void partition_unescape(struct buf *out, struct text t) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < t.bytes; i += bytes) buf_add_char(out, escaped_char(t, i, &bytes));
}

/* Is `escaped` how `name` is written? Letters folded, as names of columns are. */
static bool is_name(struct text escaped, struct text name) {
    uint32_t n = 0, bytes = 0;
    for (uint32_t i = 0; i < escaped.bytes; i += bytes, n++) {
        char c = escaped_char(escaped, i, &bytes);
        if (n >= name.bytes) return false;
        struct text x = {.at = &c, .bytes = 1}, y = {.at = name.at + n, .bytes = 1};
        if (!text_equal_fold(x, y)) return false;
    }
    return n == name.bytes;
}

struct text partition_find(const char *path, struct text name) {
    struct text found = {.at = NULL};
    for (const char *end = strchr(path, '/'); end; end = strchr(path, '/')) {
        const char *equals = memchr(path, '=', (size_t)(end - path));
        struct text key = {.at = path, .bytes = equals ? (uint32_t)(equals - path) : 0};
        if (equals && is_name(key, name)) {
            found = (struct text){.at = equals + 1, .bytes = (uint32_t)(end - equals - 1)};
        }
        path = end + 1;
    }
    return found;
}

static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void partition_pattern(struct buf *out, struct text pattern, const char *key) {
    struct buf path;
    buf_init(&path);
    buf_addf(&path, "%s/", key);
    for (uint32_t i = 0; i < pattern.bytes && !path.failed; i++) {
        if (pattern.at[i] != '$') {
            buf_add_char(out, pattern.at[i]);
            continue;
        }
        uint32_t from = i + 1, to = from;
        while (to < pattern.bytes && is_word(pattern.at[to])) to++;
        struct text name = {.at = pattern.at + from, .bytes = to - from};
        partition_unescape(out, partition_find(path.at, name));
        i = to - 1;
    }
    out->failed |= path.failed;
    buf_done(&path);
}

struct text partition_first(const char *key) {
    const char *equals = strchr(key, '=');
    if (!equals) return (struct text){.at = NULL};
    return (struct text){.at = equals + 1, .bytes = (uint32_t)strcspn(equals + 1, "/")};
}

static bool is_partition(const struct stream_def *def, struct text name) {
    for (uint32_t i = 0; i < def->partitions; i++) {
        if (text_equal_fold(def->schema->col[def->partition_col[i]].name, name)) return true;
    }
    return false;
}

bool partition_pattern_check(const struct stream_def *def, struct text pattern,
                             struct text *name_out) {
    for (uint32_t i = 0; i < pattern.bytes; i++) {
        if (pattern.at[i] != '$') continue;
        uint32_t to = i + 1;
        while (to < pattern.bytes && is_word(pattern.at[to])) to++;
        *name_out = (struct text){.at = pattern.at + i + 1, .bytes = to - i - 1};
        if (!is_partition(def, *name_out)) return false;
    }
    return true;
}

bool partition_null_name(const struct options *o, struct text *out, struct err *e) {
    const struct option *given = option_find(o, "partition.default-name");
    *out = given ? given->value : TEXT_LITERAL(PARTITION_NULL_NAME);
    bool plain = out->bytes > 0;
    for (uint32_t i = 0; i < out->bytes; i++) plain &= !is_special(out->at[i]);
    if (plain) return true;
    option_error(given, e, "'%.*s' is no name of a folder", TEXT_ARG(given->value));
    return err_hint(e, "It is not empty and has none of \" # %% ' * / : = ? \\ { } [ ] ^.");
}

bool partition_has(const struct stream_def *def, uint32_t physical_col) {
    for (uint32_t i = 0; i < def->partitions; i++) {
        if (def->partition_col[i] == def->physical_col[physical_col]) return true;
    }
    return false;
}

static bool names_folder(const struct type *t) {
    return t->fields == 0 && t->id != TYPE_TENSOR && t->id != TYPE_IMAGE && t->id != TYPE_NULL;
}

static bool check_column(const struct stream_def *def, uint32_t i, struct err *e) {
    const struct field *f = &def->schema->col[def->partition_col[i]];
    for (uint32_t k = 0; k < i; k++) {
        if (def->partition_col[k] != def->partition_col[i]) continue;
        return err_set(e, ERR_SQL, "42701", "PARTITIONED BY names column \"%.*s\" twice",
                       TEXT_ARG(f->name));
    }
    if (def->computed && def->computed[def->partition_col[i]]) {
        err_set(e, ERR_SQL, "0A000", "PARTITIONED BY cannot name the computed column \"%.*s\"",
                TEXT_ARG(f->name));
        return err_hint(e, "Declare it without AS, and compute it in the query that inserts.");
    }
    if (names_folder(f->type)) return true;
    err_set(e, ERR_SQL, "42804", "PARTITIONED BY cannot name column \"%.*s\" of type %s",
            TEXT_ARG(f->name), type_name(f->type->id));
    return err_hint(e, "The name of a folder is one plain value, such as a text or a date.");
}

bool partition_check(const struct stream_def *def, const char *where, bool takes, struct err *e) {
    if (def->partitions == 0) return true;
    if (!takes && where) {
        err_set(e, ERR_SQL, "0A000", "connector '%s' has no folders for PARTITIONED BY", where);
        return err_hint(e, "The connector 'filesystem' has.");
    }
    if (!takes) {
        err_set(e, ERR_SQL, "0A000",
                "a stream without a connector has no folders for "
                "PARTITIONED BY");
        return err_hint(e, "The connector 'filesystem' has.");
    }
    for (uint32_t i = 0; i < def->partitions; i++) {
        if (!check_column(def, i, e)) return false;
    }
    if (def->partitions < def->physical->cols) return true;
    return err_set(e, ERR_SQL, "0A000",
                   "PARTITIONED BY names every column: none is left for the files");
}
