"""ICC profiles with three primaries and a curve, for PNG. Sources: ICC.1:2022, ITU-T H.273."""

import struct

HEADER_BYTES = 128
Primaries = tuple[float, ...]  # x and y of white, red, green and blue
Matrix = list[list[float]]

SRGB: Primaries = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
D50 = (0.9642, 1.0, 0.8249)
BRADFORD: Matrix = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
MAX_GAMMA = 1000.0

# By their numbers in H.273. Curves of high dynamic range (PQ, HLG) are missing, because they need more than a profile.
CODED_PRIMARIES: dict[int, Primaries] = {
    1: SRGB,
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
# A power, or (g, a, b, c, d): (a·x + b)^g from d on, c·x below. Video (1, 6, 14, 15) has the power of video screens.
CODED_CURVES: dict[int, tuple[float, ...]] = {
    1: (2.4,),
    4: (2.2,),
    5: (2.8,),
    6: (2.4,),
    8: (1.0,),
    13: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    14: (2.4,),
    15: (2.4,),
    17: (2.6, (52.37 / 48) ** (1 / 2.6), 0.0, 0.0, 0.0),
}


def is_profile(data: bytes) -> bool:
    """Return whether this is the header of an ICC profile."""
    return len(data) == HEADER_BYTES and data[36:40] == b"acsp"


def gamma(exponent: float) -> bytes:
    """Return the curve of a power function."""
    return _curve(min(exponent, MAX_GAMMA))


def profile_of_code_points(primaries: int, curve: int, matrix: int, full_range: int) -> bytes | None:
    """Return the profile of RGB pixels for numbers of H.273, or None if there is none."""
    if matrix != 0 or full_range != 1 or primaries not in CODED_PRIMARIES or curve not in CODED_CURVES:
        return None
    return profile(CODED_PRIMARIES[primaries], _curve(*CODED_CURVES[curve]))


def profile(primaries: Primaries, curve: bytes) -> bytes | None:
    """Return an ICC profile, or None if no colours can be mixed from these primaries."""
    try:
        columns = list(zip(*_to_d50(primaries), strict=True))
    except ZeroDivisionError:
        return None
    tags = {
        b"wtpt": _xyz(D50),
        **{kind: _xyz(column) for kind, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body = b"", b""
    start = HEADER_BYTES + 4 + 12 * len(tags)
    for kind, data in tags.items():
        table += kind + struct.pack(">II", start + len(body), len(data))
        body += data
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x12s48x", start + len(body), 0x04400000, b"mntr", b"RGB ", b"XYZ ", b"acsp", _xyz(D50)[8:]
    )
    return header + struct.pack(">I", len(tags)) + table + body


def _curve(*parameters: float) -> bytes:
    """Return a curve with one parameter (the exponent), or with the five of CODED_CURVES."""
    kind = {1: 0, 5: 3}[len(parameters)]
    return b"para" + struct.pack(">4xHxx", kind) + b"".join(map(_fixed, parameters))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _fixed(value: float) -> bytes:
    return struct.pack(">i", max(-(2**31), min(2**31 - 1, round(value * 65536))))


def _to_d50(primaries: Primaries) -> Matrix:
    """Return the matrix from linear RGB to XYZ, with the white adapted to that of ICC profiles."""
    white, *colours = ((x / y, 1.0, (1 - x - y) / y) for x, y in zip(primaries[::2], primaries[1::2], strict=True))
    columns = [list(row) for row in zip(*colours, strict=True)]
    scale = _applied(_inverse(columns), white)
    to_xyz = [[value * by for value, by in zip(row, scale, strict=True)] for row in columns]
    ours, theirs = _applied(BRADFORD, white), _applied(BRADFORD, D50)
    cones = [[theirs[n] / ours[n] * value for value in BRADFORD[n]] for n in range(3)]
    return _product(_product(_inverse(BRADFORD), cones), to_xyz)


def _applied(matrix: Matrix, vector: tuple[float, ...]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _product(left: Matrix, right: Matrix) -> Matrix:
    return [
        [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*right, strict=True)] for row in left
    ]


def _inverse(m: Matrix) -> Matrix:
    """Return the inverse of a 3 × 3 matrix. Raises ZeroDivisionError if it has none."""
    adjugate = [
        [
            m[(c + 1) % 3][(r + 1) % 3] * m[(c + 2) % 3][(r + 2) % 3]
            - m[(c + 1) % 3][(r + 2) % 3] * m[(c + 2) % 3][(r + 1) % 3]
            for c in range(3)
        ]
        for r in range(3)
    ]
    determinant = sum(m[0][n] * adjugate[n][0] for n in range(3))
    return [[value / determinant for value in row] for row in adjugate]
