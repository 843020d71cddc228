"""Random order: shuffles all positions by a seed, without sorting them all.

The order consists of 8,192 steps. Each step takes one position of every chunk, so it is short, and is sorted by a
pseudorandom number. A shuffle of 8,192 numbers, rotated by a number that depends on the chunk, decides which position
of a chunk a step takes. The step of a position can be computed, and so can the position of a step, so a page can begin
anywhere.

A seed always orders two positions in the same way, whatever images are added or deleted. So the pages of one seed
neither skip nor repeat an image.
"""

import random
from collections.abc import Iterable, Iterator, Mapping

from reaction_board.database.queries.lists import positions
from reaction_board.database.tables import CHUNK

PRIME = 2**61 - 1  # above all positions, so multiplying them modulo this prime keeps them distinct
SORTED = 8  # bits that can be looked up in the time of sorting one position

Key = tuple[int, int]
Keyed = list[tuple[Key, int]]


class Shuffle:
    """The order of one seed."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - not a secret
        self._factors = [2 * chance.randrange(CHUNK // 2) + 1 for _ in range(3)]  # odd, so each has an inverse
        self._inverses = [pow(factor, -1, CHUNK) for factor in reversed(self._factors)]
        self._turn, self._tie = chance.randrange(2**40), chance.randrange(1, PRIME)

    def walk(
        self, chunks: Mapping[int, bytes], density: float, wanted: int, start: int | None = None, *, back: bool = False
    ) -> Iterator[int]:
        """Yield the positions in some chunks in this order, or against it with `back`, starting behind `start`.

        `density` is the share of the chunks' bits that are set. `wanted` is the number of positions that will be read.
        """
        edge = None if start is None else self._key(start)
        bits = len(chunks) * CHUNK
        if density * bits * SORTED < wanted / density:
            groups: Iterable[Keyed] = [self._all(chunks)]
        else:
            groups = self._steps(chunks, 0 if edge is None else edge[0], back=back)
        for group in groups:
            for key, position in sorted(group, reverse=back):
                if edge is None or (key < edge if back else key > edge):
                    yield position

    def _all(self, chunks: Mapping[int, bytes]) -> Keyed:
        return [
            (self._key(position), position) for chunk, bits in chunks.items() for position in positions(chunk, bits)
        ]

    def _steps(self, chunks: Mapping[int, bytes], first: int, *, back: bool) -> Iterator[Keyed]:
        turned = [(chunk * CHUNK, bits, self._turn_of(chunk)) for chunk, bits in chunks.items()]
        for step in range(first, -1, -1) if back else range(first, CHUNK):
            offset = self._offset(step)
            group = []
            for base, bits, turn in turned:
                at = (offset - turn) % CHUNK
                if bits[at >> 3] & (128 >> (at & 7)):
                    group.append(((step, (base + at) * self._tie % PRIME), base + at))
            yield group

    def _key(self, position: int) -> Key:
        chunk, offset = divmod(position, CHUNK)
        step = (offset + self._turn_of(chunk)) % CHUNK
        for factor in self._factors:
            step = step * factor % CHUNK
            step ^= step >> 7
        return step, position * self._tie % PRIME

    def _offset(self, step: int) -> int:
        """Return the offset that a step takes in an unrotated chunk: the inverse of `_key`."""
        for inverse in self._inverses:
            step ^= step >> 7  # is its own inverse, because 7 is more than half of the 13 bits
            step = step * inverse % CHUNK
        return step

    def _turn_of(self, chunk: int) -> int:
        return (chunk + 1) * self._turn >> 20
