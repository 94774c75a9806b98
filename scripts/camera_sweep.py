"""How often a code is read by the camera pixels that its modules have: where the constants of legibility come from.

Codes are drawn as the terminal draws them, without a terminal: black on a white code square with four modules of quiet zone, among
blotches of colour. Camera pixels are those of a module seen from the front; at an angle it is narrower by the cosine. Blur
is mild and the light good.
"""

import multiprocessing
import random

import cv2
import numpy
import zxingcpp

import camera_screens
import phone
import readers

PIXELS = (2, 2.5, 3, 3.5, 4, 4.5, 5)
ANGLES = (0, 30, 45, 60)
SHOTS, SHOTS_QUICK = 60, 12
CODES = 6
# Pixels of the screen a module, and millimetres of one of them: enough that the screen itself costs nothing.
MODULE_PX, PIXEL_MM = 6, 2
# Version, and how much of a shop's link comes after its host; none is a hub's link with its token.
VERSIONS = ((3, None), (6, 78), (10, 180))

_readers = None


def main(options):
    """Prints the table."""
    shots = SHOTS_QUICK if options.quick else SHOTS
    tasks = [(version, rest, pixels, angle, shots) for version, rest in VERSIONS for pixels in PIXELS for angle in ANGLES]
    print("per cent of single shots that were read, of", shots)
    print("version\tmodules\tpixels a module\tangle\t" + "\t".join(readers.NAMES), flush=True)
    with multiprocessing.Pool(options.jobs, start, (options.rqrr, options.work)) as pool:
        for (version, _, pixels, angle, _), (modules, read) in zip(tasks, pool.imap(shoot, tasks, 1)):
            rates = "\t".join(f"{100 * part / shots:.0f}" for part in read)
            print(f"{version}\t{modules}\t{pixels}\t{angle}\t{rates}", flush=True)
    return 0


def start(rqrr, folder):
    """Readies one process of the pool."""
    global _readers
    cv2.setNumThreads(1)
    _readers = readers.Readers(rqrr, folder)


def shoot(task):
    """Modules of the version, and how many shots each decoder read."""
    version, rest, pixels, angle, shots = task
    made = random.Random(version)
    codes = [code_square(link(rest, made), made) for _ in range(CODES)]
    read = numpy.zeros(len(readers.NAMES), int)
    for shot in range(shots):
        url, scene = codes[shot % CODES]
        rng = numpy.random.default_rng([version, int(10 * pixels), angle, shot])
        distance_mm = phone.PIXELS_PER_RADIAN * MODULE_PX * PIXEL_MM / pixels
        picture = phone.take(scene, distance_mm, phone.Look(yaw=angle), rng)
        read += [look > 0 for look in _readers.read(picture, url)]
    return scene.modules, read


def link(rest, made):
    """A hub's link with its token, or a shop's with `rest` characters after its host."""
    if rest is None:
        return "HTTPS://HUB.EXAMPLE/Q/" + "".join(made.choices(camera_screens.BASE32, k=32))
    return "https://shop.example/?utm=" + "".join(made.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rest))


def code_square(url, made):
    """The link and its code square as a scene."""
    code = zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    matrix = numpy.array(code.to_image(scale=1, add_quiet_zones=False))
    modules = len(matrix)
    side = (modules + 8) * MODULE_PX
    blotches = numpy.random.default_rng(made.getrandbits(32)).uniform(20, 235, (16, 24, 3)).astype(numpy.uint8)
    # Wide enough that the screen's end is rarely seen, also from the side.
    frame = cv2.resize(blotches, (7 * side, 4 * side), interpolation=cv2.INTER_CUBIC)
    left, top = 3 * side, side * 3 // 2
    frame[top : top + side, left : left + side] = 255
    drawn = cv2.resize(matrix, None, fx=MODULE_PX, fy=MODULE_PX, interpolation=cv2.INTER_NEAREST)
    at_x, at_y = left + 4 * MODULE_PX, top + 4 * MODULE_PX
    frame[at_y : at_y + len(drawn), at_x : at_x + len(drawn)] = drawn[..., None]
    place = (left, top, left + side, top + side)
    return url, phone.Scene(phone.to_linear(frame), (PIXEL_MM, PIXEL_MM), place, modules)
