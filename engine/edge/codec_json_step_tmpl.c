/* codec_json_step_tmpl.c: the steps of codec_json_step.h; included once per instruction set.
 *
 * The including file defines, with the target attribute DEFINE_FOR:
 *     struct prefix;                                            a step's prefix, loaded
 *     static struct prefix prefix_load(const struct jstep *s);
 *     static bool prefix_equal(const struct prefix *p, const char *at);
 *     static const char *find_quote(const char *at, const char *end);   or somewhere behind `end`
 *     static uint32_t digits_mask(const char *at);              bit i of 16: at[i] is a digit
 *     static uint64_t digits_value(const char *at, uint32_t n); the number of n <= 16 digits
 *     static uint64_t point_value(const char *at, uint32_t n, uint32_t fraction);
 *          likewise, with a point before the last `fraction` > 0 digits, counted in n
 *     static bool minute_equal(const char *a, const char *b);   16 bytes
 */

/* A number of at most 15 digits with an optional point: value = digits / 10^scale. */
struct number16 {
    uint64_t digits;
    uint32_t scale;
    bool negative;
};

/* NULL: another form. */
DEFINE_FOR static inline const char *number_take(const char *at, struct number16 *out) {
    out->negative = *at == '-';
    at += out->negative;
    uint32_t digits = digits_mask(at);
    uint32_t whole = (uint32_t)__builtin_ctz(~digits);
    bool zero = *at == '0' && whole > 1;
    if (unlikely(whole == 0 || zero || whole >= 16)) return NULL;
    uint32_t n = whole;
    out->scale = 0;
    if (at[whole] == '.') {
        n = (uint32_t)__builtin_ctz(~(digits | UINT32_C(1) << whole));
        out->scale = n - whole - 1;
        if (unlikely(out->scale == 0 || n >= 16)) return NULL;
        out->digits = point_value(at, n, out->scale);
    } else {
        out->digits = digits_value(at, n);
    }
    return unlikely((at[n] | 0x20) == 'e') ? NULL : at + n;
}

DEFINE_FOR static void step_text(struct jstep *s, struct jlive *l, struct jtarget *t) {
    const struct prefix prefix = prefix_load(s);
    const char *const base = l->base;
    uint16_t *const rows = l->row;
    uint32_t *const ats = l->at;
    const uint32_t count = l->rows;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        const char *at = base + ats[row];
        const char *end = base + l->end[row];
        if (likely(prefix_equal(&prefix, at))) {
            const char *from = at + s->prefix_bytes;
            at = find_quote(from, end);
            t->as.text[row] = (struct text){.at = from, .bytes = (uint32_t)(at - from)};
            if (unlikely(at >= end)) continue;
            at++;
        } else {
            at = jstep_null(s, l, t, row);
            if (!at) continue;
        }
        ats[row] = (uint32_t)(at - base);
        rows[kept++] = (uint16_t)row;
    }
    l->rows = kept;
}

DEFINE_FOR static void step_bigint(struct jstep *s, struct jlive *l, struct jtarget *t) {
    const struct prefix prefix = prefix_load(s);
    const char *const base = l->base;
    uint16_t *const rows = l->row;
    uint32_t *const ats = l->at;
    const uint32_t count = l->rows;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        const char *at = base + ats[row];
        if (unlikely(!prefix_equal(&prefix, at))) continue;
        const char *from = at + s->prefix_bytes;
        bool negative = *from == '-';
        from += negative;
        uint32_t n = (uint32_t)__builtin_ctz(~digits_mask(from));
        if (likely(n > 0 && n < 16 && !(*from == '0' && n > 1))) {
            int64_t v = (int64_t)digits_value(from, n);
            t->as.i64[row] = negative ? -v : v;
            at = from + n;
        } else {
            at = jstep_bigint_slow(from - negative, &t->as.i64[row]);
            if (!at) at = jstep_null(s, l, t, row);
            if (!at) continue;
        }
        ats[row] = (uint32_t)(at - base);
        rows[kept++] = (uint16_t)row;
    }
    l->rows = kept;
}

DEFINE_FOR static void step_double(struct jstep *s, struct jlive *l, struct jtarget *t) {
    static const double power[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const struct prefix prefix = prefix_load(s);
    const char *const base = l->base;
    uint16_t *const rows = l->row;
    uint32_t *const ats = l->at;
    const uint32_t count = l->rows;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        const char *at = base + ats[row];
        if (unlikely(!prefix_equal(&prefix, at))) continue;
        struct number16 n;
        const char *from = at + s->prefix_bytes;
        at = number_take(from, &n);
        if (likely(at)) {
            /* Both are exact below 2^53 and 10^22, so the quotient is rounded once. */
            double v = (double)(int64_t)n.digits / power[n.scale];
            t->as.f64[row] = n.negative ? -v : v;
        } else {
            at = jstep_double_slow(from, base + l->end[row], &t->as.f64[row]);
            if (!at) at = jstep_null(s, l, t, row);
            if (!at) continue;
        }
        ats[row] = (uint32_t)(at - base);
        rows[kept++] = (uint16_t)row;
    }
    l->rows = kept;
}

