"""Scenes that pass for photos at the size of a thumbnail."""

import random

import pyvips

from tests.demo.canvas import at, drawing, gradient, ground, still
from tests.demo.faces import line_style
from tests.demo.lettering import caption, line


def ridge(width: int, y: float, rough: float, seed: int, colour: str) -> str:
    """Return a chain of mountains from edge to edge."""
    chance = random.Random(seed)
    points = [(0.0, y)]
    while points[-1][0] < width:
        points.append((points[-1][0] + chance.uniform(30, 80), y - chance.uniform(0, rough) * (1 + len(points) % 2)))
    path = " ".join(f"L{x:.0f},{top:.0f}" for x, top in points)
    return f'<path d="M-10,2000 {path} L{width + 90},2000Z" fill="{colour}" stroke="{colour}" stroke-width="6" stroke-linejoin="round"/>'


@drawing("need-a-break.jpg", "mountains", "vacation", "need-a-break")
def mountains() -> pyvips.Image:
    sun = '<circle cx="330" cy="330" r="150" fill="#fff3c4" opacity=".8" filter="url(#glow)"/><circle cx="330" cy="330" r="52" fill="#fffbe6"/>'
    ridges = "".join(
        ridge(540, 470 + n * 105, 120 - n * 10, n + 3, colour)
        for n, colour in enumerate(("#b98aa0", "#8f6a92", "#634f80", "#40386a", "#25244e"))
    )
    mist = "".join(
        f'<rect x="-40" y="{520 + n * 105}" width="620" height="46" fill="#ffe6d2" opacity=".22" filter="url(#soft)"/>'
        for n in range(4)
    )
    return still(
        540,
        960,
        ground(540, 960, "#35508f", "#d98d8f", "#f9d29b")
        + sun
        + ridges
        + mist
        + caption(540, 960, top="I NEED", bottom="A BREAK"),
        grain=5,
    )


@drawing("sunset-goodbye.jpg", "sunset", "goodbye", "weekend")
def sunset() -> pyvips.Image:
    chance = random.Random(2)
    sun = '<circle cx="560" cy="270" r="190" fill="#ffd98a" opacity=".8" filter="url(#glow)"/><circle cx="560" cy="270" r="78" fill="#fff0c2"/>'
    clouds = "".join(
        f'<ellipse cx="{chance.uniform(0, 1000):.0f}" cy="{chance.uniform(30, 200):.0f}" rx="{chance.uniform(60, 160):.0f}" ry="{chance.uniform(6, 15):.0f}" fill="#ffb59b" opacity=".5"/>'
        for _ in range(12)
    )
    glints = "".join(
        f'<rect x="{560 - wide / 2 + chance.uniform(-30, 30):.0f}" y="{306 + n * 7}" width="{wide:.0f}" height="3" rx="1.5" fill="#ffe2a8" opacity="{0.9 - n * 0.025:.2f}"/>'
        for n, wide in enumerate(chance.uniform(30, 90) + number * 5 for number in range(30))
    )
    sea = (
        gradient("sea", "#e0705f", "#5b2f63", "#241b45") + '<rect y="300" width="1000" height="240" fill="url(#sea)"/>'
    )
    palm = f'<path d="M150,540 Q176,380 130,210" {line_style(20, "#171127")}/>' + "".join(
        at(130, 212, '<path d="M0,0 Q60,-56 140,-10 Q70,-24 0,8Z" fill="#171127"/>', scale, turn)
        for scale, turn in ((1.1, -18), (1, 14), (0.9, 48), (1, 150), (1.1, 186), (0.9, 222), (0.8, -62))
    )
    return still(
        1000,
        520,
        ground(1000, 300, "#3a2a66", "#c2577a", "#ffb36b")
        + f'<g filter="url(#haze)">{clouds}</g>'
        + sun
        + sea
        + glints
        + palm
        + caption(1000, 520, bottom="SEE YOU MONDAY", size=56),
        grain=5,
    )


