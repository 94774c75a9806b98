#!/usr/bin/env python3
"""Makes the pictures in this folder. Needs Pillow 11 or later and ffmpeg; the files are kept, so tests need neither.

All still pictures show the same four quarters: red, green, blue and a grey of 200, and those with alpha are
transparent in the last one. All animations have four frames, filled with red, green, blue and white.
"""
import base64
import io
import pathlib
import struct
import subprocess
import zlib

from PIL import Image

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 32, 24
QUARTERS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 200, 200)]
FRAMES = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


def quarters(mode, colours):
    picture = Image.new(mode, (WIDTH, HEIGHT))
    for at, colour in enumerate(colours):
        corner = (at % 2 * WIDTH // 2, at // 2 * HEIGHT // 2)
        picture.paste(colour, (*corner, corner[0] + WIDTH // 2, corner[1] + HEIGHT // 2))
    return picture


RGB = quarters("RGB", QUARTERS)
RGBA = quarters("RGBA", [(*c, 255) for c in QUARTERS[:3]] + [(200, 200, 200, 0)])


def jpeg(picture, **options):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92, **options)
    return out.getvalue()


def save(name, data):
    (HERE / name).write_bytes(data)


def without_adobe(data):
    at = data.index(b"\xff\xee")
    length = struct.unpack(">H", data[at + 2 : at + 4])[0]
    return data[:at] + data[at + 2 + length :]


def jpegs():
    save("baseline.jpg", jpeg(RGB))
    save("progressive.jpg", jpeg(RGB, progressive=True))
    save("rgb_adobe.jpg", jpeg(RGB, keep_rgb=True))
    save("grey.jpg", jpeg(RGB.convert("L")))
    save("grey_progressive.jpg", jpeg(RGB.convert("L"), progressive=True))
    # Inks as people count them, 255 is most. Pillow stores them inverted, with Adobe's marker, as Photoshop does.
    inks = [(0, 255, 255, 0), (255, 0, 255, 0), (255, 255, 0, 0), (0, 0, 0, 55)]
    cmyk = jpeg(quarters("CMYK", inks))
    save("cmyk_adobe.jpg", cmyk)
    save("cmyk_progressive.jpg", jpeg(quarters("CMYK", inks), progressive=True))
    save("cmyk_unmarked.jpg", without_adobe(cmyk))
    # YCCK: luma and chroma of the inks, and the black as it is. Pillow writes four plain channels; the last byte of
    # the marker then says what they are.
    channels = []
    for red, green, blue in QUARTERS[:3] + [(255, 255, 255)]:
        cyan, magenta, yellow = 255 - red, 255 - green, 255 - blue
        luma = 0.299 * cyan + 0.587 * magenta + 0.114 * yellow
        cb = 128 + (yellow - luma) * 0.564
        cr = 128 + (cyan - luma) * 0.713
        channels.append([max(0, min(255, round(v))) for v in (luma, cb, cr)])
    keys = [255, 255, 255, 200]
    stored = [(*c, k) for c, k in zip(channels, keys)]
    ycck = bytearray(jpeg(quarters("CMYK", [tuple(255 - v for v in s) for s in stored])))
    at = ycck.index(b"Adobe")
    ycck[at + 11] = 2
    save("ycck_adobe.jpg", bytes(ycck))


def pngs():
    def png(name, picture, **options):
        picture.save(HERE / name, "PNG", optimize=True, **options)

    png("rgb.png", RGB)
    png("rgba.png", RGBA)
    palette = quarters("P", [0, 1, 2, 3])
    palette.putpalette([value for colour in QUARTERS for value in colour])
    png("palette.png", palette)
    png("palette_trns.png", palette, transparency=bytes([255, 255, 255, 0]))
    grey = quarters("LA", [(76, 255), (150, 255), (29, 255), (200, 0)])
    png("grey_alpha.png", grey)
    for name, source, form in [("rgb16.png", RGB, "rgb48be"), ("rgba16.png", RGBA, "rgba64be")]:
        ffmpeg(source, name, "-pix_fmt", form)


def ffmpeg(picture, name, *options):
    source = io.BytesIO()
    picture.save(source, "PNG")
    command = ["ffmpeg", "-v", "error", "-y", "-f", "png_pipe", "-i", "-", *options, str(HERE / name)]
    subprocess.run(command, input=source.getvalue(), check=True)


def webps():
    RGB.save(HERE / "lossy.webp", quality=95)
    RGB.save(HERE / "lossless.webp", lossless=True)
    RGBA.save(HERE / "lossy_alpha.webp", quality=95)
    RGBA.save(HERE / "lossless_alpha.webp", lossless=True)


def animations():
    frames = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in FRAMES]
    delays = [50, 100, 200, 150]

    def animated(name, first, rest, **options):
        first.save(HERE / name, save_all=True, append_images=rest, **options)

    animated("forever.gif", frames[0], frames[1:], duration=delays, loop=0)
    animated("twice.gif", frames[0], frames[1:], duration=delays, loop=1)
    animated("once.gif", frames[0], frames[1:], duration=delays)
    animated("no_delay.gif", frames[0], frames[1:], duration=0, loop=0)
    frames[0].save(HERE / "one_frame.gif")
    # A dot that moves over a transparent ground: each frame is taken away before the next.
    dots = []
    for at in range(4):
        dot = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
        dot.paste((255, 0, 0, 255), (at * 8, 8, at * 8 + 8, 16))
        dots.append(dot)
    animated("dot.gif", dots[0], dots[1:], duration=100, loop=0, disposal=2)
    animated("twice.apng", frames[0], frames[1:], duration=delays, loop=2, format="PNG")
    animated("dot.apng", dots[0], dots[1:], duration=100, loop=0, disposal=1, format="PNG")
    # The default picture is not a frame of the animation.
    cover = Image.new("RGB", (WIDTH, HEIGHT), (9, 9, 9))
    animated("cover.apng", cover, frames, duration=100, default_image=True, format="PNG")
    animated("twice.webp", frames[0], frames[1:], duration=delays, loop=2, lossless=True)
    animated("dot.webp", dots[0], dots[1:], duration=100, loop=0, lossless=True)
    ffmpeg(RGB, "deep.apng", "-vf", "loop=2:1:0,hue=h=n*90", "-pix_fmt", "rgb48be", "-plays", "0", "-f", "apng")


DRAWINGS = {
    "shapes.svg": """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 24"><rect width="16" height="12" fill="#f00"/>
<rect x="16" width="16" height="12" fill="#0f0"/><rect y="12" width="16" height="12" fill="#00f"/></svg>""",
    "links.svg": """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" [<!ENTITY ns "http://example.org/">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:e="&ns;" width="320" height="240">
<defs><style>.a{fill:url(#g)}.b{clip-path:url(#c)}.c{mask:url(#m);filter:url(#f)}</style>
<linearGradient id="g"><stop offset="0" stop-color="#f80"/><stop offset="1" stop-color="#08f"/></linearGradient>
<clipPath id="c"><circle cx="160" cy="120" r="90"/></clipPath>
<mask id="m"><rect width="300" height="200" fill="#fff"/></mask>
<filter id="f"><feGaussianBlur stdDeviation="3"/><feOffset dx="4"/></filter>
<pattern id="p" width="20" height="20" patternUnits="userSpaceOnUse"><path d="M0 0h10v10z"/></pattern>
<marker id="k" markerWidth="4" markerHeight="4"><path d="M0 0L4 2L0 4z"/></marker>
<g id="s"><path d="M10 10C 20 20 40 20 50 10" stroke="#333" stroke-dasharray="3 2" marker-mid="url(#k)"/></g></defs>
<g class="b"><rect class="a" width="320" height="240"/></g><g class="c"><rect width="90" height="90" fill="url(#p)"/></g>
<use xlink:href="#s" transform="translate(30 60) rotate(20)"/><text x="20" y="200" font-size="30">路过 Hello</text></svg>""",
}


def drawings():
    for name, text in DRAWINGS.items():
        save(name, text.encode())
    out = io.BytesIO()
    RGB.save(out, "PNG", optimize=True)
    data = base64.b64encode(out.getvalue()).decode()
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 24"><image width="32" height="24" href="data:image/png;base64,{data}"/></svg>'
    save("picture_inside.svg", text.encode())


jpegs()
pngs()
drawings()
webps()
animations()
for path in sorted(HERE.iterdir()):
    if path.suffix != ".py":
        assert path.stat().st_size <= 4096, path
