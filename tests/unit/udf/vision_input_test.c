/* Images become the numbers that the options say, in the place that they say. */
#include "udf/vision/input.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct vision_input plain = {
    .color = COLOR_RGB, .filter = IMAGE_BILINEAR, .pad = 114, .scale = 1, .std = {1, 1, 1}};

static struct net_port port_of(int64_t c, int64_t h, int64_t w, bool nhwc) {
    struct net_port p = {.name = TEXT_LITERAL("in"), .type = NET_F32, .shape = {4, {1, c, h, w}}};
    if (nhwc) p.shape = (struct net_shape){4, {1, h, w, c}};
    return p;
}

/* 'key', 'value', ..., NULL */
static bool read_options(struct vision_input *v, struct net_port port, const char *const *words,
                         struct err *e) {
    struct option option[8];
    struct options o = {.option = option};
    for (; words[2 * o.count]; o.count++) {
        option[o.count] =
            (struct option){text_of(words[2 * o.count]), text_of(words[2 * o.count + 1]), 0};
    }
    return vision_input_read(v, &port, &plain, &o, e);
}

/* An RGB image of 4 x 2: red is 10 x, green 100 y, blue 7. */
static struct text picture(struct arena *a) {
    const struct image_info size = {.width = 4, .height = 2, .channels = 3};
    struct image_canvas c;
    struct err e;
    assert_true(image_canvas(a, &size, &c, &e));
    for (uint32_t i = 0; i < 8; i++) {
        c.pixel[3 * i] = (uint8_t)(10 * (i % 4));
        c.pixel[3 * i + 1] = (uint8_t)(100 * (i / 4));
        c.pixel[3 * i + 2] = 7;
    }
    return image_as_pam(&c);
}

static void channels_and_numbers_are_as_asked(void **unused) {
    (void)unused;
    struct arena a;
    struct err e;
    struct vision_input v;
    struct vision_place place;
    arena_init(&a, 0);
    static const char *const words[] = {"color", "bgr", "scale", "1/2", "mean",
                                        "1,2,3", "std", "2",     NULL,  NULL};
    for (uint32_t nhwc = 0; nhwc < 2; nhwc++) {
        float out[3 * 8];
        assert_true(read_options(&v, port_of(3, 2, 4, nhwc), words, &e));
        assert_true(vision_input_fill(&v, picture(&a), &a, out, &place, &e));
        for (uint32_t i = 0; i < 8; i++) {
            const float pixel[] = {7, 100.0f * (float)(i / 4), 10.0f * (float)(i % 4)}; /* b g r */
            for (uint32_t c = 0; c < 3; c++) {
                float wanted = (pixel[c] / 2 - (float)(c + 1)) / 2;
                assert_true(fabsf(out[nhwc ? 3 * i + c : 8 * c + i] - wanted) < 1e-5f);
            }
        }
    }
    arena_done(&a);
}

/* 4 x 2 in 8 x 8: twice as large, and the rest is filled. */
static void a_letterbox_is_filled_around(void **unused) {
    (void)unused;
    struct arena a;
    struct err e;
    struct vision_input v;
    struct vision_place place;
    arena_init(&a, 0);
    for (uint32_t center = 0; center < 2; center++) {
        const char *const words[] = {
            "resize", "letterbox", "filter",    "nearest",
            "pad",    "9",         "letterbox", center ? "center" : "corner",
            NULL};
        float out[3 * 64];
        assert_true(read_options(&v, port_of(3, 8, 8, false), words, &e));
        assert_true(vision_input_fill(&v, picture(&a), &a, out, &place, &e));
        uint32_t top = center ? 2 : 0;
        for (uint32_t i = 0; i < 64; i++) {
            uint32_t x = i % 8, y = i / 8;
            bool inside = y >= top && y < top + 4;
            assert_true(out[i] == (inside ? 10.0f * (float)(x / 2) : 9));
            assert_true(out[64 + i] == (inside ? 100.0f * (float)((y - top) / 2) : 9));
        }
        assert_true(place.factor_x == 2 && place.factor_y == 2 && place.offset_x == 0);
        assert_true(place.offset_y == (float)top && place.width == 4 && place.height == 2);
    }
    arena_done(&a);
}

/* The middle 2 x 2 of 4 x 2. */
static void a_crop_is_the_middle(void **unused) {
    (void)unused;
    struct arena a;
    struct err e;
    struct vision_input v;
    struct vision_place place;
    arena_init(&a, 0);
    static const char *const words[] = {"resize", "crop", NULL};
    float out[3 * 4];
    assert_true(read_options(&v, port_of(3, 2, 2, false), words, &e));
    assert_true(vision_input_fill(&v, picture(&a), &a, out, &place, &e));
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(out[i] == 10.0f * (float)(1 + i % 2));
        assert_true(out[4 + i] == 100.0f * (float)(i / 2));
    }
    assert_true(place.offset_x == -1 && place.offset_y == 0 && place.factor_x == 1);
    arena_done(&a);
}

static void wrong_options_are_named(void **unused) {
    (void)unused;
    static const struct {
        const char *key, *value;
    } wrong[] = {
        {"input-size", "0x4"}, {"input-size", "4"},     {"input-size", "8x2"}, {"color", "gray"},
        {"mean", "1,2"},       {"mean", "a"},           {"std", "0"},          {"scale", "0"},
        {"scale", "1/"},       {"std", "1,2,3,4"},      {"short-side", "1"},   {"short-side", "8"},
        {"pad", "0"},          {"letterbox", "center"},
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct err e = {0};
        struct vision_input v;
        const char *const words[] = {wrong[i].key, wrong[i].value, NULL};
        assert_false(read_options(&v, port_of(3, 2, 4, false), words, &e));
        assert_string_equal(e.sqlstate, "22023");
    }
    struct err e = {0};
    struct vision_input v;
    const char *const none[] = {NULL};
    assert_false(read_options(&v, port_of(3, NET_DIM_FREE, NET_DIM_FREE, false), none, &e));
    assert_non_null(strstr(e.hint, "input-size"));
    assert_false(read_options(&v, port_of(5, 2, 4, false), none, &e));
    assert_string_equal(e.sqlstate, "42804");
}

static void what_is_no_image_is_bad_data(void **unused) {
    (void)unused;
    struct arena a;
    struct err e;
    struct vision_input v;
    struct vision_place place;
    float out[3 * 8];
    const char *const none[] = {NULL};
    arena_init(&a, 0);
    assert_true(read_options(&v, port_of(3, 2, 4, false), none, &e));
    assert_false(vision_input_fill(&v, TEXT_LITERAL("hello"), &a, out, &place, &e));
    assert_int_equal(e.code, ERR_DATA);
    v.pixels_max = 4;
    assert_false(vision_input_fill(&v, picture(&a), &a, out, &place, &e));
    assert_string_equal(e.sqlstate, "54000");
    arena_done(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_and_numbers_are_as_asked),
        cmocka_unit_test(a_letterbox_is_filled_around),
        cmocka_unit_test(a_crop_is_the_middle),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(what_is_no_image_is_bad_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
