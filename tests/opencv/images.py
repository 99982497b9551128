#!/usr/bin/python3
"""images.py: the image functions of SQL beside OpenCV.

    images.py WEIR [FOLDER]

FOLDER is the folder of test data; without it only images made here are compared. Each check is an
expression of SQL over `img` and what OpenCV makes of the same pixels; both run over every image,
gray and in colour. Pixels may differ by 1 of 255, numbers by the tolerance of the check. Seeds are
fixed. Without OpenCV the test fails where there is test data, and is skipped (77) where there is
none.
"""
import base64
import glob
import json
import os
import subprocess
import sys
import tempfile

try:
    import cv2
    import numpy as np
except ImportError as reason:
    print("OpenCV is missing (python3-opencv):", reason)
    sys.exit(1 if len(sys.argv) > 2 else 77)

PHOTOS = ["images/darknet/dog.jpg", "images/darknet/person.jpg", "images/skimage/astronaut.png",
          "images/skimage/camera.png", "images/skimage/chelsea.png", "images/skimage/coins.png",
          "images/skimage/page.png", "jpeg/progressive3.jpg", "jpeg/rgb.jpg", "jpeg/restarts.jpg",
          "faces/s01/01.pgm"]


def gray(x):
    return x if x.ndim == 2 else cv2.cvtColor(x, cv2.COLOR_BGR2GRAY)


def sobel(x):
    dx, dy = (cv2.Sobel(gray(x), cv2.CV_32F, *d) for d in ((1, 0), (0, 1)))
    return cv2.convertScaleAbs(cv2.magnitude(dx, dy))


def otsu(x):
    return cv2.threshold(gray(x), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]


def square(n):
    return np.ones((2 * n + 1, 2 * n + 1), np.uint8)


def sharpen(x):
    return cv2.filter2D(x, -1, np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32))


def normalized(x):
    x = x[:, :, None] if x.ndim == 2 else x[:, :, ::-1]
    return ((x.astype(np.float32) - 127.5) / 64).transpose(2, 0, 1)


def histogram(x):
    return cv2.calcHist([gray(x)], [0], None, [16], [0, 256]).ravel() / gray(x).size


def hog(x):
    x = cv2.resize(x, (64, 128), interpolation=cv2.INTER_NEAREST)
    return cv2.HOGDescriptor().compute(x).ravel()


def hu(x):
    return cv2.HuMoments(cv2.moments(gray(x))).ravel()


def lbp(x):
    """Ojala's LBP 8,1 riu2 by its definition."""
    x = gray(x).astype(float)
    h, w = x.shape
    bits = []
    for k in range(8):
        dy, dx = -np.sin(k * np.pi / 4), np.cos(k * np.pi / 4)
        yy, xx = np.arange(1, h - 1) + round(dy, 12), np.arange(1, w - 1) + round(dx, 12)
        y0, x0 = np.floor(yy).astype(int), np.floor(xx).astype(int)
        fy, fx = (yy - y0)[:, None], (xx - x0)[None, :]
        y1, x1 = np.minimum(y0 + 1, h - 1), np.minimum(x0 + 1, w - 1)
        value = ((x[np.ix_(y0, x0)] * (1 - fx) + x[np.ix_(y0, x1)] * fx) * (1 - fy)
                 + (x[np.ix_(y1, x0)] * (1 - fx) + x[np.ix_(y1, x1)] * fx) * fy)
        bits.append(value >= x[1:-1, 1:-1] - 1e-9)
    ones = sum(b.astype(int) for b in bits)
    changes = sum((bits[k] != bits[k - 1]).astype(int) for k in range(8))
    kind = np.where(changes <= 2, ones, 9)
    return np.bincount(kind.ravel(), minlength=10) / kind.size


