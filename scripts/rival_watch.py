"""Looks at a screen while a player plays, and judges what was seen; scripts/rivals.py uses it."""

import os
import subprocess
import threading
import time
from dataclasses import dataclass

# Thumbnails are small because Python compares them byte by byte.
THUMB_WIDTH, THUMB_HEIGHT = 32, 18
THUMB_BYTES = THUMB_WIDTH * THUMB_HEIGHT * 3
THUMB_FILTER = f"format=rgb24,scale={THUMB_WIDTH}:{THUMB_HEIGHT}:flags=area,format=rgb24"
# A film's counter: so many squares in a row, the lowest bit first, each so many pixels wide and high.
COUNTER_BITS, COUNTER_PX = 11, 48
COUNTER_FILTER = f"format=gray,scale={COUNTER_BITS}:1:flags=area,format=gray"
STOP_SECONDS_MAX = 10
# Mean difference of a byte, of 255, up to which two thumbnails show the same.
SAME_MAX = 5.0
# The same for what may be a mixture, which some players make in linear light.
MIXTURE_MAX = 25.0
TRANSITIONS = 3


class Failure(Exception):
    """Says why a player has no figures."""


@dataclass(frozen=True)
class View:
    """What is looked at: a part of the screen, made so small that Python can judge it."""

    left: int
    top: int
    width: int
    height: int
    looks_per_second: int
    small: str
    look_bytes: int


