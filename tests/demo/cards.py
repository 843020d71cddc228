"""Pictures that are mostly words."""

import pyvips

from tests.demo.canvas import at, drawing, ground, still
from tests.demo.faces import line_style
from tests.demo.lettering import line, width_of


@drawing("nope.png", "nope", "no")
def nope() -> pyvips.Image:
    rays = "".join(
        at(320, 180, '<path d="M-30,-600 L30,-600 L0,0Z" fill="#fff" opacity=".1"/>', 1, turn)
        for turn in range(0, 360, 20)
    )
    return still(640, 360, ground(640, 360, "#ee4b4b", "#b5202f") + rays + line("NOPE", 320, 108, 150, weight=1.15))


@drawing("lgtm.webp", "lgtm", "approve", "programming", "sticker")
def lgtm() -> pyvips.Image:
    stamp = f'<rect x="-190" y="-80" width="380" height="160" rx="24" {line_style(12, "#1f9d57")}/><rect x="-172" y="-62" width="344" height="124" rx="14" {line_style(4, "#1f9d57")}/>'
    return still(460, 300, at(230, 150, stamp + line("LGTM", 0, -38, 76, fill="#1f9d57", outline=None), 1, -12))


@drawing("friday.png", "friday", "weekend", "party")
def friday() -> pyvips.Image:
    colours = ("#ff5d8f", "#ffb62e", "#4dc4a0", "#4f8ef7", "#a566ff", "#ff7a45")
    confetti = "".join(
        at(
            (n * 131) % 700,
            (n * 83) % 360,
            f'<rect x="-7" y="-4" width="14" height="8" rx="2" fill="{colours[n % 6]}"/>',
            1 + n % 3 * 0.3,
            n * 47,
        )
        for n in range(70)
    )
    letters = "".join(
        line(letter, x, 130 + (-12 if n % 2 else 12), 108, fill=colours[n], outline="#fff", weight=1.2)
        for n, (letter, x) in enumerate(zip("FRIDAY", (110, 206, 276, 356, 460, 566), strict=True))
    )
    return still(700, 360, ground(700, 360, "#2b2350", "#3d2f74") + confetti + letters)


@drawing("brb.webp", "brb", "goodbye", "coffee")
def brb() -> pyvips.Image:
    note = '<path d="M60,50 H400 V330 L340,390 H60Z" fill="#ffe680"/><path d="M400,330 L340,390 V330Z" fill="#d9bd4d"/>'
    tape = '<rect x="170" y="26" width="120" height="44" fill="#fff" opacity=".55" transform="rotate(-3 230 48)"/>'
    text = line("BRB", 230, 122, 110, fill="#3a3550", outline=None) + line(
        "5 MIN.", 230, 272, 44, fill="#3a3550", outline=None
    )
    return still(
        460,
        440,
        ground(460, 440, "#b98d63", "#9d744d")
        + '<path d="M74,66 H414 V404 H74Z" fill="#0004" filter="url(#soft)"/>'
        + note
        + tape
        + text,
    )


@drawing("aaaaaaaa.png", "scream", "panic", "help")
def scream() -> pyvips.Image:
    letters = "".join(
        line("A", 44 + n * 34 + n * n * 3.8, 124 - n * 6.5, 50 + n * 13, fill="#ffdf3d") for n in range(13)
    )
    return still(1100, 300, ground(1100, 300, "#ff8f3d", "#e3383f") + letters)


@drawing("where-my-time-goes.png", "chart", "programming", "naming-things")
def chart() -> pyvips.Image:
    slices = '<circle r="150" fill="#f2b134"/><path d="M0,0 V-150 A150,150 0 0 1 118,-92Z" fill="#3f7ee8"/><path d="M0,0 L118,-92 A150,150 0 0 1 145,38Z" fill="#4dc4a0"/>'
    legend = "".join(
        f'<rect x="400" y="{y}" width="30" height="30" rx="6" fill="{colour}"/>'
        + line(text, 450 + width_of(text) * 0.11, y + 4, 22, fill="#2b2730", outline=None)
        for y, colour, text in (
            (180, "#3f7ee8", "WRITING CODE"),
            (240, "#4dc4a0", "FIXING CODE"),
            (300, "#f2b134", "NAMING THINGS"),
        )
    )
    title = line("WHERE MY TIME GOES", 350, 34, 38, fill="#2b2730", outline=None)
    return still(700, 460, '<rect width="700" height="460" fill="#fdfbf6"/>' + title + at(210, 270, slices) + legend)


@drawing("not-impressed.png", "not-impressed", "meh", "sarcasm")
def meter() -> pyvips.Image:
    arcs = "".join(
        f'<path d="M-180,0 A180,180 0 0 1 180,0" fill="none" stroke="{colour}" stroke-width="54" stroke-dasharray="188.5 2000" stroke-dashoffset="{-188.5 * n}"/>'
        for n, colour in enumerate(("#e5484d", "#f2b134", "#3fa66a"))
    )
    needle = at(0, 0, '<path d="M-10,0 L0,-170 L10,0Z" fill="#2b2730"/><circle r="20" fill="#2b2730"/>', 1, -78)
    return still(
        560,
        400,
        '<rect width="560" height="400" fill="#eaf1f5"/>'
        + at(280, 270, arcs + needle)
        + line("MILDLY IMPRESSED", 280, 324, 40, fill="#2b2730", outline=None),
    )
