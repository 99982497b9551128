/* image_fuzz.c: libFuzzer target: any bytes are an image, or are not. No crash, no endless work;
 * what is decoded has the size that its header says, and as a PAM file it is the same image again.
 *
 * The first byte says with which format's first bytes the others begin, so that every reader is
 * reached at once.
 */
#include <stdlib.h>
#include <string.h>

#include "udf/image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIXELS_MAX = 1 << 16 };

static void must(bool true_always) {
    if (!true_always) __builtin_trap();
}

static void look(struct text bytes, const struct image_read *how, struct arena *a) {
    struct image image, again;
    struct image_info info;
    struct text pam;
    struct err e;
    if (!image_decode(bytes, how, a, &image, &e)) {
        must(e.code == ERR_DATA && e.message[0] != '\0');
        return;
    }
    must(image_info(bytes, &info, &e));
    bool whole = how->width_min == 0 && how->channels == 0;
    must(!whole || (image.width == info.width && image.height == info.height &&
                    image.channels == info.channels));
    must((uint64_t)image.width * image.height <= PIXELS_MAX);
    if (!whole) return;
    must(image_decode_pam(bytes, how, a, &pam, &e) && image_decode(pam, how, a, &again, &e));
    size_t pixels = (size_t)image.width * image.height * image.channels;
    must(again.width == image.width && memcmp(again.pixel, image.pixel, pixels) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct text magics[] = {
        {"", 0}, {"\xFF\xD8\xFF", 3}, {"\x89PNG\r\n\x1A\n", 8}, {"BM", 2}, {"P", 1}};
    if (size < 1) return 0;
    struct text magic = magics[data[0] % 5];
    char *own = malloc(magic.bytes + size);
    must(own != NULL);
    memcpy(own, magic.at, magic.bytes);
    memcpy(own + magic.bytes, data + 1, size - 1);
    struct text bytes = {own, (uint32_t)(magic.bytes + size - 1)};
    const struct image_read ways[] = {
        {.pixels_max = PIXELS_MAX},
        {.pixels_max = PIXELS_MAX, .channels = 1},
        {.pixels_max = PIXELS_MAX, .channels = 3, .width_min = 5, .height_min = 5}};
    struct arena a;
    arena_init(&a, 0);
    for (int i = 0; i < 3; i++) look(bytes, &ways[i], &a);
    arena_done(&a);
    free(own);
    return 0;
}
