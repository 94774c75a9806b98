"""What is played to compare players, and how each is told to play it; scripts/rivals.py uses it."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Callable

from rival_watch import (
    COUNTER_BITS,
    COUNTER_FILTER,
    COUNTER_PX,
    THUMB_BYTES,
    THUMB_FILTER,
    THUMB_HEIGHT,
    THUMB_WIDTH,
    View,
    judge_film,
    judge_motion,
    judge_pictures,
)

DWELL_SECONDS = 5
FADE_MS = 600
PICTURES = 6
HD, FULL_HD, ULTRA_HD = (1280, 720), (1920, 1080), (3840, 2160)
# The middle of a picture tells enough, and costs the machine less to look at.
MIDDLE = (1280, 720)
FILM_RATE = 30
FILM_SECONDS = 28
# How high the strip is in which lines run by, in percent of the screen.
TICKER_PERCENT = 12
TICKER_LINES = ["The last tram leaves at midnight", "Jazz on Friday", "The gallery is open until nine"]
FFMPEG = ["ffmpeg", "-v", "error", "-nostdin"]


@dataclass
class Show:
    """Something to play: how large, who plays it, what is looked at, and how that is judged."""

    title: str
    size: tuple
    view: View
    players: dict
    # From looks and the moment of the start to figures.
    judge: Callable
    fades: set = field(default_factory=set)
    watch_seconds_max: int = 30


# The players. Each returns its command.


def terminal(draw, layout, content, seconds, folder, options):
    """Passerby; `content` lists (file, zone)."""
    campaign = folder / "content" / "show"
    campaign.mkdir(parents=True)
    lines = ['title = "Show"']
    for file, zone in content:
        shutil.copy(file, campaign)
        lines += ["[[placement]]", f'creative = "{file.name}"', f"seconds = {seconds}", f'zone = "{zone}"']
    (campaign / "campaign.toml").write_text("\n".join(lines) + "\n")
    config = folder / "kiosk.toml"
    config.write_text(
        f'[screen]\ndraw = "{draw}"\n{layout}'
        '[content]\nfolders = ["content"]\n[data]\ndir = "data"\n[local]\nlisten = "127.0.0.1:0"\n'
    )
    return [options.terminal, "run", "--config", str(config)]


def chromium(size, page, folder, options):
    file = folder / "page.html"
    file.write_text(page)
    left, top = options.at
    command = [
        options.chromium,
        "--kiosk",
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={size[0]},{size[1]}",
        f"--window-position={left},{top}",
        f"--ozone-platform={options.platform}",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-features=Translate",
        "--autoplay-policy=no-user-gesture-required",
        "--password-store=basic",
        "--noerrdialogs",
        # No bar across the page that warns of the flags.
        "--test-type",
    ]
    if os.geteuid() == 0:
        command.append("--no-sandbox")
    return [*command, file.as_uri()]


def mpv(options):
    command = ["mpv", "--no-config", "--fullscreen", "--no-audio", "--no-osc", "--no-terminal"]
    if not options.here:
        # The cheapest of its outputs where there is no GPU.
        return [*command, "--vo=x11"]
    # By a GPU where there is one, with what decodes there; else by what needs none.
    without_gpu = {"x11": "x11", "wayland": "wlshm"}[options.platform]
    return [*command, f"--vo=gpu,{without_gpu}", "--hwdec=auto-safe"]


def mpv_pictures(pictures, _folder, options):
    return [*mpv(options), f"--image-display-duration={DWELL_SECONDS}", "--loop-playlist=inf", *map(str, pictures)]


def mpv_film(film, _folder, options):
    return [*mpv(options), "--loop-file=inf", str(film)]


def feh(pictures, _folder, _options):
    command = ["feh", "--fullscreen", "--hide-pointer", "--quiet"]
    return [*command, "--slideshow-delay", str(DWELL_SECONDS), *map(str, pictures)]


HEAD = """<!doctype html><meta charset=utf-8><title>Show</title>
<style>
  html, body { margin: 0; height: 100%; background: #000; overflow: hidden; cursor: none }
  img, video { position: fixed; inset: 0; width: 100vw; height: 100vh; object-fit: cover }
</style>
"""


def fading_page(pictures):
    images = "\n".join(f'<img src="{picture.as_uri()}" alt="">' for picture in pictures)
    return (
        HEAD
        + f"""<style>
  img {{ opacity: 0; transition: opacity {FADE_MS}ms linear }}
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
    if (old) setTimeout(() => {{ old.style.transition = 'none'; old.classList.remove('shown') }}, {FADE_MS} + 100);
  }}
  Promise.all(images.map((image) => image.decode())).then(() => {{
    show(); setInterval(show, {DWELL_SECONDS * 1000})
  }});
