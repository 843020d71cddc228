"""Faces: eyes, brows and mouths that make a mood, on heads of several kinds. Each head is some 200 wide and high."""

from tests.demo.canvas import at, gradient

INK = "#3a2a28"


def eye(kind: str, side: int, gaze: tuple[float, float] = (0, 0)) -> str:
    """Return an eye; side is -1 for the left one of the picture; gaze is where it looks to, from -1 to 1."""
    if kind in ("smiling", "closed"):
        bend = -20 if kind == "smiling" else 14
        return f'<path d="M-17,{4 - bend / 4} Q0,{bend} 17,{4 - bend / 4}" {line_style(8)}/>'
    if kind == "squeezed":
        return f'<path d="M{-15 * side},-12 L{13 * side},0 L{-15 * side},12" {line_style(8)}/>'
    if kind == "heart":
        return '<path d="M0,22 C-44,-10 -24,-34 0,-14 C24,-34 44,-10 0,22Z" fill="#e8384f"/>'
    if kind == "dot":
        return f'<ellipse rx="11" ry="15" fill="{INK}"/><circle cx="-4" cy="-6" r="4" fill="#fff"/>'
    if kind == "star":
        return '<path d="M0,-27 L8,-9 27,-8 12,5 17,24 0,14 -17,24 -12,5 -27,-8 -8,-9Z" fill="#fff3b0"/>'
    radius = {"open": 20, "wide": 27, "narrow": 20, "sad": 21}[kind]
    x, y = gaze[0] * radius * 0.45, gaze[1] * radius * 0.45
    ball = (
        f'<circle r="{radius}" fill="#fff" stroke="#0002" stroke-width="2"/>'
        f'<circle cx="{x}" cy="{y}" r="{radius * 0.5}" fill="{INK}"/>'
        f'<circle cx="{x - radius * 0.16}" cy="{y - radius * 0.18}" r="{radius * 0.15}" fill="#fff"/>'
    )
    if kind == "narrow":  # under a heavy lid of the colour of the head
        ball += f'<path d="M-22,-2 A22,22 0 0 1 22,-2Z" fill="url(#lid)"/><path d="M-22,-2 H22" {line_style(7)}/>'
    return ball


def line_style(width: float, colour: str = INK) -> str:
    """Return the attributes of a stroke."""
    return f'fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round"'


MOUTHS = {
    "smile": f'<path d="M-34,0 Q0,34 34,0" {line_style(8)}/>',
    "small": f'<path d="M-18,4 Q0,16 18,4" {line_style(8)}/>',
    "flat": f'<path d="M-28,8 H28" {line_style(8)}/>',
    "skewed": f'<path d="M-26,16 Q0,14 28,-2" {line_style(8)}/>',
    "frown": f'<path d="M-30,20 Q0,-12 30,20" {line_style(8)}/>',
    "wavy": f'<path d="M-36,10 q9,-16 18,0 t18,0 t18,0 t18,0" {line_style(7)}/>',
    "grin": '<path d="M-44,-6 Q0,4 44,-6 Q38,46 0,46 Q-38,46 -44,-6Z" fill="#7a1f33"/>'
    '<path d="M-39,-3 Q0,5 39,-3 Q38,9 34,14 Q0,20 -34,14 Q-38,9 -39,-3Z" fill="#fff"/>'
    '<path d="M-24,36 Q0,18 24,36 Q0,50 -24,36Z" fill="#f0677b"/>',
    "teeth": f'<rect x="-40" y="-8" width="80" height="34" rx="14" fill="#fff" stroke="{INK}" stroke-width="6"/>'
    f'<path d="M-20,-6V24M0,-6V24M20,-6V24M-38,9H38" {line_style(3)}/>',
    "o": '<ellipse cy="14" rx="17" ry="22" fill="#7a1f33"/><ellipse cy="26" rx="11" ry="8" fill="#f0677b"/>',
    "shout": '<path d="M-34,34 Q-44,-10 0,-12 Q44,-10 34,34 Q0,48 -34,34Z" fill="#7a1f33"/>'
    '<path d="M-20,36 Q0,16 20,36 Q0,42 -20,36Z" fill="#f0677b"/>',
}
BROWS = {  # of the right eye; the left one is its mirror
    "raised": "M-16,-4 Q4,-18 20,-4",
    "flat": "M-18,0 H18",
    "angry": "M-20,10 L18,-8",
    "worried": "M-18,-10 Q4,-8 20,6",
}


def features(
    eyes: str | tuple[str, str],
    mouth: str,
    brows: str | tuple[str, str] = "",
    gaze: tuple[float, float] = (0, 0),
    spread: float = 36,
) -> str:
    """Return eyes, brows and mouth around the middle of a face."""
    drawing = at(0, 38, MOUTHS[mouth])
    kinds = (eyes, eyes) if isinstance(eyes, str) else eyes
    arcs = (brows, brows) if isinstance(brows, str) else brows
    for side, kind, brow in zip((-1, 1), kinds, arcs, strict=True):
        drawing += at(side * spread, -18, eye(kind, side, gaze))
        if brow:
            height = -56 if brow == "raised" else -48
            drawing += f'<g transform="translate({side * spread},{height}) scale({side},1)">'
            drawing += f'<path d="{BROWS[brow]}" {line_style(8)}/></g>'
    return drawing


