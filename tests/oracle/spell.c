/* spell.c: literals in both dialects, JSON values, and templates. */
#include "tests/oracle/spell.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)

static int64_t floor_div(int64_t a, int64_t b) {
    int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

/* Days since the epoch as year, month, day (Hinnant 2013, civil_from_days). */
static void spell_date(struct buf *out, int64_t days) {
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * shifted + 2) / 5 + 1;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    buf_addf(out, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, year, month, day);
}

static void spell_clock(struct buf *out, int64_t us) {
    int64_t s = us / SECOND_US;
    buf_addf(out, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600, s / 60 % 60, s % 60);
}

static void spell_timestamp(struct buf *out, int64_t us) {
    int64_t days = floor_div(us, DAY_US);
    spell_date(out, days);
    buf_add_char(out, ' ');
    spell_clock(out, us - days * DAY_US);
    buf_addf(out, ".%03" PRId64, (us - floor_div(us, SECOND_US) * SECOND_US) / 1000);
}

static void spell_decimal(struct buf *out, int64_t v, uint32_t scale) {
    char digits[64];
    snprintf(digits, sizeof digits, "%0*" PRIu64, (int)(scale < 20 ? scale : 20) + 1,
             v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
    size_t whole = strlen(digits) - scale;
    buf_addf(out, "%s%.*s", v < 0 ? "-" : "", (int)whole, digits);
    if (scale > 0) buf_addf(out, ".%s", digits + whole);
}

void spell_text(struct buf *out, struct text t) {
    buf_add_char(out, '\'');
    for (uint32_t i = 0; i < t.bytes; i++) {
        if (t.at[i] == '\'') buf_add_char(out, '\'');
        buf_add_char(out, t.at[i]);
    }
    buf_add_char(out, '\'');
}

static void spell_blob(struct buf *out, struct text t) {
    buf_add_str(out, "x'");
    for (uint32_t i = 0; i < t.bytes; i++) buf_addf(out, "%02X", (unsigned char)t.at[i]);
    buf_add_char(out, '\'');
}

/* An exponent makes it a DOUBLE. */
static void spell_real(struct buf *out, double v) {
    char text[40];
    snprintf(text, sizeof text, "%.17g", v);
    buf_add_str(out, text);
    if (!strpbrk(text, "e")) buf_add_str(out, strchr(text, '.') ? "e0" : ".0e0");
}

void spell_type(struct buf *out, struct otype t) {
    switch (t.letter) {
    case T_BOOLEAN: buf_add_str(out, "BOOLEAN"); break;
    case T_BIGINT: buf_add_str(out, "BIGINT"); break;
    case T_DOUBLE: buf_add_str(out, "DOUBLE"); break;
    case T_DECIMAL: buf_addf(out, "DECIMAL(%u, %u)", t.precision, t.scale); break;
    case T_TEXT: buf_add_str(out, "TEXT"); break;
    case T_BLOB: buf_add_str(out, "BLOB"); break;
    case T_TIMESTAMP: buf_add_str(out, "TIMESTAMP(3)"); break;
    case T_DATE: buf_add_str(out, "DATE"); break;
    case T_TIME: buf_add_str(out, "TIME"); break;
    case T_INTERVAL: buf_add_str(out, "INTERVAL"); break;
    case T_ROW: buf_add_str(out, "ROW<a BIGINT, b TEXT>"); break;
    case T_ARRAY: buf_add_str(out, "ARRAY<BIGINT>"); break;
    case T_MAP: buf_add_str(out, "MAP<TEXT, BIGINT>"); break;
    case T_TENSOR: buf_add_str(out, "TENSOR(3)"); break;
    case T_IMAGE: buf_add_str(out, "IMAGE"); break;
    default: assert(false && "a type");
    }
}

static void spell_weir(struct buf *out, const struct node *n) {
    int64_t v = n->literal.integer;
    const char *open = v < 0 ? "(" : "", *close = v < 0 ? ")" : "";

    switch (n->type.letter) {
    case T_BOOLEAN: buf_add_str(out, v ? "TRUE" : "FALSE"); break;
    case T_BIGINT: buf_addf(out, "%s%" PRId64 "%s", open, v, close); break;
    case T_DOUBLE:
        buf_add_char(out, '(');
        spell_real(out, n->literal.real);
        buf_add_char(out, ')');
        break;
    case T_DECIMAL:
        buf_add_char(out, '(');
        spell_decimal(out, v, n->type.scale);
        buf_add_char(out, ')');
        break;
    case T_TEXT: spell_text(out, n->literal.text); break;
    case T_BLOB: spell_blob(out, n->literal.text); break;
    case T_TIMESTAMP:
        buf_add_str(out, "TIMESTAMP '");
        spell_timestamp(out, v);
        buf_add_char(out, '\'');
        break;
    case T_DATE:
        buf_add_str(out, "DATE '");
        spell_date(out, v);
        buf_add_char(out, '\'');
        break;
    case T_TIME:
        buf_add_str(out, "TIME '");
        spell_clock(out, v);
        buf_add_char(out, '\'');
        break;
    case T_INTERVAL: buf_addf(out, "INTERVAL '%" PRId64 "' SECOND", v / SECOND_US); break;
    default: assert(false && "a literal");
    }
}

void spell_sqlite(struct buf *out, const struct value *v) {
    switch (v->kind) {
    case VALUE_NULL: buf_add_str(out, "NULL"); break;
    case VALUE_INT:
        if (v->integer == INT64_MIN) {
            buf_add_str(out, "(-9223372036854775807 - 1)");
        } else {
            buf_addf(out, "(%" PRId64 ")", v->integer);
        }
        break;
    case VALUE_REAL:
        buf_add_char(out, '(');
        spell_real(out, v->real);
        buf_add_char(out, ')');
        break;
    case VALUE_TEXT: spell_text(out, v->text); break;
    case VALUE_BLOB: spell_blob(out, v->text); break;
    }
}

static void spell_literal(struct buf *out, const struct node *n, enum dialect side) {
    if (side == SIDE_SQLITE) {
        spell_sqlite(out, &n->literal);
        return;
    }
    bool cast = n->literal.kind == VALUE_NULL || n->spelt == T_CAST;
    if (cast) buf_add_str(out, "CAST(");
    if (n->literal.kind == VALUE_NULL) {
        buf_add_str(out, "NULL");
    } else {
        spell_weir(out, n);
    }
    if (cast) {
        buf_add_str(out, " AS ");
        spell_type(out, n->type);
        buf_add_char(out, ')');
    }
}

static uint32_t common_scale(const struct spell_template *s) {
    uint32_t scale = 0;
    for (uint32_t i = 0; i < s->args; i++) {
        if (s->arg[i]->type.letter == T_DECIMAL && s->arg[i]->type.scale > scale) {
            scale = s->arg[i]->type.scale;
        }
    }
    return scale;
}

static int64_t power_of_ten(uint32_t n) {
    int64_t v = 1;
    for (; n > 0; n--) v *= 10;
    return v;
}

/* '#': the power of ten by which a quotient's dividend is raised. */
static uint32_t quotient_shift(const struct spell_template *s) {
    return s->scale - s->arg[0]->type.scale + (uint32_t)s->arg[1]->type.scale;
}

void spell_template(struct buf *out, const struct spell_template *s, const struct otable *t,
                    enum dialect side) {
    for (const char *c = s->text; *c; c++) {
        if (*c == '#') buf_addf(out, "%u", quotient_shift(s));
        bool mark = strchr("$@~^", *c) && c[1] >= '1' && c[1] <= '6';
        if (!mark) {
            if (*c != '#') buf_add_char(out, *c);
            continue;
        }
        const struct node *arg = s->arg[c[1] - '1'];
        assert((uint32_t)(c[1] - '1') < s->args);
        if (*c == '^') {
            buf_addf(out, "%u", arg->type.scale);
        } else if (*c == '@') {
            buf_add_char(out, '(');
            spell_node(out, arg, t, side);
            buf_addf(out, " * %" PRId64 ")", power_of_ten(common_scale(s) - arg->type.scale));
        } else if (*c == '~') {
            buf_add_str(out, "w_real(");
            spell_node(out, arg, t, side);
            buf_addf(out, ", %u)", arg->type.scale);
        } else {
            spell_node(out, arg, t, side);
        }
        c++;
    }
}

void spell_node(struct buf *out, const struct node *n, const struct otable *t, enum dialect side) {
    if (n->kind == NODE_COLUMN) {
        buf_add_str(out, t->col[n->column].name);
    } else if (n->kind == NODE_LITERAL) {
        spell_literal(out, n, side);
    } else {
        const char *text = side == SIDE_SQLITE && n->op->sqlite ? n->op->sqlite : n->op->weir;
        if (n->planted && side == SIDE_SQLITE) text = n->planted;
        const struct spell_template s = {
            .text = text, .arg = n->arg, .args = n->args, .scale = n->type.scale};
        spell_template(out, &s, t, side);
    }
}

static void spell_json_text(struct buf *out, struct text t) {
    buf_add_char(out, '"');
    for (uint32_t i = 0; i < t.bytes; i++) {
        unsigned char c = (unsigned char)t.at[i];
        if (c == '"' || c == '\\') {
            buf_addf(out, "\\%c", c);
        } else if (c < 32) {
            buf_addf(out, "\\u%04x", c);
        } else {
            buf_add_char(out, (char)c);
        }
    }
    buf_add_char(out, '"');
}

static void spell_base64(struct buf *out, struct text t) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    buf_add_char(out, '"');
    for (uint32_t i = 0; i < t.bytes; i += 3) {
        uint32_t left = t.bytes - i, word = (uint32_t)(unsigned char)t.at[i] << 16;
        if (left > 1) word |= (uint32_t)(unsigned char)t.at[i + 1] << 8;
        if (left > 2) word |= (unsigned char)t.at[i + 2];
        buf_add_char(out, digits[word >> 18]);
        buf_add_char(out, digits[word >> 12 & 63]);
        buf_add_char(out, left > 1 ? digits[word >> 6 & 63] : '=');
        buf_add_char(out, left > 2 ? digits[word & 63] : '=');
    }
    buf_add_char(out, '"');
}

void spell_json(struct buf *out, const struct value *v, struct otype t) {
    if (v->kind == VALUE_NULL) {
        buf_add_str(out, "null");
        return;
    }
    switch (t.letter) {
    case T_BOOLEAN: buf_add_str(out, v->integer ? "true" : "false"); break;
    case T_BIGINT: buf_addf(out, "%" PRId64, v->integer); break;
    case T_DOUBLE: buf_addf(out, "%.17g", v->real); break;
    case T_DECIMAL: spell_decimal(out, v->integer, t.scale); break;
    case T_TEXT: spell_json_text(out, v->text); break;
    case T_BLOB: spell_base64(out, v->text); break;
    case T_IMAGE: spell_json_text(out, v->text); break;
    case T_TIMESTAMP:
    case T_DATE:
    case T_TIME:
        buf_add_char(out, '"');
        if (t.letter == T_TIMESTAMP) spell_timestamp(out, v->integer);
        if (t.letter == T_DATE) spell_date(out, v->integer);
        if (t.letter == T_TIME) spell_clock(out, v->integer);
        buf_add_char(out, '"');
        break;
    default: buf_add_text(out, v->text); /* nested: is JSON already */
    }
}
