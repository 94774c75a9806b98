"""Runs the parts of scripts/bench and keeps what they measure in BENCHMARKS.md, a section a part.

A part prints figures, one a line: name, value, unit, what it is compared with and the ratio of both, separated by tabs.
Whatever else it prints is passed on and kept nowhere, but for the tables and goals of scripts/rivals. A section is
replaced as a whole, once its part has ended with figures; the others stay as they are, with their days.
"""

import argparse
import os
import re
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from rival_machine import machine_lines, state_line

DOCUMENT = Path("BENCHMARKS.md")
PARTS_PROGRAM = "scripts/bench_parts"
COLUMNS_MAX = 120
FIELDS = 5


@dataclass(frozen=True)
class Part:
    """What is measured together; `about` says what the figures mean."""

    title: str
    takes: str
    about: str


PARTS = {
    "schedule": Part(
        "What airs next",
        "2 minutes",
        "What it costs the terminal to decide what airs, and what picking by scans brings on simulated streets.",
    ),
    "ledger": Part(
        "The ledger and proofs of play",
        "2 minutes",
        "What the terminal writes to its memory card for each play, and what a proof costs. On the disk that the build "
        "is on: a folder in memory has no memory card to wear.",
    ),
    "hub": Part(
        "The hub's own work",
        "5 minutes",
        "Scans, pages, and what ten thousand screens ask of a hub in a day. In memory where the disk is not meant.",
    ),
    "load": Part(
        "The hub over HTTP, with both databases",
        "30 minutes",
        "New scans, alone and with reports over ten million plays beside them; those reports; and plays, beside the same "
        "rows appended barely. The hub as it ships.",
    ),
    "phones": Part(
        "Pages for passers-by",
        "10 minutes",
        "What a passer-by waits for: landing pages at a thousand a second beside two hundred shares, postcards, and what "
        "is said of a million shares; with both databases. The hub as it ships.",
    ),
    "console": Part(
        "Pages of the console",
        "15 minutes",
        "Every page of the console and every call of the API that looks at something, over ten thousand screens, a "
        "thousand campaigns and ten million plays, with both databases. The hub as it ships.",
    ),
    "fleet": Part(
        "A day of a fleet",
        "30 minutes",
        "A day of ten thousand screens against two hubs that are killed and started at random.",
    ),
    "month": Part(
        "A month offline",
        "5 minutes",
        "A terminal that was offline for a month sends its plays to a hub over loopback.",
    ),
    "attacks": Part(
        "Under attack",
        "5 minutes",
        "Under each attack that the hub is promised to withstand: the memory that it needs at most, and how long honest "
        "scans take.",
    ),
    "slides": Part(
        "Slides",
        "2 minutes",
        "What a photograph costs that is shown for the first time, by its colour profile.",
    ),
    "codes": Part(
        "Codes",
        "5 minutes",
        "What a code costs from its token to its texture, and how often readers miss perfect ones.",
    ),
    "stage": Part(
        "The terminal on its screen",
        "2 minutes",
        "What a still picture in a window of full HD costs between changes, and how soon the first picture is there.",
    ),
    "landing": Part(
        "What a phone loads",
        "1 minute",
        "The page behind a code, as a phone loads it.",
    ),
    "marathon": Part(
        "Every frame of many changes",
        "10 minutes",
        "A thousand changes over all kinds of content and transitions, each frame judged, with both presenters.",
    ),
    "camera": Part(
        "Codes before a camera",
        "6 minutes",
        "How often a simulated phone reads the codes of rendered frames, by condition and decoder.",
    ),
    "rivals": Part(
        "Beside other players",
        "20 minutes",
        "The same pictures, films and lines that run by, played by Passerby (by the processor and by the GPU), by a "
        "Chromium kiosk page and by mpv, each on an X server of its own; and what Passerby is to reach beside them. "
        "In brackets: how many times Passerby's figure it is.",
    ),
}

HEAD = (
    "What `scripts/bench` has measured. It writes this file: a section for each of its parts, replaced as a whole when the "
    "part runs, and left as it is when it does not. Each says with which command, on which day and machine. These machines "
    "are noisy: compare figures of one section only. A ratio is that of the value to what it is compared with."
)


def main():
    options = arguments()
    if options.list:
        width = max(map(len, PARTS))
        for name, part in PARTS.items():
            print(f"{name.ljust(width)}  {part.takes.ljust(10)}  {part.title}")
        return 0
    names = options.part or list(PARTS)
    if options.from_file:
        said = Path(options.from_file).read_text(errors="replace")
        day = time.strftime("%Y-%m-%d", time.localtime(os.path.getmtime(options.from_file)))
        return keep(names[0], said, options.command or f"scripts/bench {names[0]}", day)
    failed = []
    for name in names:
        print(f"{name}: takes about {PARTS[name].takes}", file=sys.stderr)
        day, state = time.strftime("%Y-%m-%d"), state_line()
        status, said = run(name)
        # One that says that a goal is missed has figures as well.
        if keep(name, said if name == "rivals" else f"{state}\n{said}", command_of(name), day) or status:
            failed.append(name)
    if failed:
        print(f"not all well: {' '.join(failed)}; see above", file=sys.stderr)
    return 1 if failed else 0


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures, prints figures separated by tabs, and writes them into BENCHMARKS.md.",
        epilog="parts: " + " ".join(PARTS),
    )
    parser.add_argument("part", nargs="*", help="what is measured; all parts unless told")
    parser.add_argument("--list", action="store_true", help="the parts, and how long each takes")
    parser.add_argument(
        "--from",
        dest="from_file",
        metavar="FILE",
        help="measure nothing, but put what was printed into this file, on this machine, into the section of the part",
    )
    parser.add_argument("--command", help="with --from: the command that printed it")
    options = parser.parse_args()
    unknown = [name for name in options.part if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]}; there are {' '.join(PARTS)}")
    if options.from_file and len(options.part) != 1:
        parser.error("--from takes one part")
    return options


