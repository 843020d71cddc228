"""Animals with captions, and the common forms of memes."""

import pyvips

from tests.demo import animals
from tests.demo.canvas import at, drawing, gradient, ground, still
from tests.demo.faces import TEAR, line_style
from tests.demo.lettering import caption, line


@drawing("grumpy-cat-no.jpg", "cat", "no", "grumpy")
def grumpy_cat() -> pyvips.Image:
    fur = ("#c9ccd6", "#9aa0af", "#6b7080")
    cat = animals.cat(animals.eyes("narrow", (0, 0.3)), fur, "frown")
    chair = '<rect x="40" y="150" width="560" height="420" rx="70" fill="#8a3b3f"/><rect x="80" y="190" width="480" height="380" rx="50" fill="#9c484b"/>'
    body = '<path d="M140,520 Q150,360 320,360 Q490,360 500,520Z" fill="#868c9b"/>'
    return still(
        640,
        520,
        ground(640, 520, "#d9c6a5", "#b89f78")
        + f'<g filter="url(#haze)">{chair}</g>'
        + body
        + at(320, 240, cat, 1.6)
        + caption(640, 520, bottom="NO.", size=84),
        grain=5,
    )


@drawing("cat-in-a-box.jpg", "cat", "box", "mine")
def cat_in_a_box() -> pyvips.Image:
    box = '<path d="M150,330 H570 V520 H150Z" fill="#c99a62"/><path d="M150,330 L92,384 L110,400 L150,362Z M570,330 L628,384 L610,400 L570,362Z" fill="#b58650"/>'
    box += '<path d="M150,330 H570 V352 H150Z" fill="#a97a45"/><rect x="318" y="330" width="84" height="190" fill="#e2c08d" opacity=".6"/>'
    floor = '<rect y="430" width="720" height="110" fill="#9a7a5b"/><ellipse cx="360" cy="520" rx="290" ry="26" fill="#0003" filter="url(#soft)"/>'
    cat = at(360, 250, animals.cat(animals.eyes("wide", (0, -0.1))), 1.25)
    return still(
        720,
        540,
        ground(720, 540, "#cfd9df", "#e9eef0")
        + floor
        + cat
        + box
        + caption(720, 540, top="IF I FITS", bottom="I SITS", size=50),
        grain=5,
    )


@drawing("good-boy.jpg", "dog", "happy", "good-boy")
def good_boy() -> pyvips.Image:
    bokeh = "".join(
        f'<circle cx="{(n * 137) % 680}" cy="{(n * 89) % 300}" r="{18 + n % 4 * 10}" fill="#fff6c9" opacity="{0.12 + n % 3 * 0.07:.2f}"/>'
        for n in range(22)
    )
    hill = '<path d="M-60,390 Q160,330 380,372 Q560,400 760,340 V620 H-60Z" fill="#5f9b45"'
    grass = f'{hill} transform="translate(0,14)"/>{hill} filter="url(#soft)"/>'
    body = '<path d="M190,520 Q200,360 340,350 Q480,360 490,520Z" fill="#c98f52"/><rect x="268" y="342" width="144" height="26" rx="13" fill="#d8433b"/><circle cx="340" cy="376" r="17" fill="#f4c542"/>'
    dog = at(340, 220, animals.dog(animals.eyes("dot", spread=38, y=-18)), 1.4)
    return still(
        680,
        520,
        ground(680, 520, "#7fb069", "#a8cf84")
        + f'<g filter="url(#haze)">{bokeh}</g>'
        + grass
        + body
        + dog
        + caption(680, 520, bottom="WHO'S A GOOD BOY?"),
        grain=4,
    )


@drawing("not-my-problem.jpg", "frog", "tea", "whatever", "not-my-problem")
def frog_tea() -> pyvips.Image:
    rain = "".join(
        f'<path d="M{(n * 71) % 700},{(n * 53) % 300 - 20} l-8,26" {line_style(2.5, "#dfeaf2")} opacity=".5"/>'
        for n in range(60)
    )
    window = f'<rect x="60" y="40" width="580" height="300" rx="8" fill="#6f8da3"/>{rain}<path d="M350,40 V340 M60,190 H640" {line_style(12, "#e8e2d4")}/><rect x="60" y="40" width="580" height="300" rx="8" {line_style(18, "#e8e2d4")}/>'
    cup = '<path d="M470,372 H610 Q606,470 540,472 Q474,470 470,372Z" fill="#f4f1ea"/><path d="M608,390 Q652,392 640,424 Q630,446 596,440" fill="none" stroke="#f4f1ea" stroke-width="12"/><ellipse cx="540" cy="374" rx="70" ry="13" fill="#8a5a2b"/>'
    steam = f'<g filter="url(#haze)" opacity=".7"><path d="M520,350 q-16,-24 0,-46 t0,-46 M560,350 q16,-24 0,-46 t0,-46" {line_style(7, "#fff")}/></g>'
    table = (
        '<rect y="468" width="700" height="60" fill="#7a5436"/><rect y="468" width="700" height="8" fill="#936843"/>'
    )
    frog = '<path d="M120,520 Q130,380 290,380 Q450,380 450,520Z" fill="#5fa248"/>' + at(290, 300, animals.frog(), 1.45)
    return still(
        700,
        528,
        ground(700, 528, "#cdbb97", "#b59e74")
        + window
        + frog
        + table
        + cup
        + steam
        + caption(700, 528, bottom="NOT MY PROBLEM"),
        grain=4,
    )


