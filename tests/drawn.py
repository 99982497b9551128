#!/usr/bin/env python3
"""The pictures of examples/data/drawn are what the script beside them draws, and no others.

drawn.py ROOT
"""
import os
import random
import sys
import zlib

root = sys.argv[1]
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(root, 'examples/data'))
import draw_digits as draw  # noqa: E402

FOLDER = os.path.join(root, 'examples/data/drawn')


def pixels(name):
    """The rows of a PNG as png() writes it: one IDAT, filter 0."""
    with open(os.path.join(FOLDER, name), 'rb') as f:
        body = f.read()
    at = body.index(b'IDAT')
    length = int.from_bytes(body[at - 4:at], 'big')
    flat = zlib.decompress(body[at + 4:at + 4 + length])
    width = draw.SIZE + 1
    return [flat[r * width + 1:(r + 1) * width] for r in range(draw.SIZE)]


def main():
    rng = random.Random(1)
    names = sorted(os.listdir(FOLDER))
    failed = int(len(names) != 300)
    for i, name in enumerate(names):
        digit = rng.randrange(10)
        want = draw.picture(digit, rng)
        same = name == f'{i:04}_label{digit}.png' and all(  # a sine may differ in its last bit
            abs(a - b) <= 1 for p, q in zip(want, pixels(name)) for a, b in zip(p, q))
        if not same:
            print(f'FAILED {name}: not what seed 1 draws as number {i}, a {digit}')
            failed += 1
    print(f'{len(names) - failed} passed, {failed} failed')
    return failed > 0


sys.exit(main())
