/* math.c: functions of DOUBLE, as SQLite's: outside its domain a function is NULL, not NaN; NaN
 * itself stays NaN. log(x) is to base 10, log(b, x) to base b.
 */
#include "udf/each.h"
#include "udf/table.h"

#define NATURAL_10 2.30258509299404568402
#define NATURAL_2 0.69314718055994530942
#define PI 3.14159265358979323846

/* NaN where no argument was one: the function has no value here. */
static bool row_f64(struct fn_result *out, uint32_t row, double v, double arg) {
    if (v != v && arg == arg) return row_null(out, row);
    out->as.f64[row] = v;
    return true;
}

#define DEFINE_MATH(name, expression)                                                              \
    static bool name##_row(struct fn_call *c, uint32_t row, struct fn_result *out) {               \
        double x = arg_f64(c, 0, row);                                                             \
        return row_f64(out, row, (expression), x);                                                 \
    }                                                                                              \
    DEFINE_EACH(name)

#define DEFINE_MATH_2(name, expression)                                                            \
    static bool name##_row(struct fn_call *c, uint32_t row, struct fn_result *out) {               \
        double x = arg_f64(c, 0, row), y = arg_f64(c, 1, row);                                     \
        return row_f64(out, row, (expression), x + y);                                             \
    }                                                                                              \
    DEFINE_EACH(name)

/* Positive numbers only. */
static double log_of(double x) {
    return x <= 0 ? (double)NAN : log(x);
}

static double log_to_base(double base, double x) {
    double b = log_of(base);
    return b <= 0 ? (double)NAN : log_of(x) / b;
}

DEFINE_MATH(sqrt, sqrt(x))
DEFINE_MATH(cbrt, cbrt(x))
DEFINE_MATH(exp, exp(x))
DEFINE_MATH(ln, log_of(x))
DEFINE_MATH(log10, log_of(x) / NATURAL_10)
DEFINE_MATH(log2, log_of(x) / NATURAL_2)
DEFINE_MATH_2(log_base, log_to_base(x, y))
DEFINE_MATH_2(pow, pow(x, y))
DEFINE_MATH(sin, sin(x))
DEFINE_MATH(cos, cos(x))
DEFINE_MATH(tan, tan(x))
DEFINE_MATH(cot, 1.0 / tan(x))
DEFINE_MATH(asin, asin(x))
DEFINE_MATH(acos, acos(x))
DEFINE_MATH(atan, atan(x))
DEFINE_MATH_2(atan2, atan2(x, y))
DEFINE_MATH(sinh, sinh(x))
DEFINE_MATH(cosh, cosh(x))
DEFINE_MATH(tanh, tanh(x))
DEFINE_MATH(asinh, asinh(x))
DEFINE_MATH(acosh, acosh(x))
DEFINE_MATH(atanh, atanh(x))
DEFINE_MATH(degrees, x *(180.0 / PI))
DEFINE_MATH(radians, x *(PI / 180.0))

static bool pi_row(struct fn_call *c, uint32_t row, struct fn_result *out) {
    (void)c;
    out->as.f64[row] = PI;
    return true;
}
DEFINE_EACH(pi)

#define DEFINE_MATH_ROW(n, c, d, x)                                                                \
    { .name = n, .sig = n "(DOUBLE) DOUBLE", .doc = d, .example = x, .flags = FN_STRICT, .call = c }

static const struct fn table[] = {
    DEFINE_MATH_ROW("sqrt", sqrt_call, "the square root; NULL below 0", "sqrt(9) = 3"),
    DEFINE_MATH_ROW("cbrt", cbrt_call, "the cube root", "cbrt(0) = 0"),
    DEFINE_MATH_ROW("exp", exp_call, "e to the power of it", "exp(0) = 1"),
    DEFINE_MATH_ROW("ln", ln_call, "the natural logarithm; NULL at and below 0", "ln(1) = 0"),
    DEFINE_MATH_ROW("log", log10_call, "the logarithm to base 10", "round(log(1000), 9) = 3"),
    DEFINE_MATH_ROW("log10", log10_call, "the logarithm to base 10", "round(log10(100), 9) = 2"),
    DEFINE_MATH_ROW("log2", log2_call, "the logarithm to base 2", "log2(8) = 3"),
    DEFINE_MATH_ROW("sin", sin_call, "the sine of radians", "sin(0) = 0"),
    DEFINE_MATH_ROW("cos", cos_call, "the cosine of radians", "cos(0) = 1"),
    DEFINE_MATH_ROW("tan", tan_call, "the tangent of radians", "tan(0) = 0"),
    DEFINE_MATH_ROW("cot", cot_call, "the cotangent of radians", "round(cot(pi() / 4), 9) = 1"),
    DEFINE_MATH_ROW("asin", asin_call, "the arc sine in radians; NULL outside -1..1",
                    "asin(0) = 0"),
    DEFINE_MATH_ROW("acos", acos_call, "the arc cosine in radians; NULL outside -1..1",
                    "acos(1) = 0"),
    DEFINE_MATH_ROW("atan", atan_call, "the arc tangent in radians", "atan(0) = 0"),
    DEFINE_MATH_ROW("sinh", sinh_call, "the hyperbolic sine", "sinh(0) = 0"),
    DEFINE_MATH_ROW("cosh", cosh_call, "the hyperbolic cosine", "cosh(0) = 1"),
    DEFINE_MATH_ROW("tanh", tanh_call, "the hyperbolic tangent", "tanh(0) = 0"),
    DEFINE_MATH_ROW("asinh", asinh_call, "the inverse hyperbolic sine", "asinh(0) = 0"),
    DEFINE_MATH_ROW("acosh", acosh_call, "the inverse hyperbolic cosine; NULL below 1",
                    "acosh(1) = 0"),
    DEFINE_MATH_ROW("atanh", atanh_call, "the inverse hyperbolic tangent; NULL outside -1..1",
                    "atanh(0) = 0"),
    DEFINE_MATH_ROW("degrees", degrees_call, "radians as degrees", "degrees(pi()) = 180"),
    DEFINE_MATH_ROW("radians", radians_call, "degrees as radians", "radians(180) = pi()"),
    {.name = "log",
     .sig = "log(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the logarithm of the second to the base of the first",
     .example = "round(log(2, 1024), 9) = 10",
     .flags = FN_STRICT,
     .call = log_base_call},
    {.name = "pow",
     .sig = "pow(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the first to the power of the second",
     .example = "pow(2, 10) = 1024",
     .flags = FN_STRICT,
     .call = pow_call},
    {.name = "power",
     .sig = "power(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the first to the power of the second",
     .example = "power(2, 10) = 1024",
     .flags = FN_STRICT,
     .call = pow_call},
    {.name = "atan2",
     .sig = "atan2(DOUBLE, DOUBLE) DOUBLE",
     .doc = "the angle in radians of the point (x: second, y: first)",
     .example = "atan2(0, 1) = 0",
     .flags = FN_STRICT,
     .call = atan2_call},
    {.name = "pi",
     .sig = "pi() DOUBLE",
     .doc = "the ratio of a circle's circumference to its diameter",
     .example = "round(pi(), 2) = 3.14",
     .flags = FN_STRICT,
     .call = pi_call},
};

const struct fn_table fn_math = {table, COUNT_OF(table)};
