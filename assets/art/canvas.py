"""What the posters share: drawing SVG with a browser, light, grain, and saving small."""

import io
import os
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

W, H = 2400, 1800
# Drafts are drawn smaller: POSTER_SCALE=0.5.
SCALE = float(os.environ.get("POSTER_SCALE", "1"))
PW, PH = round(W * SCALE), round(H * SCALE)


def rgb(colour):
    """'#rrggbb' as three floats."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def grid():
    """x and y of every pixel's centre, in poster units (2400 x 1800)."""
    y, x = np.mgrid[0:PH, 0:PW]
    return (x + 0.5) / SCALE, (y + 0.5) / SCALE


def smooth(low, high, value):
    """0 below low, 1 above high, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def svg(body, defs=""):
    """Draws SVG elements on nothing; gives RGBA floats with straight alpha."""
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{PW}" height="{PH}" viewBox="0 0 {W} {H}">'
        f"<defs>{defs}</defs>{body}</svg>"
    )
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("chromium is missing; install it: apt install chromium")
    with tempfile.TemporaryDirectory() as folder:
        page, out = pathlib.Path(folder, "p.html"), pathlib.Path(folder, "p.png")
        page.write_text(f'<body style="margin:0;background:transparent">{text}</body>', encoding="utf-8")
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--hide-scrollbars", "--force-device-scale-factor=1", "--default-background-color=00000000",
                f"--user-data-dir={folder}/profile", f"--screenshot={out}",
                f"--window-size={PW},{PH}", page.as_uri(),
            ],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120,
        )
        return np.asarray(Image.open(out).convert("RGBA").crop((0, 0, PW, PH)), dtype=np.float64) / 255


def over(base, layer, opacity=1.0):
    """Lays RGBA over RGB."""
    alpha = layer[..., 3:] * opacity
    return base * (1 - alpha) + layer[..., :3] * alpha


def mix(base, colour, amount):
    """Moves base towards a colour by an amount in 0..1 (a field or a number)."""
    amount = np.asarray(amount)
    if amount.ndim == 2:
        amount = amount[..., None]
    return base * (1 - amount) + np.asarray(colour) * amount


def screen(base, light):
    """Adds light as two projectors would."""
    return 1 - (1 - base) * (1 - np.clip(light, 0, 1))


def blur(field, radius):
    """Gaussian blur; radius in poster units."""
    s = radius * SCALE
    if field.ndim == 3:
        return np.dstack([gaussian_filter(field[..., i], s) for i in range(field.shape[2])])
    return gaussian_filter(field, s)


def bloom(base, threshold=0.75, radius=60, strength=0.5):
    """Lets bright parts glow."""
    bright = np.clip(base - threshold, 0, 1) / (1 - threshold)
    return screen(base, blur(bright, radius) * strength)


def noise(seed, size, octaves=4):
    """Soft noise in about -1..1; size of the largest feature in poster units."""
    rng = np.random.default_rng(seed)
    total, weight = np.zeros((PH, PW)), 0
    for octave in range(octaves):
        step = max(size / 2**octave * SCALE, 1.5)
        coarse = rng.normal(size=(int(PH / step) + 4, int(PW / step) + 4))
        picture = Image.fromarray(coarse.astype(np.float32)).resize(
            (int(coarse.shape[1] * step), int(coarse.shape[0] * step)), Image.BICUBIC
        )
        total += np.asarray(picture)[:PH, :PW] / 2**octave
        weight += 1 / 2**octave
    return total / weight


def grain(base, amount=0.02, seed=7):
    """Paper grain, stronger in the mid-tones, two pixels wide so that it costs few bytes."""
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.normal(size=base.shape[:2]), 1.7 * SCALE)
    field /= field.std()
    tone = base.mean(axis=2)
    return base + (field * amount * (0.25 + 2.0 * tone * (1 - tone)))[..., None]


def save(base, path, quality=86, most=430_000, colours=None):
    """Writes JPEG, WebP or PNG by the ending, no larger than `most` bytes."""
    picture = Image.fromarray((np.clip(base, 0, 1) * 255 + 0.5).astype(np.uint8))
    path = pathlib.Path(path)
    if os.environ.get("POSTER_DRAFT"):
        picture.save(pathlib.Path(os.environ["POSTER_DRAFT"], path.stem + ".png"))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        picture = picture.quantize(colours or 256, dither=Image.Dither.NONE) if colours else picture
        picture.save(path, optimize=True)
    else:
        while True:
            buffer = io.BytesIO()
            if path.suffix == ".webp":
                picture.save(buffer, "WEBP", quality=quality, method=6)
            else:
                picture.save(buffer, "JPEG", quality=quality, optimize=True, progressive=False, subsampling=2)
            if buffer.tell() <= most or quality <= 60:
                break
            quality -= 2
        path.write_bytes(buffer.getvalue())
    print(f"{path.name}: {path.stat().st_size // 1000} kB" + (f", quality {quality}" if path.suffix != ".png" else ""))
