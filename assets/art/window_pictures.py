"""A bare folder of pictures, as a flower shop and bakery would drop it: flat flowers, and a croissant for a moon."""

import numpy as np

from canvas import SCALE, W, H, PW, PH, blur, bloom, grain, grid, mix, noise, over, rgb, save, screen, smooth, svg

FOLDER = "../demo/window-pictures"
CREAM, INK = "#fbf0dc", "#16352e"
RED, PINK, YELLOW, GREEN, BLUE, ORANGE, LILAC, LEAF = (
    "#e4412f", "#f5a3a8", "#f7bb3b", "#1f6b4f", "#24467f", "#f07f3a", "#b9a3e3", "#7fb069",
)


def flowers():
    """Twelve flowers on a grid of twelve tiles, each from circles and quarter circles."""
    u = 600

    def petals(n, length, width, fill, turn=0, inner=0):
        return "".join(
            f'<path transform="rotate({turn + k * 360 / n:.2f})" d="M0 {-inner} C{width} {-length * .35} {width} {-length * .8} 0 {-length} C{-width} {-length * .8} {-width} {-length * .35} 0 {-inner}Z" fill="{fill}"/>'
            for k in range(n)
        )

    def disc(r, fill, cx=0, cy=0):
        return f'<circle cx="{cx}" cy="{cy}" r="{r}" fill="{fill}"/>'

    def dots(n, radius, r, fill, turn=0):
        return "".join(
            disc(r, fill, radius * np.cos(np.radians(turn + k * 360 / n)), radius * np.sin(np.radians(turn + k * 360 / n))) for k in range(n)
        )

    def tulip(one, two, stem):
        return (
            f'<path d="M-9 60 L-9 300 L9 300 L9 60Z" fill="{stem}"/><path d="M0 300 C-30 180 -170 170 -240 90 C-230 230 -120 300 0 300Z" fill="{stem}"/>'
            f'<path d="M0 300 C30 220 130 200 190 140 C190 240 100 300 0 300Z" fill="{stem}"/>'
            f'<path d="M-150 -190 C-150 20 -90 90 0 90 C90 90 150 20 150 -190 L75 -70 L0 -210 L-75 -70Z" fill="{one}"/>'
            f'<path d="M0 -210 C-90 -100 -90 40 0 90 C90 40 90 -100 0 -210Z" fill="{two}"/>'
        )

    def quarter(one, two, three):
        # Four lenses from the middle to the corners: the tile itself becomes a blossom.
        def lenses(r, colour, turn):
            return "".join(f'<path transform="rotate({turn + k * 90})" d="M0 0 A{r} {r} 0 0 1 {r} {r} A{r} {r} 0 0 1 0 0Z" fill="{colour}"/>' for k in range(4))

        return lenses(300, one, 0) + lenses(205, two, 45) + lenses(150, CREAM if three == INK else INK, 0) + disc(58, three)

    def branch(leaf, berry, stem):
        s = f'<path d="M-210 300 C-120 100 20 -40 220 -240" fill="none" stroke="{stem}" stroke-width="18"/>'
        for px, py, turn, size in ((-152, 165, -16, 1.05), (-135, 135, 88, 1.05), (-52, 30, -12, .95), (-30, 5, 94, .95), (62, -88, -8, .8), (86, -110, 98, .8)):
            s += f'<path transform="translate({px} {py}) rotate({turn}) scale({size})" d="M0 0 C70 -60 70 -150 0 -205 C-70 -150 -70 -60 0 0Z" fill="{leaf}"/><path transform="translate({px} {py}) rotate({turn}) scale({size})" d="M0 0 C70 -60 70 -150 0 -205Z" fill="{stem}" opacity=".28"/>'
        return s + disc(44, berry, 222, -242) + disc(13, CREAM, 207, -256)

    def poppy(one, two, core):
        return (
            f'<path d="M0 -20 C-250 20 -290 -230 -120 -250 C-60 -256 -20 -220 0 -180 C20 -220 60 -256 120 -250 C290 -230 250 20 0 -20Z" fill="{two}"/>'
            f'<path d="M0 40 C-260 80 -300 -170 -230 -190 C-120 -210 -20 -120 0 -40 C20 -120 120 -210 230 -190 C300 -170 260 80 0 40Z" transform="translate(0 40)" fill="{one}"/>'
            f'<path d="M0 300 C-10 220 10 160 0 70" fill="none" stroke="{core}" stroke-width="16"/>' + disc(58, core, 0, -10) + dots(9, 82, 9, core).replace("<circle", '<circle transform="translate(0 -10)"')
        )

    tiles = [
        (CREAM, petals(12, 262, 62, RED) + petals(12, 190, 40, ORANGE, 15) + disc(82, INK) + dots(10, 50, 9, YELLOW)),
        (GREEN, tulip(PINK, RED, LEAF)),
        (YELLOW, petals(8, 272, 92, CREAM) + petals(8, 150, 40, PINK, 22.5) + disc(86, ORANGE) + dots(8, 48, 11, RED)),
        (BLUE, branch(LEAF, RED, CREAM)),
        (PINK, poppy(RED, "#b92b20", INK)),
        (INK, quarter(YELLOW, ORANGE, INK)),
        (RED, petals(6, 276, 128, CREAM, 30) + petals(6, 205, 76, PINK) + disc(72, YELLOW) + dots(6, 104, 15, INK, 30)),
        (CREAM, tulip(BLUE, LILAC, GREEN)),
        (BLUE, petals(16, 270, 40, LILAC) + petals(16, 196, 28, CREAM, 11.25) + disc(96, YELLOW) + disc(50, ORANGE)),
        (ORANGE, branch(GREEN, CREAM, INK)),
        (CREAM, quarter(PINK, RED, YELLOW)),
        (GREEN, petals(5, 268, 140, YELLOW) + petals(5, 170, 66, CREAM, 36) + disc(62, RED) + dots(5, 112, 14, INK)),
    ]
    body = ""
    for k, (paper, art) in enumerate(tiles):
        col, row = k % 4, k // 4
        body += f'<svg x="{col * u}" y="{row * u}" width="{u}" height="{u}" viewBox="-300 -300 600 600"><rect x="-301" y="-301" width="602" height="602" fill="{paper}"/>{art}</svg>'
    drawn = svg(body)
    save(drawn[..., :3], f"{FOLDER}/flowers.png", colours=64)