@drawing("everything-is-fine.jpg", "penguin", "fine", "panic", "everything-is-fine")
def everything_is_fine() -> pyvips.Image:
    sun = '<circle cx="590" cy="96" r="80" fill="#fff1b0" filter="url(#glow)"/><circle cx="590" cy="96" r="48" fill="#fff6d5"/>'
    sea = '<rect y="330" width="720" height="190" fill="#2b7fa6"/>' + "".join(
        f'<path d="M{(n * 97) % 720 - 20},{350 + n * 9} q18,-9 36,0 t36,0" {line_style(3, "#8fd0e6")} opacity=".6"/>'
        for n in range(18)
    )
    floe = '<path d="M250,402 L290,376 H436 L476,398 L440,428 H290Z" fill="#f4fbff"/><path d="M250,402 L290,428 H440 L476,398 V410 L440,444 H290 L250,414Z" fill="#a9d5e8"/>'
    penguin = at(364, 272, animals.penguin(sweat=at(56, -92, TEAR, 0.6)), 1.1)
    return still(
        720,
        520,
        ground(720, 340, "#f9b384", "#fbe0b0")
        + sun
        + sea
        + floe
        + penguin
        + caption(720, 520, top="EVERYTHING IS FINE"),
        grain=4,
    )


@drawing("monday-panda.jpg", "panda", "monday", "tired")
def monday() -> pyvips.Image:
    pillow = '<path d="M70,420 Q60,250 320,256 Q580,250 570,420Z" fill="#dfe7f5"/><path d="M0,380 H640 V560 H0Z" fill="#5b79b8"/><path d="M0,380 Q320,340 640,380 V412 Q320,372 0,412Z" fill="#e9effa"/>'
    panda = at(
        320, 270, animals.panda(animals.pair(f'<path d="M26,-4 Q44,14 62,-4" {line_style(7, "#f3f1ef")}/>')), 1.4, -6
    )
    return still(
        640,
        560,
        ground(640, 560, "#2f3b63", "#4c5a8c")
        + pillow.split("<path", 2)[0]
        + "<path"
        + pillow.split("<path")[1]
        + panda
        + "".join("<path" + part for part in pillow.split("<path")[2:])
        + caption(640, 560, top="MONDAY", bottom="5 MORE MINUTES"),
        grain=4,
    )


@drawing("oh-really.jpg", "owl", "oh-really", "sarcasm", "really")
def oh_really() -> pyvips.Image:
    moon = '<circle cx="470" cy="120" r="110" fill="#f7efc7" opacity=".5" filter="url(#glow)"/><circle cx="470" cy="120" r="78" fill="#f7efc7"/>'
    branch = f'<path d="M-10,470 Q200,440 610,486" {line_style(34, "#4a3524")}/><path d="M-10,462 Q200,432 610,478" {line_style(8, "#6d5138")}/>'
    owl = at(280, 210, animals.owl("", 14), 1.12)
    return still(
        600,
        600,
        ground(600, 600, "#0f1c3f", "#2c4a7c") + moon + owl + branch + caption(600, 600, bottom="OH, REALLY?"),
        grain=5,
    )


