"""Letters for drawings, as strokes of a pen: no font is needed, so captions look the same on every machine."""

from xml.sax.saxutils import quoteattr

CAP, PEN, GAP, SPACE = 100, 19, 27, 48  # the height of a letter, its strokes, and the room between letters and words
O = "M32,0Q4,0 4,50Q4,100 32,100Q60,100 60,50Q60,0 32,0Z"  # noqa: E741  # it is the letter
P = "M4,100V0H28Q56,0 56,28Q56,56 28,56H4"
GLYPHS = {  # width, and path from the top left
    "A": (64, "M2,100L32,0L62,100M14,68H50"),
    "B": (56, "M4,0V100M4,0H27Q50,0 50,23Q50,47 27,47H4M27,47Q55,47 55,73Q55,100 27,100H4"),
    "C": (58, "M55,22Q50,0 31,0Q4,0 4,50Q4,100 31,100Q50,100 55,78"),
    "D": (60, "M4,0V100H22Q57,100 57,50Q57,0 22,0H4"),
    "E": (50, "M48,0H4V100H48M4,49H40"),
    "F": (48, "M48,0H4V100M4,51H40"),
    "G": (60, "M55,22Q50,0 31,0Q4,0 4,50Q4,100 31,100Q56,100 56,72V56H36"),
    "H": (60, "M4,0V100M56,0V100M4,49H56"),
    "I": (8, "M4,0V100"),
    "J": (44, "M40,0V68Q40,100 21,100Q5,100 3,78"),
    "K": (58, "M4,0V100M54,0L6,58M24,40L56,100"),
    "L": (48, "M4,0V100H46"),
    "M": (76, "M4,100V0L38,64L72,0V100"),
    "N": (62, "M4,100V0L58,100V0"),
    "O": (64, O),
    "P": (56, P),
    "Q": (66, O + "M42,76L62,102"),
    "R": (60, P + "M30,56L58,100"),
    "S": (58, "M52,20Q47,0 29,0Q5,0 5,24Q5,44 29,49Q55,55 55,76Q55,100 29,100Q8,100 4,79"),
    "T": (60, "M2,0H58M30,0V100"),
    "U": (62, "M4,0V66Q4,100 31,100Q58,100 58,66V0"),
    "V": (62, "M2,0L31,100L60,0"),
    "W": (90, "M2,0L23,100L45,24L67,100L88,0"),
    "X": (60, "M3,0L57,100M57,0L3,100"),
    "Y": (60, "M2,0L30,52L58,0M30,52V100"),
    "Z": (58, "M4,0H54L4,100H56"),
    "0": (64, O),
    "1": (30, "M4,20L24,0V100"),
    "2": (58, "M5,24Q8,0 30,0Q54,0 54,26Q54,44 34,64L4,100H56"),
    "3": (58, "M5,18Q10,0 29,0Q51,0 51,24Q51,47 26,47Q55,47 55,74Q55,100 29,100Q8,100 4,80"),
    "4": (60, "M44,100V0L3,70H58"),
    "5": (58, "M50,0H11L8,44Q16,37 30,37Q55,38 55,68Q55,100 28,100Q9,100 4,82"),
    "9": (60, "M10,92Q16,100 28,100Q56,98 56,40Q56,0 29,0Q4,0 4,30Q4,58 29,58Q50,58 55,36"),
    ".": (6, "M3,98V100"),
    ",": (10, "M7,96L2,116"),
    ":": (6, "M3,34V36M3,94V96"),
    "!": (8, "M4,0V64M4,98V100"),
    "?": (56, "M4,20Q8,0 28,0Q52,0 52,24Q52,40 38,50Q28,58 28,68M28,98V100"),
    "'": (8, "M4,0V20"),
    "-": (38, "M4,54H34"),
    "/": (44, "M2,108L42,-8"),
}


def width_of(text: str) -> float:
    """Return how wide a line of letters is whose height is CAP."""
    widths = [SPACE - GAP if letter == " " else GLYPHS[letter][0] for letter in text]
    return sum(widths) + GAP * (len(text) - 1)


def line(
    text: str,
    x: float,
    y: float,
    size: float,
    *,
    room: float = 1e9,
    fill: str = "#fff",
    outline: str | None = "#15131a",
    weight: float = 1,
) -> str:
    """Return a line of capitals, centred on x, with its top at y; smaller than `size` if it needs more `room`."""
    width = width_of(text)
    scale = min(size / CAP, room / (width + PEN))
    path, left = "", -width / 2
    for letter in text:
        if letter == " ":
            left += SPACE
            continue
        advance, strokes = GLYPHS[letter]
        path += f'<path transform="translate({left:.1f},0)" d={quoteattr(strokes)}/>'
        left += advance + GAP
    pens = [(outline, PEN * weight + 15), (fill, PEN * weight)] if outline else [(fill, PEN * weight)]
    return "".join(
        f'<g transform="translate({x:.1f},{y:.1f}) scale({scale:.4f})" fill="none" stroke="{colour}"'
        f' stroke-width="{pen}" stroke-linecap="round" stroke-linejoin="round">{path}</g>'
        for colour, pen in pens
    )


def caption(width: float, height: float, top: str = "", bottom: str = "", size: float | None = None) -> str:
    """Return text at the top and the bottom of a picture, as memes have it."""
    size = size or min(width, height) * 0.12
    lines, margin = "", size * 0.45
    if top:
        lines += line(top, width / 2, margin, size, room=width - 2 * margin)
    if bottom:
        tall = min(size, CAP * (width - 2 * margin) / (width_of(bottom) + PEN))
        lines += line(bottom, width / 2, height - margin - tall, size, room=width - 2 * margin)
    return lines
