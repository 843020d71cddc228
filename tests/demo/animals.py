"""Animals, seen from the front. Each head is some 200 wide and high, around its middle."""

from tests.demo.canvas import at, gradient
from tests.demo.faces import INK, eye, line_style


def pair(drawing: str) -> str:
    """Return a drawing of the right side, and its mirror image on the left."""
    return f'{drawing}<g transform="scale(-1,1)">{drawing}</g>'


def eyes(kind: str, gaze: tuple[float, float] = (0, 0), spread: float = 42, y: float = -10) -> str:
    """Return both eyes."""
    return "".join(at(side * spread, y, eye(kind, side, gaze)) for side in (-1, 1))


def cat(looks: str, fur: tuple[str, str, str] = ("#f7b267", "#ee8f3d", "#cf6d24"), mouth: str = "small") -> str:
    """Return the head of a cat with a striped forehead."""
    mouths = {
        "small": f'<path d="M-20,46 Q-10,56 0,44 Q10,56 20,46" {line_style(6)}/>',
        "frown": f'<path d="M-26,64 Q0,36 26,64" {line_style(6)}/>',
        "open": f'<path d="M-24,46 Q0,40 24,46 Q22,92 0,92 Q-22,92 -24,46Z" fill="#7a1f33" stroke="{INK}" stroke-width="5"/>'
        '<path d="M-13,78 Q0,60 13,78 Q0,92 -13,78Z" fill="#f0677b"/>',
    }
    ear = f'<path d="M30,-84 L92,-128 L98,-36Z" fill="{fur[1]}"/><path d="M50,-82 L84,-108 L87,-58Z" fill="#f5a3a3"/>'
    whiskers = f'<path d="M58,40 L124,26 M60,50 L126,54 M56,60 L116,80" {line_style(3.5, "#fff")}/>'
    stripes = f'<path d="M0,-92 V-58 M-24,-88 L-20,-62 M24,-88 L20,-62" {line_style(9, fur[2])}/>'
    return (
        gradient("skin", *fur, radial=True)
        + gradient("lid", fur[1], fur[1])
        + pair(ear)
        + '<path d="M-104,6 Q-104,-94 0,-94 Q104,-94 104,6 Q104,94 0,94 Q-104,94 -104,6Z" fill="url(#skin)"/>'
        + stripes
        + '<ellipse cx="-20" cy="48" rx="30" ry="26" fill="#fff4e6"/><ellipse cx="20" cy="48" rx="30" ry="26" fill="#fff4e6"/>'
        + f'<path d="M-12,24 H12 L0,38Z" fill="#e2707a" stroke="#e2707a" stroke-width="6" stroke-linejoin="round"/>{mouths[mouth]}{pair(whiskers)}{looks}'
    )


def dog(looks: str, tongue: float = 1) -> str:
    """Return the head of a dog; the tongue hangs out from 0 to 1."""
    ear = '<path d="M64,-86 Q132,-92 126,14 Q118,62 92,46 Q74,0 50,-66Z" fill="#7b4a2b"/>'
    long = 60 + 46 * tongue
    return (
        gradient("skin", "#e8bd87", "#d29a5c", "#b3793c", radial=True)
        + '<path d="M-88,0 Q-92,-98 0,-98 Q92,-98 88,0 Q86,100 0,104 Q-86,100 -88,0Z" fill="url(#skin)"/>'
        + pair(ear)
        + '<ellipse cx="0" cy="50" rx="54" ry="46" fill="#fbeedb"/>'
        + f'<path d="M-20,62 V{long} A20,20 0 0 0 20,{long} V62Z" fill="#f0677b"/><path d="M0,66 V{long - 4}" {line_style(4, "#cc4a62")}/>'
        + f'<path d="M-34,54 Q-18,76 0,58 Q18,76 34,54" {line_style(7)}/><path d="M0,40 V58" {line_style(6)}/>'
        + f'<path d="M-24,20 Q0,8 24,20 Q20,44 0,44 Q-20,44 -24,20Z" fill="{INK}"/><ellipse cx="-7" cy="21" rx="7" ry="4" fill="#fff8"/>{looks}'
    )


def frog(looks: str = "", mouth: str = "smug") -> str:
    """Return the head of a frog, with its own eyes on top."""
    lid = '<path d="M24,-62 Q54,-70 82,-62 L82,-92 Q54,-112 24,-92Z" fill="#5fae4a"/>'
    lids = pair(lid + f'<path d="M25,-62 Q54,-70 81,-62" {line_style(5)}/>') if mouth == "smug" else ""
    lips = {"smug": "M-74,22 Q-40,40 0,38 Q52,36 76,10", "worried": "M-62,40 Q0,10 62,40"}[mouth]
    return (
        gradient("skin", "#a8db70", "#74bd55", "#4c8f3b", radial=True)
        + pair('<circle cx="54" cy="-66" r="42" fill="#74bd55"/>')
        + '<path d="M-122,16 Q-110,-66 0,-66 Q110,-66 122,16 Q112,88 0,90 Q-112,88 -122,16Z" fill="url(#skin)"/>'
        + pair('<circle cx="54" cy="-66" r="30" fill="#fff"/>')
        + at(46, -62, f'<circle cx="8" r="14" fill="{INK}"/><circle cx="3" cy="-5" r="4.5" fill="#fff"/>')
        + at(-62, -62, f'<circle cx="8" r="14" fill="{INK}"/><circle cx="3" cy="-5" r="4.5" fill="#fff"/>')
        + lids
        + f'<path d="{lips}" {line_style(7, "#2f5a28")}/><path d="M-10,-14 v5 M10,-14 v5" {line_style(5, "#2f5a28")}/>{looks}'
    )