@drawing("works-on-my-machine.png", "duck", "programming", "works-on-my-machine")
def duck() -> pyvips.Image:
    screen = '<rect x="40" y="40" width="560" height="330" rx="18" fill="#2a2d37"/><rect x="60" y="60" width="520" height="290" rx="6" fill="#171923"/>'
    code = "".join(
        f'<rect x="{84 + indent * 26}" y="{84 + row * 26}" width="{wide}" height="11" rx="5.5" fill="{colour}"/>'
        for row, (indent, wide, colour) in enumerate(
            zip(
                [0, 1, 2, 2, 1, 1, 2, 0, 0, 1],
                [190, 260, 150, 310, 120, 230, 180, 60, 210, 280],
                [
                    "#c678dd",
                    "#61afef",
                    "#98c379",
                    "#e5c07b",
                    "#c678dd",
                    "#61afef",
                    "#e06c75",
                    "#abb2bf",
                    "#c678dd",
                    "#98c379",
                ],
                strict=True,
            )
        )
    )
    desk = (
        '<rect y="440" width="640" height="60" fill="#c79a66"/><path d="M290,370 H350 L362,440 H278Z" fill="#2a2d37"/>'
    )
    return still(
        640,
        500,
        ground(640, 500, "#8fb8c9", "#c9dfe6")
        + desk
        + screen
        + code
        + at(450, 352, animals.duck(), 0.78)
        + caption(640, 500, bottom="WORKS ON MY MACHINE"),
    )


@drawing("expectation-reality.png", "expectation", "reality", "cat", "cooking")
def expectation() -> pyvips.Image:
    def cake(tilt: float, colours: tuple[str, str, str], messy: bool) -> str:
        layers = "".join(
            f'<rect x="{-90 + n * 12 + (14 * (n % 2) if messy else 0)}" y="{-n * 58}" width="{180 - n * 24}" height="56" rx="12" fill="{colour}"/>'
            for n, colour in enumerate(colours)
        )
        icing = (
            '<path d="M-92,2 q15,34 30,4 q15,40 31,2 q15,30 31,0 q16,38 31,0 q15,30 31,2 q15,32 30,-8Z" fill="#fff"/>'
            if not messy
            else '<path d="M-92,2 q20,90 46,10 q10,66 40,4 q26,86 50,-6 q20,70 48,-10Z" fill="#e9d9c6"/>'
        )
        cherry = (
            '<circle cx="0" cy="-136" r="18" fill="#d8273f"/><circle cx="-5" cy="-142" r="5" fill="#fff8"/>'
            if not messy
            else '<circle cx="70" cy="50" r="18" fill="#8e3a44"/>'
        )
        plate = '<ellipse cx="0" cy="64" rx="150" ry="20" fill="#fff"/><ellipse cx="0" cy="60" rx="120" ry="12" fill="#dfe4ea"/>'
        return plate + at(0, 0, layers + icing + cherry, 1, tilt)

    one = '<rect width="480" height="396" fill="#ffd9e2"/>' + at(
        240, 250, cake(0, ("#f6a5b8", "#fbd0a8", "#f6a5b8"), False), 1.15
    )
    two = '<rect y="404" width="480" height="396" fill="#b9b2a2"/>' + at(
        240, 660, cake(-9, ("#7a5638", "#8d7350", "#5f4a35"), True), 1.15
    )
    return still(
        480,
        800,
        '<rect width="480" height="800" fill="#fff"/>'
        + one
        + two
        + line("EXPECTATION", 240, 24, 46, room=430)
        + line("REALITY", 240, 428, 46),
    )


@drawing("tabs-or-spaces.png", "choice", "two-buttons", "programming", "panic")
def two_buttons() -> pyvips.Image:
    panel = '<rect x="40" y="150" width="640" height="210" rx="26" fill="#5f6878"/><rect x="40" y="150" width="640" height="20" rx="10" fill="#7b8597"/>'
    buttons = "".join(
        f'<ellipse cx="{x}" cy="282" rx="84" ry="44" fill="#3b414d"/><ellipse cx="{x}" cy="264" rx="72" ry="38" fill="#b8212b"/><ellipse cx="{x}" cy="252" rx="72" ry="36" fill="#e8404a"/><ellipse cx="{x - 22}" cy="242" rx="24" ry="9" fill="#fff6"/>'
        for x in (220, 500)
    )
    signs = "".join(
        f'<rect x="{x - 96}" y="54" width="192" height="72" rx="10" fill="#fffdf3" stroke="#2b2730" stroke-width="5"/>'
        + line(text, x, 74, 34, fill="#2b2730", outline=None)
        for x, text in ((220, "TABS"), (500, "SPACES"))
    )
    finger = at(
        360,
        300,
        '<path d="M-24,-20 Q-24,-66 0,-66 Q24,-66 24,-20 V160 H-24Z" fill="#f6c3a0" stroke="#c98a63" stroke-width="4"/><path d="M-13,-40 Q0,-60 13,-40 V-30 H-13Z" fill="#ffe3d2"/>',
        1.1,
        8,
    )
    return still(
        720,
        440,
        gradient("ground", "#bcd3ee", "#e6eef8")
        + '<rect width="720" height="440" fill="url(#ground)"/>'
        + panel
        + buttons
        + signs
        + finger,
    )
