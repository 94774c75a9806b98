"""Clay and Light: a vase that holds the sky, a moon that came from a kiln, a plate whose cracks are a constellation."""

import numpy as np
from PIL import Image
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree

from canvas import SCALE, W, PW, PH, blur, bloom, grain, grid, mix, noise, over, rgb, save, screen, smooth, svg

FOLDER = "../demo/clay-and-light"
NIGHT, BLUE, GOLD, CREAM = rgb("#070d24"), rgb("#1c3f86"), rgb("#e9b44c"), rgb("#fff1d6")


def lathe(cx, profile, tilt):
    """Turns a profile [(y, radius)] into a solid, seen from slightly above.

    Gives the mask, the normal, the height on the solid and the angle around it, and the ellipse of the mouth."""
    ys, rs = zip(*profile)
    curve = PchipInterpolator(ys, rs)
    top, bottom = ys[0], ys[-1]
    x, y = grid()
    x = x - cx
    on = y.copy()
    for _ in range(60):
        r = curve(np.clip(on, top, bottom))
        z = np.sqrt(np.maximum(r * r - x * x, 0))
        on = on * 0.4 + 0.6 * (y - tilt * z)
    r = curve(np.clip(on, top, bottom))
    edge = smooth(-1.2, 1.2, r - np.abs(x)) * smooth(-1.2, 1.2, on - top) * smooth(-1.2, 1.2, bottom - on)
    slope = curve.derivative()(np.clip(on, top, bottom))
    nx = np.clip(x / np.maximum(r, 1), -1, 1)
    nz = np.sqrt(np.maximum(1 - nx * nx, 0))
    ny = -slope
    length = np.sqrt(nx**2 + ny**2 + nz**2) + 1e-6
    normal = np.dstack([nx, ny, nz]) / length[..., None]
    mouth = np.hypot(x / rs[0], (y - top) / (tilt * rs[0]))
    return edge, normal, on, np.arcsin(nx), mouth


def light(normal, towards, power=1.0):
    towards = np.array(towards, float) / np.linalg.norm(towards)
    return np.maximum(normal @ towards, 0) ** power


def shine(normal, towards, power):
    towards = np.array(towards, float) / np.linalg.norm(towards)
    half = towards + np.array([0, 0, 1.0])
    return light(normal, half, power)


def plinth(base, top, cx, half, depth, face, side):
    """A block for things to stand on: a top face in perspective and a front."""
    x, y = grid()
    dx = np.abs(x - cx)
    reach = half - (depth - np.clip(y - top, 0, depth)) * 0.55
    on_top = smooth(-1.5, 1.5, reach - dx) * smooth(-1, 1, y - top) * smooth(-1, 1, top + depth - y)
    front = smooth(-1.5, 1.5, half - dx) * smooth(-1, 1, y - top - depth)
    fall = np.exp(-(y - top - depth) / 300)
    base = mix(base, 0, front)
    base = base + (side[None, None] * (fall * (0.75 + 0.25 * np.exp(-(((x - cx) / (half * 0.7)) ** 2))))[..., None]) * front[..., None]
    glow = np.exp(-(((x - cx) / (half * 0.75)) ** 2))
    base = mix(base, face, on_top)
    base = base * (1 - on_top[..., None] * (0.55 * (1 - glow))[..., None])
    lip = np.exp(-(((y - top - depth) / 3.0) ** 2)) * smooth(-1.5, 1.5, half - dx)
    return screen(base, lip[..., None] * face * (0.25 + 0.5 * glow)[..., None])


