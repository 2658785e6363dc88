from __future__ import annotations

import pytest

from claimaudit import Auditor
from claimaudit.text.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Entfernt Flecken und Sommersprossen in einer Woche, ohne Schmerzen.", "German"),
        ("Enlève les taches brunes et les grains de beauté sans douleur.", "French"),
        ("Elimina las manchas de la piel para siempre.", "Spanish"),
        ("Rimuove le macchie della pelle in una settimana per sempre.", "Italian"),
        ("Usuwa plamy na skórze i nie wraca.", "Polish"),
        ("Menghilangkan noda dan flek hitam dengan cepat untuk kulit anda.", "Indonesian or Malay"),
        ("消除色斑,无痛无疤", "Cjk script"),
        ("شحن مجاني وبدون ألم", "Arabic script"),
        ("Remove spots in one week", None),
        ("no pain no scar very good use", None),
        ("Ota nevus, café-au-lait, à la carte", None),
        ("ㅠㅠ please no promotion", None),
        ("12 x 30 ml", None),
        ("", None),
    ],
)
def test_language(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_foreign_parts_are_unchecked_and_the_rest_is_read(home: Auditor) -> None:
    text = "Freckle pen. It is painless.\n\nDer Stift ist völlig schmerzfrei und die Flecken sind weg.\n\nMade in Busan."
    result = home.audit(text)
    (note,) = result.unchecked
    assert note.reason == "language"
    assert note.span is not None
    assert note.span.of(text).startswith("Der Stift")
    assert not result.is_complete
    assert [finding.claim.type for finding in result.flagged] == ["painless"]


@pytest.mark.parametrize(("between", "is_read"), [("Painless permanent hair removal", True), ("Garantie: 2 Jahre", False)])
def test_only_what_is_short_goes_with_its_foreign_neighbours(home: Auditor, between: str, is_read: bool) -> None:
    german = "Die Flecken sind nach einer Woche weg und kommen nicht wieder."
    result = home.audit(f"{german}\n\n{between}\n\n{german}")
    assert len([note for note in result.unchecked if note.reason == "language"]) == 1 + is_read
    assert {finding.claim.type for finding in result.flagged} == ({"painless", "permanent"} if is_read else set())


def test_a_note_on_hidden_text_lies_in_the_source(home: Auditor) -> None:
    """Hidden text is read after its block, so the order of sentences is not that of the source."""
    copy = (
        "<div><span hidden>Die Flecken sind nach einer Woche weg und kommen nicht wieder.</span>"
        "Der Stift ist für die Haut und nicht mit Schmerz.</div>"
    )
    (note,) = [note for note in home.audit(copy).unchecked if note.reason == "language"]
    assert note.span is not None
    assert note.span.of(copy).startswith("Die Flecken")
