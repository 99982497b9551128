/* jpeg_encode.c: pixels to JPEG files, through libjpeg: baseline, chroma halved both ways, as
 * libjpeg and OpenCV do by default. The bytes gather in a buf that the job owns.
 */
#include <assert.h>

#include "udf/image/image.h"
#include "udf/image/jpeg_guard.h"

enum { BLOCK_BYTES = 64 << 10, SIDE_MAX = 65500 };

struct encode_job {
    struct jpeg_guard guard;
    struct jpeg_compress_struct library;
    struct jpeg_destination_mgr destination;
    const struct image *from;
    int quality;
    struct buf out;
};

static void out_of_memory(struct encode_job *job) {
    job->guard.no_memory = true;
    jpeg_guard_leave(&job->guard);
}

static void destination_begin(j_compress_ptr c) {
    struct encode_job *job = c->client_data;
    if (!buf_reserve(&job->out, BLOCK_BYTES)) out_of_memory(job);
    c->dest->next_output_byte = (JOCTET *)job->out.at + job->out.bytes;
    c->dest->free_in_buffer = BLOCK_BYTES;
}

static boolean destination_full(j_compress_ptr c) {
    struct encode_job *job = c->client_data;
    job->out.bytes += BLOCK_BYTES;
    destination_begin(c);
    return TRUE;
}

static void destination_end(j_compress_ptr c) {
    struct encode_job *job = c->client_data;
    job->out.bytes += BLOCK_BYTES - c->dest->free_in_buffer;
}

static void encode_work(void *context) {
    struct encode_job *job = context;
    j_compress_ptr c = &job->library;
    c->err = &job->guard.manager;
    jpeg_create_compress(c);
    c->client_data = job;
    job->destination = (struct jpeg_destination_mgr){.init_destination = destination_begin,
                                                     .empty_output_buffer = destination_full,
                                                     .term_destination = destination_end};
    c->dest = &job->destination;
    c->image_width = job->from->width;
    c->image_height = job->from->height;
    c->input_components = (int)job->from->channels;
    c->in_color_space = job->from->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(c);
    jpeg_set_quality(c, job->quality, TRUE);
    jpeg_start_compress(c, TRUE);
    size_t row_bytes = (size_t)job->from->width * job->from->channels;
    while (c->next_scanline < c->image_height) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(job->from->pixel + c->next_scanline * row_bytes);
        if (jpeg_write_scanlines(c, &row, 1) == 0) jpeg_guard_leave(&job->guard);
    }
    jpeg_finish_compress(c);
}

bool image_encode_jpeg(const struct image *from, uint32_t quality, struct arena *a,
                       struct text *out, struct err *e) {
    assert(quality >= 1 && quality <= 100);
    struct image plain;
    if (from->width > SIDE_MAX || from->height > SIDE_MAX)
        return err_set(e, ERR_DATA, "54000", "a JPEG has at most %d x %d pixels, not %u x %u",
                       SIDE_MAX, SIDE_MAX, from->width, from->height);
    if (!image_convert(from, from->channels <= 2 ? 1 : 3, a, &plain, e)) return false;

    struct encode_job job = {.from = &plain, .quality = (int)quality};
    jpeg_guard_init(&job.guard);
    buf_init(&job.out);
    bool done = jpeg_guard_run(&job.guard, encode_work, &job);
    jpeg_destroy_compress(&job.library);
    char *kept = done ? arena_copy(a, job.out.at, job.out.bytes) : NULL;
    if (kept) *out = (struct text){.at = kept, .bytes = (uint32_t)job.out.bytes};
    buf_done(&job.out);
    if (kept) return true;
    if (done || job.guard.no_memory) return err_memory(e);
    return err_set(e, ERR_DATA, "22P03", "cannot make a JPEG: %s", job.guard.message);
}
