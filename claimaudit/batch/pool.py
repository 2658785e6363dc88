"""Processes that work off a stream: few items in flight, a killed worker replaced, none that outlives its parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from multiprocessing.connection import wait as wait_for
from typing import Any, TypeVar

from claimaudit.errors import ClaimAuditError

MAX_DEATHS = 3
"""Times in a row that workers may die without an item done between: then it is the item, or the machine."""

Item = TypeVar("Item")


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool(AbstractContextManager["Pool"]):
    """Worker processes, each started afresh (spawned) with `start(*arguments)`; no more start than there are items.

    `go_on` ends the error of a pool whose workers die: how to start again.
    """

    def __init__(self, workers: int, start: Callable[..., None], arguments: tuple[Any, ...], *, go_on: str) -> None:
        self._workers = workers
        self._go_on = go_on
        self._start = start
        self._arguments = arguments
        self._others = set(multiprocessing.active_children())
        self._executor = self._new()

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers, multiprocessing.get_context("spawn"), _begin, (self._start, self._arguments)
        )

    def map(
        self, work: Callable[..., Any], items: Iterable[Item], *, arguments: Callable[[Item], tuple[Any, ...]]
    ) -> Iterator[tuple[Item, Any]]:
        """Each item with `work(*arguments(item))`, as they come. Twice as many items as workers are in flight.

        Raises
        ------
        ClaimAuditError
            Workers die again and again.
        """
        waiting: dict[Future[Any], Item] = {}
        deaths = 0

        def submit(item: Item) -> None:
            try:
                future = self._executor.submit(work, *arguments(item))
            except BrokenProcessPool as error:  # said when its turn comes, as for those that were submitted before
                future = Future()
                future.set_exception(error)
            waiting[future] = item

        def collect() -> Iterator[tuple[Item, Any]]:
            nonlocal deaths
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            lost: list[Item] = []
            for future in done:
                item = waiting.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    lost.append(item)
                else:
                    deaths = 0
                    yield item, result
            if lost:
                deaths += 1
                if deaths >= MAX_DEATHS:
                    raise ClaimAuditError(
                        "the processes that audit die again and again: killed by the system for want of memory? Give fewer "
                        f"--workers and {self._go_on}"
                    )
                lost += waiting.values()
                waiting.clear()
                self._executor.shutdown(wait=True)
                self._executor = self._new()
                for item in lost:
                    submit(item)

        for item in items:
            submit(item)
            while len(waiting) >= 2 * self._workers:
                yield from collect()
        while waiting:
            yield from collect()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:  # what is in hand is lost, and done again when the scan goes on
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
        self._executor.shutdown(wait=True, cancel_futures=True)


def _begin(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends its workers
    threading.Thread(target=_die_with_parent, daemon=True).start()
    start(*arguments)


def _die_with_parent() -> None:
    """End this process as soon as its parent has ended, however that was: a pool's own worker would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)
