"""Fixtures that load a pack once for all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from claimaudit import Auditor, Listing, Pack, load_pack
from claimaudit.text.sentences import split_sentences
from claimaudit.types import Sentence

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


def sentences_of(text: str, *, markup: str | None = "text") -> tuple[Sentence, ...]:
    return split_sentences(Listing("test", text, markup=markup))


def texts_of(text: str, *, markup: str | None = "text") -> list[str]:
    return [sent.readable.text for sent in sentences_of(text, markup=markup)]
