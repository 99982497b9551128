/* jpeg.c: JPEG files to pixels, through libjpeg.
 *
 * Sequential files are decoded row by row, others (progressive, a scan a component) are read whole
 * by the library first; there every scan is watched: a component of which no scan brings anything
 * would be made up, and thousands of empty scans over a large image would run for ever.
 *
 * The end of the bytes is given to the library as an end marker. Where it comes too early the
 * library says that it makes up data; behind the last row nobody misses it.
 *
 * CMYK is shown without a profile: each of R, G, B is (1 - ink) * (1 - black). Adobe's programs
 * store inks inverted and say so by their marker.
 */
#include <assert.h>

#include "udf/image/codec.h"
#include "udf/image/jpeg_guard.h"

enum {
    SCANS_MAX = 500,
    EXIF_MARKER = JPEG_APP0 + 1,
    EXIF_BYTES_MAX = 0xFFFF,
    EXIF_NAME_BYTES = 6, /* "Exif", 0, 0 */
    CMYK = 4,
};

static const char format[] = "jpeg";

struct jpeg_job {
    struct jpeg_guard guard;
    struct jpeg_decompress_struct library;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    struct text bytes;
    const struct image_read *how;
    struct arena *arena;
    struct image_info size; /* as stored, scaled */
    uint32_t orientation;
    bool whole_first;         /* decoded after all scans have been read */
    uint32_t component_began; /* bit i: a scan brought something of component i */
    struct image_canvas canvas;
    uint8_t *row; /* CMYK: one row */
    struct err *e;
    bool failed; /* *e is filled */
};

static const JOCTET end_marker[] = {0xFF, JPEG_EOI};

static void source_begin(j_decompress_ptr d) {
    (void)d;
}

static boolean source_fill(j_decompress_ptr d) {
    d->src->next_input_byte = end_marker;
    d->src->bytes_in_buffer = sizeof end_marker;
    return TRUE;
}

static void source_skip(j_decompress_ptr d, long bytes) {
    struct jpeg_source_mgr *s = d->src;
    if (bytes <= 0) return;
    if ((size_t)bytes >= s->bytes_in_buffer) {
        source_fill(d);
        return;
    }
    s->next_input_byte += bytes;
    s->bytes_in_buffer -= (size_t)bytes;
}

/* Called between rows of MCUs while scans are read. */
static void on_progress(j_common_ptr common) {
    j_decompress_ptr d = (j_decompress_ptr)common;
    struct jpeg_job *job = d->client_data;
    if (d->input_scan_number > SCANS_MAX) {
        job->failed = !image_bad(format, "it has too many scans", job->e);
        jpeg_guard_leave(&job->guard);
    }
    for (int i = 0; i < d->comps_in_scan; i++) {
        job->component_began |= 1U << d->cur_comp_info[i]->component_index;
    }
}

static void job_open(struct jpeg_job *job) {
    j_decompress_ptr d = &job->library;
    d->err = &job->guard.manager;
    jpeg_create_decompress(d);
    d->client_data = job;
    job->source = (struct jpeg_source_mgr){.next_input_byte = (const JOCTET *)job->bytes.at,
                                           .bytes_in_buffer = job->bytes.bytes,
                                           .init_source = source_begin,
                                           .fill_input_buffer = source_fill,
                                           .skip_input_data = source_skip,
                                           .resync_to_restart = jpeg_resync_to_restart,
                                           .term_source = source_begin};
    d->src = &job->source;
    job->progress.progress_monitor = on_progress;
    d->progress = &job->progress;
    jpeg_save_markers(d, EXIF_MARKER, EXIF_BYTES_MAX);
}

static uint32_t orientation_of(const struct jpeg_decompress_struct *d) {
    for (jpeg_saved_marker_ptr m = d->marker_list; m; m = m->next) {
        if (m->marker != EXIF_MARKER || m->data_length < EXIF_NAME_BYTES) continue;
        if (memcmp(m->data, "Exif\0", EXIF_NAME_BYTES) != 0) continue;
        return exif_orientation(m->data + EXIF_NAME_BYTES, m->data_length - EXIF_NAME_BYTES);
    }
    return 1;
}

static void job_head(struct jpeg_job *job) {
    j_decompress_ptr d = &job->library;
    if (jpeg_read_header(d, TRUE) != JPEG_HEADER_OK) {
        job->failed = !image_bad(format, "it holds tables only", job->e);
        return;
    }
    int n = d->num_components;
    bool colors = n == 1 || n == 3 || n == CMYK;
    if (!colors) job->failed = !image_bad(format, "it has neither 1, 3 nor 4 components", job->e);
    job->size = (struct image_info){.width = d->image_width,
                                    .height = d->image_height,
                                    .channels = n == 1 ? 1 : 3,
                                    .format = format};
    job->orientation = orientation_of(d);
}

