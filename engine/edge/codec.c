/* codec.c: the table of formats. To add one: a file codec_<name>.c and a row here. */
#include "engine/edge/codec.h"

const struct codec *const codecs[] = {&codec_json, &codec_csv,    &codec_raw,
                                      &codec_idx,  &codec_libsvm, NULL};

const struct codec *codec_find(struct text name) {
    for (uint32_t i = 0; codecs[i]; i++) {
        if (text_equal_fold(text_of(codecs[i]->name), name)) return codecs[i];
    }
    return NULL;
}