def sky_vase():
    import skimage.data

    x, y = grid()
    cx, tilt = 1200, 0.13
    # The gallery: a blue wall, a pool of light, and the wall's own shadow towards the edges.
    pool = np.exp(-(((x - cx) / 760) ** 2 + ((y - 800) / 700) ** 2))
    base = mix(np.zeros((PH, PW, 3)) + rgb("#060b20"), rgb("#2450a8"), pool * 0.82)
    base = mix(base, rgb("#5d8be0"), np.exp(-(((x - cx) / 420) ** 2 + ((y - 560) / 430) ** 2)) * 0.5)
    base = plinth(base, 1478, cx, 610, 120, rgb("#6f86b8"), rgb("#23376c"))
    foot = np.exp(-(((x - cx - 25) / 300) ** 2 + ((y - 1545) / 40) ** 2) ** 1.2)
    base = base * (1 - 0.72 * foot[..., None])

    profile = [(300, 150), (318, 158), (345, 138), (420, 112), (500, 128), (600, 250), (700, 366), (770, 423), (840, 447), (890, 451),
               (950, 443), (1030, 413), (1120, 364), (1290, 254), (1420, 208), (1480, 206), (1510, 214)]
    mask, normal, on, angle, mouth = lathe(cx, profile, tilt)
    deep = skimage.data.hubble_deep_field()
    picture = Image.fromarray(deep).resize((2000, 1744), Image.LANCZOS)
    deep = np.asarray(picture, dtype=np.float64) / 255
    u = ((angle / np.pi + 0.5) * 1500 + 250).astype(int) % 2000
    v = np.clip((on - 300) / 1210 * 1743, 0, 1743).astype(int)
    sky = deep[v, u]
    sky = np.clip((sky - 0.045) * 1.7, 0, 1) ** 0.8
    # Nebula: the glaze itself, gold at the shoulder, violet and blue below.
    swirl = noise(11, 620, 5)
    river = on - 880 + angle * 330 - 60 * np.sin(angle * 2.1)
    shoulder = np.exp(-(((river + swirl * 150) / 105) ** 2)) * (0.72 + 0.5 * noise(12, 210, 5)).clip(0, 1)
    belt = np.exp(-(((river - 120 + swirl * 190) / 230) ** 2))
    lane = np.exp(-(((river + 12 + noise(13, 260, 5) * 70) / 26) ** 2)) * (0.6 + 0.6 * noise(14, 120, 4)).clip(0, 1)
    glaze = np.zeros_like(base) + rgb("#081234")
    glaze = mix(glaze, rgb("#1a3f93"), smooth(-0.6, 0.9, swirl) * 0.75)
    glaze = mix(glaze, rgb("#7a3f9d"), belt * 0.6)
    glaze = mix(glaze, rgb("#3a1030"), np.exp(-((river / 190) ** 2)) * 0.9)
    glaze = screen(glaze, (np.exp(-((river / 210) ** 2)) * 0.55)[..., None] * rgb("#b0483a"))
    glaze = screen(glaze, (shoulder * 0.8)[..., None] * rgb("#f08a3c"))
    glaze = screen(glaze, (shoulder**3 * 0.7)[..., None] * rgb("#ffd58a"))
    glaze = mix(glaze, rgb("#2a1233"), lane * 0.6)
    rng = np.random.default_rng(5)
    dust = np.zeros((PH, PW))
    n = 1100
    px, py = rng.uniform(720, 1680, n), rng.uniform(320, 1560, n)
    size = rng.pareto(2.2, n) * 0.5
    for a, b, s in zip(px * SCALE, py * SCALE, size):
        dust[int(b) % PH, int(a) % PW] += min(s, 4)
    dust = blur(dust, 1.6 / max(SCALE, 0.5)) * 14
    key = light(normal, (-0.6, -0.5, 0.65))
    body = glaze * (0.34 + 0.95 * key)[..., None]
    body = screen(body, sky * 0.95 * (0.45 + 0.65 * normal[..., 2:]))
    body = screen(body, np.clip(dust, 0, 1)[..., None] * CREAM * 0.9)
    rim = (1 - normal[..., 2]) ** 3
    body = screen(body, (rim * 0.42)[..., None] * rgb("#6f9cf0"))
    body = screen(body, (rim**1.6 * light(normal, (0.9, -0.1, 0.3)) * 0.8)[..., None] * rgb("#ffc987"))
    # Two windows of a lamp in the glaze.
    spec = shine(normal, (-0.62, -0.55, 0.55), 70) * smooth(600, 700, on) * smooth(1300, 1200, on)
    body = screen(body, (smooth(0.15, 0.9, spec) * 0.30)[..., None] * rgb("#eaf2ff"))
    strip = np.exp(-(((angle + 0.98) / 0.055) ** 2)) * smooth(640, 760, on) * smooth(1330, 1080, on)
    neck = np.exp(-(((angle + 0.62) / 0.09) ** 2)) * smooth(360, 420, on) * smooth(600, 500, on)
    strip = strip + neck * 0.8
    body = screen(body, (strip * 0.5)[..., None] * rgb("#cfe0ff"))
    body = body * (1 - 0.55 * smooth(1250, 1540, on))[..., None]
    base = mix(base, body, mask)
    # The mouth: light comes out of it.
    inner = smooth(1.02, 0.97, mouth)
    gradient = smooth(300 - tilt * 150, 300 + tilt * 150, y)
    base = mix(base, mix(np.zeros_like(base) + rgb("#fff3d0"), rgb("#f0a440"), gradient), inner)
    lip = np.exp(-(((mouth - 1.0) / 0.045) ** 2))
    base = screen(base, lip[..., None] * rgb("#ffe3a3") * 0.9)
    # Stars rise from it in a widening plume.
    rise = np.clip((300 - y) / 300, 0, 1.2)
    plume = np.exp(-(((x - cx - 60 * np.sin(rise * 3)) / (110 + 250 * rise)) ** 2)) * smooth(318, 280, y)
    base = screen(base, (plume * (0.55 - 0.33 * rise))[..., None] * rgb("#ffcf7d"))
    sparks = ""
    for _ in range(210):
        t = rng.beta(1.0, 1.5)
        sx = cx + rng.normal() * (70 + 320 * t) + 60 * np.sin(t * 3.6)
        sy = 290 - t * 300 + rng.normal() * 10
        s = rng.uniform(0.8, 2.6) + (rng.random() > 0.93) * 3.2
        c = rng.choice(["#fff6df", "#ffd98f", "#bcd3ff"], p=[0.5, 0.35, 0.15])
        sparks += f'<circle cx="{sx:.1f}" cy="{sy:.1f}" r="{s:.1f}" fill="{c}" opacity="{rng.uniform(.55, 1) * (1 - .4 * t):.2f}"/>'
    stars = svg(sparks)
    glow = blur(stars[..., :3] * stars[..., 3:], 9)
    base = screen(over(base, stars), glow * 2.6)
    base = bloom(base, 0.72, 46, 0.55)
    save(grain(base, 0.016), f"{FOLDER}/sky-vase.jpg", 87, 440_000)


