"""Has players play on the display of whoever runs scripts/rivals --here; scripts/rivals.py uses it.

Invariant: nothing is shown before it was said; when it ends, or is stopped, no player is left and no file.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

from rival_shows import PLAYERS
from rival_shows import SHOWS as ALL_SHOWS
from rival_watch import THUMB_BYTES, THUMB_FILTER, Failure, View, Watcher, stop

# What is played unless told: full HD and smaller. A display of 4K has its pictures in 4K.
SHOWS = ["pictures", "film", "film-720", "ticker"]
# Debian's name, and that of older Raspberry Pi OS.
CHROMIUM = ("chromium", "chromium-browser")
WARNING_SECONDS = 10
# How long the terminal may take until it has told what it sees.
LOOK_SECONDS_MAX = 40
SETTLE_SECONDS = 2
# How long the first copy of a screen may take.
COPY_SECONDS_MAX = 5
# What the terminal logs of its window and of what draws.
WINDOW_SAID = re.compile(
    r"the window has (\d+)x(\d+) pixels at (-?\d+),(-?\d+), on a monitor of scale ([0-9.]+)(?:, at ([0-9.]+) Hz)?"
)
DRAWING_SAID = re.compile(r"(the (?:processor|GPU) draws: [^\n\x1b]*)")
ADAPTER_SAID = re.compile(r"the GPU that draws is ([^\n\x1b]*)")


class OwnersScreen:
    """The display of this session."""

    def __init__(self, platform, at, is_copied):
        self.platform, self.at, self.is_copied = platform, at, is_copied

    def environment(self):
        return dict(os.environ)

    def watch(self, view):
        if self.platform == "x11":
            return Watcher.of_x11(os.environ["DISPLAY"], view, self.at)
        return Watcher.of_wlroots(view, self.at) if self.is_copied else None

    def unseen(self, failure):
        """The other figures are good."""
        print(f"not judged what was on the screen: {failure}", file=sys.stderr)

    def stop(self):
        """It goes on."""


def stop_by_signals():
    """Has whatever ends this end it the way Ctrl-C does; once, so that what is put away then is."""

    def interrupt(_number, _frame):
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    for each in signals:
        signal.signal(each, interrupt)


def begin(work, options):
    """Warns, finds out what is there, and says it. Returns what makes a screen, and its size in pixels."""
    if not shutil.which("ffmpeg"):
        raise Failure("what is played is made by ffmpeg, which is not installed: sudo apt-get install ffmpeg")
    options.platform, name = session()
    find_players(options)
    warn(name, options)
    size, options.at, is_exact, told = look(work, options)
    print(f"display {name}, {told}")
    if options.absent:
        print(f"not installed here, so without figures: {', '.join(sorted(options.absent))}")
    is_copied = is_exact and (options.platform == "x11" or lets_copy(options.at))
    if not is_copied:
        print(
            "what is on the screen is not looked at: this Wayland compositor shows it to nobody, its scale is not 1, or "
            "wf-recorder is not installed, with which labwc, sway and Wayfire show it"
        )
    return lambda _size: OwnersScreen(options.platform, options.at, is_copied), size


def lets_copy(at):
    """Whether the compositor lets a program copy a corner of its screen."""
    if not shutil.which("wf-recorder"):
        return False
    watcher = Watcher.of_wlroots(View(0, 0, 64, 36, 30, THUMB_FILTER, THUMB_BYTES), at)
    try:
        limit = time.monotonic() + COPY_SECONDS_MAX
        while not watcher.looks and time.monotonic() < limit:
            time.sleep(0.05)
        return bool(watcher.looks)
    finally:
        watcher.stop()


def session():
    """Which kind of display it is, and its name."""
    for kind, variable in (("wayland", "WAYLAND_DISPLAY"), ("x11", "DISPLAY")):
        if value := os.environ.get(variable):
            return kind, f"{variable}={value}"
    raise Failure(
        "there is no display: neither WAYLAND_DISPLAY nor DISPLAY is set. Start it in a terminal of the desktop, or "
        "over ssh with the display named, as in WAYLAND_DISPLAY=wayland-0 or DISPLAY=:0"
    )


def find_players(options):
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    options.chromium = found or options.chromium
    options.absent = {name for name in ("mpv", "feh") if not shutil.which(name)}
    if not found:
        options.absent.add("chromium")
    if not os.environ.get("DISPLAY"):
        # It knows X11 only.
        options.absent.add("feh")


def warn(name, options):
    """Says what is about to be seen, and leaves time to stop it."""
    shows = [ALL_SHOWS[show] for show in options.show or SHOWS]
    players = [player for player in options.only or PLAYERS if player not in options.absent]
    minutes = round(len(shows) * len(players) * (options.seconds + 5) / 60) + 1
    print(
        f"Whoever looks at {name} now sees players in windows over the whole screen, one after the other, for at most "
        f"{minutes} min. It begins in {WARNING_SECONDS} s. Ctrl-C stops it at any time and leaves nothing behind.",
        file=sys.stderr,
        flush=True,
    )
    time.sleep(WARNING_SECONDS)


def look(work, options):
    """Has the terminal open its window once. Returns the size and place of the display, whether it is seen pixel by
    pixel, and what was said of it."""
    folder = work / "first-look"
    folder.mkdir()
    config = folder / "kiosk.toml"
    config.write_text('[data]\ndir = "data"\n[local]\nlisten = "127.0.0.1:0"\n')
    command = [options.terminal, "run", "--config", str(config)]
    log = folder / "log"
    with open(log, "wb") as out:
        player = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        limit = time.monotonic() + LOOK_SECONDS_MAX
        while not WINDOW_SAID.search(said := log.read_text(errors="replace")):
            if player.poll() is not None or time.monotonic() > limit:
                last = " ".join(said.strip().splitlines()[-1:])
                raise Failure(f"Passerby opens no window here: {last or 'it says nothing'}")
            time.sleep(0.1)
        # Some window managers give it its size only then.
        time.sleep(SETTLE_SECONDS)
        said = log.read_text(errors="replace")
    finally:
        stop(player)
    *_, window = WINDOW_SAID.finditer(said)
    width, height, left, top = map(int, window.groups()[:4])
    scale, beat = window.group(5), f" at {window.group(6)} Hz" if window.group(6) else ""
    drawing = DRAWING_SAID.search(said)
    adapter = ADAPTER_SAID.search(said)
    parts = [f"{width}x{height} pixels{beat}, scale {scale}", drawing and drawing.group(1), adapter and adapter.group(1)]
    # A desktop's own units are not pixels on a scaled display.
    is_exact = float(scale) == 1 or options.platform == "x11"
    return (width, height), (left, top), is_exact, "; ".join(filter(None, parts))
