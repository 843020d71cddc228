"""Measuring in turns: every case runs once per round, so that a slow moment of the machine affects all of them."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Tick = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How much work goes into each figure."""

    rounds: int  # samples of each case
    share: float = 1  # of the usual bytes, clients and seconds
    warm_up: bool = True  # run one round before, which is not counted

    def of(self, amount: int) -> int:
        """Return this share of a number, at least 1."""
        return max(1, round(amount * self.share))


# To check that every case runs. Its figures mean nothing.
QUICK = Effort(rounds=1, share=0.05, warm_up=False)


@dataclass
class Case:
    """A case to measure. The time of one `run` is a sample, unless `run` returns a sample itself, in seconds."""

    name: str
    run: Callable[[], float | None]
    floor: str | None = None  # the name of another case of the same group
    must: float | None = None  # upper bound of median ÷ median of the floor; without a floor, in seconds
    samples: list[float] = field(default_factory=list)  # seconds

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.samples)

    @property
    def p95(self) -> float:
        """Seconds."""
        return p95(self.samples)


def p95(samples: list[float]) -> float:
    """Return the 95th percentile of at least one sample."""
    return statistics.quantiles(samples * 2, n=20, method="inclusive")[-1]


def discard(act: Callable[[], object]) -> Callable[[], None]:
    """Return a function that calls `act` and returns nothing, so that its time is the sample."""

    def run() -> None:
        act()

    return run


@dataclass(frozen=True)
class Figure:
    """The result of a case, as a row of the table."""

    group: str
    name: str
    value: float  # in `unit`
    unit: str
    p95: float | None = None
    floor: str | None = None
    ratio: float | None = None
    bound: str | None = None  # as "≤ 4"
    holds: bool | None = None


def in_turns(group: str, cases: Iterable[Case], effort: Effort, tick: Tick) -> list[Figure]:
    """Run every case once per round. Return their figures in the same order."""
    cases = list(cases)
    for number in range(0 if effort.warm_up else 1, effort.rounds + 1):
        for case in cases:
            tick(f"{group}: {case.name}")
            started = time.perf_counter()
            own = case.run()
            taken = time.perf_counter() - started if own is None else own
            if number:
                case.samples.append(taken)
    by_name = {case.name: case for case in cases}
    return [_figure(group, case, by_name) for case in cases]


def timed(group: str, name: str, samples: list[float], must: float | None = None) -> Figure:
    """Return the figure of at least one sample. Samples and `must`, the largest median allowed, are in seconds."""
    median = statistics.median(samples)
    bound, holds = (None, None) if must is None else (f"≤ {must:g} s", median <= must)
    return Figure(group, name, median * 1000, "ms", p95(samples) * 1000, bound=bound, holds=holds)


def _figure(group: str, case: Case, by_name: dict[str, Case]) -> Figure:
    if case.floor is None:
        return timed(group, case.name, case.samples, case.must)
    milliseconds = (case.median * 1000, "ms", case.p95 * 1000)
    ratio = case.median / by_name[case.floor].median
    if case.must is None:
        return Figure(group, case.name, *milliseconds, case.floor, ratio)
    return Figure(group, case.name, *milliseconds, case.floor, ratio, f"≤ {case.must:g}", ratio <= case.must)
