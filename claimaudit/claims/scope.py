"""What a listing sells, by what means and to whom: its scope, with the words that told."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from claimaudit.claims.phrases import ByPhrase, Phrase, phrasebook
from claimaudit.resources import Pack, ScopeClass, ScopeCue
from claimaudit.types import Cue, Scope, Sentence

UNKNOWN = "unknown"
_PRIMARY_SHARE = 0.5
"""A modality is primary when it is named at least this share as often as the one named most (the title counts threefold)."""
_TITLE_WEIGHT = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """A phrase of the group `group` (field, settings …), what it speaks for in it, and how much it weighs."""

    group: str
    speaks_for: str
    phrase: Phrase
    weight: int


class ScopeReader:
    """Reads the scope of listings by the cues of a pack's `scope.yaml`."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        self._book = phrasebook(pack)
        scope = pack.scope
        modalities = self._words("modalities", ((entry.id, [entry]) for entry in scope.modalities))
        conditions = self._words("conditions", ((entry.id, [entry]) for entry in scope.conditions))
        self._all = [
            *self._words("field", (("inside", scope.field.inside), ("outside", scope.field.outside))),
            *self._words("settings", scope.settings.items()),
            *self._words("voice", (("product", scope.product), ("independent", scope.independent))),
            *modalities,
            *conditions,
        ]
        places = list(enumerate(self._all))
        self._lines = ByPhrase((words.phrase, place) for place, words in places if words.phrase.stays_in_line)
        self._whole = ByPhrase((words.phrase, place) for place, words in places if not words.phrase.stays_in_line)
        self._modalities = ByPhrase((words.phrase, words) for words in modalities)
        self._conditions = ByPhrase((words.phrase, words) for words in conditions)
        # Both are asked for with each claim of a sentence.
        self.modalities_in = lru_cache(maxsize=4_096)(self._modalities_in)
        self.conditions_in = lru_cache(maxsize=4_096)(self._conditions_in)
        self._circumstances = frozenset(entry.id for entry in scope.conditions if entry.circumstance)
        self._parents = {**closure(scope.modalities), **closure(scope.conditions)}

    def _words(self, group: str, cues_by_id: Iterable[tuple[str, Sequence[ScopeCue | ScopeClass]]]) -> list[_Words]:
        return [
            _Words(
                group,
                id_,
                self._book.phrase(phrase, origin=f"{self._pack.name}/scope.yaml ({id_})"),
                cue.weight,
            )
            for id_, cues in cues_by_id
            for cue in cues
            for phrase in cue.any
        ]

    def tells_what(self, conditions: frozenset[str]) -> bool:
        """Whether conditions tell what a claim is about, and not only for whom, where or with what."""
        return not conditions <= self._circumstances

    def _conditions_in(self, folded: str) -> frozenset[str]:
        """Ids of the conditions that a folded text names, with their parents."""
        return self._with_parents(self._named(self._conditions, folded))

    def _modalities_in(self, folded: str) -> tuple[frozenset[str], ...]:
        """The modalities that a folded text names, each with its parents, without those that a more special one implies."""
        return tuple(self._parents[name] for name in self._most_special(sorted(self._named(self._modalities, folded))))

    def _named(self, group: ByPhrase[_Words], folded: str) -> set[str]:
        candidates = group.of(self._book.index.candidates(folded))
        return {words.speaks_for for words in candidates if words.phrase.pattern.search(folded)}

    def read(self, sentences: Sequence[Sentence], *, setting: str | None = None) -> Scope:
        """The scope of one listing.

        Parameters
        ----------
        sentences
            All sentences of the listing, in order.
        setting
            A setting that is known; it also tells that the pack applies.
        """
        text = _Joined(sentences)
        field, scores, voice, modalities, conditions = (Counter[str]() for _ in range(5))
        totals = {"field": field, "settings": scores, "voice": voice}
        title_end = len(text.title)
        title_factor = self._pack.scope.field.title_factor
        cues: list[Cue] = []
        seen: set[tuple[str, str, str]] = set()
        for words, match in self._matches(text):
            in_title = match.start() < title_end
            if words.group in ("modalities", "conditions"):
                counts = modalities if words.group == "modalities" else conditions
                if counts is modalities and not counts[words.speaks_for]:
                    cues.append(text.cue(words.speaks_for, match, words.weight))
                counts[words.speaks_for] += words.weight * (_TITLE_WEIGHT if in_title else 1)
            elif (words.group, words.speaks_for, match.group()) not in seen:
                seen.add((words.group, words.speaks_for, match.group()))
                weight = words.weight * (title_factor if in_title else 1)
                totals[words.group][words.speaks_for] += weight
                cues.append(text.cue(words.speaks_for, match, weight))
        threshold = self._pack.scope.field.threshold_for(len(sentences))
        told = self._told_setting({name: scores[name] for name in self._pack.settings})
        if told == UNKNOWN:
            file = self._pack.file
            assumed = file.product_setting if voice["product"] else file.service_setting
        else:
            assumed = told
        primary = self._primary(modalities)
        return Scope(
            in_scope=setting is not None or field["inside"] - field["outside"] >= threshold,
            setting=setting or told,
            assumed_setting=setting or assumed,
            product_class=primary[0] if primary else None,
            is_independent=voice["independent"] >= self._pack.scope.independent_threshold,
            modalities=self._with_parents(primary),
            primary=tuple(self._parents[name] for name in primary),
            conditions=self._with_parents(conditions),
            title_conditions=self.conditions_in(text.title),
            given=setting is not None,
            cues=tuple(cues),
        )

    def _told_setting(self, scores: dict[str, int]) -> str:
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        best, score = ranked[0]
        runner_up = ranked[1][1] if len(ranked) > 1 else 0
        return best if score - runner_up >= self._pack.scope.setting_margin else UNKNOWN

    def _matches(self, text: _Joined) -> Iterator[tuple[_Words, re.Match[str]]]:
        """All matches of the phrases, in the order of the pack, then of the text.

        Only the sentences that meet a phrase's needs are searched for it; the answer is that of searching the whole text.
        """
        ranges: dict[int, list[tuple[int, int]]] = defaultdict(list)
        lines = [text.text[start:end] for start, end in text.lines]
        for line, span in zip(lines, text.lines, strict=True):
            for place in self._lines.of(self._book.index.candidates(line)):
                ranges[place].append(span)
        for place in self._whole.of(self._book.index.candidates_in(lines)):
            ranges[place].append((0, len(text.text)))
        for place in sorted(ranges):
            words = self._all[place]
            finditer = words.phrase.pattern.finditer
            for start, end in ranges[place]:
                for match in finditer(text.text, start, end):
                    yield words, match

    def _primary(self, counts: Counter[str]) -> list[str]:
        """The modalities named most, without those that a more special one of them implies."""
        most = max(counts.values(), default=0)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return self._most_special([name for name, count in ranked if count >= _PRIMARY_SHARE * most])

    def _most_special(self, names: list[str]) -> list[str]:
        return [name for name in names if not any(name in self._parents[other] - {other} for other in names)]

    def _with_parents(self, ids: Iterable[str]) -> frozenset[str]:
        return frozenset(parent for id_ in ids for parent in self._parents[id_])


