"""Faces and people."""

import pyvips

from tests.demo.canvas import at, drawing, ground, still
from tests.demo.faces import (
    BLUSH,
    BROWN,
    INK,
    PALE,
    TAN,
    TEAR,
    ball,
    eye,
    features,
    hand,
    line_style,
    person,
    thumb,
)
from tests.demo.lettering import caption, line

RED = ("#ff9a76", "#f2553d", "#b92b22")


@drawing("tears-of-joy.png", "laughing", "lol", "tears-of-joy", "sticker")
def tears_of_joy() -> pyvips.Image:
    tears = at(-84, 16, TEAR, 1.25, 62) + at(84, 16, TEAR, 1.25, -62)
    return still(480, 440, at(240, 220, ball(features("smiling", "grin") + tears), 1.9, -8))


@drawing("heart-eyes.webp", "love", "heart", "crush", "sticker")
def heart_eyes() -> pyvips.Image:
    return still(460, 460, at(230, 230, ball(BLUSH + features("heart", "grin", spread=42)), 2.05))


@drawing("thinking-hard.png", "thinking", "hmm", "suspicious", "sticker")
def thinking() -> pyvips.Image:
    fist = at(-30, 96, thumb("#ffcb3d", "#c9781a", "#ffcb3d00"), 0.62, 30)
    face = features(("narrow", "open"), "skewed", ("flat", "raised"), (0.5, -0.8))
    return still(440, 460, at(220, 215, ball(face) + fist, 1.9))


@drawing("cool.webp", "cool", "sunglasses", "deal-with-it", "sticker")
def cool() -> pyvips.Image:
    glasses = (
        '<path d="M-96,-34 H96 L92,-18 Q88,26 52,26 Q16,26 8,-14 H-8 Q-16,26 -52,26 Q-88,26 -92,-18Z" fill="#17151c"/>'
    )
    glasses += '<path d="M-78,-22 L-48,-22 L-72,8Z M18,-22 L48,-22 L26,10Z" fill="#fff" opacity=".22"/>'
    return still(
        420,
        420,
        at(210, 210, ball(at(0, 44, at(0, 0, f'<path d="M-34,0 Q6,30 40,-8" {line_style(8)}/>')) + glasses), 1.9),
    )


@drawing("thumbs-up.png", "thumbs-up", "yes", "approve", "sticker")
def thumbs_up() -> pyvips.Image:
    return still(420, 420, at(222, 222, thumb("#ffcb3d", "#b86f16", "#3f7ee8"), 2.05, -6))


@drawing("facepalm.jpg", "facepalm", "no", "disappointed")
def facepalm() -> pyvips.Image:
    palm = at(8, 60, hand(PALE[1], PALE[2]), 1.06, -8)
    sleeve = '<path d="M-26,100 L34,100 L96,270 H-36Z" fill="#3568b5"/>'
    man = person(features("closed", "o", spread=12), PALE, "short", "#5a3a26", "#3f7ac9") + sleeve + palm
    return still(
        640,
        560,
        ground(640, 560, "#9fb9c9", "#6d8799") + at(320, 260, man, 1.65) + caption(640, 560, bottom="WHY"),
        grain=4,
    )


@drawing("side-eye.jpg", "side-eye", "suspicious", "really")
def side_eye() -> pyvips.Image:
    woman = person(features("narrow", "flat", ("flat", "raised"), (-1, 0.25)), BROWN, "curls", "#2a1d1a", "#f2b134")
    blinds = "".join(f'<rect y="{y}" width="720" height="10" fill="#fff" opacity=".14"/>' for y in range(20, 480, 38))
    return still(720, 480, ground(720, 480, "#5aa19b", "#2f6f73") + blinds + at(370, 220, woman, 1.5), grain=4)


@drawing("eye-roll.jpg", "eye-roll", "bored", "whatever")
def eye_roll() -> pyvips.Image:
    woman = person(features("open", "flat", "raised", (0.35, -1)), PALE, "fringe", "#b5452c", "#46515f")
    return still(
        600,
        640,
        ground(600, 640, "#e7c8d4", "#b88da3") + at(300, 290, woman, 1.65) + caption(600, 640, bottom="WHATEVER"),
        grain=4,
    )


