/* codec_json_step.c: what the kernels of codec_json_step.h leave to plain code. */
#include "engine/edge/codec_json_step.h"

#include <assert.h>
#include <string.h>

#include "engine/base/attr.h"
#include "engine/base/batch.h"
#include "engine/base/time.h"
#include "engine/edge/codec_json_nested.h"

enum { BIGINT_DIGITS_MAX = 18, FRACTION_DIGITS_MAX = 9 };

static bool is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

/* ---- one value each: where it ends, or NULL */

typedef const char *slow_taker(struct jstep *s, struct jread *r, struct jtarget *t, uint32_t row);

static const char *slow_nothing(struct jstep *s, struct jread *r, struct jtarget *t, uint32_t row) {
    (void)s;
    (void)r;
    (void)t;
    (void)row;
    return NULL;
}

/* The opening quote is in the prefix. */
static const char *slow_text(struct jstep *s, struct jread *r, struct jtarget *t, uint32_t row) {
    (void)s;
    r->at--;
    return jread_string(r, &t->as.text[row]) ? r->at : NULL;
}

static const char *slow_double(struct jstep *s, struct jread *r, struct jtarget *t, uint32_t row) {
    (void)s;
    return jread_double(r, &t->as.f64[row]) ? r->at : NULL;
}

static const char *slow_bigint(struct jstep *s, struct jread *r, struct jtarget *t, uint32_t row) {
    (void)s;
    const char *at = r->at;
    bool negative = *at == '-';
    at += negative;
    int64_t v = 0;
    uint32_t n = 0;
    for (; n < BIGINT_DIGITS_MAX && is_digit(at[n]); n++) v = v * 10 + (at[n] - '0');
    if (n == 0 || is_digit(at[n]) || (at[0] == '0' && n > 1)) return NULL;
    t->as.i64[row] = negative ? -v : v;
    return at + n;
}

/* ":SS[.f...][Z]" and the closing quote. */
static const char *seconds_take(const char *at, int64_t *us_out) {
    if (at[0] != ':' || !is_digit(at[1]) || !is_digit(at[2]) || at[1] > '5') return NULL;
    int64_t us = ((at[1] - '0') * 10 + (at[2] - '0')) * SECOND_US;
    at += 3;
    if (*at == '.') {
        int64_t unit = SECOND_US / 10;
        uint32_t n = 1;
        for (; n <= FRACTION_DIGITS_MAX && is_digit(at[n]); n++, unit /= 10)
            us += (at[n] - '0') * unit;
        if (n == 1) return NULL;
        at += n;
    }
    if (*at == 'Z') at++;
    if (*at != '"') return NULL;
    *us_out = us;
    return at + 1;
}

static bool minute_take(struct jminute *m, const char *at) {
    static const char form[17] = "dddd-dd-dd dd:dd";
    if (memcmp(m->text, at, sizeof m->text) == 0) return true;
    for (uint32_t i = 0; i < sizeof m->text; i++) {
        bool ok = form[i] == 'd' ? is_digit(at[i]) : at[i] == form[i];
        if (!ok && !(i == 10 && at[i] == 'T')) return false;
    }
    int64_t us;
    struct text t = {.at = at, .bytes = sizeof m->text};
    if (timestamp_parse(t, &us) != PARSE_OK) return false;
    memcpy(m->text, at, sizeof m->text);
    m->us = us;
    return true;
}

static const char *slow_timestamp(struct jstep *s, struct jread *r, struct jtarget *t,
                                  uint32_t row) {
    int64_t us = 0;
    if (!minute_take(&s->minute, r->at)) return NULL;
    const char *at = seconds_take(r->at + sizeof s->minute.text, &us);
    if (at) t->as.i64[row] = timestamp_floor(s->minute.us + us, s->type->precision);
    return at;
}

static slow_taker *const takers[JSTEP_KERNELS] = {
    [JSTEP_TEXT] = slow_text,           [JSTEP_BIGINT] = slow_bigint,
    [JSTEP_DOUBLE] = slow_double,       [JSTEP_DECIMAL] = slow_nothing,
    [JSTEP_TIMESTAMP] = slow_timestamp, [JSTEP_BOOLEAN] = slow_nothing,
};

/* ---- rows */

/* Is null where the value should be? Then the row's value is made NULL. */
static const char *null_take(const struct jstep *s, struct jlive *l, struct jtarget *t,
                             uint32_t row) {
    const char *at = l->base + l->at[row];
    bool quote = s->kind == JSTEP_TEXT || s->kind == JSTEP_TIMESTAMP;
    uint32_t before = s->prefix_bytes - quote;
    if (s->not_null || memcmp(at, s->prefix, before) != 0) return NULL;
    if (memcmp(at + before, "null", 4) != 0) return NULL;
    if (s->type) {
        uint32_t size = rep_bytes(type_rep(s->type));
        memset((char *)t->as.any + (size_t)row * size, 0, size);
        bit_clear(t->valid, t->first + row);
        t->has_null = true;
        l->nulls = true;
    }
    return at + before + 4;
}

/* Puts the rows of the ascending list `more` among l->row[], which stays ascending. */
static void rows_merge(struct jlive *l, const uint16_t *more, uint32_t count) {
    uint32_t a = l->rows, b = count;
    l->rows += count;
    for (uint32_t to = l->rows; b > 0; to--) {
        bool old = a > 0 && l->row[a - 1] > more[b - 1];
        l->row[to - 1] = old ? l->row[--a] : more[--b];
    }
}

void jstep_slow(struct jstep *s, struct jlive *l, struct jtarget *t) {
    assert(s->kind < JSTEP_KERNELS && l->rows + l->slows <= SCAN_LINES_MAX);
    uint32_t taken = 0;
    for (uint32_t i = 0; i < l->slows; i++) {
        uint32_t row = l->slow[i];
        const char *at = l->base + l->at[row];
        const char *behind = NULL;
        if (memcmp(at, s->prefix, s->prefix_bytes) == 0) {
            struct jread r = *l->proto;
            r.begin = r.at = at + s->prefix_bytes;
            r.end = l->base + l->end[row];
            behind = takers[s->kind](s, &r, t, row);
        }
        if (!behind) behind = null_take(s, l, t, row);
        if (!behind) continue;
        l->at[row] = (uint32_t)(behind - l->base);
        l->slow[taken++] = (uint16_t)row;
    }
    rows_merge(l, l->slow, taken);
    l->slows = 0;
}
