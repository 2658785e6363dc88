"""Fixtures that load a pack once for all tests."""

from __future__ import annotations

import io
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from claimaudit import Auditor, Listing, Pack, load_pack
from claimaudit.batch.writers import Csv, JsonLines, Table
from claimaudit.text.sentences import split_sentences
from claimaudit.types import AuditResult, Sentence

TESTS = Path(__file__).parent

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job: processes of tests would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack()


@pytest.fixture(scope="session")
def auditor(pack: Pack) -> Auditor:
    return Auditor(pack, speed="patterns")


@pytest.fixture(scope="session")
def home(pack: Pack) -> Auditor:
    return Auditor(pack, setting="home", speed="patterns")


@pytest.fixture(scope="session")
def clinic(pack: Pack) -> Auditor:
    return Auditor(pack, setting="clinic", speed="patterns")


def table_of(writer: type[Csv] | type[JsonLines], results: Iterable[AuditResult]) -> bytes:
    """The findings and near misses as a scan writes them."""
    out = io.BytesIO()
    made = writer(Table.of_findings())
    made.merge([made.encode(result.records("all")) for result in results], out)
    return out.getvalue()


def sentences_of(text: str, *, markup: str | None = "text") -> tuple[Sentence, ...]:
    return split_sentences(Listing("test", text, markup=markup))


def texts_of(text: str, *, markup: str | None = "text") -> list[str]:
    return [sent.readable.text for sent in sentences_of(text, markup=markup)]
