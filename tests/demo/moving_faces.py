"""Films of faces and people."""

import math

import pyvips

from tests.demo.canvas import at, drawing, film, ground, wave
from tests.demo.faces import BLUSH, BROWN, PALE, TEAR, ball, features, hand, line_style, person
from tests.demo.lettering import line

CONFETTI = ("#ff5d8f", "#ffb62e", "#4dc4a0", "#4f8ef7", "#a566ff")


@drawing("mind-blown.gif", "mind-blown", "wow", "omg")
def mind_blown() -> pyvips.Image:
    def draw(time: float) -> str:
        burst = max(0.0, time - 0.25) / 0.75
        bits = "".join(
            at(
                200 + math.cos(turn) * burst * (90 + n % 4 * 46),
                130 + math.sin(turn) * burst * (100 + n % 3 * 40) + burst**2 * 60,
                f'<circle r="{(12 + n % 3 * 7) * (1 - burst * 0.6):.1f}" fill="{("#ff8f3d", "#ffd54a", "#e8384f", "#b9bfcc")[n % 4]}"/>',
            )
            for n, turn in ((n, math.pi + n * math.pi / 17) for n in range(18))
        )
        cloud = "".join(
            f'<circle cx="{x}" cy="{y}" r="{r * min(1, burst * 2):.1f}" fill="{c}"/>'
            for x, y, r, c in (
                (200, 78, 52, "#ff8f3d"),
                (150, 104, 38, "#ff8f3d"),
                (250, 104, 38, "#ff8f3d"),
                (200, 104, 40, "#ffd54a"),
            )
        )
        crown = (
            f'<path d="M102,120 Q200,{150 - 8} 298,120 Q300,150 296,150 H104 Q100,150 102,120Z" fill="#a3362c"/>'
            if burst
            else ""
        )
        mood = features("wide", "o", "raised", (0, -0.4 - 0.4 * burst), 38)
        head = at(200, 218 + (wave(time, 8) * 2.5 if burst else 0), ball(mood), 1.05)
        lid = (
            f'<g><clipPath id="below"><path d="M0,134 Q200,164 400,134 V400 H0Z"/></clipPath><g clip-path="url(#below)">{head}</g></g>'
            if burst
            else head
        )
        return ground(400, 360, "#2a3160", "#4d57a3") + (cloud if burst else "") + crown + lid + bits * bool(burst)

    return film(400, 360, 18, draw)


@drawing("nodding-yes.gif", "yes", "nod", "agree")
def nodding() -> pyvips.Image:
    def draw(time: float) -> str:
        nod = wave(time, 2)
        face = at(0, nod * 13, features("smiling", "smile", "raised"))
        return (
            ground(360, 360, "#cfe8d5", "#8fc7a0")
            + at(180, 166 + nod * 9, person(face, BROWN, "short", "#1c1718", "#e2603b"), 1.1)
            + line("YES", 180, 298, 44)
        )

    return film(360, 360, 12, draw)


@drawing("shaking-no.gif", "no", "nope", "shaking-head")
def shaking() -> pyvips.Image:
    def draw(time: float) -> str:
        turn = wave(time, 2)
        face = at(turn * 24, 0, features("closed", "frown", "worried"))
        return (
            ground(360, 360, "#f2d9c8", "#dba58a")
            + at(180 + turn * 7, 166, person(face, PALE, "bun", "#6b3f24", "#6d5fae"), 1.1)
            + line("NO NO NO", 180, 298, 42)
        )

    return film(360, 360, 12, draw)


@drawing("crying.gif", "crying", "sad", "tears")
def crying() -> pyvips.Image:
    def draw(time: float) -> str:
        drops = "".join(
            at(side * (50 + fall * 26), -2 + fall * 118, TEAR, 0.55 + 0.35 * fall)
            for side in (-1, 1)
            for fall in ((time + shift) % 1 for shift in (0, 0.33, 0.66))
        )
        streams = "".join(
            f'<path d="M{side * 36},-6 Q{side * 52},40 {side * 58},74" {line_style(15, "#8fd3f7")} opacity=".75"/>'
            for side in (-1, 1)
        )
        puddle = f'<ellipse cx="180" cy="332" rx="{136 + 6 * wave(time, 2):.1f}" ry="18" fill="#5cc0f5"/>'
        return (
            ground(360, 360, "#6d87b3", "#46608f")
            + puddle
            + at(180, 180 + wave(time, 2) * 4, ball(streams + features("closed", "shout", "worried") + drops), 1.25)
        )

    return film(360, 360, 12, draw)