</script>
"""
    )


def film_page(film):
    return HEAD + f'<video src="{film.as_uri()}" autoplay muted loop></video>\n'


def ticker_page(picture):
    text = " · ".join(TICKER_LINES * 4)
    return (
        HEAD
        + f"""<style>
  img {{ height: {100 - TICKER_PERCENT}vh }}
  div {{ position: fixed; bottom: 0; width: 100vw; height: {TICKER_PERCENT}vh; background: #fff; overflow: hidden }}
  p {{ margin: 0; width: max-content; font: {TICKER_PERCENT / 2}vh/{TICKER_PERCENT}vh sans-serif;
       animation: run 60s linear infinite }}
  @keyframes run {{ to {{ transform: translateX(-50%) }} }}
</style>
<img src="{picture.as_uri()}" alt=""><div><p>{text} · {text} · </p></div>
"""
    )


# What is shown.


def middle(size):
    """The view of a screen's middle, as thumbnails."""
    (width, height), (wide, high) = size, middle_size(size)
    return View((width - wide) // 2, (height - high) // 2, wide, high, 30, THUMB_FILTER, THUMB_BYTES)


def middle_size(size):
    """As much of a smaller screen as of one of full HD."""
    part = min(1, size[0] / FULL_HD[0], size[1] / FULL_HD[1])
    return int(MIDDLE[0] * part) // 2 * 2, int(MIDDLE[1] * part) // 2 * 2


def make_pictures(folder, size):
    """Scales the demo's pictures to the screen. Returns their files and the thumbnails of their middles."""
    folder.mkdir()
    sources = sorted(Path("assets/demo").glob("*/*.jpg"))[:PICTURES]
    pictures, thumbs = [], []
    wide, high = middle_size(size)
    for number, source in enumerate(sources, 1):
        picture = folder / f"{number}.jpg"
        fill = f"scale={size[0]}:{size[1]}:force_original_aspect_ratio=increase,crop={size[0]}:{size[1]}"
        subprocess.run([*FFMPEG, "-i", str(source), "-vf", fill, "-q:v", "2", str(picture)], check=True)
        small = f"crop={wide}:{high},{THUMB_FILTER}"
        raw = [*FFMPEG, "-i", str(picture), "-vf", small, "-f", "rawvideo", "-"]
        thumbs.append(subprocess.run(raw, check=True, capture_output=True).stdout[:THUMB_BYTES])
        pictures.append(picture)
    return pictures, thumbs


def slideshow(work, title, size, looks_per_second):
    pictures, thumbs = make_pictures(work / title, size)
    content = [(picture, "main") for picture in pictures]
    view = middle(size)
    view = View(view.left, view.top, view.width, view.height, looks_per_second, view.small, view.look_bytes)

    def judge(fades, looks, started):
        return judge_pictures(looks, thumbs, started, FADE_MS * looks_per_second // 1000 if fades else 0)

    players = {
        "passerby": partial(terminal, "cpu", "", content, DWELL_SECONDS),
        "passerby-gpu": partial(terminal, "gpu", "", content, DWELL_SECONDS),
        "chromium": partial(chromium, size, fading_page(pictures)),
        "mpv": partial(mpv_pictures, pictures),
        "feh": partial(feh, pictures),
    }
    return Show(title, size, view, players, judge, {"passerby", "passerby-gpu", "chromium"})


# Each is made for a screen of a size; None is the size that it has where nobody looks.


def pictures(work, screen=None):
    return slideshow(work, "pictures", screen or FULL_HD, 30)


def pictures_4k(work, screen=None):
    return slideshow(work, "pictures-4k", screen or ULTRA_HD, 15)


def film(work, screen=None):
    return counted_film(work, "film", screen or FULL_HD, FULL_HD)


def film_720(work, screen=None):
    """A film that is smaller than the screen."""
    return counted_film(work, "film-720", screen or FULL_HD, HD)


def film_size(screen, most):
    """A film's size: as many pixels as `most` has, or as the screen has, in the shape of the screen."""
    part = min(1, (most[0] * most[1] / (screen[0] * screen[1])) ** 0.5)
    return int(screen[0] * part) // 2 * 2, int(screen[1] * part) // 2 * 2


def counted_film(work, title, screen, most):
    """A film that counts its pictures in squares along its upper edge and fills the screen."""
    file = work / f"{title}.mp4"
    size = film_size(screen, most)
    side = COUNTER_PX * size[0] // FULL_HD[0]
    squares = ",".join(
        f"drawbox=x={bit * side}:y=0:w={side}:h={side}:color=white:t=fill"
        f":enable='mod(floor((n+1)/{1 << bit}),2)'"
        for bit in range(COUNTER_BITS)
    )
    strip = f"drawbox=x=0:y=0:w={COUNTER_BITS * side}:h={side}:color=black:t=fill"
    source = f"testsrc2=size={size[0]}x{size[1]}:rate={FILM_RATE}:duration={FILM_SECONDS}"
    coded = ["-c:v", "libx264", "-preset", "superfast", "-crf", "23", "-pix_fmt", "yuv420p"]
    command = [*FFMPEG, "-f", "lavfi", "-i", source, "-vf", f"{strip},{squares}", *coded]
    subprocess.run([*command, "-movflags", "+faststart", str(file)], check=True)
    # Looked at twice as often as it changes.
    seen = side * screen[0] // size[0]
    view = View(0, 0, COUNTER_BITS * seen, seen, 2 * FILM_RATE, COUNTER_FILTER, COUNTER_BITS)
    content = [(file, "main")]
    players = {
        "passerby": partial(terminal, "cpu", "", content, 3600),
        "passerby-gpu": partial(terminal, "gpu", "", content, 3600),
        "chromium": partial(chromium, screen, film_page(file)),
        "mpv": partial(mpv_film, file),
    }

    def judge(_fades, looks, started):
        return judge_film(looks, started, FILM_RATE)

    return Show(title, screen, view, players, judge)


def ticker(work, screen=None):
    """Lines that run by beneath a picture that stands still."""
    screen = screen or FULL_HD
    height = screen[1] * (100 - TICKER_PERCENT) // 100
    drawn, _ = make_pictures(work / "ticker-picture", (screen[0], height))
    lines = work / "lines.ticker.toml"
    lines.write_text("lines = [" + ", ".join(f'"{line}"' for line in TICKER_LINES) + "]\n")
    layout = f'[layout]\nkind = "main-ticker"\nside = "bottom"\nshare_percent = {TICKER_PERCENT}\n'
    content = [(drawn[0], "main"), (lines, "ticker")]
    inset = (screen[1] - height) // 4
    width, strip = screen[0] // 2, screen[1] - height - 2 * inset
    view = View(screen[0] // 4, height + inset, width, strip, 30, THUMB_FILTER, THUMB_BYTES)
    players = {
        "passerby": partial(terminal, "cpu", layout, content, 3600),
        "passerby-gpu": partial(terminal, "gpu", layout, content, 3600),
        "chromium": partial(chromium, screen, ticker_page(drawn[0])),
    }

    def judge(_fades, looks, started):
        return judge_motion(looks, started)

    return Show("ticker", screen, view, players, judge)


SHOWS = {
    "pictures": pictures,
    "film": film,
    "film-720": film_720,
    "ticker": ticker,
    "pictures-4k": pictures_4k,
}
PLAYERS = ["passerby", "passerby-gpu", "chromium", "mpv", "feh"]

assert THUMB_WIDTH * MIDDLE[1] == THUMB_HEIGHT * MIDDLE[0], "thumbnails have the shape of what they show"
