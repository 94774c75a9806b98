"""What Passerby is to reach beside other players, and whether it does; scripts/rivals.py uses it.

Each goal names a show, says how its figure comes from what was measured, and how large that may be. Nothing is met that
was not measured.
"""

import os
import re
import subprocess
import time
from dataclasses import dataclass
from typing import Callable, Optional

# How long each of them plays a show where goals are looked at, in seconds.
SHOW_SECONDS = {"pictures": 45, "film": 40, "film-720": 30, "ticker": 30, "pictures-4k": 40}
# Who plays there: those whom a goal names.
SHOW_PLAYERS = {
    "pictures": ["passerby", "passerby-gpu", "chromium"],
    "film": ["passerby", "mpv"],
    "film-720": ["passerby", "mpv"],
    "ticker": ["passerby"],
    "pictures-4k": ["passerby"],
}
CHANGES = 1000
# The tests that judge each frame, by presenter.
JUDGES = {
    "the CPU presenter": "every_frame_of_many_changes_is_right",
    "the GPU presenter": "every_frame_of_many_changes_is_right_on_the_gpu",
}
JUDGE_SECONDS_MAX = 900


@dataclass
class Goal:
    """One goal: `figure` takes the results of a show, by player, and returns a number or None."""

    show: str
    what: str
    figure: Callable
    most: float
    aim: Optional[float] = None
    form: str = "{:.2f}"


def of(row, player="passerby"):
    return lambda results: results.get(player, {}).get(row)


def against(row, rival, player="passerby"):
    """How many times the rival's figure ours is."""

    def figure(results):
        ours, theirs = of(row, player)(results), of(row, rival)(results)
        return ours / theirs if ours is not None and theirs else None

    return figure


def more_than(row, rival):
    def figure(results):
        ours, theirs = of(row)(results), of(row, rival)(results)
        return ours - theirs if ours is not None and theirs is not None else None

    return figure


def unsaid_drops(results):
    """Frames dropped, but none where the terminal chose cuts instead and said so."""
    ours = results.get("passerby", {})
    return 0 if ours.get("cuts said") else ours.get("frames dropped")


def faults_of(presenter):
    return lambda results: results.get(presenter)


def film_goals(show):
    return [
        Goal(show, "pictures missing beyond mpv's", more_than("film pictures missing", "mpv"), 0, form="{:.0f}"),
        Goal(show, "processor time, times mpv's", against("processor time", "mpv"), 1.2, 1.0),
    ]


GOALS = [
    Goal("pictures", "processor time, times Chromium's", against("processor time", "chromium"), 1 / 3, 0.25),
    Goal("pictures", "transition frames dropped", of("frames dropped"), 0, form="{:.0f}"),
    Goal("pictures", "frames of something else", of("foreign frames"), 0, form="{:.0f}"),
    Goal("pictures", "first picture, times Chromium's", against("first picture", "chromium"), 0.4),
    Goal("pictures", "memory at most, MB", of("memory"), 110, form="{:.0f}"),
    Goal(
        "pictures",
        "memory with the GPU presenter, times Chromium's",
        against("memory", "chromium", "passerby-gpu"),
        0.45,
    ),
    *film_goals("film"),
    *film_goals("film-720"),
    Goal("ticker", "share of a core, %", of("share of a core"), 5),
    Goal("pictures-4k", "frames dropped at 15 a second, unless cuts are said", unsaid_drops, 0, form="{:.0f}"),
    *(
        Goal("changes", f"faults in {CHANGES} changes, {presenter}", faults_of(presenter), 0, form="{:.0f}")
        for presenter in JUDGES
    ),
]


def judge_changes(marathon):
    """Has tests judge each frame of many changes, both presenters at the same time. Returns faults, by presenter."""
    environment = {**os.environ, "PASSERBY_MARATHON_CHANGES": str(CHANGES)}
    running = {}
    for presenter, test in JUDGES.items():
        command = [marathon, "--exact", test, "--nocapture"]
        running[presenter] = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    limit = time.monotonic() + JUDGE_SECONDS_MAX
    results = {}
    for presenter, test in running.items():
        try:
            said, _ = test.communicate(timeout=max(limit - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            test.kill()
            test.communicate()
            print(f"{presenter}: {CHANGES} changes took longer than {JUDGE_SECONDS_MAX} s")
            continue
        told = re.search(r"(\d+) changes, .* frames judged.* (\d+) faults", said)
        if told:
            print(f"{presenter}: {told.group(0)}")
            results[presenter] = int(told.group(2))
        # A test may fail for what is no fault of a frame, such as a time that was not kept.
        if test.returncode:
            print(said.strip()[-2000:])
            results.pop(presenter, None)
    return results


def judge(results):
    """Prints each goal with its figure; tells whether all are met."""
    lines = []
    for goal in GOALS:
        figure = goal.figure(results.get(goal.show, {}))
        most = goal.form.format(goal.most)
        if figure is None:
            lines.append(("MISSING", goal, "", most))
        elif figure > goal.most:
            lines.append(("NOT MET", goal, goal.form.format(figure), most))
        else:
            lines.append(("met", goal, goal.form.format(figure), most))
    width = max(len(f"{goal.show}: {goal.what}") for goal in GOALS)
    for word, goal, figure, most in lines:
        aim = f", better {goal.form.format(goal.aim)}" if goal.aim is not None else ""
        name = f"{goal.show}: {goal.what}"
        print(f"{word:8}{name.ljust(width)}  {figure or '-':>6}  at most {most}{aim}")
    return all(word == "met" for word, *_ in lines)
