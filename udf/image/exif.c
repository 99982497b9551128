/* exif.c: the one thing of EXIF that changes pixels: how the camera was held.
 *
 * Layout: a TIFF header ("II" or "MM", 42, offset of the first directory), and there a count and
 * entries of 12 bytes: tag, type, count, value. Orientation is tag 0x0112, type SHORT, count 1.
 * Offsets are the file's claims and may lie anywhere.
 */
#include "udf/image/codec.h"

enum { TIFF_HEAD_BYTES = 8, ENTRY_BYTES = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

struct tiff {
    const uint8_t *at;
    size_t bytes;
    bool big_endian;
};

static uint32_t tiff_u16(const struct tiff *t, size_t at) {
    return t->big_endian ? read_u16_be(t->at + at) : read_u16_le(t->at + at);
}

static uint32_t tiff_u32(const struct tiff *t, size_t at) {
    return t->big_endian ? read_u32_be(t->at + at) : read_u32_le(t->at + at);
}

uint32_t exif_orientation(const uint8_t *tiff, size_t bytes) {
    struct tiff t = {.at = tiff, .bytes = bytes};
    if (bytes < TIFF_HEAD_BYTES) return 1;
    if (tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M')) return 1;
    t.big_endian = tiff[0] == 'M';
    if (tiff_u16(&t, 2) != 42) return 1;

    size_t at = tiff_u32(&t, 4);
    if (at > bytes || bytes - at < 2) return 1;
    size_t entries = tiff_u16(&t, at);
    at += 2;
    for (size_t i = 0; i < entries && bytes - at >= ENTRY_BYTES; i++, at += ENTRY_BYTES) {
        if (tiff_u16(&t, at) != TAG_ORIENTATION || tiff_u16(&t, at + 2) != TYPE_SHORT) continue;
        uint32_t value = tiff_u16(&t, at + 8);
        return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}