@drawing("rainy-night.jpg", "rain", "sad", "night", "city")
def rainy_night() -> pyvips.Image:
    chance = random.Random(5)
    towers = ""
    for depth, colour in enumerate(("#1d2747", "#161d38", "#0e1328")):
        x = -20.0
        while x < 540:
            wide, tall = chance.uniform(60, 110), chance.uniform(240, 520) - depth * 70
            towers += f'<rect x="{x:.0f}" y="{760 - tall:.0f}" width="{wide:.0f}" height="{tall:.0f}" fill="{colour}"/>'
            towers += "".join(
                f'<rect x="{x + 10 + column * 18:.0f}" y="{772 - tall + row * 24:.0f}" width="9" height="13" fill="{chance.choice(["#ffd98a", "#ffc169", "#9fd0ff"])}" opacity=".85"/>'
                for column in range(int((wide - 14) // 18))
                for row in range(int(tall // 24) - 1)
                if chance.random() < 0.32
            )
            x += wide + chance.uniform(2, 16)
    street = gradient("street", "#10152a", "#2a3357") + '<rect y="756" width="540" height="204" fill="url(#street)"/>'
    street += "".join(
        f'<rect x="{chance.uniform(0, 530):.0f}" y="{chance.uniform(760, 800):.0f}" width="{chance.uniform(6, 16):.0f}" height="{chance.uniform(70, 150):.0f}" fill="{chance.choice(["#ffd98a", "#ff7b6b", "#7bc0ff"])}" opacity=".4" filter="url(#haze)"/>'
        for _ in range(26)
    )
    rain = "".join(
        f'<path d="M{chance.uniform(0, 560):.0f},{chance.uniform(-20, 940):.0f} l-5,{chance.uniform(18, 44):.0f}" {line_style(1.6, "#cfe0ff")} opacity=".35"/>'
        for _ in range(170)
    )
    someone = '<path d="M212,838 Q270,740 328,838 Q270,814 212,838Z" fill="#d8433b"/><path d="M270,772 V850" stroke="#222" stroke-width="5"/><path d="M252,930 L256,858 Q270,836 288,858 L292,930Z" fill="#0a0d1c"/><circle cx="272" cy="838" r="15" fill="#0a0d1c"/>'
    return still(
        540,
        960,
        ground(540, 960, "#0d1330", "#3a3f6e", "#6d5576")
        + f'<g filter="url(#haze)">{towers}</g>'
        + street
        + someone
        + rain,
        grain=6,
    )


@drawing("but-first-coffee.jpg", "coffee", "morning", "monday")
def coffee() -> pyvips.Image:
    chance = random.Random(3)
    window = '<rect x="-60" y="-60" width="920" height="500" fill="#fff1d0"/>' + "".join(
        f'<circle cx="{chance.uniform(0, 800):.0f}" cy="{chance.uniform(0, 380):.0f}" r="{chance.uniform(20, 70):.0f}" fill="{colour}" opacity=".55"/>'
        for colour in ("#ffdf9e", "#f7c873", "#cfe3b0", "#f3b98a") * 7
    )
    table = (
        gradient("table", "#a9743f", "#6f4522")
        + '<rect y="400" width="800" height="180" fill="url(#table)"/>'
        + "".join(
            f'<path d="M0,{430 + n * 34} Q400,{420 + n * 38} 800,{436 + n * 32}" {line_style(2, "#5a3719")} opacity=".5"/>'
            for n in range(5)
        )
    )
    mug = (
        gradient("mug", "#3f8f8a", "#2c6d6a", "#1d4b4a")
        + '<ellipse cx="400" cy="508" rx="190" ry="24" fill="#0006" filter="url(#soft)"/>'
    )
    mug += '<path d="M528,300 Q630,296 610,392 Q590,456 506,436" fill="none" stroke="#2c6d6a" stroke-width="28"/><path d="M268,250 H532 L514,480 Q508,508 476,510 H324 Q292,508 286,480Z" fill="url(#mug)"/><path d="M290,270 L304,470 Q306,486 318,492" fill="none" stroke="#fff" stroke-width="10" opacity=".25" stroke-linecap="round"/>'
    mug += '<ellipse cx="400" cy="252" rx="132" ry="30" fill="#e9e2d2"/><ellipse cx="400" cy="256" rx="118" ry="23" fill="#5a3219"/><ellipse cx="370" cy="252" rx="46" ry="8" fill="#8a5530"/>'
    steam = f'<g filter="url(#soft)" opacity=".85"><path d="M350,236 q-30,-44 0,-84 t0,-84 M420,236 q30,-44 0,-84 t0,-84" {line_style(16, "#fff")}/></g>'
    return still(
        800,
        580,
        f'<rect width="800" height="400" fill="#fff1d0"/><g filter="url(#soft)">{window}</g>'
        + table
        + mug
        + steam
        + line("BUT FIRST", 400, 332, 30, fill="#f4efe2", outline=None)
        + line("COFFEE", 400, 380, 46, fill="#f4efe2", outline=None),
        grain=5,
    )


@drawing("crickets.jpg", "crickets", "silence", "awkward", "desert")
def crickets() -> pyvips.Image:
    hills = ridge(1200, 230, 34, 9, "#c58a63") + ridge(1200, 262, 20, 12, "#a96f4e")
    land = gradient("land", "#d9a36b", "#b3733f") + '<rect y="258" width="1200" height="200" fill="url(#land)"/>'
    road = '<path d="M585,258 H615 L830,420 H370Z" fill="#5a5560"/>' + "".join(
        f'<path d="M{600 - s},{y} h{2 * s} l{s * 0.6},{h} h{-3.2 * s}Z" fill="#f2d36b"/>'
        for s, y, h in ((2, 272, 10), (3.4, 294, 16), (5, 326, 24), (7.5, 368, 34))
    )
    cactus = f'<path d="M0,0 V-120 M0,-50 Q-36,-50 -36,-88 M0,-36 Q32,-36 32,-70" {line_style(20, "#4f7a4a")}/>'
    weed = at(
        860,
        372,
        '<circle r="40" fill="none" stroke="#8a5f36" stroke-width="3"/>'
        + "".join(
            f'<ellipse rx="40" ry="{ry}" fill="none" stroke="#8a5f36" stroke-width="3" transform="rotate({turn})"/>'
            for turn, ry in ((0, 16), (40, 22), (80, 14), (120, 26), (160, 18))
        ),
    )
    return still(
        1200,
        420,
        ground(1200, 260, "#5fb0d6", "#f6dfb3")
        + hills
        + land
        + road
        + at(220, 350, cactus, 1.2)
        + at(1050, 300, cactus, 0.6)
        + weed
        + line("... CRICKETS ...", 600, 52, 50),
        grain=5,
    )


@drawing("fine-in-production.jpg", "fire", "programming", "production", "everything-is-fine")
def fire() -> pyvips.Image:
    flame = '<path d="M0,0 C-60,-20 -56,-90 -16,-136 C-18,-100 8,-98 6,-70 C22,-84 20,-110 14,-126 C58,-84 62,-22 0,0Z"'
    flames = "".join(
        at(x, y, flame + f' fill="{outer}"/>' + at(0, -2, flame + ' fill="#ffd54a"/>', 0.58), scale, turn)
        for x, y, scale, turn, outer in (
            (190, 250, 1.2, -10, "#f2722b"),
            (300, 230, 1.7, 4, "#ee5a24"),
            (420, 240, 1.4, 8, "#f2722b"),
            (510, 262, 1, 14, "#ee5a24"),
        )
    )
    laptop = '<path d="M150,180 H550 V410 H150Z" fill="#2a2d37"/><rect x="168" y="196" width="364" height="198" fill="#101827"/><path d="M110,410 H590 L630,452 H70Z" fill="#9aa3b2"/><path d="M110,410 H590 L596,418 H104Z" fill="#c4cbd6"/>'
    glow = '<circle cx="350" cy="200" r="260" fill="#ff8a3b" opacity=".45" filter="url(#glow)"/>'
    screen = line("200 OK", 350, 268, 52, fill="#7be08a", outline=None, weight=0.8)
    return still(
        700,
        520,
        ground(700, 520, "#2a1b2b", "#5a2f33")
        + glow
        + flames
        + laptop
        + screen
        + '<rect y="452" width="700" height="68" fill="#4a3226"/>'
        + caption(700, 520, top="FINE IN PRODUCTION"),
        grain=5,
    )
