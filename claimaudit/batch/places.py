"""Where a command may write, said before the work and not after it."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from claimaudit.errors import OutputError


def check_places(read: Iterable[str | Path], written: Iterable[Path]) -> None:
    """That files can be put where they are wanted, without writing over what is read.

    Raises
    ------
    OutputError
        As `check_apart` and `check_place` do.
    """
    files = list(written)
    check_apart(read, files)
    for path in files:
        check_place(path)


def check_apart(read: Iterable[str | Path], written: Iterable[Path]) -> None:
    """That no file is written over one that is read (`-` is none), or over another.

    Raises
    ------
    OutputError
        One is; the message names it.
    """
    taken = {Path(name).resolve() for name in read if name != "-"}
    for path in written:
        if path.resolve() in taken:
            raise OutputError(f"{path}: is read or written already. Give each file its own name.")
        taken.add(path.resolve())


def check_place(path: Path) -> None:
    """That a file can be put somewhere, as far as can be said beforehand.

    Raises
    ------
    OutputError
        There is no such folder, or something that is no regular file lies there.
    """
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder '{path.parent}'. Make it, or choose another place.")
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise OutputError(f"{path}: is no regular file. Choose another place, or leave out the output for a stream.")