def croissant_moon():
    """Six in the morning over the roofs: the moon that rises is a croissant."""
    x, y = grid()
    rng = np.random.default_rng(2)
    cx, cy = 1200, 800
    base = mix(np.zeros((PH, PW, 3)) + rgb("#1c2f6b"), rgb("#5a5aa6"), smooth(0, 800, y))
    base = mix(base, rgb("#f08d6e"), smooth(620, 1360, y))
    base = mix(base, rgb("#ffd08a"), smooth(1160, 1560, y))
    base = screen(base, np.exp(-((np.hypot(x - cx, y - cy) / 640) ** 2))[..., None] * rgb("#ffcf8a") * 0.55)
    dots = "".join(
        f'<circle cx="{rng.uniform(0, W):.0f}" cy="{rng.uniform(0, 720):.0f}" r="{min(rng.pareto(2.4) + 1.2, 5):.1f}" fill="#fff3d8" opacity="{rng.uniform(.25, .9):.2f}"/>' for _ in range(90)
    )
    base = over(base, svg(dots))

    # The croissant: a crescent of seven rolled bands, thick in the middle, turned like a waxing moon.
    turn = np.radians(-32)
    px, py = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn), -(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)
    ring = 372
    rho, phi = np.hypot(px, py + 150), np.arctan2(px, py + 150)  # 0 points down
    reach = 2.02
    s = phi / reach
    inside_arc = np.abs(s) < 1
    count = 7
    edges = np.array([-1, -0.80, -0.54, -0.22, 0.22, 0.54, 0.80, 1.0])
    lean = 0.10 * (rho - ring) / 200
    sl = np.clip(s - np.sign(s) * lean * smooth(0, 0.3, np.abs(s)) * -1, -1, 1)
    band = np.clip(np.searchsorted(edges, sl.ravel()).reshape(sl.shape) - 1, 0, count - 1)
    lo, hi = edges[band], edges[band + 1]
    v = (sl - lo) / (hi - lo)
    hump = np.sqrt(np.clip(1 - (2 * v - 1) ** 2, 0, 1))
    thick = 196 * np.clip(1 - np.abs(s) ** 2.1, 0, 1) ** 0.72 * (0.86 + 0.16 * hump) + 16 * hump
    cross = (rho - ring - 26 * (1 - s * s)) / np.maximum(thick, 1)
    mask = smooth(1.0 + 0.9 / 160, 1.0 - 0.9 / 160, np.abs(cross)) * inside_arc
    height = np.sqrt(np.clip(1 - cross**2, 0, 1)) * np.maximum(thick, 1) * (0.62 + 0.42 * hump)
    layers = np.sin(cross * 13 + noise(4, 160, 3) * 1.2 + v * 9) * 3.2 + np.sin(v * 26 + cross * 2 + noise(5, 90, 3)) * 1.7
    height = blur(height * mask, 3.5) + (layers + noise(6, 30, 3) * 1.6) * mask
    gy, gx = np.gradient(height, 1 / SCALE)
    normal = np.dstack([-gx, -gy, np.full_like(gx, 0.85)])
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)

    def lit(*towards):
        towards = np.array(towards) / np.linalg.norm(towards)
        return np.maximum(normal @ towards, 0)

    bake = np.clip(hump * (1 - np.abs(cross) ** 2) + noise(7, 120, 4) * 0.25 - 0.1 + 0.14 * np.sin(cross * 13 + v * 9), 0, 1)
    crust = mix(np.zeros_like(base) + rgb("#f6c373"), rgb("#d9812f"), smooth(0.1, 0.75, bake))
    crust = mix(crust, rgb("#a84f16"), smooth(0.62, 1.0, bake) * 0.62)
    crust = mix(crust, rgb("#ffe3ae"), np.exp(-((v / 0.09) ** 2)) * 0.42 + np.exp(-(((1 - v) / 0.09) ** 2)) * 0.30)
    body = crust * (0.34 + 0.92 * lit(-0.5, -0.62, 0.6))[..., None]
    body = body + (lit(0.3, 0.85, 0.25) * 0.26)[..., None] * rgb("#ff8a5a") * crust
    body = screen(body, (lit(-0.30, -0.42, 0.9) ** 26 * 0.62)[..., None] * rgb("#fff0cc"))
    crease = np.exp(-((v / 0.035) ** 2)) + np.exp(-(((1 - v) / 0.035) ** 2))
    body = body * (1 - 0.42 * np.clip(crease, 0, 1) * smooth(1, 0.6, np.abs(s)))[..., None]
    glow = blur(mask, 70)
    base = screen(base, (glow * (1 - mask) * 0.75)[..., None] * rgb("#ffc676"))
    base = mix(base, body, mask)

    # Crumbs for stars.
    crumbs = ""
    for _ in range(34):
        a, r0 = rng.uniform(-1.3, 1.9), rng.uniform(330, 760)
        sx, sy, size = cx + r0 * np.cos(a), cy + 120 + r0 * np.sin(a) * 0.6, rng.uniform(4, 15)
        pts = " ".join(f"{sx + size * rng.uniform(.6, 1.2) * np.cos(t):.0f},{sy + size * rng.uniform(.6, 1.2) * np.sin(t):.0f}" for t in np.linspace(0, 5.3, 6))
        crumbs += f'<polygon points="{pts}" fill="{rng.choice(["#f6c373", "#ffdf9f", "#d9812f"])}" opacity="{rng.uniform(.6, 1):.2f}"/>'
    base = mix(over(base, svg(crumbs)), base, mask * 0.999)

    # Roofs, three deep, the nearest dark; one window is lit and its chimney smokes: the baker is up.
    def roofs(seed, line, low, fill, step):
        r = np.random.default_rng(seed)
        at, d = -60, f"M-60 {H}"
        while at < W + 80:
            wide, top, kind = r.uniform(*step), line + r.uniform(-low, low), r.integers(3)
            if kind == 0:
                d += f"L{at:.0f} {top:.0f}L{at + wide / 2:.0f} {top - wide * .34:.0f}L{at + wide:.0f} {top:.0f}"
            elif kind == 1:
                d += f"L{at:.0f} {top:.0f}L{at + wide * .2:.0f} {top - 60:.0f}L{at + wide * .8:.0f} {top - 60:.0f}L{at + wide:.0f} {top:.0f}"
            else:
                d += f"L{at:.0f} {top:.0f}L{at + wide * .62:.0f} {top:.0f}L{at + wide * .62:.0f} {top - 74:.0f}L{at + wide * .8:.0f} {top - 74:.0f}L{at + wide * .8:.0f} {top:.0f}L{at + wide:.0f} {top:.0f}"
            at += wide
        return f'<path d="{d}L{W + 80} {H}Z" fill="{fill}"/>'

    town = roofs(3, 1430, 40, "#c9686a", (150, 260)) + roofs(9, 1540, 44, "#7a3f63", (190, 330))
    r = np.random.default_rng(5)
    town += "".join(f'<rect x="{r.uniform(0, W):.0f}" y="{r.uniform(1590, 1650):.0f}" width="22" height="32" rx="3" fill="#ffca7a" opacity="{r.choice([.25, .5, .9])}"/>' for _ in range(16))
    town += roofs(12, 1690, 36, "#2b1c46", (240, 420))
    town += (
        '<path d="M900 1810 L900 1640 L1060 1520 L1220 1640 L1220 1810Z" fill="#1f1438"/><rect x="1120" y="1500" width="54" height="120" fill="#1f1438"/><rect x="1110" y="1488" width="74" height="22" fill="#1f1438"/>'
        '<path d="M1010 1740 L1010 1690 A50 50 0 0 1 1110 1690 L1110 1740Z" fill="#ffcf70"/><path d="M1060 1640 L1060 1740 M1010 1692 L1110 1692" stroke="#1f1438" stroke-width="8"/>'
    )
    base = over(base, svg(town))
    lamp = np.hypot(x - 1060, y - 1690)
    base = screen(base, (np.exp(-((lamp / 120) ** 2)) * 0.5)[..., None] * rgb("#ffb04a"))
    smoke = "M1147 1480 C1110 1400 1210 1360 1170 1280 C1130 1210 1230 1180 1206 1090"
    puff = svg(f'<path d="{smoke}" fill="none" stroke="#fff" stroke-width="26" stroke-linecap="round"/>')[..., 3]
    base = screen(base, (blur(puff, 16) * smooth(1060, 1400, y) * 0.5)[..., None] * rgb("#ffe7d0"))
    base = bloom(base, 0.84, 60, 0.3)
    save(grain(base, 0.013), f"{FOLDER}/croissant-moon.webp", 84, 360_000)


if __name__ == "__main__":
    flowers()
    croissant_moon()
