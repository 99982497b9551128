#!/usr/bin/env python3
"""Draws pictures of digits: strokes with jitter, as a pen might make them; no picture is copied.

    draw_digits.py FOLDER [COUNT [SEED]]      300 pictures from seed 1 unless given

Each is a gray PNG of 28 x 28 pixels, white on black, its digit in its name: 0042_label5.png. As in
the MNIST data the digit fits 20 x 20 pixels and its centre of mass is the picture's centre.
"""
import math
import os
import random
import struct
import sys
import zlib

SIZE, BOX, STEPS = 28, 20.0, 8

# Strokes as points of smooth curves: x to the right, y down, both 0 to 1. A digit has one way or more.
WAYS = {
    0: [[[(.55, 0), (.2, .12), (.03, .5), (.2, .9), (.5, 1), (.85, .85), (.97, .48), (.8, .1),
          (.5, 0)]]],
    1: [[[(.5, 0), (.5, .35), (.5, .7), (.5, 1)]],
        [[(.32, .22), (.42, .13), (.54, 0)], [(.54, 0), (.53, .5), (.52, 1)]]],
    2: [[[(.06, .25), (.2, .04), (.55, 0), (.85, .15), (.82, .4), (.5, .7), (.04, .98)],
         [(.04, .98), (.35, .95), (.7, .97), (1, .96)]],
        [[(.1, .2), (.35, 0), (.75, .06), (.85, .32), (.6, .65), (.25, .95), (.1, .9), (.25, .78),
          (.55, .9), (.95, 1)]]],
    3: [[[(.08, .1), (.4, 0), (.78, .08), (.8, .3), (.6, .44), (.38, .47)],
         [(.38, .47), (.75, .52), (.93, .72), (.75, .95), (.4, 1), (.05, .9)]]],
    4: [[[(.3, 0), (.2, .25), (.08, .52)], [(.08, .52), (.45, .55), (.98, .5)],
         [(.75, .02), (.7, .4), (.68, .7), (.66, 1)]],
        [[(.65, 0), (.4, .3), (.03, .65)], [(.03, .65), (.5, .66), (1, .63)],
         [(.65, 0), (.66, .5), (.65, 1)]]],
    5: [[[(.9, .02), (.6, .02), (.22, .04)], [(.22, .04), (.18, .25), (.14, .45)],
         [(.14, .45), (.45, .38), (.8, .48), (.9, .72), (.68, .95), (.35, 1), (.05, .9)]]],
    6: [[[(.72, 0), (.4, .18), (.14, .5), (.1, .78), (.3, .98), (.62, .98), (.82, .8), (.72, .58),
          (.45, .54), (.2, .66), (.12, .78)]]],
    7: [[[(.03, .05), (.4, .04), (.93, .03)], [(.93, .03), (.7, .35), (.5, .68), (.4, 1)]],
        [[(.05, .12), (.06, .02), (.5, .03), (.95, .02)], [(.95, .02), (.75, .3), (.5, .65), (.35, 1)],
         [(.3, .5), (.55, .49), (.82, .47)]]],
    8: [[[(.8, .12), (.5, 0), (.18, .1), (.16, .28), (.45, .46), (.78, .62), (.86, .84), (.55, 1),
          (.2, .94), (.14, .74), (.4, .52), (.7, .38), (.82, .2), (.78, .11)]]],
    9: [[[(.82, .14), (.5, 0), (.2, .1), (.1, .34), (.3, .52), (.6, .48), (.8, .28), (.84, .12)],
         [(.84, .12), (.83, .4), (.8, .7), (.72, 1)]],
        [[(.84, .2), (.6, 0), (.25, .08), (.12, .3), (.3, .5), (.65, .42), (.84, .2)],
         [(.84, .2), (.82, .55), (.65, .88), (.3, 1)]]],
}


