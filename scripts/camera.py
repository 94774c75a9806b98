"""Counts how often codes on rendered frames are read by a simulated phone; scripts/camera starts it.

The frames are the real terminal's: a campaign for each code, posters of the demo around it, several screens. Each screen
stands near the limit of what the terminal allows: a few per cent farther and it would make the code larger, or refuse it.
phone.py takes the shots, readers.py reads them, both say how. A shot counts alone; a phone goes on
looking, so somebody who holds it still sees far better odds than these.

Invariants: every shot's random numbers come from its screen, code, condition, distance and number, so neither the order
nor the number of processes matters; a code that the terminal did not show is an error, not a gap in the table.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy

import camera_screens
import camera_sweep
import phone
import readers
from phone import Look

SEED = 20260101
DISTANCES = (1.0, 1.5)
SHOTS, SHOTS_QUICK = 12, 3
LED_SHOTS, LED_SHOTS_QUICK = 24, 6
GOAL_ALLOWED_PERCENT, GOAL_BEYOND_PERCENT = 99, 95

# Side of a picture on the sheet of samples.
CELL_PX = 220

ANY = (-180, 180)
# Name, how the shot is taken, and whether it is within angles to 45 degrees and mild blur, where the goals hold.
CONDITIONS = [
    ("frontal, in focus", Look(blur_px=0.4), True),
    ("mild blur", Look(), True),
    ("30°", Look(yaw=30), True),
    ("45°", Look(yaw=45), True),
    ("45°, from below", Look(yaw=32, pitch=(30, 34)), True),
    ("rotated", Look(roll=ANY), True),
    ("60°", Look(yaw=60), False),
    ("strong blur", Look(blur_px=1.5), False),
    ("moving hand", Look(streak_px=3), False),
    ("night, ISO 1600", Look(iso=1600, exposure=(0.15, 0.4)), False),
    ("underexposed", Look(exposure=(0.06, 0.12)), False),
    ("overexposed", Look(exposure=(1.5, 2.2)), False),
    ("glare", Look(glare=(0.4, 1.0), veil=(0.08, 0.2)), False),
    ("JPEG 60", Look(jpeg=(60, 60)), False),
    (
        "all of it, mildly",
        Look(yaw=30, roll=(-30, 30), streak_px=1, iso=400, exposure=(0.3, 1.2), veil=(0.05, 0.1), glare=(0.1, 0.3), jpeg=(70, 80)),
        False,
    ),
]
LED_CONDITIONS = [
    ("LED grid", Look(), True),
    ("LED grid, 45°", Look(yaw=45), True),
    ("LED grid, night", Look(iso=1600, exposure=(0.15, 0.4)), False),
]


@dataclass
class Task:
    """All shots of one code under one part of the conditions."""

    screen: camera_screens.Screen
    url: str
    frame: str
    shots: int
    sheet: bool = False


def main():
    options = arguments()
    screens = camera_screens.QUICK if options.quick else camera_screens.ALL
    with tempfile.TemporaryDirectory(prefix="passerby-camera-") as work:
        options.work = work
        if options.sweep:
            return camera_sweep.main(options)
        work = Path(work)
        try:
            tasks = capture(screens, work, options)
        except camera_screens.Failure as failure:
            print(failure, file=sys.stderr)
            return 1
        with multiprocessing.Pool(options.jobs, start, (options.rqrr, str(work))) as pool:
            results, by_screen, samples, stands = {}, {}, {}, {}
            for found, pictures, stand in pool.imap_unordered(shoot, tasks, 1):
                stands[stand[0]] = stand
                for key, counts in found.items():
                    results[key] = results.get(key, numpy.zeros(4, int)) + counts
                    of_screen = by_screen.setdefault(stand[0], {})
                    of_screen[key] = of_screen.get(key, numpy.zeros(4, int)) + counts
                samples.update(pictures)
                print(".", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
    if options.sheet:
        cv2.imwrite(options.sheet, sheet(samples))
    out = sys.stderr if options.figures else sys.stdout
    print_screens([(stands[screen.name], by_screen[screen.name]) for screen in screens], out)
    print_table(results, len(tasks), out)
    print_figures(results)
    return 0


def arguments():
    parser = argparse.ArgumentParser(description="Counts how often a phone would read our codes.")
    parser.add_argument("--terminal", required=True, help="the program passerby")
    parser.add_argument("--rqrr", required=True, help="the program read_codes")
    parser.add_argument("--quick", action="store_true", help="fewer screens and shots")
    parser.add_argument("--figures", action="store_true", help="the table on standard error")
    parser.add_argument("--sheet", metavar="FILE", help="samples of the shots, as one picture")
    parser.add_argument("--sweep", action="store_true", help="by camera pixels a module")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes, 1 to 64")
    options = parser.parse_args()
    if not 1 <= options.jobs <= 64:
        parser.error("--jobs takes 1 to 64")
    return options


def capture(screens, work, options):
    """Has the terminal show every screen's codes; a task for each."""
    print(f"{len(screens)} screens are captured", file=sys.stderr)
    with ThreadPoolExecutor(min(options.jobs, 2)) as together:
        shown = list(together.map(lambda screen: camera_screens.show(screen, work, options.terminal), screens))
    tasks = []
    for screen, frames in zip(screens, shown):
        if screen.led:
            shots = LED_SHOTS_QUICK if options.quick else LED_SHOTS
        else:
            shots = SHOTS_QUICK if options.quick else SHOTS
        for number, (url, frame) in enumerate(sorted(frames.items())):
            tasks.append(Task(screen, url, str(frame), shots, sheet=number == 0))
    return tasks


