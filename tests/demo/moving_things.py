"""Films of animals and things."""

import math

import pyvips

from tests.demo import animals
from tests.demo.canvas import at, drawing, film, ground, wave
from tests.demo.faces import line_style
from tests.demo.lettering import caption, line


@drawing("sleepy-cat.webp", "sleepy", "tired", "cat", "good-night")
def sleepy() -> pyvips.Image:
    def draw(time: float) -> str:
        breath = wave(time)
        letters = "".join(
            line(
                "Z",
                300 + fall * 70 + 8 * math.sin(fall * 9),
                130 - fall * 112,
                18 + fall * 26,
                fill="#dfe6ff",
                outline=None,
            )
            for fall in ((time + shift) % 1 for shift in (0, 0.34, 0.67))
        )
        moon = '<path d="M96,40 A46,46 0 1 0 140,112 A38,38 0 0 1 96,40Z" fill="#f7efc7"/>'
        stars = "".join(
            f'<circle cx="{(n * 79) % 430 + 8}" cy="{(n * 47) % 170 + 8}" r="{1.6 + n % 2}" fill="#fff" opacity="{0.55 + 0.35 * wave(time, 1, n / 5):.2f}"/>'
            for n in range(22)
        )
        body = f'<path d="M90,330 Q100,{216 - breath * 5:.1f} 250,{210 - breath * 6:.1f} Q390,220 392,330Z" fill="#cf6d24"/><path d="M380,330 Q452,318 420,256" {line_style(26, "#ee8f3d")}/>'
        cat = at(190, 246 + breath * 3, animals.cat(animals.eyes("closed")), 0.86, -4)
        return (
            ground(460, 340, "#1b2350", "#44508f")
            + stars
            + moon
            + body
            + cat
            + '<rect y="322" width="460" height="18" fill="#2a2345"/>'
            + letters
        )

    return film(460, 340, 16, draw, 100)


@drawing("somebody-is-typing.gif", "typing", "waiting", "chat")
def typing() -> pyvips.Image:
    def draw(time: float) -> str:
        bubble = '<path d="M60,40 H300 Q340,40 340,80 V130 Q340,170 300,170 H130 L80,206 L92,170 H60 Q20,170 20,130 V80 Q20,40 60,40Z" fill="#fff"/>'
        dots = "".join(
            f'<circle cx="{110 + n * 70}" cy="{106 - max(0, wave(time, 1, -n / 6)) * 22:.1f}" r="17" fill="#8b93a7"/>'
            for n in range(3)
        )
        return ground(360, 240, "#5a8dee", "#3d63c9") + bubble + dots

    return film(360, 240, 12, draw, 90)


@drawing("cat-at-the-keyboard.gif", "cat", "typing", "programming", "busy")
def cat_typing() -> pyvips.Image:
    def draw(time: float) -> str:
        body = '<path d="M110,330 Q110,220 200,214 Q290,220 290,330Z" fill="#ee8f3d"/>'
        cat = at(200, 148 + wave(time, 4) * 2, animals.cat(animals.eyes("open", (0.3 * wave(time), 0.8))), 0.88)
        keys = "".join(
            f'<rect x="{86 + column * 23 - row * 6}" y="{312 + row * 16}" width="{19}" height="12" rx="3" fill="#e8ecf3"/>'
            for row in range(3)
            for column in range(10)
        )
        board = f'<path d="M76,304 H324 L344,366 H56Z" fill="#59627a"/>{keys}'
        paws = "".join(
            at(
                200 + side * 58,
                306 - max(0, wave(time, 4, side / 4)) * 30,
                '<ellipse rx="31" ry="25" fill="#f7b267" stroke="#cf6d24" stroke-width="4"/><path d="M-9,8 v12 M9,8 v12" stroke="#cf6d24" stroke-width="4" stroke-linecap="round"/>',
            )
            for side in (-1, 1)
        )
        return (
            ground(400, 380, "#e9dcf5", "#c3b1de")
            + body
            + cat
            + '<rect y="340" width="400" height="40" fill="#9b84b8"/>'
            + board
            + paws
        )

    return film(400, 380, 12, draw, 60)