@drawing("party.gif", "party", "dance", "happy", "friday")
def party() -> pyvips.Image:
    def draw(time: float) -> str:
        lights = "".join(
            f'<path d="M{x},-10 L{x + wave(time, 1, n / 3) * 130 - 60:.0f},380 h120Z" fill="{colour}" opacity=".28"/>'
            for n, (x, colour) in enumerate(((70, "#ff5d8f"), (200, "#4dc4a0"), (330, "#ffb62e")))
        )
        confetti = "".join(
            at(
                (n * 97) % 400 + 8 * wave(time, 1, n / 7),
                ((n * 61) % 400 + time * 400) % 400 - 20,
                f'<rect x="-6" y="-3.5" width="12" height="7" fill="{CONFETTI[n % 5]}"/>',
                1,
                n * 40 + time * 360,
            )
            for n in range(34)
        )
        hat = '<path d="M-40,-84 L6,-176 L46,-80 Q2,-64 -40,-84Z" fill="#a566ff"/><path d="M-26,-112 L34,-104 L40,-90 L-33,-98Z" fill="#ffd54a"/><circle cx="6" cy="-178" r="15" fill="#ff5d8f"/>'
        bounce = abs(wave(time, 1))
        dancer = at(200, 236 - bounce * 26, ball(BLUSH + features("smiling", "grin") + hat), 1.0, wave(time) * 14)
        return ground(400, 380, "#241a45", "#432a78") + lights + confetti + dancer

    return film(400, 380, 14, draw)


@drawing("slow-clap.gif", "slow-clap", "applause", "sarcasm", "bravo")
def slow_clap() -> pyvips.Image:
    def draw(time: float) -> str:
        apart = (1 + math.cos(time * math.tau)) / 2
        sparks = (
            "".join(
                at(200, 170, '<rect x="-4" y="-136" width="8" height="30" rx="4" fill="#ffd54a"/>', 1, turn)
                for turn in (-50, -25, 0, 25, 50)
            )
            if apart < 0.12
            else ""
        )
        right = at(
            50 + apart * 74, 0, f'<g transform="scale(-1,1)">{hand(BROWN[1], BROWN[2])}</g>', 1.3, 10 + apart * 8
        )
        cuff = at(
            50 + apart * 74,
            0,
            '<rect x="-44" y="66" width="88" height="90" rx="12" fill="#34466e"/>',
            1.3,
            10 + apart * 8,
        )
        side = right + cuff
        return (
            ground(400, 360, "#39324f", "#5d4f78")
            + sparks
            + at(200, 236, f'<g transform="scale(-1,1)">{side}</g>{side}')
        )

    return film(400, 360, 16, draw, 90)


@drawing("popcorn.webp", "popcorn", "drama", "watching")
def popcorn() -> pyvips.Image:
    def draw(time: float) -> str:
        def puffs(x: float, y: float, r: float) -> str:
            return f'<circle cx="{x}" cy="{y}" r="{r}" fill="#fff6d8"/><circle cx="{x + r * 0.6}" cy="{y + r * 0.3}" r="{r * 0.7}" fill="#ffe9a8"/>'

        flying = "".join(
            at(240 - fall * 64, 248 - fall * 18 - 44 * math.sin(fall * math.pi), puffs(0, 0, 11 - 3 * fall))
            for fall in ((time + shift) % 1 for shift in (0, 0.5))
        )
        bucket = '<path d="M190,262 H330 L312,380 H208Z" fill="#fff"/>' + "".join(
            f'<path d="M{198 + n * 46},262 h22 l{-6 + n * 1},118 h-14Z" fill="#d8334a"/>' for n in range(3)
        )
        heap = "".join(puffs(200 + n * 21, 254 - n % 2 * 12, 16) for n in range(6))
        screen = f'<rect width="400" height="380" fill="#8fb4ff" opacity="{0.06 + 0.05 * wave(time, 3):.2f}"/>'
        face = features("wide", "o" if time % 0.5 < 0.3 else "small", "raised", (0.5 * wave(time), 0), 38)
        return ground(400, 380, "#141225", "#2c2447") + at(170, 170, ball(face), 1.15) + heap + bucket + flying + screen

    return film(400, 380, 16, draw, 80)
