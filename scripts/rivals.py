"""Measures players that show the same; scripts/rivals starts it. Needs nothing but Python's own library.

Each player has an X server of its own, or with --here, one after the other, the display of whoever runs this. For the first seconds ffmpeg watches a part of that screen, 15 to 60 times a
second; it tells when the first picture was seen whole, and what happened on the screen after that. Processor time and
memory are those of all of the player's processes, read from /proc; the X server's are not in them.

* processor time: all of it in the time, start included; and the share of a core in the second half, when it only plays
* memory: proportional set size, the largest sum that was seen; of processes that let nobody look, at least that
* frames dropped: looks in a cross-fade at which the screen was as it had been one look before, of all looks in it
* foreign frames: looks between two pictures that show something that is no mixture of the two, such as black
* film pictures missing: those whose number was never seen on the screen, of those that were due
* steps missing: looks at lines that run by at which they were where they had been one look before
"""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

import rival_here
from rival_goals import SHOW_PLAYERS, SHOW_SECONDS, judge, judge_changes
from rival_machine import machine_lines, state_line, today
from rival_processes import VirtualScreen, measure
from rival_shows import PLAYERS, SHOWS
from rival_watch import Failure

LABELS = {"passerby": "Passerby", "passerby-gpu": "Passerby, GPU", "chromium": "Chromium", "mpv": "mpv", "feh": "feh"}
# What the terminal logs when it turns transitions into cuts.
CUTS_SAID = "transitions stutter on this machine"
# What is printed, its unit, how, and of how many.
ROWS = [
    ("processor time", "s", "{:.2f}", None),
    ("share of a core", "%", "{:.2f}", None),
    ("memory", "MB", "{:.0f}", None),
    ("memory at the end", "MB", "{:.0f}", None),
    ("processes of unknown memory", "", "{:.0f}", None),
    ("first picture", "ms", "{:.0f}", None),
    ("frames dropped", "", "{:.0f}", "frames looked at"),
    ("foreign frames", "", "{:.0f}", None),
    ("film pictures missing", "", "{:.0f}", "film pictures due"),
    ("steps missing", "", "{:.0f}", "steps looked for"),
    ("cuts said", "", "{:.0f}", None),
]


def main():
    options = arguments()
    rival_here.stop_by_signals()
    try:
        with tempfile.TemporaryDirectory(prefix="passerby-rivals-") as work:
            return compare(Path(work), options)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 3


def compare(work, options):
    screen_of, size, names = VirtualScreen, None, list(SHOWS)
    print(", ".join([today(), *machine_lines()]), flush=True)
    if options.here:
        screen_of, size = rival_here.begin(work, options)
        names = rival_here.SHOWS
    elif options.goals:
        names = list(SHOW_SECONDS)
    print(state_line(), end="\n\n", flush=True)
    complete = True
    every = {}
    for name in options.show or names:
        print(f"{name} is made", file=sys.stderr)
        show = SHOWS[name](work, size)
        if options.goals:
            options.only, options.seconds = SHOW_PLAYERS[name], SHOW_SECONDS[name]
        results, all_there = play(show, name, work, options, screen_of)
        complete &= all_there
        every[name] = results
        if options.figures:
            print_figures(name, results)
        else:
            print_table(name, results, options.seconds)
    if options.goals:
        every["changes"] = judge_changes(options.marathon)
        print()
        complete &= judge(every)
    return 0 if complete else 1


def arguments():
    parser = argparse.ArgumentParser(description="Compares Passerby with other players.")
    parser.add_argument("--terminal", required=True, help="the program passerby")
    parser.add_argument("--marathon", help="the program of the tests that judge each frame; --goals needs it")
    parser.add_argument("--goals", action="store_true", help="only what has a goal, and whether each is met")
    parser.add_argument("--here", action="store_true", help="on the display of this session, with what is installed")
    parser.add_argument("--seconds", type=int, default=60, help="time for each player, 20 to 3600")
    parser.add_argument("--figures", action="store_true", help="one figure a line")
    parser.add_argument("--show", action="append", choices=list(SHOWS), help="what is played; may be repeated")
    parser.add_argument("--only", action="append", choices=PLAYERS, help="who plays; may be repeated")
    options = parser.parse_args()
    if not 20 <= options.seconds <= 3600:
        parser.error("--seconds takes 20 to 3600")
    if options.goals and not options.marathon:
        parser.error("--goals needs --marathon")
    if options.goals and options.here:
        parser.error("--goals are for screens that nobody looks at; leave --here away")
    # How they are started, unless --here finds otherwise.
    options.chromium, options.platform, options.at, options.absent = "chromium", "x11", (0, 0), set()
    return options


def play(show, title, work, options, screen_of):
    """Has every player play a show. Returns their figures, and whether all have some."""
    names = [name for name in options.only or PLAYERS if name in show.players and name not in options.absent]
    results = {}
    for name in names:
        print(f"{title}, {name}: {options.seconds} s", file=sys.stderr)
        folder = work / f"{title}-{name}"
        folder.mkdir()
        command = show.players[name](folder, options)
        judge = partial(show.judge, name in show.fades)
        try:
            screen = screen_of(show.size)
            results[name] = measure(command, folder, show, judge, options.seconds, screen)
            if CUTS_SAID in (folder / "log").read_text(errors="replace"):
                results[name]["cuts said"] = 1
        except (Failure, OSError) as failure:
            print(f"{title}, {name}: {failure}", file=sys.stderr)
    return results, len(results) == len(names)


def shown(result, row, form, of):
    if row not in result:
        return "cuts" if row == "frames dropped" and "foreign frames" in result else ""
    text = form.format(result[row])
    return f"{text} of {result[of]}" if of else text


def print_table(title, results, seconds):
    """Prints values, and beside each rival's how many times ours it is."""
    ours = results.get("passerby", {})
    lines = [[f"{title}, {seconds} s"] + [LABELS[name] for name in results]]
    for row, unit, form, of in ROWS:
        if not any(row in result for result in results.values()):
            continue
        line = [f"{row}, {unit}" if unit else row]
        for name, result in results.items():
            text = shown(result, row, form, of)
            if name != "passerby" and ours.get(row) and row in result:
                text += f" ({result[row] / ours[row]:.2f}x)"
            line.append(text)
        lines.append(line)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    print(flush=True)


def print_figures(title, results):
    """Prints our value, its unit, the rival's value and the ratio of ours to it, separated by tabs."""
    ours = results.get("passerby")
    if not ours:
        return
    for row, unit, form, _ in ROWS:
        for name, result in results.items():
            if name == "passerby" or row not in result or row not in ours:
                continue
            against = result[row]
            if against:
                ratio = f"{ours[row] / against:.4f}"
            else:
                ratio = "inf" if ours[row] else "1.0000"
            value = form.format(ours[row])
            print(f"{title}, {row}\t{value}\t{unit or 'frames'}\t{LABELS[name]} {form.format(against)}\t{ratio}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