def moon_jar():
    x, y = grid()
    rng = np.random.default_rng(23)
    cx, cy, tilt = 1200, 850, 0.10
    up = smooth(0, 1500, y)
    base = mix(np.zeros((PH, PW, 3)) + rgb("#050a1e"), rgb("#12275c"), up * 0.9)
    base = mix(base, rgb("#35508f"), smooth(900, 1560, y) * 0.55)
    halo = np.exp(-((np.hypot(x - cx + 60, y - cy + 20) / 780) ** 2))
    base = screen(base, halo[..., None] * rgb("#6f8fd6") * 0.8)
    # A few real stars, kept away from the jar.
    dots = ""
    for _ in range(420):
        sx, sy, s = rng.uniform(0, W), rng.uniform(0, 1350), rng.pareto(2.4) * 0.7 + 0.9
        if np.hypot(sx - cx, sy - cy) > 640:
            dots += f'<circle cx="{sx:.0f}" cy="{sy:.0f}" r="{min(s, 4):.1f}" fill="#e9f0ff" opacity="{rng.uniform(.25, .9):.2f}"/>'
    base = over(base, svg(dots), 0.85)
    # The table: still, dark, and it mirrors the jar a little.
    table = smooth(1438, 1444, y)
    wood = mix(np.zeros_like(base) + rgb("#0b1740"), rgb("#3d5ba4"), np.exp(-(((x - cx) / 900) ** 2)) * np.exp(-(y - 1440) / 330) * 0.75)
    base = mix(base, wood, table)
    gleam = np.exp(-(((x - cx + 40) / 330) ** 2)) * np.exp(-(np.maximum(y - 1480, 0)) / 210) * table
    base = screen(base, (gleam * 0.62)[..., None] * rgb("#f2d9a6"))
    shadow = np.exp(-((((x - cx - 30) / 360) ** 2 + ((y - 1508) / 34) ** 2)))
    base = base * (1 - 0.8 * shadow[..., None])

    profile = [(262, 190), (274, 200), (300, 194), (322, 200), (346, 266), (390, 372)]
    profile += [(h, float(np.sqrt(606**2 - (h - 850) ** 2))) for h in range(440, 1300, 43)]
    profile += [(1330, 366), (1386, 268), (1424, 222), (1440, 214), (1466, 216), (1486, 226)]
    mask, normal, on, angle, mouth = lathe(cx, profile, tilt)
    # Craters: bowls with rims, thrown at a sphere; the glaze softens them.
    height = noise(41, 520, 6) * 6 + noise(42, 70, 4) * 1.6
    px, py = (x - cx) / 606, (y - cy) / 606
    pz = np.sqrt(np.maximum(1 - px**2 - py**2, 0.02))
    for i in range(760):
        a = 0.008 + 0.15 * rng.beta(0.5, 13) + (0.05 + 0.05 * rng.random() if i < 11 else 0) * 0.8
        while True:
            c = rng.normal(size=3)
            c /= np.linalg.norm(c)
            if c[2] > 0.12:
                break
        x0, x1 = int((cx + (c[0] - 1.9 * a) * 606) * SCALE), int((cx + (c[0] + 1.9 * a) * 606) * SCALE) + 1
        y0, y1 = int((cy + (c[1] - 1.9 * a) * 606) * SCALE), int((cy + (c[1] + 1.9 * a) * 606) * SCALE) + 1
        x0, y0 = max(x0, 0), max(y0, 0)
        cut = (slice(y0, y1), slice(x0, x1))
        d = np.sqrt((px[cut] - c[0]) ** 2 + (py[cut] - c[1]) ** 2 + (pz[cut] - c[2]) ** 2) / a
        bowl = np.where(d < 1, np.maximum((d**2 - 1) * 0.95, -0.5), 0) + 0.3 * np.exp(-(((d - 1.03) / 0.24) ** 2))
        height[cut] += bowl * a * 120
    height *= smooth(330, 420, on) * smooth(1440, 1330, on)
    gy, gx = np.gradient(blur(height, 1.3), 1 / SCALE)
    bumped = normal.copy()
    bumped[..., 0] -= gx * 2.1
    bumped[..., 1] -= gy * 2.1
    bumped /= np.linalg.norm(bumped, axis=2, keepdims=True)
    # Seas, placed by hand and frayed by noise; a young crater with rays below.
    fray = noise(60, 420, 6)
    seas = [(-0.30, -0.36, 0.30), (0.02, -0.30, 0.20), (0.24, -0.17, 0.22), (0.44, -0.02, 0.19), (-0.48, -0.02, 0.30),
            (-0.30, 0.22, 0.20), (0.30, 0.14, 0.15), (0.62, -0.26, 0.12)]
    sea = sum(np.exp(-(((px - a) ** 2 + (py - b) ** 2) / (0.84 * r) ** 2) ** 1.6) for a, b, r in seas)
    sea = np.minimum(sea, 0.9) + fray * 0.62 + noise(62, 110, 5) * 0.34
    sea = smooth(0.36, 1.0, sea)
    bearing, reach = np.arctan2(py - 0.56, px + 0.08), np.hypot(py - 0.56, px + 0.08)
    rays = np.clip(np.cos(bearing * 7 + 1) * 0.6 + np.cos(bearing * 11 - 2) * 0.5 + np.cos(bearing * 17) * 0.35, 0, 1) ** 2
    rays = rays * np.exp(-reach / 0.34) * smooth(0.02, 0.08, reach) + np.exp(-((reach / 0.05) ** 2))
    clay = mix(np.zeros_like(base) + rgb("#fbf7ef"), rgb("#8fa0c8"), sea * 0.7 * smooth(345, 470, on) * smooth(1400, 1250, on))
    clay = mix(clay, rgb("#ffffff"), np.clip(rays, 0, 1) * 0.7)
    clay = clay * (1 + 0.05 * noise(61, 60, 4))[..., None]
    key = light(bumped, (-0.56, -0.38, 0.74))
    soft = light(normal, (-0.56, -0.38, 0.74))
    tone = key * 0.95 + soft * 0.6
    tone = tone / (1 + tone**4) ** 0.25 * 1.06
    body = clay * (tone**0.95)[..., None] * rgb("#fffaf0")
    shade = rgb("#24386f")
    body = body + (1 - np.clip(tone * 1.6, 0, 1))[..., None] * shade * (0.42 + 0.4 * light(normal, (0.3, 0.8, 0.4)))[..., None]
    body = screen(body, ((1 - normal[..., 2]) ** 4 * 0.38 * smooth(0.2, 1, normal[..., 0]))[..., None] * rgb("#7fa2f0"))
    spec = shine(normal * 0.86 + bumped * 0.14, (-0.62, -0.62, 0.52), 130)
    body = screen(body, (smooth(0.1, 1, spec) * 0.55)[..., None])
    body = body * (1 - 0.5 * smooth(1360, 1500, on))[..., None]
    # The seam where two bowls were joined at the waist: how such jars are made.
    seam = np.exp(-(((on - 872 - noise(77, 400, 3) * 6) / 5) ** 2))
    body = body * (1 - 0.05 * seam[..., None])
    base = mix(base, body, mask)
    inner = smooth(1.02, 0.97, mouth)
    hollow = mix(np.zeros_like(base) + rgb("#2a3767"), rgb("#0a1130"), smooth(300, 240, y) * smooth(900, 1350, x))
    hollow = mix(hollow, rgb("#d9c8a8"), smooth(1180, 1420, x) * smooth(1.0, 0.2, np.abs(mouth - 0.9)) * 0.55)
    base = mix(base, hollow, inner)
    lip = np.exp(-(((mouth - 1.0) / 0.035) ** 2)) * (0.35 + 0.65 * smooth(1400, 1000, x))
    base = screen(base, lip[..., None] * rgb("#fff6e2") * 0.8)
    base = bloom(base, 0.7, 90, 0.42)
    save(grain(base, 0.017), f"{FOLDER}/moon-jar.jpg", 87, 440_000)


