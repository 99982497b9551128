/* codec.c: the table of formats. To add one: a file codec_<name>.c and a row here. */
#include "engine/edge/codec.h"

static const struct codec *const codecs[] = {&codec_json, &codec_csv, &codec_raw};

const struct codec *codec_find(struct text name) {
    for (uint32_t i = 0; i < COUNT_OF(codecs); i++) {
        if (text_equal_fold(text_of(codecs[i]->name), name)) return codecs[i];
    }
    return NULL;
}