def command_of(name):
    """The command of a part, with what was asked for by the environment."""
    asked = sorted(key for key in os.environ if key.startswith("PASSERBY_"))
    return " ".join([*(f"{key}={os.environ[key]}" for key in asked), "scripts/bench", name])


def run(name):
    """Runs a part, passes on what it prints, and returns its status and that."""
    part = subprocess.Popen(["bash", PARTS_PROGRAM, name], stdout=subprocess.PIPE, text=True, errors="replace")
    lines = []
    try:
        for line in part.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    except KeyboardInterrupt:
        part.wait()
        raise
    return part.wait(), "".join(lines)


# What is read from what was printed.


def figures(said):
    """The lines of five fields, of which the last is a number."""
    rows = []
    for line in said.splitlines():
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) == FIELDS and re.fullmatch(r"[0-9.]+|inf|NaN", fields[-1]):
            rows.append(fields)
    return rows


def tables(said):
    """The tables that scripts/rivals prints: lists of rows, the first of which is the head."""
    found = []
    for block in re.split(r"\n\s*\n", said):
        lines = block.strip("\n").splitlines()
        # Words go before a table that were said meanwhile.
        while lines and not re.match(r"[\w-]+, \d+ s  ", lines[0]):
            lines = lines[1:]
        if len(lines) < 2:
            continue
        starts = [found.start() for found in re.finditer(r"(?<=  )\S|^\S", lines[0])]
        ends = [*starts[1:], None]
        found.append([[line[a:b].strip() for a, b in zip(starts, ends)] for line in lines])
    return found


def goals(said):
    """The goals of scripts/rivals: whether it is met, what, how much, and what was wanted."""
    form = re.compile(r"^(met|NOT MET|MISSING)\s+(\S.*?)\s{2,}(\S+)\s+(at most .*)$", re.MULTILINE)
    return [list(found) for found in form.findall(said)]


def is_measured(name, said):
    return bool(goals(said)) if name == "rivals" else bool(figures(said))


# What is written.


def keep(name, said, command, day):
    """Puts what a part has printed into its section. Returns a status."""
    if not is_measured(name, said):
        print(f"{name}: no figures; its section stays as it is", file=sys.stderr)
        return 1
    sections = read_sections()
    sections[name] = section(name, said, command, day)
    write(sections)
    return 0


def section(name, said, command, day):
    part = PARTS[name]
    text = [f"## {part.title}", "", filled(part.about), ""]
    text += [filled(f"`{command}`, {day}"), ""]
    entries = [*machine_lines(), *re.findall(r"^load .*", said, re.MULTILINE)]
    text += [*(filled(entry, initial_indent="* ", subsequent_indent="  ") for entry in entries), ""]
    for table in tables(said) if name == "rivals" else []:
        text += [row_of(table[0]), row_of(["---"] + ["---:"] * (len(table[0]) - 1))]
        text += [*map(row_of, table[1:]), ""]
    if goals_there := goals(said) if name == "rivals" else []:
        text += [row_of(["goal", "figure", "wanted", ""]), row_of(["---", "---:", "---", "---"])]
        text += [row_of([what, figure, wanted, word]) for word, what, figure, wanted in goals_there]
        text.append("")
    if rows := figures(said):
        text += [row_of(["figure", "value", "", "compared with", "ratio"])]
        text += [row_of(["---", "---:", "---", "---", "---:"]), *map(row_of, rows), ""]
    return "\n".join(text)


def filled(text, **indents):
    """A paragraph in lines that fit beside another file."""
    return textwrap.fill(text, COLUMNS_MAX, break_long_words=False, break_on_hyphens=False, **indents)


def row_of(cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def read_sections():
    """The sections that are there, by the name of their part."""
    names = {part.title: name for name, part in PARTS.items()}
    sections = {}
    if DOCUMENT.exists():
        for text in re.split(r"^(?=## )", DOCUMENT.read_text(), flags=re.MULTILINE)[1:]:
            name = names.get(text.split("\n", 1)[0].removeprefix("## "))
            if name:
                sections[name] = text.rstrip("\n") + "\n"
    return sections


def write(sections):
    """Writes the document whole, so that one that is stopped leaves the one before."""
    text = f"# Benchmarks\n\n{filled(HEAD)}\n\n" + "\n".join(sections[name].rstrip("\n") + "\n" for name in PARTS if name in sections)
    draft = DOCUMENT.with_suffix(".md.draft")
    draft.write_text(text)
    draft.replace(DOCUMENT)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
