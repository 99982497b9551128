/* number_test.c: laws of reading and printing numbers, against the C library and libsqlite3. */
#include "engine/base/number.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "engine/base/digits.h"
#include "engine/base/number_table.h"
#include "tests/unit/base/random.h"

enum { BIG_BYTES = 200 }; /* base 256, least first: 10^342 has 1,137 bits */

struct naive {
    unsigned char byte[BIG_BYTES];
};

static void naive_mul(struct naive *n, uint32_t factor) {
    uint32_t carry = 0;
    for (int i = 0; i < BIG_BYTES; i++) {
        carry += n->byte[i] * factor;
        n->byte[i] = (unsigned char)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
}

static int naive_top(const struct naive *n) {
    for (int i = BIG_BYTES * 8; i-- > 0;) {
        if (n->byte[i / 8] >> (i % 8) & 1) return i;
    }
    return -1;
}

static int naive_compare(const struct naive *a, const struct naive *b) {
    for (int i = BIG_BYTES; i-- > 0;) {
        if (a->byte[i] != b->byte[i]) return a->byte[i] < b->byte[i] ? -1 : 1;
    }
    return 0;
}

static void naive_sub(struct naive *a, const struct naive *b) {
    int borrow = 0;
    for (int i = 0; i < BIG_BYTES; i++) {
        int d = a->byte[i] - b->byte[i] - borrow;
        borrow = d < 0;
        a->byte[i] = (unsigned char)(d + 256 * borrow);
    }
}

/* The first 128 bits of power / divisor by long division, one bit a step. */
static struct power naive_quotient(const struct naive *divisor) {
    struct naive rest = {{1}};
    while (naive_compare(&rest, divisor) < 0) naive_mul(&rest, 2);
    struct power q = {0, 0};
    for (int i = 0; i < 128; i++) {
        q.high = q.high << 1 | q.low >> 63;
        q.low <<= 1;
        if (naive_compare(&rest, divisor) >= 0) {
            naive_sub(&rest, divisor);
            q.low |= 1;
        }
        naive_mul(&rest, 2);
    }
    return q;
}

static struct power naive_first_bits(const struct naive *n) {
    struct power p = {0, 0};
    int top = naive_top(n);
    for (int i = 0; i < 128; i++) {
        int at = top - i;
        uint64_t bit = at >= 0 ? (uint64_t)(n->byte[at / 8] >> (at % 8) & 1) : 0;
        p.high = p.high << 1 | p.low >> 63;
        p.low = p.low << 1 | bit;
    }
    return p;
}

static void table_holds_the_powers_of_ten(void **unused) {
    (void)unused;
    struct naive n = {{1}};
    for (int32_t q = 0; q <= -POWER_MIN; q++) {
        if (q <= POWER_MAX) {
            struct power p = naive_first_bits(&n);
            assert_true(p.high == power_table[q - POWER_MIN].high);
            assert_true(p.low == power_table[q - POWER_MIN].low);
            assert_int_equal(power_exponent(q), naive_top(&n) - 127);
        }
        if (q > 0) {
            struct power p = naive_quotient(&n);
            assert_true(p.high == power_table[-q - POWER_MIN].high);
            assert_true(p.low == power_table[-q - POWER_MIN].low);
            assert_int_equal(power_exponent(-q), -naive_top(&n) - 128);
        }
        naive_mul(&n, 10);
    }
}

static enum parse_result read_i64(const char *s, int64_t *out) {
    return i64_parse(text_of(s), out);
}

static void integers_read_back_and_end_where_int64_ends(void **unused) {
    (void)unused;
    struct random r = random_start("integers");
    for (uint32_t i = 0; i < random_rounds(100000); i++) {
        int64_t v = (int64_t)random_spread(&r) * (random_below(&r, 2) ? 1 : -1), back = 0;
        char ours[I64_TEXT_MAX], theirs[32];
        uint32_t bytes = i64_print(ours, v);
        assert_int_equal(bytes, snprintf(theirs, sizeof theirs, "%" PRId64, v));
        assert_memory_equal(ours, theirs, bytes);
        assert_int_equal(i64_parse((struct text){ours, bytes}, &back), PARSE_OK);
        assert_true(back == v);
    }
    int64_t v;
    assert_int_equal(read_i64("9223372036854775807", &v), PARSE_OK);
    assert_true(v == INT64_MAX);
    assert_int_equal(read_i64("-9223372036854775808", &v), PARSE_OK);
    assert_true(v == INT64_MIN);
    assert_int_equal(read_i64("9223372036854775808", &v), PARSE_RANGE);
    assert_int_equal(read_i64("-9223372036854775809", &v), PARSE_RANGE);
    assert_int_equal(read_i64("99999999999999999999999999", &v), PARSE_RANGE);
    assert_int_equal(read_i64("18446744073709551616", &v), PARSE_RANGE);
    assert_int_equal(read_i64("000000000000000000000000000000012", &v), PARSE_OK);
    assert_int_equal(v, 12);
    assert_int_equal(i64_parse((struct text){NULL, 0}, &v), PARSE_SYNTAX);
    static const char *const bad[] = {"", "-", "+", "1 ", " 1", "1.", "--1", "0x1", "1e1", "12a"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) assert_int_equal(read_i64(bad[i], &v), PARSE_SYNTAX);
}

static void check_reads_as_strtod(const char *s) {
    double ours = -1, theirs = strtod(s, NULL);
    enum parse_result got = f64_parse(text_of(s), &ours);
    if (theirs - theirs != 0) {
        assert_int_equal(got, PARSE_RANGE);
        return;
    }
    assert_int_equal(got, PARSE_OK);
    if (memcmp(&ours, &theirs, sizeof ours) != 0) print_error("%s\n", s);
    assert_memory_equal(&ours, &theirs, sizeof ours);
}

static void doubles_are_read_to_the_nearest(void **unused) {
    (void)unused;
    struct random r = random_start("doubles read");
    char s[1200];
    for (uint32_t i = 0; i < random_rounds(100000); i++) {
        double v = random_f64(&r);
        snprintf(s, sizeof s, "%.*e", (int)random_below(&r, 25), v);
        check_reads_as_strtod(s);
        snprintf(s, sizeof s, "%" PRIu64 "e%d", random_spread(&r),
                 (int)random_below(&r, 700) - 360);
        check_reads_as_strtod(s);
        snprintf(s, sizeof s, "-%u.%07u", (uint32_t)random_spread(&r),
                 (uint32_t)random_below(&r, 10000000));
        check_reads_as_strtod(s);
    }
}

/* The middle of two doubles in full has up to 767 digits; one digit decides. */
static void middles_are_read_to_even_and_a_hair_beside_them_not(void **unused) {
    (void)unused;
    struct random r = random_start("middles");
    char s[1300];
    for (uint32_t i = 0; i < random_rounds(4000); i++) {
        uint64_t bits = random_u64(&r) >> 1 >> random_below(&r, 12);
        if (i % 4 == 0) bits = random_below(&r, 1000);
        if (bits >= UINT64_C(0x7FE0000000000000)) bits -= UINT64_C(0x7FE0000000000000) / 2;
        double low, high;
        uint64_t next = bits + 1;
        memcpy(&low, &bits, sizeof low);
        memcpy(&high, &next, sizeof high);
        long double middle = ((long double)low + (long double)high) / 2; /* 64 bits: exact */
        int n = snprintf(s, sizeof s, "%.1150Lf", middle);
        if (n < 0 || n >= (int)sizeof s - 10) continue;
        check_reads_as_strtod(s);
        s[n] = '1';
        s[n + 1] = '\0';
        check_reads_as_strtod(s);
        int last = n - 1;
        while (s[last] == '0') last--;
        if (s[last] == '.') continue;
        s[last]--;
        check_reads_as_strtod(s);
    }
}

static void hard_doubles(void **unused) {
    (void)unused;
    static const char *const hard[] = {
        "0",
        "-0",
        "0e999999999999999999999",
        "1e-400",
        "1e400",
        "-1e400",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "4.9406564584124654e-324",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1.797693134862315807e308",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "9007199254740993",
        "9007199254740993.0",
        "900719925474099300000e-5",
        "9007199254740992.999999999999999999999999",
        ".5",
        "5.",
        "1e0",
        "1E+5",
        "1e-05",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999",
        "123456789012345678901234567890",
        "0.000000000000000000000000000000000000001",
        "8.5e22",
        "7.2057594037927933e16",
        "1.448997445238699",
        "6.631236846766476e-316",
        "1e23",
        "3e-324",
        "0.1e-6",
        "00000000000000000000000000001.5",
    };
    for (size_t i = 0; i < COUNT_OF(hard); i++) check_reads_as_strtod(hard[i]);

    static const char *const bad[] = {"",    ".",     "-",   "+",  "e5",  "1e",
                                      "1e+", "1.2.3", "1 ",  " 1", "nan", "inf",
                                      "0x1", "1e5.0", "--1", "1-", ".e1"};
    double v;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(f64_parse(text_of(bad[i]), &v), PARSE_SYNTAX);
}

/* A long run of zeros and a large exponent may cancel out. */
static void zeros_and_exponent_cancel(void **unused) {
    (void)unused;
    enum { ZEROS = 20000000 };
    char *s = malloc(ZEROS + 40);
    assert_non_null(s);
    s[0] = '.';
    memset(s + 1, '0', ZEROS);
    snprintf(s + 1 + ZEROS, 30, "125e%d", ZEROS + 1);
    double v = 0;
    assert_int_equal(f64_parse(text_of(s), &v), PARSE_OK);
    free(s);
    assert_true(v == 1.25);
}

static void digits_gathered_by_others_give_the_same(void **unused) {
    (void)unused;
    struct random r = random_start("digits");
    for (uint32_t i = 0; i < random_rounds(100000); i++) {
        uint64_t digits = random_spread(&r);
        int32_t exponent = (int32_t)random_below(&r, 720) - 370;
        char s[64];
        snprintf(s, sizeof s, "%" PRIu64 "e%d", digits, exponent);
        double ours = f64_from_digits(digits, exponent), theirs = strtod(s, NULL);
        assert_memory_equal(&ours, &theirs, sizeof ours);
    }
}

/* Prints v shortest; fewer digits must not read back, and no other of as many be nearer. */
static void check_shortest(double v) {
    char ours[F64_TEXT_MAX + 1], best[64];
    uint32_t bytes = f64_print(ours, v);
    assert_true(bytes <= F64_TEXT_MAX);
    ours[bytes] = '\0';
    double back = strtod(ours, NULL);
    assert_memory_equal(&back, &v, sizeof v);
    assert_true(strpbrk(ours, ".e") != NULL);

    int digits = 1;
    for (; digits < 17; digits++) {
        snprintf(best, sizeof best, "%.*e", digits - 1, v);
        if (strtod(best, NULL) == v) break;
    }
    snprintf(best, sizeof best, "%.*e", digits - 1, v);
    struct f64_decimal d = f64_shortest(v);
    char digit[32];
    int n = snprintf(digit, sizeof digit, "%" PRIu64, d.digits);
    if (v != 0 && n > digits) print_error("%.17g: %s, %d digits would do\n", v, digit, digits);
    assert_true(v == 0 || n <= digits);

    /* With the same count of digits %.*e is the nearest, ties aside: compare as decimals. */
    char again[64];
    snprintf(again, sizeof again, "%" PRIu64 "e%d", d.digits, d.exponent);
    long double us = strtold(again, NULL), them = strtold(best, NULL);
    long double x = v < 0 ? -(long double)v : (long double)v;
    if (them < 0) them = -them;
    long double off_us = us > x ? us - x : x - us, off_them = them > x ? them - x : x - them;
    assert_true(n < digits || off_us <= off_them * (1 + 1e-3L));
}

static void doubles_print_shortest_and_read_back(void **unused) {
    (void)unused;
    struct random r = random_start("doubles print");
    for (uint32_t i = 0; i < random_rounds(100000); i++) {
        check_shortest(random_f64(&r));
        check_shortest((double)random_spread(&r) / 1000);
        check_shortest((double)(int64_t)random_spread(&r));
    }
    for (int e = 0; e < 2046; e++) { /* powers of two and their neighbours */
        for (uint64_t near = 0; near < 3; near++) {
            uint64_t bits = ((uint64_t)e << 52) + near - (e > 0);
            double v;
            memcpy(&v, &bits, sizeof v);
            check_shortest(v);
            check_shortest(-v);
        }
    }
    for (int e = -323; e <= 308; e++) {
        char s[16];
        snprintf(s, sizeof s, "1e%d", e);
        check_shortest(strtod(s, NULL));
    }
}

static void doubles_have_the_agreed_form(void **unused) {
    (void)unused;
    static const struct {
        double v;
        const char *s;
    } form[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {-1.5, "-1.5"},
        {100, "100.0"},
        {0.1, "0.1"},
        {1e15, "1000000000000000.0"},
        {1e16, "1e+16"},
        {1e-5, "0.00001"},
        {1e-6, "1e-06"},
        {1.5e-7, "1.5e-07"},
        {1e300, "1e+300"},
        {-1.25e300, "-1.25e+300"},
        {9007199254740993.0, "9007199254740992.0"},
        {0.00012345, "0.00012345"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {123456.789, "123456.789"},
        {1e22, "1e+22"},
    };
    for (size_t i = 0; i < COUNT_OF(form); i++) {
        char ours[F64_TEXT_MAX + 1];
        ours[f64_print(ours, form[i].v)] = '\0';
        assert_string_equal(ours, form[i].s);
    }
    char ours[F64_TEXT_MAX + 1];
    ours[f64_print(ours, strtod("nan", NULL))] = '\0';
    assert_string_equal(ours, "NaN");
    ours[f64_print(ours, -strtod("inf", NULL))] = '\0';
    assert_string_equal(ours, "-Infinity");
}

static void check_sqlite(double v) {
    char ours[F64_SQLITE_MAX + 1], theirs[64];
    ours[f64_print_sqlite(ours, v)] = '\0';
    sqlite3_snprintf(sizeof theirs, theirs, "%!.15g", v);
    assert_string_equal(ours, theirs);
}

static void sqlite_form_is_sqlites(void **unused) {
    (void)unused;
    struct random r = random_start("sqlite form");
    for (uint32_t i = 0; i < random_rounds(100000); i++) {
        check_sqlite(random_f64(&r));
        check_sqlite((double)random_spread(&r) / 1000);
        check_sqlite((double)(int64_t)random_spread(&r));
        check_sqlite(1 / (double)(int64_t)(random_spread(&r) | 1));
        check_sqlite((double)random_below(&r, 1000000) / 100);
    }
    static const double special[] = {0,
                                     -0.0,
                                     1,
                                     1e15,
                                     1e14,
                                     999999999999999.4,
                                     999999999999999.6,
                                     9.9999999999999995e14,
                                     1e-4,
                                     1e-5,
                                     5e-324,
                                     1e308,
                                     1.7976931348623157e308,
                                     0.1,
                                     100,
                                     123.456};
    for (size_t i = 0; i < COUNT_OF(special); i++) check_sqlite(special[i]);
    check_sqlite(strtod("inf", NULL));
    check_sqlite(-strtod("inf", NULL));
}

static void padding_fills_with_zeros(void **unused) {
    (void)unused;
    char s[U64_TEXT_MAX + 1] = {0};
    u64_print_padded(s, 42, 5);
    assert_string_equal(s, "00042");
    u64_print_padded(s, UINT64_MAX, 20);
    assert_string_equal(s, "18446744073709551615");
    uint64_t v = 1;
    for (uint32_t digits = 1; digits <= 20; digits++, v *= 10) {
        assert_int_equal(u64_print(s, v), digits);
        assert_int_equal(u64_print(s, v - 1), digits == 1 ? 1 : digits - 1);
    }
}

static void eight_digits_go_both_ways(void **unused) {
    (void)unused;
    struct random r = random_start("eight digits");
    for (uint32_t i = 0; i < random_rounds(300000); i++) {
        uint32_t v = (uint32_t)random_below(&r, DIGITS_WORD_LIMIT);
        if (i < 20000) v = i; /* all of four digits, with and without zeros behind */
        if (i < 10000) v = i * 10000;
        char text[DIGITS_WORD];
        uint64_t word;
        digits_write(text, v);
        uint32_t left = v;
        for (int k = DIGITS_WORD; k-- > 0; left /= 10) assert_int_equal(text[k], '0' + left % 10);
        memcpy(&word, text, sizeof word);
        assert_true(digits_are(word));
        assert_int_equal(digits_join(word), v);
    }
    for (int at = 0; at < DIGITS_WORD; at++) {
        for (int c = 0; c < 256; c++) {
            char text[DIGITS_WORD] = {'0', '1', '2', '9', '9', '5', '0', '7'};
            text[at] = (char)c;
            uint64_t word;
            memcpy(&word, text, sizeof word);
            assert_int_equal(digits_are(word), c >= '0' && c <= '9');
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_holds_the_powers_of_ten),
        cmocka_unit_test(integers_read_back_and_end_where_int64_ends),
        cmocka_unit_test(doubles_are_read_to_the_nearest),
        cmocka_unit_test(middles_are_read_to_even_and_a_hair_beside_them_not),
        cmocka_unit_test(hard_doubles),
        cmocka_unit_test(zeros_and_exponent_cancel),
        cmocka_unit_test(digits_gathered_by_others_give_the_same),
        cmocka_unit_test(doubles_print_shortest_and_read_back),
        cmocka_unit_test(doubles_have_the_agreed_form),
        cmocka_unit_test(sqlite_form_is_sqlites),
        cmocka_unit_test(padding_fills_with_zeros),
        cmocka_unit_test(eight_digits_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
