/* codec_json_step_tmpl.c: the steps of codec_json_step.h; included once per instruction set.
 *
 * A loop does the plain case only and calls nothing; a row that is anything else (a NULL, a long
 * number, another minute, another layout) goes on l->slow, and plain code looks at it afterwards.
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

/* The loop over the live rows: TAKE is called with the row's value and where it goes, and returns
 * the byte behind the value, or NULL: not the plain case. Of STRINGS a row with backslashes has
 * none. */
#define DEFINE_STEP(name, TAKE, STRINGS)                                                           \
    DEFINE_FOR static void step_##name(struct jstep *s, struct jlive *l, struct jtarget *t) {      \
        const struct prefix prefix = prefix_load(s);                                               \
        const struct jstep step = {                                                                \
            .prefix_bytes = s->prefix_bytes, .type = s->type, .minute = s->minute};                \
        const struct jtarget target = *t;                                                          \
        const char *const base = l->base;                                                          \
        const uint32_t *const ends = l->end;                                                       \
        const uint8_t *const odd = l->odd;                                                         \
        uint16_t *const rows = l->row;                                                             \
        uint32_t *const ats = l->at;                                                               \
        const uint32_t count = l->rows;                                                            \
        uint32_t kept = 0, slows = 0;                                                              \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            uint32_t row = rows[i];                                                                \
            const char *at = base + ats[row];                                                      \
            const char *behind = NULL;                                                             \
            if (likely(prefix_equal(&prefix, at) && !(STRINGS && odd[row])))                       \
                behind = TAKE(at + step.prefix_bytes, base + ends[row], row, &step, &target);      \
            if (unlikely(!behind)) {                                                               \
                l->slow[slows++] = (uint16_t)row;                                                  \
                continue;                                                                          \
            }                                                                                      \
            ats[row] = (uint32_t)(behind - base);                                                  \
            rows[kept++] = (uint16_t)row;                                                          \
        }                                                                                          \
        l->rows = kept;                                                                            \
        l->slows = slows;                                                                          \
    }

DEFINE_FOR static inline const char *take_text(const char *at, const char *end, uint32_t row,
                                               const struct jstep *s, const struct jtarget *t) {
    (void)s;
    const char *quote = find_quote(at, end);
    t->as.text[row] = (struct text){.at = at, .bytes = (uint32_t)(quote - at)};
    return likely(quote < end) ? quote + 1 : NULL;
}

DEFINE_FOR static inline const char *take_bigint(const char *at, const char *end, uint32_t row,
                                                 const struct jstep *s, const struct jtarget *t) {
    (void)s;
    (void)end;
    uint32_t n = (uint32_t)__builtin_ctz(~digits_mask(at));
    if (unlikely(n - 1 > 14 || (*at == '0' && n > 1))) return NULL;
    t->as.i64[row] = (int64_t)digits_value(at, n);
    return at + n;
}

/* A number of at most 15 digits with an optional point: value = digits / 10^scale. */
struct number16 {
    uint64_t digits;
    uint32_t scale;
    bool negative;
};

DEFINE_FOR static inline const char *take_number(const char *at, struct number16 *out) {
    out->negative = *at == '-';
    at += out->negative;
    uint32_t digits = digits_mask(at);
    uint32_t whole = (uint32_t)__builtin_ctz(~digits);
    if (unlikely(whole - 1 > 14 || (*at == '0' && whole > 1))) return NULL;
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

DEFINE_FOR static inline const char *take_double(const char *at, const char *end, uint32_t row,
                                                 const struct jstep *s, const struct jtarget *t) {
    static const double power[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    (void)s;
    (void)end;
    struct number16 n;
    at = take_number(at, &n);
    if (unlikely(!at)) return NULL;
    /* Both are exact below 2^53 and 10^22, so the quotient is rounded once. */
    double v = (double)(int64_t)n.digits / power[n.scale];
    t->as.f64[row] = n.negative ? -v : v;
    return at;
}

DEFINE_FOR static inline const char *take_decimal(const char *at, const char *end, uint32_t row,
                                                  const struct jstep *s, const struct jtarget *t) {
    (void)end;
    struct number16 n;
    at = take_number(at, &n);
    if (unlikely(!at)) return NULL;
    uint32_t more = s->type->scale - n.scale;
    if (unlikely(n.scale > s->type->scale || more > 4)) return NULL;
    uint64_t v = n.digits * power10_table[more]; /* < 10^19 */
    if (unlikely(s->type->precision < 16 && v >= power10_table[s->type->precision])) return NULL;
    if (unlikely(s->type->precision < 19 && s->type->precision > 15)) return NULL;
    t->as.i128[row] = n.negative ? -(int128_t)v : (int128_t)v;
    return at;
}

/* ":SS.fff" and a quote, in one word. */
DEFINE_FOR static inline const char *take_seconds(const char *at, int64_t *us_out) {
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

DEFINE_FOR static inline const char *take_timestamp(const char *at, const char *end, uint32_t row,
                                                    const struct jstep *s,
                                                    const struct jtarget *t) {
    (void)end;
    int64_t us;
    if (unlikely(!minute_equal(s->minute.text, at) || s->type->precision < 3)) return NULL;
    at = take_seconds(at + sizeof s->minute.text, &us);
    if (unlikely(!at)) return NULL;
    t->as.i64[row] = s->minute.us + us;
    return at;
}

DEFINE_FOR static inline const char *take_boolean(const char *at, const char *end, uint32_t row,
                                                  const struct jstep *s, const struct jtarget *t) {
    (void)s;
    (void)end;
    bool is_true = memcmp(at, "true", 4) == 0;
    bool is_false = memcmp(at, "fals", 4) == 0 && at[4] == 'e';
    t->as.b8[row] = is_true;
    return likely(is_true || is_false) ? at + 5 - is_true : NULL;
}

#define X(NAME, fn) DEFINE_STEP(fn, take_##fn, JSTEP_##NAME == JSTEP_TEXT)
JSTEP_LIST(X)
#undef X

/* What stands behind the last value, to the record's end. */
DEFINE_FOR static void step_finish(struct jstep *s, struct jlive *l, struct jtarget *t) {
    (void)t;
    const struct prefix prefix = prefix_load(s);
    const char *const base = l->base;
    const uint32_t *const ends = l->end;
    const uint32_t bytes = s->prefix_bytes, count = l->rows;
    uint16_t *const rows = l->row;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        uint32_t at = l->at[row];
        bool ok = at + bytes == ends[row] &&
                  (bytes == 1 ? base[at] == s->prefix[0] : prefix_equal(&prefix, base + at));
        rows[kept] = (uint16_t)row;
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
