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

const char *jstep_double_slow(const char *at, const char *end, double *out) {
    struct jread r = {.begin = at, .at = at, .end = end};
    return jread_double(&r, out) ? r.at : NULL;
}

const char *jstep_bigint_slow(const char *at, int64_t *out) {
    bool negative = *at == '-';
    at += negative;
    int64_t v = 0;
    uint32_t n = 0;
    for (; n <= BIGINT_DIGITS_MAX && is_digit(at[n]); n++) v = v * 10 + (at[n] - '0');
    if (n == 0 || n > BIGINT_DIGITS_MAX || (at[0] == '0' && n > 1)) return NULL;
    *out = negative ? -v : v;
    return at + n;
}

const char *jstep_seconds_slow(const char *at, int64_t *us_out) {
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

bool jstep_minute(struct jminute *m, const char *at) {
    static const char form[17] = "dddd-dd-dd dd:dd";
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

const char *jstep_null(const struct jstep *s, struct jlive *l, struct jtarget *t, uint32_t row) {
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