def smooth(points):
    """Points on the Catmull-Rom curve through `points`."""
    p = [points[0]] + points + [points[-1]]
    out = [points[0]]
    for i in range(len(points) - 1):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = p[i:i + 4]
        for step in range(1, STEPS + 1):
            t = step / STEPS
            out.append(tuple(
                b + .5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
                for a, b, c, d in ((ax, bx, cx, dx), (ay, by, cy, dy))))
    return out


def written(digit, rng):
    """The strokes of a digit as somebody wrote it: points moved, then slanted, turned, made narrow."""
    slant, turn, narrow = rng.uniform(-.25, .5), rng.uniform(-.25, .25), rng.uniform(.4, .9)
    moved = {}
    strokes = []
    for stroke in rng.choice(WAYS[digit]):
        points = []
        for at in stroke:  # strokes that meet still meet
            if at not in moved:
                x = (at[0] + rng.uniform(-.09, .09)) * narrow
                y = at[1] + rng.uniform(-.07, .07)
                x -= slant * (y - .5)
                moved[at] = (x * math.cos(turn) - y * math.sin(turn),
                             x * math.sin(turn) + y * math.cos(turn))
            points.append(moved[at])
        strokes.append(smooth(points))
    return strokes


def fitted(strokes, room):
    """The strokes in a square of that many pixels."""
    xs = [x for s in strokes for x, _ in s]
    ys = [y for s in strokes for _, y in s]
    scale = room / max(max(xs) - min(xs), max(ys) - min(ys))
    return [[((x - min(xs)) * scale, (y - min(ys)) * scale) for x, y in s] for s in strokes]


def distance(x, y, a, b):
    """From a point to the line between a and b."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    t = max(0, min(1, ((x - a[0]) * dx + (y - a[1]) * dy) / length)) if length else 0
    return math.hypot(x - a[0] - t * dx, y - a[1] - t * dy)


def ink(strokes, radius, left, top):
    """Rows of pixels, 0 to 1: a pen of that radius, its edge a pixel wide."""
    rows = [[0.0] * SIZE for _ in range(SIZE)]
    reach = radius + .5
    for stroke in strokes:
        for a, b in zip(stroke, stroke[1:]):
            a, b = (a[0] + left - .5, a[1] + top - .5), (b[0] + left - .5, b[1] + top - .5)
            for y in near(a[1], b[1], reach):
                for x in near(a[0], b[0], reach):
                    rows[y][x] = max(rows[y][x], min(1, reach - distance(x, y, a, b)))
    return rows


def near(a, b, reach):
    return range(max(0, math.ceil(min(a, b) - reach)), min(SIZE, math.floor(max(a, b) + reach) + 1))


def picture(digit, rng):
    radius = rng.uniform(.6, 1.9)
    strokes = fitted(written(digit, rng), BOX - 2 * radius)
    rows = ink(strokes, radius, 5, 5)
    mass = sum(map(sum, rows))
    x = sum(v * (c + .5) for row in rows for c, v in enumerate(row)) / mass
    y = sum(v * (r + .5) for r, row in enumerate(rows) for v in row) / mass
    rows = ink(strokes, radius, 5 + SIZE / 2 - x, 5 + SIZE / 2 - y)
    return [bytes(round(255 * v) for v in row) for row in rows]


def png(rows):
    def chunk(kind, body):
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
    return (b'\x89PNG\r\n\x1a\n' +
            chunk(b'IHDR', struct.pack('>IIBBBBB', SIZE, SIZE, 8, 0, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(b''.join(b'\0' + row for row in rows), 9)) +
            chunk(b'IEND', b''))


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    folder = sys.argv[1]
    count, seed = (int(a) for a in sys.argv[2:] + ['300', '1'][len(sys.argv) - 2:])
    rng = random.Random(seed)
    os.makedirs(folder, exist_ok=True)
    for i in range(count):
        digit = rng.randrange(10)
        with open(os.path.join(folder, f'{i:04}_label{digit}.png'), 'wb') as f:
            f.write(png(picture(digit, rng)))


if __name__ == '__main__':
    main()
