#!/usr/bin/env python3
"""Makes the pictures with colour profiles in this folder, and prints what Little CMS shows of those of four inks.

Needs Pillow with ImageCms (Little CMS); the files are kept, so tests need neither. All show the four quarters of make.py
once their profile is heeded: red, green, blue and a grey of 200. Those of inks show what PRINTED says.
"""
import io
import pathlib
import struct
import zlib

from PIL import Image, ImageCms

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 32, 24
QUARTERS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 200, 200)]
FRAMES = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
D50 = (0.9642, 1.0, 0.8249)
# Red, green and blue in XYZ under D50.
ADOBE = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]
PROPHOTO = [(0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03134, 0.00009, 0.82491)]
SRGB = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)]


def s15(value):
    return struct.pack(">i", round(value * 65536))


def xyz(values):
    return b"XYZ \0\0\0\0" + b"".join(s15(v) for v in values)


def gamma_curve(gamma):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def srgb_curve():
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para\0\0\0\0\0\3\0\0" + b"".join(s15(v) for v in numbers)


def profile(name, kind, space, pcs, tags):
    text = name.encode()
    described = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + b"\0" * (79)
    tags = {b"desc": described, b"cprt": b"text\0\0\0\0none\0", b"wtpt": xyz(D50), **tags}
    body, table, at = b"", b"", 128 + 4 + 12 * len(tags)
    for sign, data in tags.items():
        data += b"\0" * (-len(data) % 4)
        table += sign + struct.pack(">II", at + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"\0\0\0\0", 0x02400000, kind, space, pcs)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + b"".join(s15(v) for v in D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def of_matrix(name, colorants, curve):
    tags = {}
    for sign, value in zip((b"r", b"g", b"b"), colorants):
        tags[sign + b"XYZ"] = xyz(value)
        tags[sign + b"TRC"] = curve
    return profile(name, b"mntr", b"RGB ", b"XYZ ", tags)


def lab_of_srgb(red, green, blue):
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (red, green, blue)]
    whole = [sum(SRGB[c][axis] * linear[c] for c in range(3)) for axis in range(3)]
    f = lambda t: t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116
    x, y, z = (f(value / white) for value, white in zip(whole, D50))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def of_inks():
    """Inks that cover less than they should, on paper that is not quite white."""
    ramp = bytes(range(256))
    nodes = b""
    for node in range(3**4):
        cyan, magenta, yellow, black = (node // 3**power % 3 / 2 for power in (3, 2, 1, 0))
        share = lambda ink: (1 - 0.8 * ink) * (1 - 0.85 * black) * 0.96
        l, a, b = lab_of_srgb(share(cyan), share(magenta), share(yellow))
        nodes += bytes([round(l * 2.55), round(a + 128), round(b + 128)])
    one = b"".join(s15(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 3, 0]) + one + ramp * 4 + nodes + ramp * 3
    return profile("Soft inks", b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut})