def closure(entries: Sequence[ScopeClass]) -> dict[str, frozenset[str]]:
    """Each id with itself and all that stand above it."""
    under = {entry.id: entry.under for entry in entries}
    closed: dict[str, frozenset[str]] = {}
    for id_ in under:
        seen: set[str] = set()
        queue = [id_]
        while queue:
            current = queue.pop()
            if current not in seen:
                seen.add(current)
                queue.extend(under[current])
        closed[id_] = frozenset(seen)
    return closed


class _Joined:
    """The folded sentences of a listing as one text, each on a line, with the way back to their spans."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self._sentences = sentences
        self._starts: list[int] = []
        self.lines: list[tuple[int, int]] = []
        at = 0
        for sent in sentences:
            self._starts.append(at)
            self.lines.append((at, at + len(sent.folded.text)))
            at += len(sent.folded.text) + 1
        self.text = "\n".join(sent.folded.text for sent in sentences)
        self.title = sentences[0].folded.text if sentences else ""

    def cue(self, speaks_for: str, match: re.Match[str], weight: float) -> Cue:
        index = bisect_right(self._starts, match.start()) - 1
        sent = self._sentences[index]
        start = match.start() - self._starts[index]
        end = min(match.end() - self._starts[index], len(sent.folded.text))
        return Cue(speaks_for, match.group(), sent.folded.source(start, end), weight, sent.listing.field)
