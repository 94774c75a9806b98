"""Friday-night pour-over and jazz: a cup that is a record, steam that is a score."""

import numpy as np

from canvas import PW, PH, blur, bloom, grain, grid, mix, noise, over, rgb, save, screen, smooth, svg

FOLDER = "../demo/friday-night-jazz"


def record_cup():
    x, y = grid()
    cx, cy = 1130, 905
    d, a = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx)
    # The table: one warm colour with a raking light and the shade of a window bar.
    base = mix(np.zeros((PH, PW, 3)) + rgb("#b8401a"), rgb("#ef7a34"), smooth(2300, 0, x * 0.75 + y * 0.75))
    base = mix(base, rgb("#ffb163"), np.exp(-(((x - 500) / 900) ** 2 + ((y - 350) / 700) ** 2)) * 0.55)
    along = x * 0.80 + y * 0.60
    for at, width in ((2280, 90), (2520, 46)):
        base = base * (1 - 0.16 * (smooth(at - width, at - width + 26, along) * smooth(at + width, at + width - 26, along))[..., None])

    def disc(radius, soft=1.3, ox=0, oy=0):
        return smooth(radius + soft, radius - soft, np.hypot(x - cx - ox, y - cy - oy))

    # Long shadows, away from the lamp in the upper left.
    for step in range(1, 15):
        base = base * (1 - 0.050 * disc(742, 26 + step * 4, step * 11, step * 13))[..., None]
    # Saucer: a foot, a broad lip, a step where the cup stands.
    towards = a + 2.36  # 0 where the lamp is
    lit = 0.5 + 0.5 * np.cos(towards)
    saucer = np.zeros_like(base) + rgb("#fff3df")
    t = d / 740
    saucer = saucer * (0.86 + 0.16 * lit * smooth(0.6, 1, t) + 0.1 * (1 - lit) * smooth(0.99, 0.72, t))[..., None]
    saucer = mix(saucer, rgb("#7a2b12"), np.exp(-(((d - 664) / 9) ** 2)) * 0.92)
    saucer = mix(saucer, rgb("#c9582a"), np.exp(-(((d - 640) / 3.5) ** 2)) * 0.8)
    saucer = screen(saucer, (np.exp(-(((d - 731) / 6) ** 2)) * lit**2 * 0.8)[..., None])
    saucer = saucer * (1 - 0.30 * np.exp(-(((d - 742) / 7) ** 2)) * (1 - lit))[..., None]
    base = mix(base, saucer, disc(740))
    for step in range(1, 11):
        base = base * (1 - (0.062 * disc(574, 10 + step * 4, step * 8, step * 9) * disc(738, 2)))[..., None]
    # Handle to the lower left, drawn as a rounded bar.
    def bar(x0, y0, x1, y1):
        px, py, vx, vy = x - x0, y - y0, x1 - x0, y1 - y0
        h = np.clip((px * vx + py * vy) / (vx * vx + vy * vy), 0, 1)
        return np.hypot(px - vx * h, py - vy * h)

    hx, hy = cx - 620, cy + 330
    grip = bar(cx - 480, cy + 255, hx - 30, hy + 20)
    shade = bar(cx - 440, cy + 315, hx + 20, hy + 85)
    base = base * (1 - 0.42 * smooth(86, 40, shade) * smooth(560, 575, d))[..., None]
    form = np.clip(1 - (grip / 62) ** 2, 0, 1) ** 0.5
    side = ((x - hx) * -0.46 + (y - hy) * -0.89) / 62
    handle = np.zeros_like(base) + rgb("#f7e9d3") * 0.99
    handle = handle * (0.66 + 0.30 * form + 0.16 * np.clip(side * 0.0 + form * 0.2, 0, 1))[..., None]
    base = mix(base, handle, smooth(63.2, 60.8, grip))
    # The cup's wall and lip.
    lip = np.zeros_like(base) + rgb("#fff8ec")
    lip = lip * (0.86 + 0.14 * np.exp(-(((d - 557) / 9) ** 2)))[..., None]
    lip = mix(lip, rgb("#8a5a3a"), smooth(546, 528, d) * (0.30 + 0.5 * lit))
    lip = screen(lip, (np.exp(-(((d - 558) / 5) ** 2)) * lit**3)[..., None] * 0.8)
    lip = lip * (1 - 0.28 * smooth(562, 576, d) * (1 - lit))[..., None]
    base = mix(base, lip, disc(576))
    # Coffee: the record. Grooves, bands between the tracks, and the two sheens that turn with the light.
    r = 524
    rng = np.random.default_rng(4)
    depth = np.interp(d, np.arange(0, 1300, 5.2), rng.normal(size=250))
    groove = np.sin(d * 2 * np.pi / 8.2) * 0.5 + depth * 0.24
    silent = sum(np.exp(-(((d - at) / 4.2) ** 2)) for at in (478, 402, 338, 268))
    coffee = np.zeros_like(base) + rgb("#1d0d08")
    coffee = mix(coffee, rgb("#3a1a0d"), smooth(150, 520, d) * 0.55)
    fan = np.zeros((PH, PW))
    for centre, width, power in ((-2.36, 0.23, 1.0), (-2.36 + np.pi, 0.20, 0.62), (-1.68, 0.10, 0.30), (-1.68 + np.pi, 0.09, 0.18)):
        turn = np.angle(np.exp(1j * (a - centre)))
        fan += power * (np.exp(-((turn / width) ** 2)) + 0.35 * np.exp(-((turn / (width * 2.2)) ** 2)))
    inside = smooth(r, r - 6, d) * smooth(176, 190, d)
    coffee = screen(coffee, (fan * (0.62 + 0.22 * groove) * inside * 0.95 * (0.55 + 0.45 * smooth(180, 520, d)))[..., None] * rgb("#ffb777"))
    coffee = coffee * (1 + (groove * 0.20 * inside)[..., None])
    coffee = mix(coffee, rgb("#0f0604"), np.clip(silent, 0, 1) * 0.55 * inside)
    # Crema clings to the wall.
    foam = noise(21, 46, 3)
    crema = smooth(r - 12, r - 4, d + foam * 4)
    coffee = mix(coffee, rgb("#b8682c"), crema * 0.85)
    coffee = mix(coffee, rgb("#e9a860"), smooth(r - 6, r - 1, d + foam * 3) * 0.8)
    # The label: crema, a bean for the spindle.
    label = smooth(189, 186, d)
    face = np.zeros_like(base) + rgb("#e9a35a")
    face = mix(face, rgb("#d4762f"), smooth(0, 190, d) * 0.5)
    face = mix(face, rgb("#fff0d8"), np.exp(-(((d - 150) / 4) ** 2)) * 0.9)
    face = mix(face, rgb("#7a2b12"), np.exp(-(((d - 171) / 2.6) ** 2)) * 0.8)
    half = smooth(-1.2, 1.2, (x - cx) * -0.5 + (y - cy) * 0.866 - 22 * np.sin(((x - cx) * 0.866 + (y - cy) * 0.5) / 45)) * smooth(140, 138, d)
    face = mix(face, rgb("#a8401c"), half * 0.92)
    face = face * (0.9 + 0.16 * lit)[..., None]
    coffee = mix(coffee, face, label)
    th = -0.62
    bx, by = (x - cx) * np.cos(th) + (y - cy) * np.sin(th), -(x - cx) * np.sin(th) + (y - cy) * np.cos(th)
    bean = np.hypot(bx / 62, by / 43)
    seam = np.abs(by - 9 * np.sin(bx / 62 * 2.6))
    bean_face = np.zeros_like(base) + rgb("#4a1d0e")
    bean_face = mix(bean_face, rgb("#8d4520"), np.exp(-(((bx + 16) / 34) ** 2 + ((by + 18) / 15) ** 2)))
    bean_face = mix(bean_face, rgb("#1a0805"), smooth(6.5, 2.5, seam))
    coffee = coffee * (1 - 0.45 * smooth(1.35, 0.85, np.hypot((bx - 6) / 64, (by - 12) / 45)) * label)[..., None]
    coffee = mix(coffee, bean_face, smooth(1.015, 0.985, bean))
    # The wall's shadow on the coffee, on the lamp's side.
    wall = smooth(-60, 60, np.hypot(x - cx - 34, y - cy - 40) - (r - 22))
    coffee = coffee * (1 - 0.55 * wall)[..., None]
    base = mix(base, coffee, smooth(r + 1.3, r - 1.3, d))

    # The tone arm: brass, drawn, with its own soft shadow.
    pivot, bend, head = (1985, 330), (1905, 930), (1500, 1185)
    arm = f"M{pivot[0]} {pivot[1]-150} L{pivot[0]} {pivot[1]} C{pivot[0]+4} {pivot[1]+330} {bend[0]+10} {bend[1]-40} {bend[0]-90} {bend[1]+62} S{head[0]+170} {head[1]-112} {head[0]+70} {head[1]-52}"
    shell = (
        f'<g transform="translate({head[0]+60} {head[1]-44}) rotate({147:.1f})">'
        '<path d="M-30 -36 L96 -30 Q112 -28 112 -12 L112 16 Q112 32 96 34 L-30 38 Q-44 36 -44 22 L-44 -20 Q-44 -34 -30 -36Z" FILL/>'
        '<path d="M60 -34 Q88 -70 118 -66" fill="none" STROKE stroke-width="11" stroke-linecap="round"/></g>'
    )
    silhouette = (
        f'<path d="{arm}" fill="none" stroke="#200" stroke-width="30" stroke-linecap="round"/>'
        + shell.replace("FILL", 'fill="#200"').replace("STROKE", 'stroke="#200"')
        + f'<circle cx="{pivot[0]}" cy="{pivot[1]}" r="118" fill="#200"/>'
        f'<rect x="{pivot[0]-52}" y="{pivot[1]-262}" width="104" height="150" rx="20" fill="#200"/>'
    )
    cast = svg(f'<g transform="translate(52 62)">{silhouette}</g>')[..., 3]
    base = base * (1 - 0.52 * blur(cast, 15)[..., None])
    defs = (
        '<radialGradient id="b" cx=".36" cy=".3" r=".85"><stop offset="0" stop-color="#ffe9b0"/><stop offset=".35" stop-color="#e0a542"/>'
        '<stop offset=".8" stop-color="#8f5515"/><stop offset="1" stop-color="#6a3a0c"/></radialGradient>'
        '<radialGradient id="b2" cx=".6" cy=".68" r=".8"><stop offset="0" stop-color="#f3c266"/><stop offset="1" stop-color="#8a5114"/></radialGradient>'
        '<linearGradient id="w" x1="0" x2="1"><stop offset="0" stop-color="#7a4410"/><stop offset=".3" stop-color="#ffe0a0"/><stop offset=".6" stop-color="#c98a30"/><stop offset="1" stop-color="#5c310a"/></linearGradient>'
        '<linearGradient id="s" x1="0" y1="1" x2="0" y2="0"><stop offset="0" stop-color="#5a1c0c"/><stop offset=".6" stop-color="#2a0c06"/><stop offset="1" stop-color="#160604"/></linearGradient>'
    )
    drawn = (
        f'<circle cx="{pivot[0]}" cy="{pivot[1]}" r="118" fill="url(#b)"/>'
        f'<circle cx="{pivot[0]}" cy="{pivot[1]}" r="84" fill="url(#b2)"/>'
        f'<circle cx="{pivot[0]}" cy="{pivot[1]}" r="100" fill="none" stroke="#fff0c4" stroke-opacity=".45" stroke-width="4"/>'
        f'<rect x="{pivot[0]-52}" y="{pivot[1]-262}" width="104" height="150" rx="20" fill="url(#w)"/>'
        + "".join(f'<rect x="{pivot[0]-52}" y="{pivot[1]-262+k}" width="104" height="5" fill="#4a2608" opacity=".35"/>' for k in (28, 44, 106, 122))
        + f'<path d="{arm}" fill="none" stroke="#7a4410" stroke-width="30" stroke-linecap="round"/>'
        f'<path d="{arm}" fill="none" stroke="#d79b3e" stroke-width="22" stroke-linecap="round"/>'
        f'<path d="{arm}" fill="none" stroke="#ffe9b8" stroke-width="7" stroke-linecap="round" transform="translate(-5 -4)"/>'
        f'<circle cx="{pivot[0]}" cy="{pivot[1]}" r="40" fill="url(#b)"/>'
        + shell.replace("FILL", 'fill="url(#s)"').replace("STROKE", 'stroke="#e8b45a"')
        + f'<g transform="translate({head[0]+60} {head[1]-44}) rotate(147)"><circle cx="4" cy="-12" r="7" fill="#e8b45a"/><circle cx="62" cy="-10" r="7" fill="#e8b45a"/><rect x="-44" y="-6" width="20" height="16" fill="#e8b45a"/></g>'
    )
    base = over(base, svg(drawn, defs))
    # Where the needle touches, the coffee ripples and shines.
    nx, ny = head[0] - 22, head[1] + 14
    near = np.hypot(x - nx, y - ny)
    ripple = np.maximum(np.sin(near / 5.6), 0) ** 3 * np.exp(-near / 52) * smooth(r - 20, r - 40, d) * smooth(18, 30, near)
    base = screen(base, (ripple * 0.55)[..., None] * rgb("#ffd29a"))
    vignette = np.exp(-(((x - 1100) / 1750) ** 2 + ((y - 800) / 1500) ** 2))
    base = base * (0.70 + 0.36 * vignette)[..., None]
    base = bloom(base, 0.86, 40, 0.28)
    save(grain(base, 0.016), f"{FOLDER}/record-cup.jpg", 88, 440_000)