DIPPER = [(560, 640), (800, 560), (985, 655), (1190, 770), (1255, 1010), (1590, 1050), (1655, 770)]


def gold_seams():
    """The plate's cracks: cell borders between shards, the Dipper's own borders thick and gold."""
    x, y = grid()
    rng = np.random.default_rng(31)
    cx, cy, radius = 1200, 900, 790
    # Cloth.
    weave = noise(3, 5, 2) * 0.5 + 0.12 * np.sin(x * 1.1) + 0.12 * np.sin(y * 1.1)
    base = mix(np.zeros((PH, PW, 3)) + rgb("#0c1738"), rgb("#223a78"), np.exp(-(((x - 800) / 1300) ** 2 + ((y - 500) / 1100) ** 2)))
    base = base * (1 + 0.10 * weave[..., None])
    d = np.hypot(x - cx, y - cy)
    drop = smooth(radius + 170, radius - 60, np.hypot(x - cx - 55, y - cy - 75))
    base = base * (1 - 0.78 * drop[..., None])

    # Lines: a jagged path along the Dipper, and finer ones from its stars to the rim.
    def crack(a, b, rough, seed):
        r = np.random.default_rng(seed)
        points = [np.array(a, float), np.array(b, float)]
        for step in range(5):
            out = []
            for p, q in zip(points, points[1:]):
                side = np.array([-(q - p)[1], (q - p)[0]])
                out += [p, (p + q) / 2 + side * r.normal() * rough]
            points = out + [points[-1]]
        return points

    def path(points):
        return "M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in points)

    main, fine = [], []
    for i, (a, b) in enumerate(zip(DIPPER, DIPPER[1:])):
        main.append(path(crack(a, b, 0.05, i)))
    main.append(path(crack(DIPPER[6], DIPPER[3], 0.05, 60)))
    rays = [(0, (430, 720)), (0, (505, 495)), (1, (770, 225)), (2, (905, 1250)), (3, (1230, 90)), (4, (1120, 1420)), (5, (1830, 1370)), (6, (1900, 520)), (4, (880, 1650)), (5, (1500, 1660)), (6, (1560, 150))]
    for i, (star, end) in enumerate(rays):
        direction = np.array(end, float) - (cx, cy)
        rim = np.array([cx, cy]) + direction / np.linalg.norm(direction) * (radius - 3)
        fine.append(path(crack(DIPPER[star], rim, 0.045, 100 + i)))

    def strokes(paths, width):
        return "".join(f'<path d="{p}" fill="none" stroke="#fff" stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round"/>' for p in paths)

    clip = f'<clipPath id="c"><circle cx="{cx}" cy="{cy}" r="{radius}"/></clipPath>'
    thick = svg(f'<g clip-path="url(#c)">{strokes(main, 15)}</g>', clip)[..., 3]
    thin = svg(f'<g clip-path="url(#c)">{strokes(fine, 6.5)}</g>', clip)[..., 3]
    stars = svg("".join(f'<circle cx="{a}" cy="{b}" r="{s}" fill="#fff"/>' for (a, b), s in zip(DIPPER, (19, 18, 17, 14, 18, 18, 21))))[..., 3]
    seams = np.maximum(np.maximum(thick, thin), stars)

    # The plate: a flat well, a curved wall, a broad lip, a foot of bare clay at the very edge.
    t = d / radius
    height = -150 * smooth(0.62, 0.78, t) * -1 + 26 * smooth(0.78, 1.0, t) - 60 * smooth(0.965, 1.01, t)
    height = height + noise(8, 300, 4) * 2.2
    # Rings of the potter's fingers.
    height = height + 1.6 * np.sin(d / 15 + noise(9, 500, 2) * 2) * smooth(0.66, 0.3, t) + 1.0 * np.sin(d / 9) * smooth(0.76, 0.84, t)
    height = height + blur(seams, 4) * 8
    gy, gx = np.gradient(blur(height, 2), 1 / SCALE)
    normal = np.dstack([-gx, -gy, np.ones_like(gx)])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    # Oil-spot glaze: silver-blue droplets on deep blue, finer to the middle.
    seeds = np.array([(cx + radius * np.sqrt(r) * np.cos(a), cy + radius * np.sqrt(r) * np.sin(a)) for r, a in zip(rng.random(5200), rng.random(5200) * 2 * np.pi)])
    near, index = cKDTree(seeds).query(np.dstack([x, y]).reshape(-1, 2), k=1)
    near, index = near.reshape(PH, PW), index.reshape(PH, PW)
    size = (rng.beta(1.3, 4, 5200) * 13 + 1.2)[index] * (0.45 + 0.8 * np.clip(t, 0, 1))
    spot = smooth(1.0, 0.55, near / size)
    tint = rng.random(5200)[index]
    drift = noise(15, 700, 4)
    glaze = mix(np.zeros_like(base) + rgb("#0a1a4e"), rgb("#16409c"), smooth(-0.8, 0.9, drift) * 0.85)
    glaze = mix(glaze, rgb("#3f2f86"), smooth(0.1, 1.0, -drift + 0.3 * (x - cx) / radius) * 0.55)
    glaze = mix(glaze, rgb("#050b26"), smooth(0.72, 0.62, t) * 0.35)
    spots = mix(np.zeros_like(base) + rgb("#4f86e6"), rgb("#b9d2ff"), smooth(0.55, 1, tint))
    glaze = mix(glaze, spots, spot * (0.30 + 0.45 * tint))
    rust = smooth(0.955, 0.985, t + drift * 0.006)
    glaze = mix(glaze, rgb("#9a6a3c"), rust * 0.85)
    key = light(normal, (-0.55, -0.6, 0.62))
    body = glaze * (0.30 + 1.12 * key)[..., None]
    spec = shine(normal, (-0.62, -0.66, 0.42), 46)
    body = screen(body, (smooth(0.05, 1, spec) * 0.62)[..., None] * rgb("#dce8ff"))
    # A soft window of light across the well.
    window = smooth(1, 0, np.abs((x - cx) * 0.62 + (y - cy) + 330) / 250) * smooth(0.64, 0.5, t)
    body = screen(body, (window * 0.13)[..., None] * rgb("#bcd2ff"))
    base = mix(base, body, smooth(1.001, 0.998, t))
    # Gold.
    metal = 0.5 + 0.5 * np.clip(light(normal, (-0.5, -0.7, 0.5)) * 1.5 - 0.55 + noise(55, 60, 3) * 0.35, -1, 1)
    gold = mix(np.zeros_like(base) + rgb("#a8661a"), rgb("#ffe08a"), metal)
    edge = np.clip(blur(seams, 5) * 1.4, 0, 1)
    base = base * (1 - 0.5 * (edge * (1 - seams))[..., None])
    base = mix(base, gold, seams)
    glow = np.clip(blur(stars, 34) * 3.2 + blur(stars, 90) * 5 + blur(thick, 22) * 0.55, 0, 1)
    base = screen(base, glow[..., None] * rgb("#ffbe55") * 0.62)
    flare = np.zeros((PH, PW))
    for (a, b), s in zip(DIPPER, (1.15, 1.0, 0.95, 0.75, 1.0, 1.0, 1.3)):
        dx, dy = np.abs(x - a), np.abs(y - b)
        flare += np.exp(-dx / (34 * s)) * np.exp(-((dy / 3.2) ** 2)) + np.exp(-dy / (34 * s)) * np.exp(-((dx / 3.2) ** 2))
        flare += np.exp(-((np.hypot(dx, dy) / (17 * s)) ** 2)) * 1.1
    base = screen(base, np.clip(flare, 0, 1)[..., None] * rgb("#fff4d2"))
    base = bloom(base, 0.78, 40, 0.35)
    save(grain(base, 0.015), f"{FOLDER}/gold-seams.jpg", 86, 440_000)


if __name__ == "__main__":
    sky_vase()
    moon_jar()
    gold_seams()
