"""image_yardstick.py: V3's yardstick: OpenCV from JPEG bytes to a network's tensor, one thread.

    image_yardstick.py REPEATS FILE...     prints images a second, the best of the repeats

Decodes, resizes, normalises; the faster of its two ways to normalise counts.
"""
import sys
import time

import cv2
import numpy as np

SIDE = 224
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def with_numpy(file):
    x = cv2.resize(cv2.imdecode(file, cv2.IMREAD_COLOR), (SIDE, SIDE))
    x = (x[:, :, ::-1].astype(np.float32) - np.float32(MEAN)) / np.float32(STD)
    return np.ascontiguousarray(x.transpose(2, 0, 1))


def with_blob(file):
    x = cv2.resize(cv2.imdecode(file, cv2.IMREAD_COLOR), (SIDE, SIDE))
    x = cv2.dnn.blobFromImage(x, 1.0, (SIDE, SIDE), MEAN, swapRB=True)
    x /= np.float32(STD).reshape(1, 3, 1, 1)
    return x


def main():
    cv2.setNumThreads(1)
    files = [np.fromfile(path, np.uint8) for path in sys.argv[2:]]
    best = 1e9
    for way in (with_numpy, with_blob):
        for _ in range(int(sys.argv[1])):
            start = time.perf_counter()
            for f in files:
                way(f)
            best = min(best, time.perf_counter() - start)
    print("%.2f" % (len(files) / best))


main()
