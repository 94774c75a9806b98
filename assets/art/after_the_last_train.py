"""After the Last Train: a book is a tunnel, a lit window a reader, a shelf a city."""

import numpy as np

from canvas import W, PW, PH, blur, bloom, grain, grid, mix, noise, over, rgb, save, screen, smooth, svg

FOLDER = "../demo/after-the-last-train"
NIGHT, DEEP, TEAL, AMBER, GLOW = "#041c22", "#072a32", "#0f4a52", "#f5a53c", "#ffe2a0"


def lerp(p, q, t):
    return p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t


def poly(points, fill, extra=""):
    return f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}" fill="{fill}" {extra}/>'


def book_tunnel():
    """A book laid face down, as one does when one only means to pause, is a tunnel; the train comes out of it."""
    x, y = grid()
    rng = np.random.default_rng(12)
    cx, apex, ground = 1200, 330, 1330
    base = mix(np.zeros((PH, PW, 3)) + rgb("#03151c"), rgb("#11606a"), smooth(0, 1330, y) ** 1.5)
    base = mix(base, rgb("#2f8f8d"), np.exp(-(((y - 1330) / 230) ** 2)) * np.exp(-(((x - cx) / 1000) ** 2)) * 0.75)
    moon = np.hypot(x - 1880, y - 330)
    base = screen(base, np.exp(-((moon / 330) ** 2))[..., None] * rgb("#3a8d8b") * 0.55)
    base = mix(base, rgb("#f9e7c0"), smooth(92, 89.5, moon) * smooth(81, 84, np.hypot(x - 1838, y - 306)))
    stars = ""
    for _ in range(150):
        sx, sy, s = rng.uniform(0, W), rng.uniform(0, 980), rng.pareto(2.6) * 0.8 + 1.1
        if np.hypot(sx - 1880, sy - 330) > 150:
            stars += f'<circle cx="{sx:.0f}" cy="{sy:.0f}" r="{min(s, 4):.1f}" fill="#fff3d4" opacity="{rng.uniform(.2, .85) * (1 - sy / 1300):.2f}"/>'
    # A far, low city, asleep.
    for shade, low, high, seed in (("#0d4a54", 1120, 1270, 1), ("#093a44", 1190, 1300, 2)):
        r = np.random.default_rng(seed)
        at, line = -20, "M-20 1340"
        while at < W + 40:
            wide, top = r.uniform(36, 120), r.uniform(low, high)
            line += f"L{at:.0f} {top:.0f}L{at + wide:.0f} {top:.0f}"
            at += wide
        stars += f'<path d="{line}L{W+40} 1340Z" fill="{shade}"/>'
    base = over(base, svg(stars))
    # Ground.
    below = smooth(ground - 1, ground + 1, y)
    earth = mix(np.zeros_like(base) + rgb("#0a3a42"), rgb("#021217"), smooth(ground, 1800, y))
    base = mix(base, earth, below)

    # The book: front opening is an upside-down V; the covers run back to the right a little.
    left, right, top = (470, ground + 30), (1930, ground + 30), (cx, apex)
    back = 0.86
    def far(p):
        return (cx + (p[0] - cx) * back, 1130 + (p[1] - 1130) * back)

    defs = (
        f'<linearGradient id="cl" gradientUnits="userSpaceOnUse" x1="1200" y1="330" x2="470" y2="1360"><stop offset="0" stop-color="#f2683c"/><stop offset=".5" stop-color="#d8432a"/><stop offset="1" stop-color="#8f2018"/></linearGradient>'
        f'<linearGradient id="cr" gradientUnits="userSpaceOnUse" x1="1200" y1="330" x2="1930" y2="1360"><stop offset="0" stop-color="#b9311f"/><stop offset="1" stop-color="#5c120f"/></linearGradient>'
        f'<radialGradient id="in" gradientUnits="userSpaceOnUse" cx="1200" cy="1190" r="720"><stop offset="0" stop-color="#fff4cf"/><stop offset=".22" stop-color="#ffd27a"/><stop offset=".55" stop-color="#e88a2e"/><stop offset="1" stop-color="#7a2d10"/></radialGradient>'
    )
    body = ""
    # Covers: thick boards that meet at a rounded spine.
    board = 46
    outer_l, outer_r, crown = (left[0] - 95, left[1]), (right[0] + 95, right[1]), (cx, apex - 92)
    body += f'<path d="M{outer_l[0]} {outer_l[1]} L{crown[0]-62} {crown[1]+62} Q{crown[0]} {crown[1]-28} {crown[0]+62} {crown[1]+62} L{outer_r[0]} {outer_r[1]} L{outer_r[0]-board-18} {outer_r[1]} L{crown[0]} {crown[1]+96} L{outer_l[0]+board+18} {outer_l[1]}Z" fill="url(#cl)"/>'
    body += f'<path d="M{crown[0]} {crown[1]+8} Q{crown[0]+32} {crown[1]+14} {crown[0]+62} {crown[1]+62} L{outer_r[0]} {outer_r[1]} L{outer_r[0]-board-18} {outer_r[1]} L{crown[0]} {crown[1]+96}Z" fill="url(#cr)"/>'
    body += f'<path d="M{crown[0]} {crown[1]+90} L{outer_r[0]-board-20} {outer_r[1]} L{outer_l[0]+board+20} {outer_l[1]}Z" fill="#4a120c"/>'
    # The block of pages: sheaf upon sheaf, each a little lower, fanned and lit from inside.
    n = 15
    for i in range(n):
        t = i / (n - 1)
        lx, rx = left[0] - 28 + t * 300, right[0] + 28 - t * 300
        ty = apex + 18 + t * 118
        bend = 20 + 64 * t
        hue = mix(mix(rgb("#8d5a34"), rgb("#f1c27e"), t**0.7), rgb("#fff3cf"), t**4)
        colour = "#" + "".join(f"{int(c * 255):02x}" for c in hue)
        drop = ground + 30 - t * 6
        body += (
            f'<path d="M{lx:.0f} {drop:.0f} C{lx + 120 + bend:.0f} {drop - 330:.0f} {cx - 150 + bend * .3:.0f} {ty + 300:.0f} {cx} {ty:.0f} '
            f'C{cx + 150 - bend * .3:.0f} {ty + 300:.0f} {rx - 120 - bend:.0f} {drop - 330:.0f} {rx:.0f} {drop:.0f}Z" fill="{colour}" stroke="#5a2a12" stroke-opacity=".55" stroke-width="2.5"/>'
        )
    lx, rx, ty, bend, drop = left[0] + 290, right[0] - 290, apex + 150, 86, ground + 24
    hole = (
        f"M{lx} {drop} C{lx + 120 + bend} {drop - 330} {cx - 150 + bend * .3:.0f} {ty + 300} {cx} {ty} "
        f"C{cx + 150 - bend * .3:.0f} {ty + 300} {rx - 120 - bend} {drop - 330} {rx} {drop}Z"
    )
    body += f'<path d="{hole}" fill="url(#in)"/>'
    layer = svg(body, defs)
    shadow = blur(svg(f'<path d="M300 1350 L2100 1350 L2330 1470 L120 1470Z" fill="#000"/>')[..., 3], 40)
    base = base * (1 - 0.55 * shadow[..., None] * below[..., None])
    base = over(base, layer)
    # Lines of print on the innermost pages, in perspective: the tunnel's walls are text.
    clip = f'<clipPath id="h"><path d="{hole}"/></clipPath>'
    vx, vy = cx, 1150
    lines = ""
    for k in range(30):
        t = k / 29
        for side in (-1, 1):
            wx = cx + side * (40 + 470 * t**1.25)
            wy = ty + 60 + (drop - ty - 60) * t
            q = rng.uniform(0.25, 0.5)
            p0, p1 = lerp((wx, wy), (vx, vy), 0.08), lerp((wx, wy), (vx, vy), q)
            lines += f'<path d="M{p0[0]:.0f} {p0[1]:.0f}L{p1[0]:.0f} {p1[1]:.0f}" stroke="#7a3a12" stroke-opacity=".42" stroke-width="{3 + 5 * t:.1f}"/>'
    base = over(base, svg(f'<g clip-path="url(#h)">{lines}</g>', clip))
    glow = np.exp(-((np.hypot((x - cx) * 0.9, y - 1080) / 330) ** 2))
    inside = svg(f'<path d="{hole}" fill="#fff"/>')[..., 3]
    base = screen(base, (glow * inside)[..., None] * rgb("#ffedb8") * 0.9)

    # Light on the ground, spreading towards us.
    spread = 430 + (y - ground) * 1.35
    pool = np.exp(-(((x - cx) / np.maximum(spread, 1)) ** 4)) * below * np.exp(-(y - ground) / 420)
    base = mix(base, rgb("#e8852c"), pool * 0.85)
    # Rails and sleepers.
    rails = ""
    for k in range(11):
        t = (k / 10.0) ** 1.9
        yy = ground + 24 + t * 520
        half = 205 + (yy - ground) * 0.62
        th = 8 + 34 * t
        rails += f'<polygon points="{cx-half-50:.0f},{yy:.0f} {cx+half+50:.0f},{yy:.0f} {cx+half+56+th*.5:.0f},{yy+th:.0f} {cx-half-56-th*.5:.0f},{yy+th:.0f}" fill="#3a1408" opacity=".78"/>'
    for side in (-1, 1):
        rails += poly([(cx + side * 178, ground + 10), (cx + side * 192, ground + 10), (cx + side * 500, 1800), (cx + side * 456, 1800)], "url(#rail)")
    base = over(base, svg(rails, '<linearGradient id="rail" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#fff0c0"/><stop offset=".6" stop-color="#f0a040"/><stop offset="1" stop-color="#8a3d12"/></linearGradient>'))

    # The train.
    tx, tw, ttop, tbot = cx, 232, 800, 1372
    tdefs = (
        '<linearGradient id="tb" x1="0" x2="1" y1="0" y2="0"><stop offset="0" stop-color="#0b333c"/><stop offset=".16" stop-color="#2b8a8c"/><stop offset=".5" stop-color="#bfe3d2"/><stop offset=".84" stop-color="#2b8a8c"/><stop offset="1" stop-color="#0b333c"/></linearGradient>'
        '<linearGradient id="tg" x1="0" x2="1" y1="0" y2="1"><stop offset="0" stop-color="#0d3a44"/><stop offset=".5" stop-color="#04161c"/><stop offset="1" stop-color="#0a2a33"/></linearGradient>'
        '<linearGradient id="sk" x1="0" x2="0" y1="0" y2="1"><stop offset="0" stop-color="#0d3b43"/><stop offset="1" stop-color="#031014"/></linearGradient>'
    )
    train = (
        f'<path d="M{tx-tw} {tbot-60} L{tx-tw+8} {ttop+150} Q{tx-tw+20} {ttop} {tx-70} {ttop-18} Q{tx} {ttop-28} {tx+70} {ttop-18} Q{tx+tw-20} {ttop} {tx+tw-8} {ttop+150} L{tx+tw} {tbot-60} Q{tx+tw-4} {tbot-14} {tx+tw-50} {tbot-10} L{tx-tw+50} {tbot-10} Q{tx-tw+4} {tbot-14} {tx-tw} {tbot-60}Z" fill="url(#tb)" stroke="#042026" stroke-width="5"/>'
        f'<path d="M{tx-172} {ttop+250} L{tx-160} {ttop+124} Q{tx-152} {ttop+62} {tx-90} {ttop+52} Q{tx} {ttop+42} {tx+90} {ttop+52} Q{tx+152} {ttop+62} {tx+160} {ttop+124} L{tx+172} {ttop+250} Q{tx} {ttop+282} {tx-172} {ttop+250}Z" fill="url(#tg)" stroke="#06282f" stroke-width="7"/>'
        # The driver's cab is lit: somebody reads at the wheel's place.
        f'<path d="M{tx-236} {tbot-120} Q{tx} {tbot-86} {tx+236} {tbot-120} L{tx+232} {tbot-60} Q{tx+228} {tbot-14} {tx+182} {tbot-10} L{tx-182} {tbot-10} Q{tx-228} {tbot-14} {tx-232} {tbot-60}Z" fill="url(#sk)"/>'
        f'<path d="M{tx-230} {ttop+318} Q{tx} {ttop+358} {tx+230} {ttop+318} L{tx+232} {ttop+356} Q{tx} {ttop+398} {tx-232} {ttop+356}Z" fill="#d8432a"/>'
        f'<rect x="{tx-84}" y="{ttop+8}" width="168" height="30" rx="15" fill="#04161c"/>'
        f'<rect x="{tx-70}" y="{ttop+17}" width="140" height="12" rx="6" fill="#ffcf7a"/>'
        f'<path d="M{tx-150} {ttop+210} L{tx-128} {ttop+88} L{tx-70} {ttop+78} L{tx-118} {ttop+224}Z" fill="#9fd8cf" opacity=".20"/>'
        f'<rect x="{tx-46}" y="{tbot-52}" width="92" height="34" rx="10" fill="#020a0d"/>'
    )
    for side in (-1, 1):
        train += f'<circle cx="{tx + side * 146}" cy="{ttop + 432}" r="40" fill="#06222a"/><circle cx="{tx + side * 146}" cy="{ttop + 432}" r="32" fill="#fff6d8"/>'
    base = over(base, svg(train, tdefs))
    # The far light wraps the train's shoulders; headlamps bloom and throw beams.
    for side in (-1, 1):
        lx0, ly0 = tx + side * 146, ttop + 432
        d = np.hypot(x - lx0, y - ly0)
        base = screen(base, (np.exp(-((d / 46) ** 2)) + 0.50 * np.exp(-d / 95))[..., None] * rgb("#fff0c4"))
        flare = np.exp(-np.abs(x - lx0) / 190) * np.exp(-(((y - ly0) / 6) ** 2))
        base = screen(base, (flare * 0.55)[..., None] * rgb("#ffe2a0"))
        beam = np.exp(-(((x - lx0 - side * (y - ly0) * 0.34) / (44 + np.maximum(y - ly0, 0) * 0.42)) ** 2)) * smooth(ly0, ly0 + 60, y) * np.exp(-np.maximum(y - ly0, 0) / 360)
        base = screen(base, (beam * 0.42)[..., None] * rgb("#ffd890"))
    # A ribbon marks the place; loose pages have gone ahead into the night.
    extra = ""
    for px, py, size, turn, lift in ((520, 560, 1.0, -24, 30), (330, 800, 0.78, 18, -26), (760, 330, 0.66, 12, 22), (300, 380, 0.52, -38, -18), (1690, 700, 0.80, 28, 26), (2010, 830, 0.62, -14, -20), (1560, 420, 0.46, -30, 14), (560, 200, 0.36, 25, 12)):
        page = f'M-70 -88 C-30 {-88 - lift} 30 {-88 + lift} 70 -88 L70 88 C30 {88 + lift} -30 {88 - lift} -70 88Z'
        words = "".join(
            f'<path d="M-48 {k} C-20 {k - lift * .5:.0f} 15 {k + lift * .5:.0f} {48 if k < 52 else 8} {k}" fill="none" stroke="#8a5a34" stroke-opacity=".55" stroke-width="6"/>'
            for k in range(-60, 70, 19)
        )
        extra += f'<g transform="translate({px} {py}) rotate({turn}) skewX({lift * .4:.0f}) scale({size})"><path d="{page}" fill="url(#pg)"/>{words}</g>'
    sheets = svg(extra, '<linearGradient id="pg" x1="0" x2="1" y1="0" y2=".3"><stop offset="0" stop-color="#fff1cf"/><stop offset=".55" stop-color="#f3cf92"/><stop offset="1" stop-color="#b97f46"/></linearGradient>')
    base = screen(base, blur(sheets[..., 3], 30)[..., None] * rgb("#f0a24a") * 0.22)
    base = over(base, sheets, 0.96)
    # Rim light along the spine from the moon.
    base = base * (0.70 + 0.34 * np.exp(-(((x - cx) / 1500) ** 2 + ((y - 950) / 1250) ** 2)))[..., None]
    base = bloom(base, 0.78, 70, 0.42)
    save(grain(base, 0.018), f"{FOLDER}/book-tunnel.jpg", 87, 440_000)