def ball(face: str, tint: tuple[str, str, str] = ("#ffec8f", "#ffcb3d", "#f0921e")) -> str:
    """Return a round head of one colour, lit from the left."""
    return (
        gradient("skin", *tint, radial=True)
        + gradient("lid", tint[1], tint[1])
        + f'<circle r="100" fill="url(#skin)"/>{face}'
    )


BLUSH = "".join(f'<ellipse cx="{x}" cy="18" rx="17" ry="11" fill="#ff5d5d" opacity=".35"/>' for x in (-62, 62))
TEAR = '<path d="M0,-26 Q16,-2 16,8 A16,16 0 0 1 -16,8 Q-16,-2 0,-26Z" fill="#5cc0f5"/>'
TEAR += '<path d="M-7,4 Q-7,14 2,16" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round"/>'

HAIR = {
    "short": "M-84,-6 Q-96,-104 -8,-112 Q92,-112 84,-6 Q76,-44 52,-62 Q-4,-46 -56,-64 Q-78,-40 -84,-6Z",
    "curls": "M-86,6 C-120,-14 -108,-58 -84,-64 C-88,-104 -40,-122 -18,-104 C6,-128 50,-118 54,-96 C92,-98 108,-56 92,-36"
    " C112,-18 100,12 84,6 Q82,-40 50,-60 Q0,-50 -52,-60 Q-80,-40 -86,6Z",
    "bun": "M-82,0 Q-92,-96 0,-100 Q92,-96 82,0 Q72,-50 30,-66 Q-30,-70 -58,-48 Q-76,-34 -82,0Z M-34,-112 A34,30 0 1 1 34,-112"
    " A34,26 0 1 1 -34,-112Z",
    "fringe": "M-91,-8 Q-100,-110 0,-110 Q100,-110 91,-8 L80,10 L78,-22 Q40,-22 10,-40 L6,-26 L-12,-38 L-22,-22 L-44,-34 L-78,-20 L-80,10Z",
}


def person(face: str, skin: tuple[str, str, str], hair: str, colour: str, shirt: str) -> str:
    """Return somebody from the shoulders up."""
    long = hair == "fringe"
    behind = f'<path d="M-88,-20 Q-112,130 -70,150 H70 Q112,130 88,-20Z" fill="{colour}"/>' if long else ""
    ears = "".join(f'<ellipse cx="{x}" cy="4" rx="15" ry="21" fill="{skin[2]}"/>' for x in (-82, 82))
    return (
        gradient("skin", *skin, radial=True)
        + gradient("lid", skin[1], skin[1])
        + behind
        + f'<path d="M-150,260 Q-146,142 -44,128 H44 Q146,142 150,260Z" fill="{shirt}"/>'
        + f'<path d="M-34,70 H34 V128 Q0,162 -34,128Z" fill="{skin[2]}"/>'
        + ("" if long else ears)
        + '<path d="M-82,-20 Q-84,-100 0,-100 Q84,-100 82,-20 Q82,64 36,92 Q0,108 -36,92 Q-82,64 -82,-20Z"'
        + f' fill="url(#skin)"/><path d="M-6,8 Q-12,24 4,24" {line_style(5, skin[2])}/>'
        + f'{face}<path d="{HAIR[hair]}" fill="{colour}"/>'
    )


PALE = ("#ffe3cf", "#f6c3a0", "#dd9a74")
TAN = ("#e9b58a", "#cf9160", "#a96d42")
BROWN = ("#b27a52", "#8d5935", "#6b3f24")


def hand(colour: str, edge: str, fingers: int = 4) -> str:
    """Return a raised hand, palm to the front, its wrist at the origin."""
    edges = f'stroke="{edge}" stroke-width="4" stroke-linejoin="round"'
    drawing = f'<rect x="-24" y="-20" width="48" height="90" rx="18" fill="{colour}" {edges}/>'
    for finger, (lean, length) in enumerate(((-13, 58), (-4, 68), (5, 66), (14, 54))[:fingers]):
        finger_path = (
            f'<rect x="-9" y="{-length - 34}" width="18" height="{length + 20}" rx="9" fill="{colour}" {edges}/>'
        )
        drawing += at(-27 + finger * 18, -20, finger_path, 1, lean)
    drawing += at(34, -22, f'<rect x="-10" y="-52" width="20" height="64" rx="10" fill="{colour}" {edges}/>', 1, 46)
    return drawing + f'<path d="M-38,-68 Q0,-78 38,-66 L36,-10 Q20,14 -20,12 Q-38,-4 -38,-68Z" fill="{colour}"/>'


def thumb(colour: str, edge: str, cuff: str) -> str:
    """Return a fist with its thumb up, some 160 high."""
    edges = f'stroke="{edge}" stroke-width="5" stroke-linejoin="round"'
    fist = f'<rect x="-86" y="-6" width="46" height="84" rx="10" fill="{cuff}" {edges}/>'
    fist += f'<path d="M-46,4 Q-16,-14 -12,-62 Q-8,-92 12,-86 Q36,-76 20,-10 L18,-4 H40 V76 H-20 Q-36,76 -46,68Z" fill="{colour}" {edges}/>'
    return fist + "".join(
        f'<rect x="{14 - abs(n - 1) * 2}" y="{-10 + n * 22}" width="{54 - n * 5}" height="23" rx="11.5" fill="{colour}" {edges}/>'
        for n in range(4)
    )
