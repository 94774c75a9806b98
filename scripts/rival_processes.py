"""Starts players and screens, and measures the processes of a player; scripts/rivals.py uses it."""

import os
import signal
import subprocess
import time
from pathlib import Path

from rival_watch import Failure, Watcher, stop

SAMPLE_SECONDS = 0.5
START_SECONDS_MAX = 20
END_SECONDS_MAX = 3
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


class Tree:
    """All processes of a player: those that it started, and those that name its folder."""

    def __init__(self, root, mark):
        self.root, self.mark = root, os.fsencode(mark)
        self.ticks, self.pss_max, self.pss_last = {}, 0, 0
        # Processes that guard their memory, as those of a browser do from everybody but root.
        self.unread = set()

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
            except PermissionError:
                self.unread.add(pid)
                pss += own_kib(pid)
                continue
            except OSError:
                continue
            pss += sum(int(row.split()[1]) for row in rollup.splitlines() if row.startswith("Pss:"))
        self.pss_last = pss / 1024
        self.pss_max = max(self.pss_max, self.pss_last)
        return ours

    def end(self, player):
        """Ends what a player left behind, and waits until it is gone: it may still write."""
        limit = time.monotonic() + END_SECONDS_MAX
        while (left := self.sample() - {player}) and time.monotonic() < limit:
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            time.sleep(0.05)

    def seconds(self):
        return sum(self.ticks.values()) / TICKS_PER_SECOND


def own_kib(pid):
    """What a process has that it shares with nobody: less than its share of all."""
    try:
        resident, shared = map(int, Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    except OSError:
        return 0
    return (resident - shared) * PAGE_KIB


class VirtualScreen:
    """An X server without a screen, on a display that it chooses itself."""

    def __init__(self, size):
        reader, writer = os.pipe()
        command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size[0]}x{size[1]}x24"]
        self.server = subprocess.Popen(
            [*command, "-nolisten", "tcp", "-br"], pass_fds=[writer], stderr=subprocess.DEVNULL
        )
        os.close(writer)
        with os.fdopen(reader) as said:
            number = said.readline().strip()
        if not number:
            self.stop()
            raise Failure("Xvfb did not start")
        self.display = f":{number}"

    def environment(self):
        """What a player is started with."""
        environment = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
        return {**environment, "DISPLAY": self.display}

    def watch(self, view):
        return Watcher.of_x11(self.display, view)

    def unseen(self, failure):
        """What is made of a screen on which nothing was seen that can be judged."""
        raise failure

    def stop(self):
        stop(self.server)


def measure(command, folder, show, judge, seconds, screen):
    """Runs a player on a screen and returns its figures; stops both."""
    watcher = player = tree = None
    try:
        watcher = screen.watch(show.view)
        # The screen shows something else until the player draws; wait until that can be seen.
        limit = time.monotonic() + START_SECONDS_MAX
        while watcher and not watcher.looks:
            if time.monotonic() > limit:
                raise Failure("ffmpeg cannot see the screen")
            time.sleep(0.05)
        with open(folder / "log", "wb") as log:
            started = time.monotonic()
            player = subprocess.Popen(
                command,
                env=screen.environment(),
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
                if watcher:
                    watcher.stop()
                half, half_seconds, half_at = True, tree.seconds(), time.monotonic()
            time.sleep(SAMPLE_SECONDS)
        tree.sample()
        ended = time.monotonic()
        result = {}
        if watcher:
            try:
                result = judge(watcher.looks, started)
            except Failure as failure:
                screen.unseen(failure)
        result["processor time"] = tree.seconds()
        result["share of a core"] = 100 * (tree.seconds() - half_seconds) / (ended - half_at)
        result["memory"] = tree.pss_max
        result["memory at the end"] = tree.pss_last
        if tree.unread:
            result["processes of unknown memory"] = len(tree.unread)
        return result
    finally:
        if watcher:
            watcher.stop()
        if player:
            stop(player)
        if tree:
            tree.end(player.pid)
        screen.stop()