def phash(x):
    """Zauner's hash: 64 zeros and ones."""
    c = cv2.dct(cv2.resize(gray(x), (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32))
    c = np.round(c[1:9, 1:9].ravel(), 2)
    return c > np.median(c)


def diff(x):
    y = cv2.flip(x, 1)
    return [cv2.norm(x, y, cv2.NORM_L1) / (x.size * 255)]


def bars(n, way):
    """cv2.resize with that interpolation, to n pixels wide and 2n / 3 high."""
    return lambda x: cv2.resize(x, (n, 2 * n // 3), interpolation=way)


# name, SQL, OpenCV: images
IMAGES = [
    ("decode", "img", lambda x: x),
    ("gray", "image_gray(img)", gray),
    ("nearest", "image_resize(img, 111, 74, 'nearest')", bars(111, cv2.INTER_NEAREST)),
    ("bilinear", "image_resize(img, 111, 74)", bars(111, cv2.INTER_LINEAR)),
    ("area", "image_resize(img, 111, 74, 'area')", bars(111, cv2.INTER_AREA)),
    ("nearest, large", "image_resize(img, 999, 666, 'nearest')", bars(999, cv2.INTER_NEAREST)),
    ("bilinear, large", "image_resize(img, 999, 666)", bars(999, cv2.INTER_LINEAR)),
    ("area, large", "image_resize(img, 999, 666, 'area')", bars(999, cv2.INTER_AREA)),
    ("crop", "image_crop(img, 2, 1, 9, 7)", lambda x: x[1:8, 2:11]),
    ("pad", "image_pad(img, 1, 2, 3, 4, 55)",
     lambda x: cv2.copyMakeBorder(x, 1, 2, 3, 4, cv2.BORDER_CONSTANT, value=[55] * 3)),
    ("flip", "image_flip(img)", lambda x: cv2.flip(x, 1)),
    ("flip, vertical", "image_flip(img, 'vertical')", lambda x: cv2.flip(x, 0)),
    ("flip, both", "image_flip(img, 'both')", lambda x: cv2.flip(x, -1)),
    ("rotate90", "image_rotate90(img)", lambda x: cv2.rotate(x, cv2.ROTATE_90_CLOCKWISE)),
    ("rotate90, back", "image_rotate90(img, -1)",
     lambda x: cv2.rotate(x, cv2.ROTATE_90_COUNTERCLOCKWISE)),
    ("blur, 0.5", "image_blur(img, 0.5)", lambda x: cv2.GaussianBlur(x, (0, 0), 0.5)),
    ("blur, 2", "image_blur(img, 2)", lambda x: cv2.GaussianBlur(x, (0, 0), 2)),
    ("blur, 7.3", "image_blur(img, 7.3)", lambda x: cv2.GaussianBlur(x, (0, 0), 7.3)),
    ("sharpen", "image_sharpen(img)", sharpen),
    ("threshold", "image_threshold(img, 99)",
     lambda x: cv2.threshold(gray(x), 99, 255, cv2.THRESH_BINARY)[1]),
    ("threshold, Otsu", "image_threshold(img)", otsu),
    ("equalize", "image_equalize(img)", lambda x: cv2.equalizeHist(gray(x))),
    ("erode", "image_erode(img)", lambda x: cv2.erode(x, square(1))),
    ("dilate", "image_dilate(img)", lambda x: cv2.dilate(x, square(1))),
    ("erode, 5", "image_erode(img, 5)", lambda x: cv2.erode(x, square(5))),
    ("dilate, 5", "image_dilate(img, 5)", lambda x: cv2.dilate(x, square(5))),
    ("sobel", "image_sobel(img)", sobel),
    ("canny", "image_canny(img, 50, 150)", lambda x: cv2.Canny(x, 50, 150)),
    ("canny, other way", "image_canny(img, 200, 100)", lambda x: cv2.Canny(x, 200, 100)),
]

# name, SQL, OpenCV, absolute and relative tolerance: numbers
NUMBERS = [
    ("normalize", "image_normalize(img, 127.5, 64)", normalized, 1e-5, 1e-5),
    ("normalize, each", "image_normalize(image_gray(img), ARRAY[127.5], ARRAY[64])",
     lambda x: normalized(gray(x)), 1 / 60, 0),
    ("histogram", "image_histogram(image_resize(img, 60, 40, 'nearest'), 16)",
     lambda x: histogram(cv2.resize(x, (60, 40), interpolation=cv2.INTER_NEAREST)), 0.01, 0),
    ("hog", "image_hog(image_resize(img, 64, 128, 'nearest'))", hog, 0.08, 0),
    ("lbp", "image_lbp(image_pad(img, 1, 1, 1, 1))",
     lambda x: lbp(cv2.copyMakeBorder(x, 1, 1, 1, 1, cv2.BORDER_CONSTANT)), 0.01, 0),
    ("hu_moments", "image_hu_moments(img)", hu, 1e-12, 0.02),
    ("diff", "ARRAY[image_diff(img, image_flip(img))]", diff, 1e-9, 0),
]


def corners_fit(got, x):
    """Nearly all corners are OpenCV's; those of about equal strength may change places."""
    want = cv2.goodFeaturesToTrack(gray(x), 40, 0.01, 10)
    want = {tuple(map(int, p[0])) for p in want} if want is not None else set()
    found = {(p["x"], p["y"]) for p in got}
    response = cv2.cornerMinEigenVal(gray(x), 3)
    strength = all(abs(response[p["y"], p["x"]] - p["response"]) < 1e-3 for p in got)
    return strength and len(found) == len(want) and len(found - want) <= len(want) // 10


def generated(folder):
    """Odd sizes, flat images, noise."""
    r = np.random.RandomState(20260801)
    for i, (h, w) in enumerate([(1, 1), (1, 40), (33, 1), (2, 2), (3, 3), (7, 13), (40, 60),
                                (64, 64), (101, 67), (130, 257)]):
        cv2.imwrite("%s/noise%02d.png" % (folder, i), r.randint(0, 256, (h, w, 3), np.uint8))
        cv2.imwrite("%s/gray%02d.pgm" % (folder, i), r.randint(0, 256, (h, w), np.uint8))
        slope = np.add.outer(np.arange(h) * 2, np.arange(w)) % 200 + r.randint(0, 9, (h, w))
        cv2.imwrite("%s/slope%02d.png" % (folder, i), slope.astype(np.uint8))
    cv2.imwrite(folder + "/flat.png", np.full((20, 30, 3), 77, np.uint8))
    cv2.imwrite(folder + "/photo.jpg", cv2.GaussianBlur(r.randint(0, 256, (97, 130, 3), np.uint8),
                                                        (0, 0), 2))


def copied(folder, data):
    for i, name in enumerate(PHOTOS):
        path = os.path.join(data, name)
        if not os.path.exists(path):
            sys.exit("no such file: " + path)
        os.symlink(path, "%s/data%02d%s" % (folder, i, os.path.splitext(name)[1]))


def decoded(path):
    x = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    return x[:, :, 0] if x.ndim == 3 and x.shape[2] == 2 else x[:, :, :3] if x.ndim == 3 else x


def ask(weir, folder, expression, smallest):
    """{path: value} of the expression over all images that are large enough."""
    sql = ("CREATE STREAM f (path TEXT, img IMAGE) WITH ('connector' = 'filesystem', "
           "'path' = '%s', 'format' = 'raw');"
           "SELECT path, %s AS r FROM f WHERE image_width(img) >= %d AND image_height(img) >= %d;"
           % (folder, expression, smallest, smallest))
    run = subprocess.run([weir, "run", "-c", sql], capture_output=True, text=True, timeout=600)
    if run.returncode != 0 or run.stderr:
        sys.exit("%s\n%s" % (sql, run.stderr))
    return {row["path"]: row["r"] for row in map(json.loads, run.stdout.splitlines())}


def worst_pixel(value, want):
    got = cv2.imdecode(np.frombuffer(base64.b64decode(value), np.uint8), cv2.IMREAD_UNCHANGED)
    if got.shape != want.shape:
        return 256
    return int(np.abs(got.astype(int) - want).max())


class Report:
    def __init__(self):
        self.failed = 0
        self.passed = 0

    def note(self, good, *words):
        self.passed += good
        self.failed += not good
        if not good:
            print("FAIL", *words)


def compare(weir, folder, report):
    images = {p: decoded(p) for p in sorted(glob.glob(folder + "/*"))}
    # OpenCV's own results for images of one row or column are not defined everywhere.
    for name, sql, function in IMAGES:
        smallest = 12 if name == "crop" else 3 if "canny" in name or "sobel" in name else 1
        got = ask(weir, folder, "image_encode(%s, 'png')" % sql, smallest)
        for path, value in got.items():
            worst = worst_pixel(value, function(images[path]))
            report.note(worst <= 1, name, os.path.basename(path), images[path].shape, worst)
        assert got, name
    for name, sql, function, absolute, relative in NUMBERS:
        for path, value in ask(weir, folder, sql, 2).items():
            value, want = np.array(value, float), np.array(function(images[path]), float)
            good = value.shape == want.shape and np.allclose(value, want, relative, absolute)
            worst = np.abs(value - want).max() if value.shape == want.shape else value.shape
            report.note(good, name, os.path.basename(path), images[path].shape, worst)
    for path, value in ask(weir, folder, "image_phash(img)", 8).items():
        bits = [value >> (63 - i) & 1 for i in range(64)]
        differ = int((np.array(bits) != phash(images[path])).sum())
        report.note(differ <= 4, "phash", os.path.basename(path), differ)
    for path, value in ask(weir, folder, "image_corners(img, 40)", 20).items():
        if "noise" in path or "gray" in path or "slope" in path:
            continue
        report.note(corners_fit(value, images[path]), "corners", os.path.basename(path))


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        generated(folder)
        if len(sys.argv) > 2:
            copied(folder, sys.argv[2])
        compare(sys.argv[1], folder, report)
    print("%d passed, %d failed" % (report.passed, report.failed))
    sys.exit(1 if report.failed else 0)


main()
