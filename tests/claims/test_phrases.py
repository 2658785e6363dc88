from __future__ import annotations

import pytest

from claimaudit import PackError
from claimaudit.claims.phrases import compile_phrases, gaps

WORDS = {"pain": ["pain", "sting(s|ing)?"], "no": ["no", "zero"], "none": ["<no> <pain>"]}


def found(phrase: str, text: str) -> str | None:
    pattern = compile_phrases([phrase], WORDS, origin="x.yaml:1")
    assert pattern is not None
    match = pattern.search(text)
    return match.group() if match else None


@pytest.mark.parametrize(
    ("phrase", "text", "match"),
    [
        ("pain", "no pain here", "pain"),
        ("pain", "painless", None),
        ("cure", "secure", None),
        ("pain free", "pain-free", "pain-free"),
        ("pain ?free", "painfree", "painfree"),
        ("<no> <pain>", "zero stinging", "zero stinging"),
        ("<none>", "there is no pain", "no pain"),
        ("removes ~2 spots", "removes spots", "removes spots"),
        ("removes ~2 spots", "removes all brown spots", "removes all brown spots"),
        ("removes ~2 spots", "removes all the brown spots", None),
        ("removes ~3 spots", "removes dust; and spots", None),
        ("no$", "oh no", "no"),
        (r"\?", "why? yes", "?"),
        ("[a-c] x", "b x", "b x"),
    ],
)
def test_phrases(phrase: str, text: str, match: str | None) -> None:
    assert found(phrase, text) == match


def test_gaps_are_the_words_that_the_phrase_does_not_name() -> None:
    pattern = compile_phrases(["spots ~3 gone", "it ~2 fades"], {}, origin="x")
    assert pattern is not None
    match = pattern.search("the spots will not be gone")
    assert match is not None
    assert [match.string[start:end] for start, end in gaps(match)] == [" will not be"]


@pytest.mark.parametrize(("phrase", "message"), [("<what>", "not in vocabulary"), ("(", "no regular"), ("x*", "empty text")])
def test_errors_name_the_origin(phrase: str, message: str) -> None:
    with pytest.raises(PackError, match=f"x.yaml:7: .*{message}"):
        compile_phrases([phrase], WORDS, origin="x.yaml:7")


def test_no_phrases_no_pattern() -> None:
    assert compile_phrases([], {}, origin="x") is None
