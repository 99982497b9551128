/* motion.h: motion: where a thing's box is, and how it moves, as far as noisy boxes of it tell.
 *
 * Four numbers describe a box: its centre, its width, its height. Each moves at a speed of its own
 * that changes little by little, and each is a Kalman filter of two numbers: nothing in the model
 * joins them, so one filter of eight would give the same. Noise is told in parts of the box's size,
 * so units (pixels, parts of the image) do not matter; time is real, so frames may come at any
 * distance, and looking ahead twice is looking ahead once by the sum.
 *
 *     seen        a box's place and size are off by 1/20 of its size (standard deviation)
 *     speed       at first 0, off by 15/8 of the size a second
 *     in a second the place wanders by sqrt(3/40) of the size by itself; the speed changes by about
 *                 the size
 *
 * These are the numbers of Wojke et al. 2017, said for seconds instead of 30 frames a second.
 *
 * Used by: engine/op/tracks.c.    Tested by: tests/unit/engine/motion_test.c
 */
#ifndef ENGINE_OP_MOTION_H
#define ENGINE_OP_MOTION_H

#include <stdbool.h>

/* A box: its corner of least coordinates, and its size. */
struct rect {
    double x, y, w, h;
};

/* Bounds between which nothing overflows. */
#define RECT_PLACE_MAX 1e12
#define RECT_SIZE_MIN 1e-9

/* Has it an area, and no NaN? */
bool rect_fits(const struct rect *r);

/* The area that two rectangles share, of the area that they cover: 0..1. */
double rect_overlap(const struct rect *a, const struct rect *b);

enum { MOTION_X, MOTION_Y, MOTION_W, MOTION_H, MOTION_AXES };

struct motion {
    double at[MOTION_AXES], speed[MOTION_AXES]; /* centre x, centre y, width, height; a second */
    double at_var[MOTION_AXES], both_cov[MOTION_AXES], speed_var[MOTION_AXES];
    double width, height; /* as last seen: what noise goes by */
};

/* After the first box. */
void motion_begin(struct motion *m, const struct rect *seen);

/* What is known `seconds` >= 0 later, when nothing was seen. */
void motion_ahead(struct motion *m, double seconds);

/* Learns that the box is now seen here. */
void motion_see(struct motion *m, const struct rect *seen);

/* The box as it is thought to be. */
struct rect motion_rect(const struct motion *m);

#endif
