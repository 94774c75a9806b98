"""Measures players that show the same pictures; scripts/rivals starts it. Needs nothing but Python's own library.

Each player has an X server of its own, 1280x720. For the first seconds ffmpeg watches that screen, 30 times a second,
as thumbnails; they tell when the first of the pictures was seen whole, and what happened between two of them.
Processor time and memory are those of all of the player's processes, read from /proc; the X server's are not in them.

* processor time: all of it in the time, start included; and the share of one core in the second half, when it only plays
* memory: proportional set size, the largest sum that was seen
* frames dropped: looks in a cross-fade at which the screen was as it had been one look before, of all looks in it
* foreign frames: looks between two pictures that show something that is no mixture of the two, such as black
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

WIDTH, HEIGHT = 1280, 720
# Thumbnails are small because Python compares them byte by byte.
THUMB_WIDTH, THUMB_HEIGHT = 32, 18
THUMB_BYTES = THUMB_WIDTH * THUMB_HEIGHT * 3
LOOKS_PER_SECOND = 30
DWELL_SECONDS = 5
FADE_MS = 600
TRANSITIONS = 3
PICTURES = 6
# Watching ends when enough was seen, at the latest then.
WATCH_SECONDS_MAX = 30
SAMPLE_SECONDS = 0.5
START_SECONDS_MAX = 20
STOP_SECONDS_MAX = 10
# Mean difference of a byte, of 255, up to which two thumbnails show the same.
SAME_MAX = 5.0
# The same for what may be a mixture, which some players make in linear light.
MIXTURE_MAX = 25.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def main():
    options = arguments()
    players = {"passerby": passerby, "passerby-gpu": passerby_gpu, "chromium": chromium, "mpv": mpv, "feh": feh}
    names = options.only or list(players)
    results = {}
    with tempfile.TemporaryDirectory(prefix="passerby-rivals-") as work:
        work = Path(work)
        pictures, thumbs = make_pictures(work)
        for name in names:
            print(f"{name}: {options.seconds} s", file=sys.stderr)
            folder = work / name
            folder.mkdir()
            command, fades = players[name](folder, pictures, options)
            try:
                results[name] = measure(command, folder, thumbs, fades, options.seconds)
            except (Failure, OSError) as failure:
                print(f"{name}: {failure}", file=sys.stderr)
    if options.figures:
        print_figures(results)
    else:
        print_table(results, options.seconds)
    return 0 if len(results) == len(names) else 1


def arguments():
    parser = argparse.ArgumentParser(description="Compares Passerby with other players.")
    parser.add_argument("--terminal", required=True, help="the program passerby")
    parser.add_argument("--seconds", type=int, default=60, help="time for each player, 20 to 3600")
    parser.add_argument("--figures", action="store_true", help="one figure a line")
    parser.add_argument("--only", action="append", choices=["passerby", "passerby-gpu", "chromium", "mpv", "feh"])
    options = parser.parse_args()
    if not 20 <= options.seconds <= 3600:
        parser.error("--seconds takes 20 to 3600")
    return options


class Failure(Exception):
    """Says why a player has no figures."""


# The players. Each returns its command and whether it cross-fades.


def passerby(folder, pictures, options):
    return terminal(folder, pictures, options, "cpu")


def passerby_gpu(folder, pictures, options):
    return terminal(folder, pictures, options, "gpu")


def terminal(folder, pictures, options, draw):
    campaign = folder / "content" / "pictures"
    campaign.mkdir(parents=True)
    lines = ['title = "Pictures"']
    for picture in pictures:
        shutil.copy(picture, campaign)
        lines += ["[[placement]]", f'creative = "{picture.name}"', f"seconds = {DWELL_SECONDS}"]
    (campaign / "campaign.toml").write_text("\n".join(lines) + "\n")
    config = folder / "kiosk.toml"
    config.write_text(
        f'[screen]\ndraw = "{draw}"\n'
        '[content]\nfolders = ["content"]\n[data]\ndir = "data"\n[local]\nlisten = "127.0.0.1:0"\n'
    )
    return [options.terminal, "run", "--config", str(config)], True


PAGE = """<!doctype html><meta charset=utf-8><title>Pictures</title>
<style>
  html, body {{ margin: 0; height: 100%; background: #000; overflow: hidden; cursor: none }}
  img {{ position: fixed; inset: 0; width: 100vw; height: 100vh; object-fit: cover; opacity: 0;
         transition: opacity {fade}ms linear }}
  img.shown {{ opacity: 1 }}
</style>
{images}
<script>
  const images = [...document.images];
  let at = 0, above = 1;
  function show() {{
    const old = document.querySelector('.shown'), next = images[at++ % images.length];
    next.style.transition = '';
    next.style.zIndex = above++;
    next.classList.add('shown');
    if (old) setTimeout(() => {{ old.style.transition = 'none'; old.classList.remove('shown') }}, {fade} + 100);
  }}
  Promise.all(images.map((image) => image.decode())).then(() => {{ show(); setInterval(show, {dwell}) }});
</script>
"""


def chromium(folder, pictures, _options):
    images = "\n".join(f'<img src="{picture.as_uri()}" alt="">' for picture in pictures)
    page = folder / "page.html"
    page.write_text(PAGE.format(fade=FADE_MS, dwell=DWELL_SECONDS * 1000, images=images))
    command = [
        "chromium",
        "--kiosk",
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={WIDTH},{HEIGHT}",
        "--window-position=0,0",
        "--ozone-platform=x11",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-features=Translate",
        "--password-store=basic",
        "--noerrdialogs",
        # No bar across the page that warns of the flags.
        "--test-type",
    ]
    if os.geteuid() == 0:
        command.append("--no-sandbox")
    return [*command, page.as_uri()], True


def mpv(_folder, pictures, _options):
    command = [
        "mpv",
        "--no-config",
        "--fullscreen",
        # The cheapest of its outputs where there is no GPU.
        "--vo=x11",
        "--no-audio",
        "--no-osc",
        "--no-terminal",
        f"--image-display-duration={DWELL_SECONDS}",
        "--loop-playlist=inf",
    ]
    return [*command, *map(str, pictures)], False


def feh(_folder, pictures, _options):
    command = ["feh", "--fullscreen", "--hide-pointer", "--quiet"]
    return [*command, "--slideshow-delay", str(DWELL_SECONDS), *map(str, pictures)], False


# What is shown, and what was seen.


def make_pictures(work):
    """Scales the demo's pictures to the screen. Returns their files and thumbnails."""
    folder = work / "pictures"
    folder.mkdir()
    sources = sorted(Path("assets/demo").glob("*/*.jpg"))[:PICTURES]
    pictures, thumbs = [], []
    for number, source in enumerate(sources, 1):
        picture = folder / f"{number}.jpg"
        fill = f"scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=increase,crop={WIDTH}:{HEIGHT}"
        ffmpeg = ["ffmpeg", "-v", "error", "-nostdin", "-i"]
        subprocess.run([*ffmpeg, str(source), "-vf", fill, "-q:v", "2", str(picture)], check=True)
        raw = [*ffmpeg, str(picture), "-vf", THUMB_FILTER, "-f", "rawvideo", "-"]
        thumbs.append(subprocess.run(raw, check=True, capture_output=True).stdout[:THUMB_BYTES])
        pictures.append(picture)
    return pictures, thumbs


THUMB_FILTER = f"format=rgb24,scale={THUMB_WIDTH}:{THUMB_HEIGHT}:flags=area,format=rgb24"


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


class Watcher:
    """Looks at a screen through ffmpeg until it is stopped; keeps (time, thumbnail)."""

    def __init__(self, display):
        command = ["ffmpeg", "-v", "fatal", "-nostdin", "-f", "x11grab", "-draw_mouse", "0"]
        command += ["-framerate", str(LOOKS_PER_SECOND), "-video_size", f"{WIDTH}x{HEIGHT}"]
        command += ["-i", display, "-vf", THUMB_FILTER, "-fps_mode", "passthrough"]
        command += ["-flush_packets", "1", "-f", "rawvideo", "-"]
        self.looks = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        while True:
            look = self.process.stdout.read(THUMB_BYTES)
            if len(look) < THUMB_BYTES:
                return
            self.looks.append((time.monotonic(), look))

    def stop(self):
        stop(self.process)
        self.thread.join(STOP_SECONDS_MAX)


def judge(looks, thumbs, started, fades):
    """Finds the first picture and the transitions in what was seen."""
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
            transitions.append(transition(seen, at, index, thumbs))
        at = index
    transitions = transitions[:TRANSITIONS]
    if not transitions:
        raise Failure("no transition was seen on its screen")
    result = {
        "first picture": (first - started) * 1000,
        "foreign frames": sum(foreign for _, _, foreign in transitions),
    }
    if fades:
        # Two looks are the ends; the others should all differ.
        result["frames dropped"] = sum(dropped for _, dropped, _ in transitions)
        result["frames looked at"] = sum(count for count, _, _ in transitions)
    return result


def transition(seen, begin, end, thumbs):
    """Counts looks, unchanged looks and foreign looks between a look at one picture and one at the next."""
    one, other = thumbs[seen[begin][2]], thumbs[seen[end][2]]
    # A fade's first and last steps still look like the pictures; the expected number follows from its length.
    expected = FADE_MS * LOOKS_PER_SECOND // 1000
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


# Processes.


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


def stop(process):
    """Asks a process that was started here to end, and ends it if it does not."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start_screen():
    """Starts an X server on a display that it chooses itself."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{WIDTH}x{HEIGHT}x24"]
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


def measure(command, folder, thumbs, fades, seconds):
    screen, display = start_screen()
    watcher = player = tree = None
    try:
        watcher = Watcher(display)
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
        watched = min(WATCH_SECONDS_MAX, seconds / 2)
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
        result = judge(watcher.looks, thumbs, started, fades)
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


# What is printed.

ROWS = [
    ("processor time", "s", "{:.2f}"),
    ("share of a core", "%", "{:.2f}"),
    ("memory", "MB", "{:.0f}"),
    ("memory at the end", "MB", "{:.0f}"),
    ("first picture", "ms", "{:.0f}"),
    ("frames dropped", "", "{:.0f}"),
    ("foreign frames", "", "{:.0f}"),
]
LABELS = {"passerby": "Passerby", "passerby-gpu": "Passerby, GPU", "chromium": "Chromium", "mpv": "mpv", "feh": "feh"}


def shown(result, row, form):
    if row not in result:
        return "cuts"
    text = form.format(result[row])
    return f"{text} of {result['frames looked at']}" if row == "frames dropped" else text


def print_table(results, seconds):
    """Prints values, and beside each rival's how many times ours it is."""
    ours = results.get("passerby", {})
    lines = [[f"in {seconds} s"] + [LABELS[name] for name in results]]
    for row, unit, form in ROWS:
        line = [f"{row}, {unit}" if unit else row]
        for name, result in results.items():
            text = shown(result, row, form)
            if name != "passerby" and ours.get(row) and row in result:
                text += f" ({result[row] / ours[row]:.2f}x)"
            line.append(text)
        lines.append(line)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def print_figures(results):
    """Prints our value, its unit, the rival's value and the ratio of ours to it, separated by tabs."""
    ours = results.get("passerby")
    if not ours:
        return
    for row, unit, form in ROWS:
        for name, result in results.items():
            if name == "passerby" or row not in result or row not in ours:
                continue
            against = result[row]
            if against:
                ratio = f"{ours[row] / against:.4f}"
            else:
                ratio = "inf" if ours[row] else "1.0000"
            value = form.format(ours[row])
            print(f"slideshow, {row}\t{value}\t{unit or 'frames'}\t{LABELS[name]} {form.format(against)}\t{ratio}")


if __name__ == "__main__":
    sys.exit(main())