def stop(process):
    """Asks a process that was started here to end, and ends it if it does not."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Watcher:
    """Looks at a screen through ffmpeg until it is stopped; keeps (time, what was seen)."""

    def __init__(self, source, view, feeder=None):
        """`source` is ffmpeg's words for what it reads, `feeder` a process whose pictures that are."""
        command = ["ffmpeg", "-v", "fatal", "-nostdin", *source, "-vf", view.small, "-fps_mode", "passthrough"]
        command += ["-flush_packets", "1", "-f", "rawvideo", "-"]
        self.look_bytes = view.look_bytes
        self.looks = []
        self.feeder = feeder
        self.process = subprocess.Popen(
            command, stdin=feeder.stdout if feeder else subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    @classmethod
    def of_x11(cls, display, view, at=(0, 0)):
        """Of an X server, whose windows anybody with access may read."""
        source = ["-f", "x11grab", "-draw_mouse", "0", "-framerate", str(view.looks_per_second)]
        source += ["-video_size", f"{view.width}x{view.height}"]
        return cls([*source, "-i", f"{display}+{at[0] + view.left},{at[1] + view.top}"], view)

    @classmethod
    def of_wlroots(cls, view, at=(0, 0)):
        """Of a compositor that lets wf-recorder copy its screen, as labwc, sway and Wayfire do."""
        place = f"{at[0] + view.left},{at[1] + view.top} {view.width}x{view.height}"
        rate = str(view.looks_per_second)
        recorder = ["wf-recorder", "--no-damage", "-g", place, "-r", rate, "-c", "rawvideo", "-m", "rawvideo"]
        # Its own words go to standard output.
        reader, writer = os.pipe()
        feeder = subprocess.Popen(
            [*recorder, "-x", "bgr0", "-f", f"pipe:{writer}"],
            pass_fds=[writer],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writer)
        feeder.stdout = os.fdopen(reader, "rb")
        source = ["-f", "rawvideo", "-pixel_format", "bgr0", "-video_size", f"{view.width}x{view.height}"]
        return cls([*source, "-framerate", rate, "-i", "-"], view, feeder)

    def read(self):
        while True:
            look = self.process.stdout.read(self.look_bytes)
            if len(look) < self.look_bytes:
                return
            self.looks.append((time.monotonic(), look))

    def stop(self):
        if self.feeder:
            stop(self.feeder)
            self.feeder.stdout.close()
        stop(self.process)
        self.thread.join(STOP_SECONDS_MAX)


def judge_film(looks, started, rate):
    """Counts the pictures of a film that were on the screen, by the counter in each."""
    shown, first, last, before = 0, None, None, None
    for moment, look in looks:
        # A screen without a film is black, and so is the counter's first picture.
        number = sum((level > 127) << bit for bit, level in enumerate(look))
        if number == 0 and first is None:
            continue
        if first is None:
            first = moment
        if number != before:
            shown, last, before = shown + 1, moment, number
    if first is None or last == first:
        raise Failure("no film was seen on its screen")
    due = round((looks[-1][0] - first) * rate)
    return {
        "first picture": (first - started) * 1000,
        "film pictures missing": max(due - shown, 0),
        "film pictures due": due,
    }


def judge_motion(looks, started):
    """Counts how often what runs by was somewhere else than one look before."""
    first = next((index for index, (_, look) in enumerate(looks) if max(look) - min(look) > 40), None)
    if first is None:
        raise Failure("nothing was seen to run by")
    seen = [look for _, look in looks[first:]]
    moved = sum(now != before for before, now in zip(seen, seen[1:]))
    return {
        "first picture": (looks[first][0] - started) * 1000,
        "steps missing": max(len(seen) - 1 - moved, 0),
        "steps looked for": len(seen) - 1,
    }


def difference(one, other):
    return sum(abs(a - b) for a, b in zip(one, other)) / THUMB_BYTES


def which(look, thumbs):
    """Returns the number of the picture that is seen whole, or None."""
    best = min(range(len(thumbs)), key=lambda number: difference(look, thumbs[number]))
    return best if difference(look, thumbs[best]) <= SAME_MAX else None


def is_mixture(look, one, other):
    """Tells whether a look lies between two pictures."""
    step = [b - a for a, b in zip(one, other)]
    length = sum(s * s for s in step) or 1
    share = sum((x - a) * s for x, a, s in zip(look, one, step)) / length
    share = min(max(share, 0), 1)
    mixture = [a + s * share for a, s in zip(one, step)]
    return difference(look, mixture) <= MIXTURE_MAX


def judge_pictures(looks, thumbs, started, expected):
    """Finds the first picture and the transitions in what was seen; `expected` changes make a fade, none a cut."""
    seen, known = [], {}
    for moment, look in looks:
        if look not in known:
            known[look] = which(look, thumbs)
        seen.append((moment, look, known[look]))
    first = next((moment for moment, _, number in seen if number is not None), None)
    if first is None:
        raise Failure("none of the pictures was seen on its screen")
    transitions = []
    at = next(index for index, (_, _, number) in enumerate(seen) if number is not None)
    for index in range(at + 1, len(seen)):
        number = seen[index][2]
        if number is None:
            continue
        if number != seen[at][2]:
            transitions.append(transition(seen, at, index, thumbs, expected))
        at = index
    transitions = transitions[:TRANSITIONS]
    if not transitions:
        raise Failure("no transition was seen on its screen")
    result = {
        "first picture": (first - started) * 1000,
        "foreign frames": sum(foreign for _, _, foreign in transitions),
    }
    if expected:
        # Two looks are the ends; the others should all differ.
        result["frames dropped"] = sum(dropped for _, dropped, _ in transitions)
        result["frames looked at"] = sum(count for count, _, _ in transitions)
    return result


def transition(seen, begin, end, thumbs, expected):
    """Counts looks, unchanged looks and foreign looks between a look at one picture and one at the next."""
    one, other = thumbs[seen[begin][2]], thumbs[seen[end][2]]
    # A fade's first and last steps still look like the pictures, so that they cannot be told from their looks.
    window = seen[begin : end + 1]
    changes = sum(now[1] != before[1] for before, now in zip(window, window[1:]))
    # What changes on the glass right before and after belongs to it as well.
    for index in range(begin, 0, -1):
        if seen[index][1] == seen[index - 1][1]:
            break
        changes += 1
    for index in range(end + 1, len(seen)):
        if seen[index][1] == seen[index - 1][1]:
            break
        changes += 1
    foreign = sum(not is_mixture(look, one, other) for _, look, number in window if number is None)
    return expected, max(expected - changes, 0), foreign
