"""Concurrency: clients that act at the same moment, and counting calls that overlap."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

SECONDS = 30  # after which a client no longer waits for the others

T = TypeVar("T")


def together(*acts: Callable[[], T]) -> list[T]:
    """Call all functions at the same moment, each in its own thread. Return their results."""
    barrier = threading.Barrier(len(acts))

    def act_with_the_others(act: Callable[[], T]) -> T:
        barrier.wait(SECONDS)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act_with_the_others, acts))


class Counted:
    """A function that counts its calls, and how many of them ran at the same time."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.calls = self.most_at_once = 0
        self._function, self._lock, self._running = function, threading.Lock(), 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        with self._lock:
            self.calls += 1
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        try:
            return self._function(*arguments, **options)
        finally:
            with self._lock:
                self._running -= 1