DEFINE_FOR static void step_decimal(struct jstep *s, struct jlive *l, struct jtarget *t) {
    static const uint64_t power[19] = {
        UINT64_C(1),
        UINT64_C(10),
        UINT64_C(100),
        UINT64_C(1000),
        UINT64_C(10000),
        UINT64_C(100000),
        UINT64_C(1000000),
        UINT64_C(10000000),
        UINT64_C(100000000),
        UINT64_C(1000000000),
        UINT64_C(10000000000),
        UINT64_C(100000000000),
        UINT64_C(1000000000000),
        UINT64_C(10000000000000),
        UINT64_C(100000000000000),
        UINT64_C(1000000000000000),
        UINT64_C(10000000000000000),
        UINT64_C(100000000000000000),
        UINT64_C(1000000000000000000),
    };
    const struct prefix prefix = prefix_load(s);
    uint32_t scale = s->type->scale;
    uint64_t limit = s->type->precision < 19 ? power[s->type->precision] : UINT64_MAX;
    const char *const base = l->base;
    uint16_t *const rows = l->row;
    uint32_t *const ats = l->at;
    const uint32_t count = l->rows;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        const char *at = base + ats[row];
        if (unlikely(!prefix_equal(&prefix, at))) continue;
        struct number16 n;
        at = number_take(at + s->prefix_bytes, &n);
        if (likely(at)) {
            uint32_t more = scale - n.scale;
            if (unlikely(n.scale > scale || more > 4)) continue;
            uint64_t v = n.digits * power[more]; /* < 10^19 */
            if (unlikely(v >= limit)) continue;
            t->as.i128[row] = n.negative ? -(int128_t)v : (int128_t)v;
        } else {
            at = jstep_null(s, l, t, row);
            if (!at) continue;
        }
        ats[row] = (uint32_t)(at - base);
        rows[kept++] = (uint16_t)row;
    }
    l->rows = kept;
}

/* ":SS.fff" and a quote, in one word. NULL: another form. */
DEFINE_FOR static inline const char *seconds_take(const char *at, int64_t *us_out) {
    uint64_t w;
    memcpy(&w, at, sizeof w);
    w ^= UINT64_C(0x223030302E30303A); /* ":00.000\"" */
    /* Digits are now 0..9, the others 0; what is more sets a top bit. */
    uint64_t more = (w + UINT64_C(0x7F7676767F76767F)) | w;
    if (unlikely(more & UINT64_C(0x8080808080808080))) return NULL;
    uint32_t second = (uint32_t)(w >> 8 & 15) * 10 + (uint32_t)(w >> 16 & 15);
    if (unlikely(second > 59)) return NULL;
    uint32_t ms =
        (uint32_t)(w >> 32 & 15) * 100 + (uint32_t)(w >> 40 & 15) * 10 + (uint32_t)(w >> 48 & 15);
    *us_out = (int64_t)(second * 1000 + ms) * 1000;
    return at + sizeof w;
}

DEFINE_FOR static void step_timestamp(struct jstep *s, struct jlive *l, struct jtarget *t) {
    const struct prefix prefix = prefix_load(s);
    uint32_t precision = s->type->precision;
    const char *const base = l->base;
    uint16_t *const rows = l->row;
    uint32_t *const ats = l->at;
    const uint32_t count = l->rows;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        const char *at = base + ats[row];
        if (likely(prefix_equal(&prefix, at))) {
            int64_t us = 0;
            at += s->prefix_bytes;
            bool same = minute_equal(s->minute.text, at);
            if (unlikely(!same) && !jstep_minute(&s->minute, at)) continue;
            const char *seconds = at + sizeof s->minute.text;
            at = seconds_take(seconds, &us);
            if (unlikely(!at)) at = jstep_seconds_slow(seconds, &us);
            if (unlikely(!at)) continue;
            us += s->minute.us;
            t->as.i64[row] =
                precision >= 3 && at == seconds + 8 ? us : timestamp_floor(us, precision);
        } else {
            at = jstep_null(s, l, t, row);
            if (!at) continue;
        }
        ats[row] = (uint32_t)(at - base);
        rows[kept++] = (uint16_t)row;
    }
    l->rows = kept;
}

DEFINE_FOR static void step_boolean(struct jstep *s, struct jlive *l, struct jtarget *t) {
    const struct prefix prefix = prefix_load(s);
    const char *const base = l->base;
    uint16_t *const rows = l->row;
    uint32_t *const ats = l->at;
    const uint32_t count = l->rows;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        const char *at = base + ats[row];
        if (unlikely(!prefix_equal(&prefix, at))) continue;
        const char *from = at + s->prefix_bytes;
        bool is_true = memcmp(from, "true", 4) == 0;
        bool is_false = memcmp(from, "fals", 4) == 0 && from[4] == 'e';
        t->as.b8[row] = is_true;
        at = from + 5 - is_true;
        if (unlikely(!is_true && !is_false)) {
            at = jstep_null(s, l, t, row);
            if (!at) continue;
        }
        ats[row] = (uint32_t)(at - base);
        rows[kept++] = (uint16_t)row;
    }
    l->rows = kept;
}

/* What stands behind the last value, to the record's end. */
DEFINE_FOR static void step_finish(struct jstep *s, struct jlive *l, struct jtarget *t) {
    (void)t;
    const struct prefix prefix = prefix_load(s);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->rows; i++) {
        uint32_t row = l->row[i];
        uint32_t at = l->at[row];
        bool ok = at + s->prefix_bytes == l->end[row] && prefix_equal(&prefix, l->base + at);
        l->row[kept] = (uint16_t)row;
        kept += ok;
    }
    l->rows = kept;
}

static const struct jstep_kernels json_steps = {
    .value =
        {
#define X(NAME, fn) [JSTEP_##NAME] = step_##fn,
            JSTEP_LIST(X)
#undef X
        },
    .finish = step_finish,
};
