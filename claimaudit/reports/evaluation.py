"""An evaluation for people: lines for a terminal, and a page that needs nothing but itself."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt

from claimaudit.audit import PATTERNS
from claimaudit.evaluation import Calibration, Estimate, Evaluation, Mistake, Score
from claimaudit.reports.page import counted, environment, printable
from claimaudit.types import writable

WIDTH = 100
_NAME = 30
_LONGEST = 200
"""Of the words of a mistake, in a terminal."""


# --- Terminal ------------------------------------------------------------------------------------------------


def render(evaluation: Evaluation) -> Iterator[str]:
    """Lines of a report: scores with 95 % intervals, by type and field, then verdicts, calibration, review, errors."""
    yield from map(printable, _lines(evaluation))


def _lines(evaluation: Evaluation) -> Iterator[str]:
    yield from _head(evaluation)
    yield ""
    yield from _table("", _summary(evaluation))
    if evaluation.types:
        yield ""
        yield from _table("claim type", evaluation.types)
    for field, groups in evaluation.by.items():
        yield ""
        yield from _table(field, groups)
    yield ""
    yield from _figures(evaluation)
    yield ""
    yield from _verdicts(evaluation)
    yield ""
    yield from _calibration(evaluation)
    for title, mistakes, total in mistake_lists(evaluation):
        yield ""
        yield f"{title}: {total}" + (f", the worst {len(mistakes)}" if len(mistakes) < total else "")
        for mistake in mistakes:
            yield from _mistake(mistake)
    yield ""
    yield evaluation.signature


def _head(evaluation: Evaluation) -> Iterator[str]:
    yield (
        f"{evaluation.gold}: {counted(evaluation.documents, 'document')} ({evaluation.clean_documents} without a flag), "
        f"{counted(evaluation.sentences, 'sentence')}; model: {evaluation.model}"
    )
    if evaluation.incomplete:
        yield f"not read whole: {', '.join(evaluation.incomplete)}"


def _summary(evaluation: Evaluation) -> dict[str, Score]:
    core = {} if evaluation.core is None else {f"core ({counted(len(evaluation.core_types), 'type')})": evaluation.core}
    return {
        "flagged": evaluation.overall,
        **core,
        "contradicted (strict)": evaluation.contradicted,
        "outside the review band": evaluation.review.outside,
    }


def _table(title: str, scores: Mapping[str, Score]) -> Iterator[str]:
    name = max(_NAME, *(len(name) for name in scores)) if scores else _NAME
    yield f"{title:{name}}  {'precision':16} {'recall':16} {'F1':16} {'gold':>5} {'found':>5} {'hit':>5}".rstrip()
    for label, score in scores.items():
        values = " ".join(f"{_cell(one):16}" for one in (score.precision, score.recall, score.f1))
        yield f"{label:{name}}  {values} {score.gold:5} {score.found:5} {score.hit:5}"


def _figures(evaluation: Evaluation) -> Iterator[str]:
    yield from _rows(
        [
            ("macro F1 (5 or more in gold)", _number(evaluation.macro_f1)),
            ("false flags per 100 clean", _cell(evaluation.false_flags_per_100_clean, digits=1)),
            ("sentences for review", f"{_cell(evaluation.review.sentences)}  ({counted(evaluation.review.items, 'item')})"),
            ("verdict accuracy on hits", _cell(evaluation.verdict_accuracy)),
        ]
    )


def _verdicts(evaluation: Evaluation) -> Iterator[str]:
    columns = list(evaluation.confusion)
    yield f"{'verdicts on hits':{_NAME}}  " + " ".join(f"{'found ' + column:>19}" for column in columns)
    for wanted, row in evaluation.confusion.items():
        yield f"{'gold ' + wanted:{_NAME}}  " + " ".join(f"{row[column]:19}" for column in columns)


def _calibration(evaluation: Evaluation) -> Iterator[str]:
    calibration = evaluation.calibration
    yield f"{'calibration above 0.2':{_NAME}}  predicted  observed  count"
    for one in calibration.bins:
        yield f"{f'{one.low:.1f}–{one.high:.1f}':{_NAME}}  {one.predicted:9.3f}  {one.observed:8.3f}  {one.count:5}"
    yield from _rows([("expected calibration error", _number(calibration.error))])
    if note := calibration_note(evaluation):
        yield note


def calibration_note(evaluation: Evaluation) -> str:
    """What has to be known to read the calibration, empty if nothing."""
    if evaluation.model == PATTERNS:
        return "Without a model a claim's confidence is how sure its pattern is, not a calibrated probability."
    return ""


def mistake_lists(evaluation: Evaluation) -> list[tuple[str, tuple[Mistake, ...], int]]:
    """Title, the worst ones that were kept, and how many there are."""
    score = evaluation.overall
    return [
        ("false flags", evaluation.false_flags, score.found - score.hit),
        ("misses", evaluation.misses, score.gold - score.hit),
    ]


def _mistake(mistake: Mistake) -> Iterator[str]:
    at = "outside" if mistake.sentence is None else f"{mistake.sentence}"
    yield f"  {mistake.document}#{at}  {mistake.type}, {mistake.verdict}  {_number(mistake.confidence, digits=2)}"
    text = mistake.text if len(mistake.text) <= _LONGEST else mistake.text[: _LONGEST - 1].rstrip() + "…"
    for line in (f"“{text}”", mistake.note):
        yield from textwrap.wrap(line, WIDTH, initial_indent="    ", subsequent_indent="      ", break_long_words=False)


def _rows(rows: list[tuple[str, str]]) -> Iterator[str]:
    for name, value in rows:
        yield f"{name:{_NAME}}  {value}"


def _cell(estimate: Estimate | None, *, digits: int = 3) -> str:
    """A value with its interval, `0.912 0.87–0.95`."""
    if estimate is None:
        return "–"
    value = _number(estimate.value, digits=digits)
    return value if estimate.low is None else f"{value} {interval(estimate, digits=min(digits, 2))}"


def interval(estimate: Estimate, *, digits: int = 2) -> str:
    """The 95 % interval, a dash where there is none."""
    if estimate.low is None or estimate.high is None:
        return "–"
    return f"{estimate.low:.{digits}f}–{estimate.high:.{digits}f}"


def _number(value: float | None, *, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


# --- Page ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Point:
    """A bin in the reliability diagram, in its units; the area of the point is as large as its count."""

    x: float
    y: float
    radius: float
    count: int
    label_x: float
    anchor: str


LEFT, TOP, SIDE = 52, 12, 296
"""Where the square of the reliability diagram lies, in a drawing of 360 units."""
_LARGEST_POINT = 10


def to_html(evaluation: Evaluation) -> str:
    """One self-contained page: plots drawn as SVG, each with its numbers as a table; no script, nothing to fetch."""
    templates = environment()
    templates.filters.update(number=_number, interval=interval, counted=counted)
    page = templates.get_template("evaluation.html").render(
        evaluation=evaluation,
        summary=_summary(evaluation),
        review=_review(evaluation),
        points=_points(evaluation.calibration),
        square={"left": LEFT, "top": TOP, "side": SIDE},
        ticks=[tick / 5 for tick in range(6)],
        note=calibration_note(evaluation),
        mistake_lists=mistake_lists(evaluation),
    )
    return writable(page)


def _points(calibration: Calibration) -> list[_Point]:
    largest = max((one.count for one in calibration.bins), default=1)
    points = []
    for one in calibration.bins:
        x, y = LEFT + SIDE * one.predicted, TOP + SIDE * (1 - one.observed)
        radius = max(3, _LARGEST_POINT * sqrt(one.count / largest))
        at_the_edge = one.predicted > 0.8
        points.append(
            _Point(
                x=round(x, 2),
                y=round(y, 2),
                radius=round(radius, 2),
                count=one.count,
                label_x=round(x - radius - 4 if at_the_edge else x + radius + 4, 2),
                anchor="end" if at_the_edge else "start",
            )
        )
    return points


def _review(evaluation: Evaluation) -> dict[str, Estimate]:
    every, outside = evaluation.overall, evaluation.review.outside
    return {
        "precision, all": every.precision,
        "precision, outside the band": outside.precision,
        "recall, all": every.recall,
        "recall, outside the band": outside.recall,
    }
