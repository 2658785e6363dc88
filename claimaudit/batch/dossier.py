"""What results are set beside before anybody reads them: the seller's documents on file, and the baseline, on a day."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from claimaudit.decisions.baseline import Baseline
from claimaudit.resources import Pack
from claimaudit.substantiation import Register, read_register
from claimaudit.types import AuditResult


@dataclass(frozen=True, slots=True)
class DossierFiles:
    """Where a dossier lies, and the day on which documents and waivers must hold."""

    baseline: str | None = None
    substantiation: str | None = None
    as_of: str = ""

    @property
    def paths(self) -> list[Path]:
        return [Path(path) for path in (self.baseline, self.substantiation) if path is not None]

    def kept_from(self, write_baseline: str | Path | None) -> list[Path]:
        """The files that a scan must not write over: all, but for a baseline that is renewed in its place."""
        is_renewed = (
            self.baseline is not None
            and write_baseline is not None
            and Path(self.baseline).resolve() == Path(write_baseline).resolve()
        )
        return replace(self, baseline=None).paths if is_renewed else self.paths

    def read(self, pack: Pack) -> Dossier:
        """The dossier.

        Raises
        ------
        InputError
            A file cannot be read or is not valid; the message names file and line.
        """
        return Dossier(
            Baseline() if self.baseline is None else Baseline.read(Path(self.baseline)),
            None if self.substantiation is None else read_register(Path(self.substantiation), pack),
            date.fromisoformat(self.as_of) if self.as_of else date.today(),
        )

    def described(self) -> dict[str, Any] | None:
        """Its files by SHA-256 and its day; None if there are no files, for then the day decides nothing."""
        files = {"baseline": self.baseline, "substantiation": self.substantiation}
        if not any(files.values()):
            return None
        read = {name: None if path is None else {"given": path, "sha256": sha256_of(path)} for name, path in files.items()}
        return {**read, "as_of": self.as_of}


@dataclass(frozen=True, slots=True)
class Dossier:
    """A baseline and a register of documents, and the day on which they are looked at."""

    baseline: Baseline
    register: Register | None
    as_of: date

    def apply(self, result: AuditResult) -> AuditResult:
        """The result with what documents cover said, and what is known or waived moved to `suppressed`."""
        if self.register is not None:
            result = self.register.cover(result, self.as_of)
        return self.baseline.sift(result, self.as_of)


NOTHING_ON_FILE = Dossier(Baseline(), None, date.min)
"""Leaves every result as it is, on any day."""


def sha256_of(path: str | Path) -> str:
    """Of a file's bytes, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