/* The largest of 8, 4, 2, 1 by which the image may be made smaller. */
static uint32_t scale_of(const struct jpeg_job *job) {
    const struct image_read *how = job->how;
    bool swaps = exif_swaps_sides(job->orientation);
    uint32_t width_min = swaps ? how->height_min : how->width_min;
    uint32_t height_min = swaps ? how->width_min : how->height_min;
    if (width_min == 0 && height_min == 0) return 1;
    for (uint32_t by = 8; by > 1; by /= 2) {
        uint32_t w = (job->size.width + by - 1) / by, h = (job->size.height + by - 1) / by;
        if (w >= width_min && h >= height_min) return by;
    }
    return 1;
}

static bool job_start(struct jpeg_job *job) {
    j_decompress_ptr d = &job->library;
    if (!image_size_allowed(&job->size, job->how, job->e)) return false;
    d->scale_num = 1;
    d->scale_denom = scale_of(job);
    uint32_t channels = job->how->channels ? job->how->channels : job->size.channels;
    d->out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    if (d->num_components == CMYK) d->out_color_space = JCS_CMYK;
    job->whole_first = jpeg_has_multiple_scans(d);
    if (!jpeg_start_decompress(d)) return image_bad(format, "it is cut", job->e);

    job->size.width = d->output_width;
    job->size.height = d->output_height;
    job->size.channels = d->out_color_space == JCS_GRAYSCALE ? 1 : 3;
    uint32_t all = (1U << d->num_components) - 1;
    if (job->whole_first && job->component_began != all)
        return image_bad(format, "a component is missing", job->e);
    return true;
}

static void cmyk_row(const uint8_t *from, bool inverted, uint32_t pixels, uint8_t *to) {
    uint8_t flip = inverted ? 0 : 0xFF;
    for (uint32_t i = 0; i < pixels; i++, from += CMYK, to += 3) {
        uint32_t k = from[3] ^ flip;
        for (int c = 0; c < 3; c++) {
            uint32_t light = (uint32_t)(from[c] ^ flip) * k;
            to[c] = (uint8_t)((light + 127) / 255);
        }
    }
}

static void job_rows(struct jpeg_job *job) {
    j_decompress_ptr d = &job->library;
    bool cmyk = d->out_color_space == JCS_CMYK;
    size_t row_bytes = (size_t)job->canvas.width * job->canvas.channels;
    while (d->output_scanline < d->output_height) {
        uint8_t *to = job->canvas.pixel + d->output_scanline * row_bytes;
        JSAMPROW row = cmyk ? job->row : to;
        if (jpeg_read_scanlines(d, &row, 1) == 0) jpeg_guard_leave(&job->guard);
        if (cmyk) cmyk_row(job->row, d->saw_Adobe_marker, job->canvas.width, to);
    }
}

static void decode_work(void *context) {
    struct jpeg_job *job = context;
    job_open(job);
    job_head(job);
    if (!job->failed) job->failed = !job_start(job);
    if (!job->failed) job->failed = !image_canvas(job->arena, &job->size, &job->canvas, job->e);
    if (!job->failed && job->library.out_color_space == JCS_CMYK) {
        job->row = arena_alloc(job->arena, (size_t)job->size.width * CMYK);
        if (!job->row) job->failed = !err_memory(job->e);
    }
    if (!job->failed) job_rows(job);
}

static void info_work(void *context) {
    struct jpeg_job *job = context;
    job_open(job);
    job_head(job);
}

/* Runs a job to its end and says why it failed. */
static bool job_run(struct jpeg_job *job, void (*work)(void *)) {
    jpeg_guard_init(&job->guard);
    bool done = jpeg_guard_run(&job->guard, work, job);
    jpeg_destroy_decompress(&job->library);
    if (job->failed) return false;
    if (done && !job->guard.invented) return true;
    if (job->guard.no_memory) return err_memory(job->e);
    return image_bad(format, job->guard.message, job->e);
}

static bool jpeg_is(struct text bytes) {
    return bytes.bytes >= 3 && memcmp(bytes.at, "\xFF\xD8\xFF", 3) == 0;
}

static bool jpeg_info(struct text bytes, struct image_info *out, struct err *e) {
    struct jpeg_job job = {.bytes = bytes, .e = e};
    if (!job_run(&job, info_work)) return false;
    bool swaps = exif_swaps_sides(job.orientation);
    *out = (struct image_info){.width = swaps ? job.size.height : job.size.width,
                               .height = swaps ? job.size.width : job.size.height,
                               .channels = job.size.channels};
    return true;
}

static bool jpeg_decode(struct text bytes, const struct image_read *how, struct arena *a,
                        struct image *out, struct err *e) {
    struct jpeg_job job = {.bytes = bytes, .how = how, .arena = a, .e = e};
    if (!job_run(&job, decode_work)) return false;
    *out = image_of(&job.canvas);
    return image_upright(out, job.orientation, a, e);
}

const struct image_format image_jpeg = {
    .name = format, .is = jpeg_is, .info = jpeg_info, .decode = jpeg_decode};