def steam_score():
    """Steam over a pour-over rises as five lines; coffee beans are the notes."""
    x, y = grid()
    cx, bed = 1130, 1010
    base = mix(np.zeros((PH, PW, 3)) + rgb("#2a0d08"), rgb("#5b1f10"), smooth(0, 1700, y))
    sun = np.hypot(x - 1290, y - 760)
    disc = mix(np.zeros_like(base) + rgb("#ff9a45"), rgb("#cf4a1c"), smooth(150, 1500, y))
    base = screen(base, (np.exp(-((np.maximum(sun - 620, 0) / 230) ** 1.2)) * 0.5)[..., None] * rgb("#a23a16"))
    base = mix(base, disc, smooth(661, 658, sun))
    # Rings in the sun, as of a record.
    rings = np.sin(sun * 2 * np.pi / 22) ** 8 * smooth(655, 640, sun) * smooth(220, 300, sun)
    turn = np.angle(np.exp(1j * (np.arctan2(y - 760, x - 1290) + 0.9)))
    turn2 = np.angle(np.exp(1j * (np.arctan2(y - 760, x - 1290) + 0.9 + np.pi)))
    sheen = np.exp(-((turn / 0.3) ** 2)) + 0.7 * np.exp(-((turn2 / 0.3) ** 2))
    base = base * (1 - 0.10 * rings)[..., None]
    base = screen(base, (sheen * smooth(658, 640, sun) * (0.16 + 0.10 * rings))[..., None] * rgb("#ffd9a0"))
    # The counter.
    top = 1560
    wood = mix(np.zeros_like(base) + rgb("#f0a056"), rgb("#8a3514"), smooth(top, 1800, y))
    wood = wood * (0.72 + 0.34 * np.exp(-(((x - cx) / 900) ** 2)))[..., None]
    base = mix(base, wood, smooth(top - 1, top + 1, y))
    base = screen(base, (np.exp(-(((y - top - 3) / 4) ** 2)) * 0.6)[..., None] * rgb("#ffdca8"))
    cast = np.exp(-((((x - cx - 70) / 430) ** 2 + ((y - 1602) / 34) ** 2)))
    base = base * (1 - 0.62 * cast * smooth(top, top + 2, y))[..., None]

    # The score: from the coffee bed the lines twist up, open and run off to the right.
    t = np.linspace(0, 1, 240)

    def spine(u):
        px = cx + 1420 * u**1.75 + 60 * np.sin(u * 7.0) * (1 - u) - 20
        py = bed - 640 * (1 - np.maximum(1 - u, 0) ** 1.7) + 118 * np.sin(u * 6.6 + 0.5) * smooth(0.12, 0.6, u) - 70 * u
        return px, py

    def at(u, line):
        px, py = spine(u)
        ex, ey = spine(u + 1e-3)
        length = np.hypot(ex - px, ey - py)
        gap = 5 + 43 * smooth(0.02, 0.62, u)
        off = (line - 2) * gap
        weave = np.sin(u * 16 + line * 1.25) * 22 * smooth(0.55, 0.1, u)
        return px - (ey - py) / length * (off + weave), py + (ex - px) / length * (off + weave), np.degrees(np.arctan2(ey - py, ex - px)), gap

    lines = ""
    for line in range(5):
        px, py, _, _ = at(t, line)
        lines += f'<path d="M{"L".join(f"{a:.1f} {b:.1f}" for a, b in zip(px, py))}" fill="none" stroke="url(#st)" stroke-width="7.5" stroke-linecap="round"/>'
    sdefs = (
        f'<linearGradient id="st" gradientUnits="userSpaceOnUse" x1="{cx}" y1="{bed}" x2="{cx + 500}" y2="{bed - 560}"><stop offset="0" stop-color="#fff3df" stop-opacity="0"/><stop offset=".25" stop-color="#fff3df" stop-opacity=".75"/><stop offset=".6" stop-color="#fff6e6"/></linearGradient>'
        '<radialGradient id="be" cx=".36" cy=".3" r=".9"><stop offset="0" stop-color="#8a4522"/><stop offset=".5" stop-color="#4a1d0e"/><stop offset="1" stop-color="#210b06"/></radialGradient>'
    )
    notes = ""

    def head(u, line, stem=1, flag=0):
        px, py, angle, gap = at(u, line)
        size = gap / 43
        bean = f'<g transform="translate({px:.0f} {py:.0f}) rotate({angle - 20:.0f}) scale({size:.2f})">'
        stick, tip = "", None
        sx, sy = px + (33 if stem > 0 else -33) * size, py - stem * 6
        tip = (sx + 6 * stem, sy - stem * 178 * size)
        stick = f'<path d="M{sx:.0f} {sy:.0f}L{tip[0]:.0f} {tip[1]:.0f}" stroke="#2a0d08" stroke-width="{9.5 * size:.1f}" stroke-linecap="round"/>'
        if flag:
            stick += f'<path d="M{tip[0]:.0f} {tip[1]:.0f} c 10 {40 * size:.0f} {66 * size:.0f} {52 * size:.0f} {50 * size:.0f} {128 * size:.0f} c -6 {-44 * size:.0f} {-40 * size:.0f} {-56 * size:.0f} {-52 * size:.0f} {-62 * size:.0f}Z" fill="#2a0d08"/>'
        bean += '<ellipse rx="45" ry="31" fill="url(#be)"/><path d="M-43 4 C-18 -14 14 16 43 -4" fill="none" stroke="#170704" stroke-width="6"/><path d="M-42 0 C-18 -19 14 11 42 -8" fill="none" stroke="#b06a3a" stroke-width="2" opacity=".6"/></g>'
        return stick + bean, tip, size

    for u, line, stem, flag in ((0.385, 3, 1, 1), (0.505, 1, 1, 1)):
        notes += head(u, line, stem, flag)[0]
    for pair in (((0.595, 2), (0.645, 4)),):
        (a, ta, sa), (b, tb, sb) = (head(u, line) for u, line in pair)
        notes += a + b + f'<path d="M{ta[0] - 4:.0f} {ta[1]:.0f}L{tb[0] + 4:.0f} {tb[1]:.0f}L{tb[0] + 4:.0f} {tb[1] + 30 * sb:.0f}L{ta[0] - 4:.0f} {ta[1] + 30 * sa:.0f}Z" fill="#2a0d08"/>'
    drawn = svg(lines, sdefs)
    mist = blur(drawn[..., 3], 34)
    base = screen(base, (np.clip(mist * 0.55, 0, 0.35))[..., None] * rgb("#ffe2bd"))
    base = over(base, drawn)
    shade = svg(f'<g transform="translate(12 16)">{notes}</g>', sdefs)[..., 3]
    base = base * (1 - 0.28 * blur(shade, 8)[..., None])
    base = over(base, svg(notes, sdefs))

    # The ware: glass server, cream dripper, all light from the sun behind and a lamp at the left.
    defs = (
        '<linearGradient id="ce" x1="0" x2="1"><stop offset="0" stop-color="#d9b894"/><stop offset=".14" stop-color="#fff4e2"/><stop offset=".42" stop-color="#f7e3c8"/><stop offset=".75" stop-color="#d2a680"/><stop offset=".94" stop-color="#9c6848"/><stop offset="1" stop-color="#c98a5c"/></linearGradient>'
        '<linearGradient id="in" x1="0" x2="1"><stop offset="0" stop-color="#8a5636"/><stop offset=".6" stop-color="#e8c7a2"/><stop offset="1" stop-color="#fff0da"/></linearGradient>'
        '<linearGradient id="gl" x1="0" x2="1"><stop offset="0" stop-color="#ffe9cf" stop-opacity=".55"/><stop offset=".12" stop-color="#ffe9cf" stop-opacity=".10"/><stop offset=".5" stop-color="#ffe9cf" stop-opacity=".04"/><stop offset=".88" stop-color="#ffb070" stop-opacity=".12"/><stop offset="1" stop-color="#ffd9a8" stop-opacity=".6"/></linearGradient>'
        '<linearGradient id="co" x1="0" x2="1"><stop offset="0" stop-color="#240a05"/><stop offset=".18" stop-color="#551c0b"/><stop offset=".5" stop-color="#1c0805"/><stop offset=".88" stop-color="#5e210d"/><stop offset="1" stop-color="#2a0d08"/></linearGradient>'
        '<radialGradient id="bd" cx=".45" cy=".5" r=".6"><stop offset="0" stop-color="#c98a4e"/><stop offset=".55" stop-color="#6e3418"/><stop offset="1" stop-color="#32110a"/></radialGradient>'
        '<linearGradient id="br" x1="0" x2="0" y1="0" y2="1"><stop offset="0" stop-color="#fff0c0"/><stop offset=".3" stop-color="#e3a846"/><stop offset="1" stop-color="#7a4410"/></linearGradient>'
    )
    glass = f"M{cx-128} 1288 C{cx-150} 1330 {cx-268} 1392 {cx-276} 1500 C{cx-280} 1566 {cx-240} 1600 {cx-190} 1602 L{cx+190} 1602 C{cx+240} 1600 {cx+280} 1566 {cx+276} 1500 C{cx+268} 1392 {cx+150} 1330 {cx+128} 1288Z"
    ware = (
        f'<clipPath id="g"><path d="{glass}"/></clipPath>'
        f'<path d="{glass}" fill="#3a1209" opacity=".42"/>'
        f'<g clip-path="url(#g)"><path d="M{cx-320} 1478 L{cx+320} 1478 L{cx+320} 1620 L{cx-320} 1620Z" fill="url(#co)"/>'
        f'<ellipse cx="{cx}" cy="1478" rx="275" ry="26" fill="#8a3c18"/><ellipse cx="{cx}" cy="1475" rx="268" ry="21" fill="#50190c"/>'
        f'<path d="M{cx-4} 1290 L{cx+4} 1290 L{cx+3} 1476 L{cx-3} 1476Z" fill="#7a3214"/><ellipse cx="{cx}" cy="1477" rx="34" ry="6" fill="#c57a40"/></g>'
        f'<path d="{glass}" fill="url(#gl)" stroke="#ffe3c0" stroke-opacity=".75" stroke-width="5"/>'
        f'<path d="M{cx-232} 1420 C{cx-252} 1456 {cx-254} 1520 {cx-236} 1556" fill="none" stroke="#fff8ea" stroke-width="15" stroke-linecap="round" opacity=".8"/>'
        f'<path d="M{cx+216} 1404 C{cx+238} 1440 {cx+244} 1480 {cx+240} 1520" fill="none" stroke="#ffc890" stroke-width="7" stroke-linecap="round" opacity=".8"/>'
        f'<path d="M{cx+236} 1392 C{cx+330} 1352 {cx+420} 1392 {cx+420} 1468 C{cx+420} 1540 {cx+340} 1570 {cx+262} 1556" fill="none" stroke="#ffe3c0" stroke-opacity=".55" stroke-width="26" stroke-linecap="round"/>'
        f'<path d="M{cx+236} 1386 C{cx+330} 1345 {cx+426} 1388 {cx+427} 1466" fill="none" stroke="#fff8ea" stroke-opacity=".9" stroke-width="6" stroke-linecap="round"/>'
        # plate and cone
        f'<path d="M{cx-318} 1060 C{cx-430} 1040 {cx-470} 1090 {cx-440} 1150 C{cx-416} 1200 {cx-330} 1214 {cx-226} 1174" fill="none" stroke="#b98560" stroke-width="40" stroke-linecap="round"/>'
        f'<path d="M{cx-320} 1054 C{cx-430} 1032 {cx-476} 1086 {cx-446} 1144 C{cx-424} 1188 {cx-340} 1204 {cx-232} 1166" fill="none" stroke="#fff0dc" stroke-width="24" stroke-linecap="round"/>'
        f'<path d="M{cx-330} 1012 C{cx-316} 1110 {cx-150} 1200 {cx-104} 1268 L{cx+104} 1268 C{cx+150} 1200 {cx+316} 1110 {cx+330} 1012Z" fill="url(#ce)"/>'
        + "".join(
            f'<path d="M{cx + k * 330:.0f} 1030 C{cx + k * 306:.0f} 1112 {cx + k * 150:.0f} 1196 {cx + k * 104:.0f} 1262" fill="none" stroke="#a8744c" stroke-opacity=".34" stroke-width="7"/>'
            for k in (-0.72, -0.42, -0.1, 0.24, 0.56, 0.82)
        )
        + f'<path d="M{cx-232} 1264 Q{cx-244} 1264 {cx-244} 1280 Q{cx-244} 1300 {cx-220} 1302 L{cx+220} 1302 Q{cx+244} 1300 {cx+244} 1280 Q{cx+244} 1264 {cx+232} 1264Z" fill="url(#ce)"/>'
        f'<path d="M{cx-236} 1270 L{cx+236} 1270" stroke="#fffaf0" stroke-width="5" opacity=".8"/>'
        f'<ellipse cx="{cx}" cy="1010" rx="332" ry="58" fill="url(#ce)"/><ellipse cx="{cx}" cy="1008" rx="316" ry="50" fill="url(#in)"/>'
        f'<clipPath id="o"><ellipse cx="{cx}" cy="1008" rx="316" ry="50"/></clipPath>'
        f'<g clip-path="url(#o)"><ellipse cx="{cx}" cy="1036" rx="268" ry="42" fill="url(#bd)"/><ellipse cx="{cx-40}" cy="1028" rx="88" ry="12" fill="#e9b070" opacity=".55"/></g>'
        f'<path d="M{cx-331} 1012 A332 58 0 0 0 {cx+331} 1012" fill="none" stroke="#fffaf0" stroke-width="6" opacity=".85"/>'
        # gooseneck and water
        f'<path d="M{cx-52} 520 C{cx-38} 640 {cx-42} 820 {cx-40} 1026" fill="none" stroke="#fff3df" stroke-width="11" opacity=".92" stroke-linecap="round"/>'
        f'<path d="M{cx-49} 530 C{cx-35} 650 {cx-39} 820 {cx-37} 1020" fill="none" stroke="#ffffff" stroke-width="4"/>'
    )
    neck = f"M-60 800 C150 800 300 760 380 640 C470 500 520 330 720 330 C880 330 {cx-66} 400 {cx-54} 524"
    ware += (
        f'<path d="{neck}" fill="none" stroke="#6a3a0c" stroke-width="76"/><path d="{neck}" fill="none" stroke="#c98a30" stroke-width="66"/>'
        f'<path d="{neck}" fill="none" stroke="#eebc5e" stroke-width="38" transform="translate(-5 -9)"/><path d="{neck}" fill="none" stroke="#fff2c8" stroke-width="10" transform="translate(-9 -17)"/>'
        f'<g transform="translate({cx-54} 524) rotate(-6)"><ellipse rx="46" ry="15" fill="#5a2e0a"/><ellipse rx="46" ry="15" fill="none" stroke="#ffe0a0" stroke-width="6"/></g>'
    )
    cover = svg(ware, defs)
    base = base * (1 - 0.22 * blur(cover[..., 3], 40)[..., None] * (1 - cover[..., 3:]))
    base = over(base, cover)
    # The steam's first turn passes before the far rim: light over the bed.
    base = screen(base, (np.exp(-(((x - cx - 10) / 120) ** 2 + ((y - 940) / 90) ** 2)) * 0.30)[..., None] * rgb("#ffe9cc"))
    base = base * (0.66 + 0.38 * np.exp(-(((x - 1200) / 1500) ** 2 + ((y - 900) / 1250) ** 2)))[..., None]
    base = bloom(base, 0.82, 60, 0.35)
    save(grain(base, 0.016), f"{FOLDER}/steam-score.jpg", 88, 440_000)


if __name__ == "__main__":
    record_cup()
    steam_score()