@drawing("are-you-serious.jpg", "really", "seriously", "disappointed")
def serious() -> pyvips.Image:
    man = person(features("narrow", "flat", ("flat", "raised"), (0, 0.2)), TAN, "short", "#1d1a1c", "#7b8f4b")
    shelf = '<rect y="84" width="800" height="12" fill="#7a5a3d"/>' + "".join(
        f'<rect x="{20 + n * 46}" y="{84 - tall}" width="{34}" height="{tall}" fill="{colour}"/>'
        for n, (tall, colour) in enumerate(
            zip([62, 54, 70, 58, 66, 50, 72, 60] * 2, ["#8f4a3f", "#d1a24a", "#49707a", "#6b5b86"] * 4, strict=True)
        )
        if n not in (6, 7, 8, 9, 10)
    )
    wall = ground(800, 520, "#e6d8c2", "#c9b597") + f'<g filter="url(#haze)">{shelf}</g>'
    return still(800, 520, wall + at(400, 250, man, 1.5) + caption(800, 520, bottom="ARE YOU SERIOUS?"), grain=4)


@drawing("high-five.png", "high-five", "yes", "teamwork", "sticker")
def high_five() -> pyvips.Image:
    rays = "".join(
        at(240, 200, '<rect x="-5" y="-196" width="10" height="46" rx="5" fill="#ffb62e"/>', 1, turn)
        for turn in range(-90, 91, 30)
    )
    left, right = hand(BROWN[1], BROWN[2]), hand(PALE[1], "#c98a63")
    return still(
        480,
        430,
        rays
        + at(178, 330, left, 1.75, 14)
        + f'<g transform="translate(302,330) scale(-1.75,1.75) rotate(14)">{right}</g>',
    )


@drawing("furious.jpg", "angry", "rage", "furious")
def furious() -> pyvips.Image:
    steam = "".join(
        f'<g filter="url(#haze)" opacity=".9"><circle cx="{250 + side * (172 + n * 26)}" cy="{206 - n * 30}" r="{16 + n * 9}" fill="#fff"/></g>'
        for side in (-1, 1)
        for n in range(3)
    )
    face = at(250, 270, ball(features("open", "teeth", "angry", (0, 0.2), 38), RED), 1.7)
    return still(500, 500, ground(500, 500, "#3b1620", "#7c1d22") + steam + face, grain=3)


@drawing("shocked.jpg", "shocked", "omg", "wow")
def shocked() -> pyvips.Image:
    rays = "".join(
        at(320, 240, f'<path d="M-26,-520 L26,-520 L0,0Z" fill="#fff" opacity="{0.16}"/>', 1, turn)
        for turn in range(0, 360, 18)
    )
    face = at(320, 245, ball(features("wide", "shout", "raised", spread=40)), 1.75)
    return still(640, 480, ground(640, 480, "#7a5cf0", "#4a2fb0") + rays + face + line("WHAT?!", 320, 404, 62), grain=3)


@drawing("awkward.png", "awkward", "cringe", "oops")
def awkward() -> pyvips.Image:
    sweat = at(72, -52, TEAR, 0.9)
    face = at(250, 240, ball(features("open", "teeth", "worried", (0.9, -0.1)) + sweat), 1.7)
    return still(500, 500, ground(500, 500, "#bfe6d8", "#8cc9b7") + face)


@drawing("wink.png", "wink", "flirty", "joke", "sticker")
def wink() -> pyvips.Image:
    tongue = '<path d="M-6,54 Q-4,92 18,90 Q38,86 34,46Z" fill="#f0677b"/>'
    face = (
        features(("open", "squeezed"), "smile", ("raised", "flat"), (0.2, 0))
        + tongue
        + at(0, 38, f'<path d="M-34,0 Q0,34 34,0" {line_style(8)}/>')
    )
    return still(440, 440, at(220, 220, ball(BLUSH + face), 1.95, 10))


@drawing("no-words.png", "speechless", "no-words", "sticker")
def no_words() -> pyvips.Image:
    dots = "".join(f'<circle cx="{x}" cy="42" r="7" fill="{INK}"/>' for x in (-24, 0, 24))
    face = "".join(at(side * 36, -18, eye("dot", side)) for side in (-1, 1)) + dots
    return still(420, 420, at(210, 210, ball(face), 1.9))