def quarters(mode, colours):
    picture = Image.new(mode, (WIDTH, HEIGHT))
    for at, colour in enumerate(colours):
        corner = (at % 2 * WIDTH // 2, at // 2 * HEIGHT // 2)
        picture.paste(colour, (*corner, corner[0] + WIDTH // 2, corner[1] + HEIGHT // 2))
    return picture


def opened(icc):
    return ImageCms.ImageCmsProfile(io.BytesIO(icc))


def stored(picture, icc):
    """The numbers that stand for a picture's colours under a profile."""
    return ImageCms.profileToProfile(picture, ImageCms.createProfile("sRGB"), opened(icc), renderingIntent=1)


def encoded(picture, form, **options):
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def save(name, data):
    (HERE / name).write_bytes(data)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(png, kind, data):
    """Puts a chunk behind the header of a PNG."""
    return png[:33] + chunk(kind, data) + png[33:]


def in_two_pieces(jpeg, icc):
    """Puts a profile into a JPEG in two pieces, the second one first."""
    half = len(icc) // 2
    pieces = b""
    for number, piece in ((2, icc[half:]), (1, icc[:half])):
        data = b"ICC_PROFILE\0" + bytes([number, 2]) + piece
        pieces += b"\xff\xe2" + struct.pack(">H", len(data) + 2) + data
    return jpeg[:2] + pieces + jpeg[2:]


def deep_png(picture, icc):
    """A PNG with 16 bits a channel."""
    rows = b""
    for y in range(HEIGHT):
        rows += b"\0" + b"".join(struct.pack(">3H", *(v * 257 for v in picture.getpixel((x, y)))) for x in range(WIDTH))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0))
    colours = chunk(b"iCCP", b"icc\0\0" + zlib.compress(icc))
    return b"\x89PNG\r\n\x1a\n" + head + colours + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def main():
    rgb = quarters("RGB", QUARTERS)
    adobe = of_matrix("Like Adobe RGB", ADOBE, gamma_curve(2.2))
    p3 = of_matrix("Like Display P3", P3, srgb_curve())
    prophoto = of_matrix("Like ProPhoto", PROPHOTO, gamma_curve(1.8))
    swapped = of_matrix("Red and green swapped", [SRGB[1], SRGB[0], SRGB[2]], srgb_curve())
    srgb = of_matrix("sRGB", SRGB, srgb_curve())
    save("profile_adobe.jpg", encoded(stored(rgb, adobe), "JPEG", quality=95, subsampling=0, icc_profile=adobe))
    save("profile_two_pieces.jpg", in_two_pieces(encoded(stored(rgb, p3), "JPEG", quality=95, subsampling=0), p3))
    save("profile_prophoto16.png", deep_png(stored(rgb, prophoto), prophoto))
    save("profile_swapped.png", encoded(stored(rgb, swapped), "PNG", icc_profile=swapped))
    save("profile_p3.webp", encoded(stored(rgb, p3), "WEBP", lossless=True, icc_profile=p3))
    save("profile_srgb.jpg", encoded(rgb, "JPEG", quality=95, subsampling=0, icc_profile=srgb))
    alpha = stored(rgb, p3).convert("RGBA")
    alpha.paste((200, 200, 200, 0), (WIDTH // 2, HEIGHT // 2, WIDTH, HEIGHT))
    save("profile_alpha.png", encoded(alpha, "PNG", icc_profile=p3))

    # A grey with a curve of 1.0: the number 148 of 255 is a luminance of 0.58, which sRGB writes as 200.
    bright = profile("Linear grey", b"mntr", b"GRAY", b"XYZ ", {b"kTRC": gamma_curve(1.0)})
    save("profile_grey.png", encoded(quarters("L", [0, 255, 54, 148]), "PNG", icc_profile=bright))
    save("profile_grey_rgb.jpg", encoded(quarters("L", [0, 255, 86, 206]), "JPEG", quality=95, icc_profile=prophoto))

    # Display P3 by its number, which goes before a profile, and Adobe RGB by its corners.
    save("cicp_p3.png", with_chunk(encoded(stored(rgb, p3), "PNG", icc_profile=swapped), b"cICP", bytes([12, 13, 0, 1])))
    corners = (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
    png = with_chunk(encoded(stored(rgb, adobe), "PNG", icc_profile=b""), b"cHRM", struct.pack(">8I", *corners))
    save("gamma_adobe.png", with_chunk(png, b"gAMA", struct.pack(">I", 45455)))

    frames = [stored(Image.new("RGB", (WIDTH, HEIGHT), colour), p3) for colour in FRAMES]
    moving = {"save_all": True, "append_images": frames[1:], "duration": 200, "loop": 0, "icc_profile": p3}
    save("profile.apng", encoded(frames[0], "PNG", **moving))
    save("profile_moving.webp", encoded(frames[0], "WEBP", lossless=True, **moving))

    inks = of_inks()
    picture = quarters("CMYK", [(0, 255, 255, 0), (255, 0, 255, 0), (255, 255, 0, 0), (0, 0, 0, 55)])
    save("profile_cmyk.jpg", encoded(picture, "JPEG", quality=95, icc_profile=inks))
    shown = ImageCms.profileToProfile(picture, opened(inks), ImageCms.createProfile("sRGB"), outputMode="RGB")
    print("PRINTED", [shown.getpixel((x, y)) for x, y in ((8, 6), (24, 6), (8, 18), (24, 18))])

    # What is no use: cut off, made for inks, and none at all. The numbers are those of sRGB.
    save("profile_cut.png", encoded(rgb, "PNG", icc_profile=adobe[:200]))
    save("profile_of_inks.png", encoded(rgb, "PNG", icc_profile=inks))
    save("profile_noise.jpg", encoded(rgb, "JPEG", quality=95, subsampling=0, icc_profile=b"\x5a" * 700))


main()