@drawing("to-the-moon.webp", "to-the-moon", "rocket", "launch", "ship-it")
def rocket() -> pyvips.Image:
    def draw(time: float) -> str:
        stars = "".join(
            f'<circle cx="{(n * 83) % 360}" cy="{((n * 57) % 480 + time * 480 * (1 + n % 2)) % 480:.0f}" r="{1.5 + n % 3 * 0.8}" fill="#fff" opacity=".8"/>'
            for n in range(40)
        )
        moon = '<circle cx="286" cy="86" r="104" fill="#f7efc7" opacity=".35" filter="url(#glow)"/><circle cx="286" cy="86" r="62" fill="#f1ead0"/><circle cx="266" cy="70" r="13" fill="#d8cfae"/><circle cx="304" cy="104" r="18" fill="#d8cfae"/><circle cx="312" cy="62" r="8" fill="#d8cfae"/>'
        flame = 70 + 20 * wave(time, 4)
        ship = f'<path d="M-20,70 Q0,{70 + flame * 1.7:.0f} 20,70Z" fill="#ff8f3d"/><path d="M-11,70 Q0,{70 + flame:.0f} 11,70Z" fill="#ffe27a"/>'
        ship += '<path d="M-34,20 L-66,78 L-26,64Z M34,20 L66,78 L26,64Z" fill="#d8334a"/><path d="M0,-116 Q48,-60 34,70 H-34 Q-48,-60 0,-116Z" fill="#f3f5fa"/><path d="M0,-116 Q24,-88 33,-52 H-33 Q-24,-88 0,-116Z" fill="#d8334a"/><path d="M34,70 Q48,-60 0,-116 Q24,-40 14,70Z" fill="#0002"/><circle cy="-10" r="20" fill="#2c6fd1" stroke="#aab3c5" stroke-width="7"/>'
        return (
            ground(360, 480, "#0b1030", "#27306b")
            + stars
            + moon
            + at(160 + wave(time, 3) * 3, 270 + wave(time) * 8, ship, 1.05, 18)
            + caption(360, 480, bottom="SHIP IT!", size=46)
        )

    return film(360, 480, 16, draw, 60)


@drawing("deal-with-it.gif", "deal-with-it", "cool", "dog", "sunglasses")
def deal_with_it() -> pyvips.Image:
    def draw(time: float) -> str:
        fall = min(1, time / 0.6)
        glasses = '<path d="M-92,-12 H92 V6 H80 V18 H68 V28 H28 V18 H16 V2 H-16 V18 H-28 V28 H-68 V18 H-80 V6 H-92Z" fill="#111"/><path d="M-66,4h12v8h-12Z M-54,-4h12v8h-12Z M30,4h12v8h-12Z M42,-4h12v8h-12Z" fill="#fff"/>'
        dog = at(200, 180, animals.dog(animals.eyes("dot", spread=38, y=-18), 0), 1.25)
        words = line("DEAL WITH IT", 200, 322, 40) if time > 0.62 else ""
        return (
            ground(400, 380, "#9fd2e8", "#5f9fc4")
            + dog
            + at(200, -60 + 216 * fall, glasses, 1.12, 12 * (1 - fall))
            + words
        )

    return film(400, 380, 20, draw, 90)


@drawing("any-minute-now.gif", "waiting", "loading", "bored")
def loading() -> pyvips.Image:
    def draw(time: float) -> str:
        blades = "".join(
            at(
                180,
                130,
                f'<rect x="-7" y="-82" width="14" height="36" rx="7" fill="#fff" opacity="{0.2 + 0.8 * ((n / 12 - time) % 1):.2f}"/>',
                1,
                -n * 30,
            )
            for n in range(12)
        )
        return (
            ground(360, 300, "#30384d", "#1d2333")
            + blades
            + line("ANY MINUTE NOW", 180, 246, 30, room=320, fill="#e4e9f5", outline=None)
        )

    return film(360, 300, 12, draw, 90)
