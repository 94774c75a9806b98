"""The screens that scripts/camera looks at: the real terminal with local campaigns, its frames, and their codes in them."""

import json
import os
import random
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy
import zxingcpp

import phone

CODES_PER_SCREEN = 6
# A code's time on the screen, and when the terminal has surely shown all of them.
DWELL_SECONDS = 2
SHOW_SECONDS_MAX = 90
STOP_SECONDS_MAX = 10
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
POSTERS = sorted(Path("assets/demo").glob("*/*.jpg"))


class Failure(Exception):
    """Says why there is no table."""


@dataclass
class Screen:
    """A screen and where people stand. Distances are a little short of where the code would need another pixel."""

    name: str
    size: tuple[int, int]  # pixels of the output
    size_cm: tuple[float, float]  # as mounted
    distance_m: float
    rotation: int = 0
    led: bool = False
    long_links: bool = False


ALL = [
    Screen("metro poster", (1920, 1080), (122, 69), 3.1),
    Screen("shop window", (1280, 720), (71, 40), 1.6),
    Screen("totem, on its side", (1920, 1080), (80, 143), 3.0, rotation=90),
    Screen("door tablet", (1280, 720), (22, 12.4), 0.445),
    Screen("long links", (1920, 1080), (122, 69), 2.38, long_links=True),
    Screen("LED wall, 3 mm", (480, 270), (144, 81), 3.4, led=True),
]
QUICK = [ALL[1], ALL[5]]


def links(screen):
    """A screen's links, the same ones every time: as long as a hub's with its token, or as those of many shops."""
    made = random.Random(screen.name)
    if screen.long_links:
        letters = "abcdefghijklmnopqrstuvwxyz0123456789"
        return [
            "https://shop.example/books/" + "".join(made.choices(letters, k=12)) + "?utm_source=screen&utm_campaign="
            + "".join(made.choices(letters, k=25))
            for _ in range(CODES_PER_SCREEN)
        ]
    return ["https://HUB.EXAMPLE/Q/" + "".join(made.choices(BASE32, k=32)) for _ in range(CODES_PER_SCREEN)]


def show(screen, work, terminal):
    """Runs the terminal until it has shown every code; link → file of a frame that shows it whole."""
    folder = work / screen.name.replace(" ", "-").replace(",", "")
    wanted = {f"campaign-{number}": link for number, link in enumerate(links(screen))}
    for number, (name, link) in enumerate(wanted.items()):
        campaign = folder / "content" / name
        campaign.mkdir(parents=True)
        shutil.copy(POSTERS[number % len(POSTERS)], campaign / "poster.jpg")
        (campaign / "campaign.toml").write_text(
            f'title = "Campaign {number}"\ntarget = "{link}"\n[[placement]]\ncreative = "poster.jpg"\n'
            f'seconds = {DWELL_SECONDS}\nheadline = "看一眼，扫一下"\n'
            'code = { corner = "bottom-right", call = "扫码看看 Scan to see" }\n',
            encoding="utf-8",
        )
    config = folder / "kiosk.toml"
    config.write_text(
        f"[screen]\nsize_cm = {list(screen.size_cm)}\nviewing_distance_m = {screen.distance_m}\nrotation = {screen.rotation}\n"
        '[content]\nfolders = ["content"]\n[data]\ndir = "data"\n[local]\nlisten = "127.0.0.1:0"\n'
    )
    frames = folder / "frames"
    command = [terminal, "run", "--config", str(config), "--offscreen", "--size", "{}x{}".format(*screen.size)]
    command += ["--for", str(SHOW_SECONDS_MAX), "--capture", str(frames), "--capture-every", "300"]
    shown = {}
    with open(folder / "log", "wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            while wanted.keys() - shown.keys() and running.poll() is None:
                time.sleep(0.3)
                shown = whole_codes(frames, wanted)
        finally:
            running.terminate()
            try:
                running.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
    missing = wanted.keys() - shown.keys()
    if missing:
        log = (folder / "log").read_text(errors="replace")
        raise Failure(f"{screen.name}: the terminal did not show {len(missing)} of {len(wanted)} codes; it says\n{log}")
    # The link as encoded; the terminal may have added to the target.
    return dict(shown.values())


def whole_codes(frames, wanted):
    """Campaign → its link as encoded and a frame, as far as frames.jsonl tells by now."""
    shown = {}
    notes = frames / "frames.jsonl"
    # The last line may not be whole yet.
    lines = notes.read_text(encoding="utf-8").split("\n")[:-1] if notes.exists() else []
    for line in lines:
        note = json.loads(line)
        if note["campaign"] in wanted and note["url"] and not note["transition"]:
            shown.setdefault(note["campaign"], (note["url"], frames / note["file"]))
    return shown


def scene(screen, frame, url):
    """The screen as light, as people see it, with the place and the size of its code."""
    frame = numpy.ascontiguousarray(numpy.rot90(frame, screen.rotation // 90))
    left, top, modules, module_px = find(frame, url)
    code_square = [left - 4 * module_px, top - 4 * module_px]
    code_square += [side + (modules + 8) * module_px for side in code_square]
    high, wide, _ = frame.shape
    mm = (10 * screen.size_cm[0] / wide, 10 * screen.size_cm[1] / high)
    light = phone.to_linear(frame)
    if not screen.led:
        return phone.Scene(light, mm, tuple(code_square), modules)
    cells = phone.LED_CELL
    code_square = tuple(side * cells for side in code_square)
    return phone.Scene(phone.led_grid(light), (mm[0] / cells, mm[1] / cells), code_square, modules, led=True)


def find(frame, url):
    """Left, top, modules a side and pixels a module of a code that stands upright on whole pixels."""
    found = [code for code in zxingcpp.read_barcodes(frame, formats=zxingcpp.BarcodeFormat.QRCode) if code.text == url]
    if not found:
        raise Failure(f"{url} cannot be read in its own frame")
    place = found[0].position
    corners = numpy.array([(at.x, at.y) for at in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)])
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    # The decoder is a pixel or two off; the quiet zone is pure white, so what is black near there is the code.
    slack = max(2, (right - left) // 40)
    x0, y0 = left - slack, top - slack
    black = (frame[y0 : bottom + slack + 1, x0 : right + slack + 1] == 0).all(2)
    rows, columns = numpy.flatnonzero(black.any(1)), numpy.flatnonzero(black.any(0))
    black = black[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = black.shape[0]
    # At least one of the upper corners is a finder pattern, seven modules of black.
    for row in (black[0], black[0][::-1]):
        finder = int(numpy.argmin(row))
        module_px = finder // 7
        if finder and finder % 7 == 0 and side % module_px == 0 and (side // module_px - 17) % 4 == 0:
            return int(x0 + columns[0]), int(y0 + rows[0]), side // module_px, module_px
    raise Failure(f"{url}: no code of whole pixels where it was read")
