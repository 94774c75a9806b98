"""Says what figures were measured on; scripts/rivals.py and scripts/bench.py use it."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path

# A machine on which others use more than this share of a core is no quiet one.
BUSY_PERCENT_MAX = 10
BUSY_SECONDS = 3
# What makers leave in place of a name.
NO_NAMES = ("", "to be filled by o.e.m.", "system product name", "system manufacturer", "default string")


def text_of(path):
    try:
        return Path(path).read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""


def model():
    """The name of the board or computer, or nothing."""
    board = text_of("/proc/device-tree/model")
    made = [text_of(f"/sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name")]
    return board or " ".join(name for name in made if name.lower() not in NO_NAMES)


def processor():
    """The name of the processor. Boards name it nowhere but in what lscpu knows by heart."""
    named = re.search(r"model name\s*:\s*(.*)", text_of("/proc/cpuinfo"))
    if named:
        return named.group(1).strip()
    try:
        said = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout
    except OSError:
        said = ""
    named = re.search(r"Model name:\s*(.*)", said)
    return named.group(1).strip() if named else platform.machine()


def memory_gb():
    kib = re.search(r"MemTotal:\s*(\d+)", text_of("/proc/meminfo"))
    return f"{int(kib.group(1)) / 1024 / 1024:.1f} GB of memory" if kib else ""


def system():
    name = re.search(r'^PRETTY_NAME="?([^"\n]*)', text_of("/etc/os-release"), re.MULTILINE)
    return ", ".join(filter(None, [name and name.group(1), f"Linux {platform.release()}"]))


def machine_lines():
    """What it is, and what runs it."""
    processors = f"{os.cpu_count()} processors"
    return [", ".join(filter(None, [model(), processor(), processors, memory_gb()])), system()]


def state_line():
    """Whether others use the machine."""
    busy = busy_percent()
    state = "quiet" if busy <= BUSY_PERCENT_MAX else "NOT QUIET: figures of time mean little"
    load = " ".join(f"{load:.2f}" for load in os.getloadavg())
    return f"load {load}; beforehand others used {busy:.0f} % of a core: {state}"


def busy_percent():
    """The share of one core that is used, with what a host takes away, in percent."""

    def idle_and_all():
        ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)

    idle, all_ = idle_and_all()
    time.sleep(BUSY_SECONDS)
    idle_then, all_then = idle_and_all()
    return 100 * os.cpu_count() * (1 - (idle_then - idle) / max(all_then - all_, 1))


def today():
    return time.strftime("%Y-%m-%d %H:%M")