def lit_window():
    """A carriage on a siding: two windows are the two pages of an open book, and somebody is still in it."""
    x, y = grid()
    cx = 1200
    base = mix(np.zeros((PH, PW, 3)) + rgb("#021016"), rgb("#0e4d57"), smooth(-100, 420, y))
    rng = np.random.default_rng(8)
    stars = "".join(
        f'<circle cx="{rng.uniform(0, W):.0f}" cy="{rng.uniform(0, 190):.0f}" r="{min(rng.pareto(2.6) * .8 + 1, 4):.1f}" fill="#fff3d4" opacity="{rng.uniform(.2, .8):.2f}"/>'
        for _ in range(60)
    )
    left = "M1176 470 C1060 392 800 372 520 420 L520 1190 C800 1142 1060 1160 1176 1240Z"
    right = "M1224 470 C1340 392 1600 372 1880 420 L1880 1190 C1600 1142 1340 1160 1224 1240Z"
    whole = "M1200 452 C1080 366 800 338 486 388 L486 1228 C800 1180 1070 1196 1200 1290 C1330 1196 1600 1180 1914 1228 L1914 388 C1600 338 1320 366 1200 452Z"
    defs = (
        '<linearGradient id="car" x1="0" x2="0" y1="0" y2="1"><stop offset="0" stop-color="#2a8a8b"/><stop offset=".08" stop-color="#17626a"/><stop offset=".5" stop-color="#0f4a54"/><stop offset="1" stop-color="#07303a"/></linearGradient>'
        '<radialGradient id="room" gradientUnits="userSpaceOnUse" cx="1010" cy="800" r="1000"><stop offset="0" stop-color="#fff0bd"/><stop offset=".3" stop-color="#ffc65f"/><stop offset=".7" stop-color="#f08a30"/><stop offset="1" stop-color="#b9441c"/></radialGradient>'
        '<linearGradient id="seat" x1="0" x2="0" y1="0" y2="1"><stop offset="0" stop-color="#d8432a"/><stop offset="1" stop-color="#8f2018"/></linearGradient>'
        f'<clipPath id="l"><path d="{left}"/></clipPath><clipPath id="r"><path d="{right}"/></clipPath>'
    )
    body = stars
    body += '<rect x="-40" y="214" width="2480" height="1190" fill="url(#car)"/><rect x="-40" y="196" width="2480" height="26" rx="12" fill="#3fa39d"/><rect x="-40" y="222" width="2480" height="8" fill="#062a33"/>'
    for k in range(7):
        body += f'<rect x="{-40}" y="{262 + k * 16}" width="2480" height="3" fill="#06303a" opacity=".35"/>'
    # The neighbours' windows: empty and dark, the same curve.
    for side in (-1, 1):
        d = "M0 410 C-60 372 -300 360 -420 392 L-420 1214 C-300 1180 -60 1196 0 1236Z"
        body += f'<g transform="translate({cx - side * -1 * 0 + side * 845} 0) scale({-side} 1)"><path d="{d}" fill="#052029" stroke="#03161c" stroke-width="10"/><path d="M-60 400 L-250 1190 L-150 1190 L-20 520Z" fill="#2f8f8d" opacity=".10"/></g>'
    # The red band and the sill.
    body += '<rect x="-40" y="1302" width="2480" height="44" fill="#d8432a"/><rect x="-40" y="1346" width="2480" height="7" fill="#ff9b63" opacity=".55"/>'
    # The book: cover, page edges, pages.
    body += '<path d="M1200 440 C1080 340 790 312 452 366 L452 1262 C800 1214 1070 1232 1200 1330 C1330 1232 1600 1214 1948 1262 L1948 366 C1610 312 1320 340 1200 440Z" fill="#a32a1c" stroke="#3c0d09" stroke-width="6"/>'
    for k in range(7):
        o = 30 - k * 5
        body += f'<path transform="translate(0 {o})" d="{whole}" fill="{"#e8c590" if k % 2 else "#b98a55"}"/>'
    body += f'<path d="{whole}" fill="#fff0cf"/><path d="{left}" fill="url(#room)"/><path d="{right}" fill="url(#room)"/>'
    # Inside, left: a wall lamp's line, straps, the reader.
    dark, mid = "#43130b", "#a2401a"
    strap = lambda sx, top, k: (
        f'<path d="M{sx} {top} L{sx + k} {top + 120}" stroke="{mid}" stroke-width="9"/>'
        f'<path d="M{sx + k - 34} {top + 178} L{sx + k} {top + 118} L{sx + k + 34} {top + 178}Z" fill="none" stroke="{mid}" stroke-width="12" stroke-linejoin="round"/>'
    )
    rail = f'<path d="M480 486 L1920 486" stroke="{mid}" stroke-width="12"/>'
    straps = "".join(strap(sx, 488, 5) for sx in (590, 730, 1060, 1290, 1420, 1550, 1790))
    seat_l = '<path d="M470 905 Q480 872 520 872 L660 872 Q706 872 710 920 L716 1300 L470 1300Z" fill="url(#seat)"/>'
    reader = (
        # coat and back
        f'<path d="M610 1300 C598 1130 612 1010 662 950 C690 918 730 902 764 898 L812 896 C858 912 880 958 892 1020 L900 1300Z" fill="{dark}"/>'
        # scarf
        '<path d="M722 900 C748 872 806 866 834 888 C846 914 832 940 800 946 C764 950 730 936 722 900Z" fill="#d8432a"/>'
        '<path d="M738 930 C718 980 716 1030 724 1086 L768 1080 C764 1030 768 980 784 942Z" fill="#b9311f"/>'
        # neck, face looking down to the right
        '<path d="M752 900 L758 820 L832 846 L826 896Z" fill="#6b2410"/>'
        '<g transform="rotate(17 800 770)">'
        '<path d="M744 690 C786 652 852 664 866 716 C870 732 868 742 872 754 L894 792 C898 800 892 806 882 806 L878 822 C880 828 876 832 872 834 C874 842 870 848 866 850 C866 870 852 880 832 876 L790 862 L738 820 C720 780 722 716 744 690Z" fill="#7a2c12"/>'
        # hair: a bob with a bun
        f'<path d="M862 708 C846 640 742 626 702 686 C668 738 676 812 712 862 C742 872 770 862 778 836 C770 806 774 780 792 762 C826 756 852 738 862 708Z" fill="{dark}"/>'
        f'<circle cx="694" cy="676" r="46" fill="{dark}"/></g>'
        # arm and hand
        f'<path d="M704 990 C724 956 776 956 800 996 L872 1108 L962 1046 C982 1034 1004 1060 988 1080 L904 1176 C880 1200 846 1198 826 1176 L716 1060 C700 1040 694 1012 704 990Z" fill="#5a1a0d"/>'
        # the book she holds
        '<g transform="translate(992 1002) rotate(-14)"><path d="M0 60 L-118 -66 L-104 -82 L6 34Z" fill="#fff7df"/><path d="M0 60 L-124 -66 L-112 -74 L2 46Z" fill="#8f2018"/><path d="M0 60 L62 -104 L44 -112 L-4 32Z" fill="#fffbea"/><path d="M0 62 L68 -104 L56 -110 L-2 48Z" fill="#d8432a"/></g>'
        '<path d="M950 1040 C966 1022 1002 1026 1008 1052 C1008 1076 980 1088 960 1076 C946 1066 944 1052 950 1040Z" fill="#7a2c12"/>'
    )
    # Inside, right: seats, a sleeping cat, a moon in the far window.
    far = '<path d="M1330 640 Q1330 612 1358 612 L1740 612 Q1768 612 1768 640 L1768 850 Q1768 878 1740 878 L1358 878 Q1330 878 1330 850Z" fill="#0f4a54"/><path d="M1330 790 L1400 790 L1400 740 L1460 740 L1460 806 L1540 806 L1540 760 L1590 760 L1590 806 L1680 806 L1680 730 L1720 730 L1720 806 L1768 806 L1768 850 Q1768 878 1740 878 L1358 878 Q1330 878 1330 850Z" fill="#07303a"/><circle cx="1640" cy="690" r="40" fill="#fff0cf"/><path d="M1330 640 Q1330 612 1358 612 L1740 612 Q1768 612 1768 640 L1768 850 Q1768 878 1740 878 L1358 878 Q1330 878 1330 850Z" fill="none" stroke="#a2401a" stroke-width="14"/>'
    bench = '<path d="M1240 960 Q1240 930 1272 930 L1850 930 Q1882 930 1882 960 L1882 1080 L1240 1080Z" fill="#b9311f"/><path d="M1224 1080 L1900 1080 Q1910 1080 1910 1096 L1910 1300 L1224 1300Z" fill="url(#seat)"/><path d="M1560 934 L1560 1080" stroke="#7a1a12" stroke-width="8"/>'
    cat = (
        f'<path d="M1420 1082 C1396 1010 1450 962 1530 964 C1612 960 1672 1010 1664 1082Z" fill="{dark}"/>'
        f'<path d="M1400 1082 C1384 1044 1392 1012 1410 1006 L1410 968 L1440 996 C1452 994 1466 994 1476 998 L1508 974 L1506 1016 C1520 1036 1516 1066 1498 1082Z" fill="#5a1a0d"/>'
        f'<path d="M1664 1078 C1690 1092 1690 1062 1668 1066 L1660 1082 L1500 1082 C1540 1104 1640 1104 1672 1092Z" fill="#5a1a0d"/>'
        '<path d="M1424 1042 q9 8 18 0 M1462 1042 q9 8 18 0" fill="none" stroke="#ffcf7a" stroke-width="5" stroke-linecap="round"/>'
    )
    body += f'<g clip-path="url(#l)">{rail}{straps}{seat_l}{reader}</g><g clip-path="url(#r)">{rail}{far}{straps}{bench}{cat}</g>'
    base = over(base, svg(body, defs))
    # The gutter's shade and the pages' swell.
    mask = svg(f'<path d="{left}" fill="#fff"/><path d="{right}" fill="#fff"/>')[..., 3]
    gutter = np.exp(-np.abs(x - cx) / 60)
    base = mix(base, base * rgb("#a8481a"), 0.9 * (gutter * svg(f'<path d="{whole}" fill="#fff"/>')[..., 3]))
    swell = np.exp(-(((np.abs(x - cx) - 300) / 170) ** 2))
    base = screen(base, (swell * mask * 0.13)[..., None] * rgb("#fff0c0"))
    lamp = np.exp(-((np.hypot(x - 930, y - 930) / 190) ** 2)) * mask
    base = screen(base, (lamp * 0.42)[..., None] * rgb("#fff3c8"))
    # What the light does outside: it spills over the carriage and falls on the platform.
    spill = np.clip(blur(mask, 90) * 1.25, 0, 1) * (1 - mask)
    outside = svg(f'<path d="{whole}" fill="#fff"/>')[..., 3]
    base = screen(base, (spill * (1 - outside) * 0.42)[..., None] * rgb("#f5953a"))
    under = smooth(1402, 1406, y)
    base = mix(base, rgb("#02090c"), under)
    edge = smooth(1498, 1501, y)
    slab = mix(np.zeros_like(base) + rgb("#0b3a43"), rgb("#03161c"), smooth(1500, 1800, y))
    base = mix(base, slab, edge)
    yellow = smooth(1536, 1538, y) * smooth(1590, 1588, y)
    base = mix(base, rgb("#b98322"), yellow * 0.75)
    dots = (np.hypot(((x + 0) % 44) - 22, y - 1563) < 11) * yellow
    base = mix(base, rgb("#f0b545"), blur(dots, 1.2) * 0.8)
    for side in (-1, 1):
        centre = cx + side * (355 + (y - 1400) * 0.42)
        half = 325 + (y - 1400) * 0.30
        fall = smooth(half + 46, half - 46, np.abs(x - centre)) * edge * np.exp(-(y - 1500) / 260)
        base = mix(base, base * 0.25 + rgb("#f08a2c") * 0.85, fall * 0.9)
    base = screen(base, (np.exp(-(((y - 1500) / 5) ** 2)) * np.exp(-(((x - cx) / 900) ** 2)) * 0.5)[..., None] * rgb("#ffc477"))
    base = base * (0.55 + 0.5 * np.exp(-(((x - cx) / 1300) ** 2 + ((y - 880) / 1300) ** 2)))[..., None]
    base = bloom(base, 0.74, 80, 0.42)
    save(grain(base, 0.018), f"{FOLDER}/lit-window.jpg", 87, 440_000)


