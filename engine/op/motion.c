/* motion.c: see motion.h. Speeds follow the white-noise acceleration model, whose covariance after
 * t seconds has a closed form, so frames that show nothing need no steps of their own.
 * Source: Kalman 1960; Bar-Shalom, Li, Kirubarajan 2001 (6.2); Wojke, Bewley, Paulus 2017.
 */
#include "engine/op/motion.h"

#include <assert.h>

/* In parts of the size, squared; the last two a second. */
#define SEEN_VAR (1.0 / 400)
#define FIRST_VAR (4.0 / 400)
#define FIRST_SPEED_VAR (225.0 / 64)
#define WANDER_VAR (3.0 / 40)
#define SPEED_VAR 1.0

bool rect_fits(const struct rect *r) {
    return r->x >= -RECT_PLACE_MAX && r->x <= RECT_PLACE_MAX && r->y >= -RECT_PLACE_MAX &&
           r->y <= RECT_PLACE_MAX && r->w >= RECT_SIZE_MIN && r->w <= RECT_PLACE_MAX &&
           r->h >= RECT_SIZE_MIN && r->h <= RECT_PLACE_MAX;
}

static double shared(double a, double a_size, double b, double b_size) {
    double from = a > b ? a : b;
    double a_end = a + a_size, b_end = b + b_size;
    double to = a_end < b_end ? a_end : b_end;
    return to > from ? to - from : 0;
}

double rect_overlap(const struct rect *a, const struct rect *b) {
    double both = shared(a->x, a->w, b->x, b->w) * shared(a->y, a->h, b->y, b->h);
    if (both <= 0) return 0;
    double overlap = both / (a->w * a->h + b->w * b->h - both);
    return overlap < 1 ? overlap : 1;
}

static void centre(const struct rect *r, double at[MOTION_AXES]) {
    at[MOTION_X] = r->x + r->w / 2;
    at[MOTION_Y] = r->y + r->h / 2;
    at[MOTION_W] = r->w;
    at[MOTION_H] = r->h;
}

/* The square of the size that an axis' noise goes by. */
static double scale(const struct motion *m, int axis) {
    double size = axis == MOTION_X || axis == MOTION_W ? m->width : m->height;
    return size * size;
}

void motion_begin(struct motion *m, const struct rect *seen) {
    assert(rect_fits(seen));
    centre(seen, m->at);
    m->width = seen->w;
    m->height = seen->h;
    for (int i = 0; i < MOTION_AXES; i++) {
        m->speed[i] = 0;
        m->at_var[i] = FIRST_VAR * scale(m, i);
        m->both_cov[i] = 0;
        m->speed_var[i] = FIRST_SPEED_VAR * scale(m, i);
    }
}

void motion_ahead(struct motion *m, double seconds) {
    assert(seconds >= 0);
    double t = seconds;
    for (int i = 0; i < MOTION_AXES; i++) {
        double size = scale(m, i), wander = WANDER_VAR * size, change = SPEED_VAR * size;
        m->at[i] += t * m->speed[i];
        m->at_var[i] +=
            t * (2 * m->both_cov[i] + t * m->speed_var[i]) + t * wander + t * t * t / 3 * change;
        m->both_cov[i] += t * m->speed_var[i] + t * t / 2 * change;
        m->speed_var[i] += t * change;
    }
}

void motion_see(struct motion *m, const struct rect *seen) {
    assert(rect_fits(seen));
    double at[MOTION_AXES];
    centre(seen, at);
    m->width = seen->w;
    m->height = seen->h;
    for (int i = 0; i < MOTION_AXES; i++) {
        double noise = SEEN_VAR * scale(m, i), total = m->at_var[i] + noise;
        double at_gain = m->at_var[i] / total, speed_gain = m->both_cov[i] / total;
        double off = at[i] - m->at[i];
        m->at[i] += at_gain * off;
        m->speed[i] += speed_gain * off;
        m->speed_var[i] -= speed_gain * m->both_cov[i];
        if (m->speed_var[i] < 0) m->speed_var[i] = 0; /* by rounding only */
        m->both_cov[i] *= noise / total;
        m->at_var[i] *= noise / total;
    }
}

struct rect motion_rect(const struct motion *m) {
    /* A size that shrinks does not shrink to nothing. */
    double w = m->at[MOTION_W] > RECT_SIZE_MIN ? m->at[MOTION_W] : RECT_SIZE_MIN;
    double h = m->at[MOTION_H] > RECT_SIZE_MIN ? m->at[MOTION_H] : RECT_SIZE_MIN;
    return (struct rect){
        .x = m->at[MOTION_X] - w / 2, .y = m->at[MOTION_Y] - h / 2, .w = w, .h = h};
}
