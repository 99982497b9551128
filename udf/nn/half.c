/* half.c: see half.h. binary16: sign, 5 bits of exponent (bias 15), 10 of fraction.
 *
 * To float32 and back both ways go through a multiplication that lets the processor do the
 * rounding and the subnormals: 2^112 moves the bias of 15 to that of 127. Downwards, a number is
 * added that is 2^13 times the last place wanted, so that the sum is rounded there.
 */
#include "udf/nn/half.h"

#include <string.h>

static float float_of_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t bits_of_float(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

float half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7FFF;
    if (rest >= 0x7C00) return float_of_bits(sign | 0x7F800000 | rest << 13);
    float f = float_of_bits(rest << 13) * 0x1p112F;
    return float_of_bits(sign | bits_of_float(f));
}

uint16_t half_of_float(float f) {
    uint32_t bits = bits_of_float(f), sign = bits >> 16 & 0x8000;
    bits &= 0x7FFFFFFF;
    if (bits > 0x7F800000) return (uint16_t)(sign | 0x7E00);
    if (bits >= 0x477FF000) return (uint16_t)(sign | 0x7C00); /* 65520 and more */
    if (bits < 0x38800000) {                                  /* subnormal: units of 2^-24 */
        float units = float_of_bits(bits) * 0x1p24F;
        float rounded = units + 0x1p23F;
        return (uint16_t)(sign | (bits_of_float(rounded) & 0x7FF));
    }
    uint32_t odd = bits >> 13 & 1;
    bits += 0xFFF + odd;
    return (uint16_t)(sign | (bits - 0x38000000) >> 13);
}