def panda(looks: str) -> str:
    """Return the head of a panda."""
    return (
        gradient("skin", "#ffffff", "#f3f1ef", "#cfcac8", radial=True)
        + pair('<circle cx="74" cy="-76" r="36" fill="#2b2730"/>')
        + '<ellipse rx="108" ry="96" fill="url(#skin)"/>'
        + pair('<ellipse cx="44" cy="-4" rx="31" ry="38" fill="#2b2730" transform="rotate(28 44 -4)"/>')
        + f'<path d="M-15,34 Q0,26 15,34 Q12,50 0,50 Q-12,50 -15,34Z" fill="{INK}"/><path d="M-20,66 Q0,54 20,66" {line_style(6)}/>{looks}'
    )


def owl(looks: str, tilt: float = 0) -> str:
    """Return an owl that tilts its head by degrees."""
    feathers = "".join(
        f'<path d="M{x},{y} q11,16 22,0" {line_style(5, "#f2d5a6")}/>'
        for y in range(96, 190, 26)
        for x in range(-44 + (y // 26 % 2) * 11, 30, 24)
    )
    head = (
        pair('<path d="M40,-82 L92,-112 L96,-40Z" fill="#7d5233"/>')
        + '<ellipse rx="102" ry="86" fill="url(#skin)"/>'
        + pair('<circle cx="42" cy="-8" r="48" fill="#f2d5a6"/><circle cx="42" cy="-8" r="34" fill="#ffd54a"/>')
        + pair(f'<circle cx="38" cy="-8" r="19" fill="{INK}"/>')
        + '<circle cx="32" cy="-16" r="6" fill="#fff"/><circle cx="-44" cy="-16" r="6" fill="#fff"/>'
        + '<path d="M-14,14 H14 L0,46Z" fill="#f09a36" stroke="#f09a36" stroke-width="6" stroke-linejoin="round"/>'
    )
    return (
        gradient("skin", "#b5814f", "#94633a", "#6f4526", radial=True)
        + '<path d="M-92,60 Q-110,230 0,236 Q110,230 92,60Z" fill="#8a5a33"/><ellipse cy="140" rx="60" ry="80" fill="#a9743f"/>'
        + feathers
        + at(0, 0, head + looks, 1, tilt)
    )


def duck(looks: str = "") -> str:
    """Return a rubber duck from the side, some 260 wide."""
    return (
        gradient("skin", "#fff3a1", "#ffd83b", "#eda61b", radial=True)
        + '<path d="M-120,40 Q-150,-10 -128,-22 Q-96,10 -50,4 Q40,-6 96,34 Q116,118 0,122 Q-104,122 -120,40Z" fill="url(#skin)"/>'
        + '<circle cx="46" cy="-52" r="66" fill="url(#skin)"/><path d="M100,-62 Q150,-64 150,-44 Q146,-26 98,-30Z" fill="#f2722b"/>'
        + f'<path d="M100,-44 Q126,-40 148,-46" {line_style(4, "#b84a12")}/>'
        + f'<path d="M-70,40 Q-40,96 30,74 Q48,48 30,34" {line_style(8, "#e0991a")}/>'
        + f'<circle cx="66" cy="-68" r="13" fill="{INK}"/><circle cx="61" cy="-73" r="5" fill="#fff"/>{looks}'
    )


def penguin(looks: str = "", sweat: str = "") -> str:
    """Return a penguin that stands, some 220 high."""
    return (
        '<ellipse cx="-34" cy="116" rx="30" ry="12" fill="#f09a36"/><ellipse cx="34" cy="116" rx="30" ry="12" fill="#f09a36"/>'
        + pair('<path d="M66,-20 Q112,30 92,76 Q74,60 64,30Z" fill="#20242f"/>')
        + '<path d="M-78,40 Q-86,-116 0,-116 Q86,-116 78,40 Q72,116 0,116 Q-72,116 -78,40Z" fill="#2c313e"/>'
        + '<path d="M-56,44 Q-58,-10 -26,-14 Q-50,-70 -20,-76 Q0,-76 0,-58 Q0,-76 20,-76 Q50,-70 26,-14 Q58,-10 56,44 Q50,106 0,106 Q-50,106 -56,44Z" fill="#fff"/>'
        + "".join(at(x, -48, eye("dot", 1), 0.8) for x in (-22, 22))
        + f'<path d="M-16,-32 Q0,-42 16,-32 Q8,-12 0,-10 Q-8,-12 -16,-32Z" fill="#f09a36"/>{looks}{sweat}'
    )
