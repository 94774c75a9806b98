"""Starts players and screens, and measures the processes of a player; scripts/rivals.py uses it."""

import os
import signal
import subprocess
import time
from pathlib import Path

from rival_watch import Failure, Watcher, stop

SAMPLE_SECONDS = 0.5
START_SECONDS_MAX = 20
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Tree:
    """All processes of a player: those that it started, and those that name its folder."""

    def __init__(self, root, mark):
        self.root, self.mark = root, os.fsencode(mark)
        self.ticks, self.pss_max, self.pss_last = {}, 0, 0

    def sample(self):
        processes = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                fields = (entry / "stat").read_bytes().rpartition(b") ")[2].split()
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            processes[int(entry.name)] = (fields, line)
        ours = {pid for pid, (_, line) in processes.items() if self.mark in line and pid != os.getpid()}
        if self.root in processes:
            ours.add(self.root)
        grown = True
        while grown:
            more = {pid for pid, (fields, _) in processes.items() if int(fields[1]) in ours} - ours
            ours |= more
            grown = bool(more)
        pss = 0
        for pid in ours:
            fields = processes[pid][0]
            # A number that was given again starts from little; the start time keeps them apart.
            self.ticks[pid, fields[19]] = int(fields[11]) + int(fields[12])
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            pss += sum(int(row.split()[1]) for row in rollup.splitlines() if row.startswith("Pss:"))
        self.pss_last = pss / 1024
        self.pss_max = max(self.pss_max, self.pss_last)
        return ours

    def seconds(self):
        return sum(self.ticks.values()) / TICKS_PER_SECOND


def start_screen(size):
    """Starts an X server on a display that it chooses itself."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size[0]}x{size[1]}x24"]
    screen = subprocess.Popen(
        [*command, "-nolisten", "tcp", "-br"], pass_fds=[writer], stderr=subprocess.DEVNULL
    )
    os.close(writer)
    with os.fdopen(reader) as said:
        number = said.readline().strip()
    if not number:
        stop(screen)
        raise Failure("Xvfb did not start")
    return screen, f":{number}"


def measure(command, folder, show, judge, seconds):
    """Runs a player and returns its figures."""
    screen, display = start_screen(show.size)
    watcher = player = tree = None
    try:
        watcher = Watcher(display, show.view)
        # The screen is black until the player draws; wait until that can be seen.
        limit = time.monotonic() + START_SECONDS_MAX
        while not watcher.looks:
            if time.monotonic() > limit:
                raise Failure("ffmpeg cannot see the screen")
            time.sleep(0.05)
        environment = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
        environment["DISPLAY"] = display
        with open(folder / "log", "wb") as log:
            started = time.monotonic()
            player = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        tree = Tree(player.pid, folder)
        watched = min(show.watch_seconds_max, seconds / 2)
        half, half_seconds, half_at = False, 0.0, started
        while (now := time.monotonic()) < started + seconds:
            tree.sample()
            if player.poll() is not None:
                last = (folder / "log").read_text(errors="replace").strip().splitlines()[-1:]
                raise Failure(f"it ended by itself: {' '.join(last)}")
            if not half and now >= started + watched:
                watcher.stop()
                half, half_seconds, half_at = True, tree.seconds(), time.monotonic()
            time.sleep(SAMPLE_SECONDS)
        tree.sample()
        ended = time.monotonic()
        result = judge(watcher.looks, started)
        result["processor time"] = tree.seconds()
        result["share of a core"] = 100 * (tree.seconds() - half_seconds) / (ended - half_at)
        result["memory"] = tree.pss_max
        result["memory at the end"] = tree.pss_last
        return result
    finally:
        if watcher:
            watcher.stop()
        if player:
            stop(player)
        if tree:
            # What it left behind.
            for pid in tree.sample() - {player.pid}:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        stop(screen)