def shelf_city():
    """A shelf of books is a city at night; one window is not enough for somebody, who reads by the moon."""
    x, y = grid()
    rng = np.random.default_rng(77)
    cx = 1200
    base = mix(np.zeros((PH, PW, 3)) + rgb("#03141b"), rgb("#14626b"), smooth(0, 1500, y))
    moon = np.hypot(x - cx, y - 610)
    base = screen(base, np.exp(-((np.maximum(moon - 330, 0) / 330) ** 1.1))[..., None] * rgb("#3f8f86") * 0.6)
    stars = "".join(
        f'<circle cx="{rng.uniform(0, W):.0f}" cy="{rng.uniform(0, 900):.0f}" r="{min(rng.pareto(2.6) * .8 + 1.1, 4.5):.1f}" fill="#fff3d4" opacity="{rng.uniform(.2, .85):.2f}"/>' for _ in range(150)
    )
    base = over(base, svg(stars))
    disc = mix(np.zeros_like(base) + rgb("#fff3cf"), rgb("#f9b65c"), smooth(300, 960, y))
    seas = smooth(0.1, 0.8, noise(31, 260, 4) + 0.2 * np.sin(x / 170))
    disc = mix(disc, rgb("#e9a04c"), seas * 0.28)
    base = mix(base, disc, smooth(341, 338, moon))

    defs = '<linearGradient id="round" x1="0" x2="1"><stop offset="0" stop-color="#000" stop-opacity=".55"/><stop offset=".16" stop-color="#fff" stop-opacity=".10"/><stop offset=".34" stop-color="#fff" stop-opacity=".20"/><stop offset=".62" stop-color="#000" stop-opacity=".06"/><stop offset="1" stop-color="#000" stop-opacity=".62"/></linearGradient>'
    defs += '<linearGradient id="foot" x1="0" x2="0" y1="0" y2="1"><stop offset=".35" stop-color="#021016" stop-opacity="0"/><stop offset="1" stop-color="#021016" stop-opacity=".62"/></linearGradient>'

    def book(left, wide, top, colour, band, light, lean=0, seed=0):
        r = np.random.default_rng(seed)
        tall = 1640 - top
        b = f'<g transform="rotate({lean} {left + (wide if lean > 0 else 0)} 1640)"><clipPath id="k{seed}"><path d="M{left} 1640 L{left} {top + 16} Q{left + wide / 2} {top - 16} {left + wide} {top + 16} L{left + wide} 1640Z"/></clipPath><g clip-path="url(#k{seed})">'
        b += f'<rect x="{left}" y="{top - 30}" width="{wide}" height="{tall + 40}" fill="{colour}"/>'
        for at in (0.055, 0.075, 0.30, 0.70, 0.90, 0.92):
            thick = 16 if at in (0.055, 0.30, 0.70, 0.90) else 6
            b += f'<path d="M{left} {top + tall * at:.0f} q{wide / 2} -20 {wide} 0 l0 {thick} q{-wide / 2} -20 {-wide} 0Z" fill="{band}"/>'
        # Windows, floor by floor, between the bands; a lozenge where a publisher's mark would be.
        cols = max(2, int(wide // 46))
        gap = wide / (cols + 0.6)
        for low, high in ((0.105, 0.28), (0.345, 0.68), (0.74, 0.88)):
            floor = top + tall * low
            while floor + 34 < top + tall * high:
                for c in range(cols):
                    on = r.random() < light
                    wx = left + gap * (c + 0.5)
                    arch = -20 * (1 - ((wx + gap * 0.3 - left) / wide * 2 - 1) ** 2) * 0.5
                    fill = r.choice(["#ffd27a", "#ffe9ae", "#f7a545"]) if on else "#021016"
                    b += f'<rect x="{wx:.0f}" y="{floor + arch:.0f}" width="{gap * 0.56:.0f}" height="27" rx="3" fill="{fill}" opacity="{1 if on else .30}"/>'
                floor += 50
        b += f'<rect x="{left}" y="{top - 30}" width="{wide}" height="{tall + 40}" fill="url(#round)"/><rect x="{left}" y="{top - 30}" width="{wide}" height="{tall + 40}" fill="url(#foot)"/></g>'
        return b + f'<path d="M{left + 4} {top + 17} Q{left + wide / 2} {top - 14} {left + wide - 4} {top + 17}" fill="none" stroke="#ffe9b8" stroke-opacity=".65" stroke-width="5"/></g>'

    # Far books, pale in the night air.
    back, at, k = "", -30, 300
    while at < W:
        wide = rng.uniform(90, 170)
        middle = abs(at + wide / 2 - cx) / 1200
        top = 1010 - 520 * smooth(0.25, 1.0, middle) + rng.uniform(-110, 90)
        back += book(at, wide, top, rng.choice(["#1d6b70", "#18585f", "#236f6c"]), "#2b807f", 0.10, 0, k)
        at, k = at + wide + 3, k + 1
    layer = svg(back, defs)
    layer[..., :3] = mix(layer[..., :3], rgb("#165a62"), 0.52)
    base = over(base, layer)
    haze = np.exp(-(((y - 1500) / 330) ** 2))
    base = screen(base, (haze * 0.20)[..., None] * rgb("#f0a050"))
    # Near books.
    near = [
        (-70, 210, 470, "#8f2018", "#f5b95a", 0.16, 0), (146, 150, 640, "#0c3f49", "#d8432a", 0.26, 0), (302, 236, 330, "#c23a24", "#ffd68a", 0.20, 0),
        (544, 128, 760, "#e39a3c", "#7a2410", 0.30, 0), (678, 196, 610, "#0f4f58", "#f3c98a", 0.26, 0), (880, 120, 905, "#7c1c16", "#f5b95a", 0.22, 0),
        (1010, 300, 960, "#d8432a", "#ffe0a0", 0.20, 0), (1316, 138, 1030, "#0b3640", "#e8a24a", 0.30, 0), (1460, 190, 660, "#e8b268", "#a32a1c", 0.24, 0),
        (1656, 130, 780, "#12606a", "#f3c98a", 0.26, 0), (1792, 232, 380, "#0a313b", "#d8432a", 0.22, 0), (2030, 150, 590, "#b9311f", "#ffd68a", 0.22, 0),
        (2186, 250, 440, "#0f4a54", "#f5b95a", 0.18, 0),
    ]
    drawn = "".join(book(*b, seed=500 + i) for i, b in enumerate(near))
    # On the lowest roof, in front of the moon: the reader and the cat.
    ink = "#2c0c08"
    drawn += (
        f'<g transform="translate(1106 962)">'
        # legs over the edge, body, head with a bun, an open book
        f'<path d="M-6 -34 C30 -50 92 -46 112 -32 C126 -20 120 18 122 88 C124 100 150 100 150 112 L104 112 C96 80 96 30 84 8 L0 10 C-26 8 -26 -22 -6 -34Z" fill="{ink}"/>'
        f'<path d="M-30 6 C-46 -60 -40 -128 -4 -150 C22 -164 48 -156 54 -130 C62 -92 50 -50 52 6Z" fill="#43130b"/>'
        '<path d="M-12 -150 C4 -166 44 -164 52 -146 C54 -132 44 -124 20 -124 C0 -124 -14 -134 -12 -150Z" fill="#d8432a"/>'
        f'<path d="M8 -154 C-14 -176 -12 -222 22 -228 C52 -232 68 -212 66 -190 L74 -176 L66 -170 C66 -156 56 -148 42 -150Z" fill="#6b2410"/>'
        f'<path d="M4 -152 C-20 -170 -22 -226 20 -238 C46 -242 66 -226 66 -208 C50 -200 34 -196 30 -176 C30 -160 22 -150 4 -152Z" fill="{ink}"/><circle cx="-8" cy="-232" r="20" fill="{ink}"/>'
        '<path d="M20 -112 C36 -116 46 -104 52 -88 L72 -58 L110 -78 L120 -62 L74 -30 C66 -26 58 -28 52 -34 L14 -84 C8 -96 10 -108 20 -112Z" fill="#5a1a0d"/>'
        '<path d="M112 -56 L74 -112 L80 -120 L118 -70 L146 -124 L154 -120 L122 -54Z" fill="#fffbe8"/><path d="M112 -54 L70 -110 L75 -113 L115 -60 L151 -124 L157 -120 L121 -50Z" fill="#a32a1c"/></g>'
        f'<path d="M1252 966 C1246 936 1256 908 1272 896 L1270 868 L1284 880 Q1292 876 1300 880 L1314 868 L1312 898 C1318 912 1312 922 1308 926 C1318 944 1318 958 1312 966Z" fill="{ink}"/>'
        f'<path d="M1254 962 C1226 970 1216 950 1224 926" fill="none" stroke="{ink}" stroke-width="11" stroke-linecap="round"/>'
    )
    cover = svg(drawn, defs)
    base = base * (1 - 0.42 * blur(cover[..., 3], 36)[..., None] * (1 - cover[..., 3:]))
    base = over(base, cover)
    # The viaduct and the train, small and bright.
    rail = 1452
    bridge = "".join(f'<path d="M{k} 1640 L{k} {rail + 60} Q{k + 150} {rail + 10} {k + 300} {rail + 60} L{k + 300} 1640 L{k + 262} 1640 L{k + 262} {rail + 110} Q{k + 150} {rail + 44} {k + 38} {rail + 110} L{k + 38} 1640Z" fill="#06252d"/>' for k in range(-150, 2500, 300))
    bridge += f'<rect x="-20" y="{rail + 6}" width="2440" height="66" fill="#082d36"/><rect x="-20" y="{rail + 6}" width="2440" height="6" fill="#3fa39d" opacity=".7"/>'
    train = ""
    for k, left in enumerate((430, 838, 1246)):
        nose = k == 2
        shape = f"M{left} {rail - 4} L{left} {rail - 116} Q{left} {rail - 132} {left + 16} {rail - 132} L{left + (330 if nose else 384)} {rail - 132} " + (f"Q{left + 440} {rail - 126} {left + 476} {rail - 46} Q{left + 484} {rail - 10} {left + 456} {rail - 4}Z" if nose else f"Q{left + 400} {rail - 132} {left + 400} {rail - 116} L{left + 400} {rail - 4}Z")
        train += f'<path d="{shape}" fill="#cfe6d6"/><path d="{shape}" fill="url(#tr)"/><rect x="{left}" y="{rail - 40}" width="{452 if nose else 400}" height="13" fill="#d8432a"/>'
        for w in range(5 if not nose else 4):
            train += f'<rect x="{left + 22 + w * 75}" y="{rail - 108}" width="58" height="50" rx="9" fill="#ffdf91"/>'
        if nose:
            train += f'<path d="M{left + 330} {rail - 108} L{left + 374} {rail - 108} Q{left + 418} {rail - 100} {left + 440} {rail - 58} L{left + 330} {rail - 58}Z" fill="#06252d"/><ellipse cx="{left + 466}" cy="{rail - 32}" rx="10" ry="9" fill="#fffbe8"/>'
        else:
            train += f'<rect x="{left + 400}" y="{rail - 100}" width="8" height="92" fill="#021016"/>'
    tdefs = '<linearGradient id="tr" x1="0" x2="0" y1="0" y2="1"><stop offset="0" stop-color="#fff" stop-opacity=".25"/><stop offset="1" stop-color="#0b4a52" stop-opacity=".75"/></linearGradient>'
    front = svg(bridge + train, tdefs)
    base = base * (1 - 0.40 * blur(front[..., 3], 24)[..., None] * (1 - front[..., 3:]))
    base = over(base, front)
    lit = svg("".join(f'<rect x="{left + 22 + w * 75}" y="{rail - 108}" width="58" height="50" fill="#fff"/>' for left in (430, 838, 1246) for w in range(5)))[..., 3]
    base = screen(base, np.clip(blur(lit, 26) * 0.7, 0, 1)[..., None] * rgb("#ffb24d"))
    lx, ly = 1718, rail - 32
    beam = np.exp(-(((y - ly - (x - lx) * 0.03) / (16 + np.maximum(x - lx, 0) * 0.13)) ** 2)) * smooth(lx - 6, lx + 20, x) * np.exp(-np.maximum(x - lx, 0) / 330)
    base = screen(base, (beam * 0.75 + np.exp(-((np.hypot(x - lx, y - ly) / 32) ** 2)))[..., None] * rgb("#ffe9b8"))
    # The shelf's board.
    board = smooth(1638, 1641, y)
    wood = mix(np.zeros_like(base) + rgb("#7a3518"), rgb("#2a0e08"), smooth(1640, 1800, y))
    wood = wood * (1 + 0.10 * np.sin(y / 7 + noise(70, 900, 4) * 9))[..., None]
    base = mix(base, wood, board)
    base = screen(base, (np.exp(-(((y - 1643) / 4) ** 2)) * 0.7 * np.exp(-(((x - cx) / 900) ** 2)))[..., None] * rgb("#ffb868"))
    base = base * (0.60 + 0.46 * np.exp(-(((x - cx) / 1300) ** 2 + ((y - 900) / 1200) ** 2)))[..., None]
    base = bloom(base, 0.80, 70, 0.40)
    save(grain(base, 0.016), f"{FOLDER}/shelf-city.jpg", 87, 440_000)


if __name__ == "__main__":
    book_tunnel()
    lit_window()
    shelf_city()