_readers = None


def start(rqrr, folder):
    """Readies one process of the pool."""
    global _readers
    cv2.setNumThreads(1)
    _readers = readers.Readers(rqrr, folder)


def shoot(task):
    """Takes and reads all shots of one code.

    Returns (condition, distance) → shots and how many of them each decoder read; sample shots; and how the screen stands.
    """
    scene = camera_screens.scene(task.screen, cv2.imread(task.frame), task.url)
    found, pictures = {}, {}
    pixels = phone.PIXELS_PER_RADIAN * scene.module_mm() / (1000 * task.screen.distance_m)
    stand = (task.screen.name, task.screen.distance_m, scene.module_mm() * scene.modules / 10, scene.modules, pixels)
    for name, look, _ in LED_CONDITIONS if task.screen.led else CONDITIONS:
        for distance in DISTANCES:
            counts = numpy.zeros(4, int)
            for shot in range(task.shots):
                what = (task.screen.name, task.url, name, distance, shot)
                rng = numpy.random.default_rng([SEED, zlib.crc32(json.dumps(what).encode())])
                picture = phone.take(scene, 1000 * task.screen.distance_m * distance, look, rng)
                counts += [1, *(look > 0 for look in _readers.read(picture, task.url))]
            found[name, distance] = counts
            if task.sheet:
                pictures[task.screen.name, name, distance] = picture
    return found, pictures, stand


def percent(part, whole):
    return 100 * part / whole if whole else 0.0


def goals(results):
    """What the goals are about: the worst decoder and condition at the allowed distance, the best decoder beyond."""
    within = [name for name, _, good in CONDITIONS + LED_CONDITIONS if good and (name, 1.0) in results]
    allowed, beyond = (
        [[percent(part, results[name, distance][0]) for part in results[name, distance][1:]] for name in within]
        for distance in DISTANCES
    )
    # Decoder by decoder, over the conditions.
    return [min(of_one) for of_one in zip(*allowed)], [min(of_one) for of_one in zip(*beyond)]


def print_screens(screens, out):
    """Where each screen stands; with the worst of the conditions that the goals are about."""
    names = "".join(f"{name:>11}" for name in readers.NAMES)
    print(f"{'screen':20}{'distance':>9}{'code':>10}{'modules':>9}{'camera px a module':>20}{names}{'best, 1.5':>11}", file=out)
    for (name, distance_m, code_cm, modules, pixels), results in screens:
        allowed, beyond = goals(results)
        rates = "".join(f"{rate:11.1f}" for rate in allowed + [max(beyond)])
        print(f"{name:20}{distance_m:7.2f} m{code_cm:7.1f} cm{modules:9}{pixels:20.2f}{rates}", file=out)


def print_table(results, codes, out):
    names = list(readers.NAMES)
    print(f"\n{codes} codes; per cent of single shots that were read\n", file=out)
    head = "".join(f"{name:>11}" for name in names + ["best"])
    print(f"{'':22}{'at the allowed distance':>44}{'at 1.5 times that':>47}", file=out)
    print(f"{'condition':22}{head}{'':3}{head}{'shots':>8}", file=out)
    for name, _, within in CONDITIONS + LED_CONDITIONS:
        line = f"{name + ('' if within else ' *'):22}"
        for distance in DISTANCES:
            shots, *read = results.get((name, distance), [0, 0, 0, 0])
            rates = [percent(part, shots) for part in read]
            line += "".join(f"{rate:11.1f}" for rate in rates + [max(rates)]) + "   " * (distance == 1.0)
        print(f"{line}{2 * shots:8}", file=out)
    print("\n* beyond angles to 45° and mild blur, so no part of the goals", file=out, flush=True)


def print_figures(results):
    allowed, beyond = goals(results)
    figure(
        "codes read at the allowed distance, angles to 45°, mild blur (worst decoder and condition)",
        min(allowed),
        GOAL_ALLOWED_PERCENT,
    )
    figure(
        "codes read at 1.5 times that distance (best decoder, worst condition)",
        max(beyond),
        GOAL_BEYOND_PERCENT,
    )


def figure(name, value, goal):
    print(f"{name}\t{value:.1f}\t%\tgoal {goal}\t{value / goal:.4f}", flush=True)


def sheet(samples):
    """One shot of each condition, a row for each distance and screen."""
    rows = []
    for screen in sorted({key[0] for key in samples}):
        for distance in DISTANCES:
            row = [cell(picture, name) for (of, name, at), picture in samples.items() if (of, at) == (screen, distance)]
            row += [numpy.zeros((CELL_PX, CELL_PX), numpy.uint8)] * (len(CONDITIONS) - len(row))
            rows.append(numpy.hstack(row))
    return numpy.vstack(rows)


def cell(picture, name):
    picture = cv2.resize(picture, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)
    ascii_name = name.replace("°", " deg")
    cv2.putText(picture, ascii_name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 0, 3)
    cv2.putText(picture, ascii_name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 255, 1)
    return picture


if __name__ == "__main__":
    sys.exit(main())
