"""What a listing sells, by what means and to whom: its scope, with the words that told."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from claimaudit.claims.phrases import compile_phrases
from claimaudit.claims.prefilter import LiteralIndex
from claimaudit.resources import Pack, ScopeClass, ScopeCue
from claimaudit.types import Cue, Scope, Sentence

UNKNOWN = "unknown"
_PRIMARY_SHARE = 0.5
"""A modality is primary when it is named at least this share as often as the one named most (the title counts threefold)."""
_TITLE_WEIGHT = 3


@dataclass(frozen=True, slots=True)
class _Words:
    speaks_for: str
    pattern: re.Pattern[str]
    weight: int


class ScopeReader:
    """Reads the scope of listings by the cues of a pack's `scope.yaml`."""

    def __init__(self, pack: Pack) -> None:
        self._pack = pack
        scope = pack.scope
        self._field = self._index(("inside", scope.field.inside), ("outside", scope.field.outside))
        self._settings = self._index(*scope.settings.items())
        self._voice = self._index(("product", scope.product), ("independent", scope.independent))
        self._modalities = self._index(*((entry.id, [entry]) for entry in scope.modalities))
        self._conditions = self._index(*((entry.id, [entry]) for entry in scope.conditions))
        self._parents = {**closure(scope.modalities), **closure(scope.conditions)}

    def _index(self, *groups: tuple[str, Sequence[ScopeCue | ScopeClass]]) -> LiteralIndex[_Words]:
        """One expression for each phrase, so that a text tries few of them."""
        words = []
        for speaks_for, cues in groups:
            origin = f"{self._pack.name}/scope.yaml ({speaks_for})"
            for cue in cues:
                for phrase in cue.any:
                    pattern = compile_phrases([phrase], self._pack.vocabulary, origin=origin)
                    assert pattern is not None  # there is a phrase
                    words.append((pattern, _Words(speaks_for, pattern, cue.weight)))
        return LiteralIndex(words)

    def conditions_in(self, folded: str) -> frozenset[str]:
        """Ids of the conditions that a folded text names, with their parents."""
        candidates = self._conditions.candidates(folded)
        found = {words.speaks_for for words in candidates if words.pattern.search(folded)}
        return self._with_parents(found)

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
        cues: list[Cue] = []
        field = self._totals(self._field, text, cues)
        scores = self._totals(self._settings, text, cues)
        voice = self._totals(self._voice, text, cues)
        modalities = self._counts(self._modalities, text, cues)
        conditions = self._counts(self._conditions, text, [])
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

    def _totals(self, index: LiteralIndex[_Words], text: _Joined, cues: list[Cue]) -> Counter[str]:
        """Weights of the cues found, each distinct wording once; in the title it counts more."""
        totals: Counter[str] = Counter()
        seen: set[tuple[str, str]] = set()
        for words in index.candidates(text.text):
            for match in words.pattern.finditer(text.text):
                if (words.speaks_for, match.group()) in seen:
                    continue
                seen.add((words.speaks_for, match.group()))
                in_title = match.start() < len(text.title)
                weight = words.weight * (self._pack.scope.field.title_factor if in_title else 1)
                totals[words.speaks_for] += weight
                cues.append(text.cue(words.speaks_for, match, weight))
        return totals

    def _counts(self, index: LiteralIndex[_Words], text: _Joined, cues: list[Cue]) -> Counter[str]:
        """How often each class is named, the title counting threefold; its first mention is a cue."""
        counts: Counter[str] = Counter()
        for words in index.candidates(text.text):
            for match in words.pattern.finditer(text.text):
                in_title = match.start() < len(text.title)
                if not counts[words.speaks_for]:
                    cues.append(text.cue(words.speaks_for, match, words.weight))
                counts[words.speaks_for] += words.weight * (_TITLE_WEIGHT if in_title else 1)
        return counts

    def _primary(self, counts: Counter[str]) -> list[str]:
        """The modalities named most, without those that a more special one of them implies."""
        most = max(counts.values(), default=0)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        names = [name for name, count in ranked if count >= _PRIMARY_SHARE * most]
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
        at = 0
        for sent in sentences:
            self._starts.append(at)
            at += len(sent.folded.text) + 1
        self.text = "\n".join(sent.folded.text for sent in sentences)
        self.title = sentences[0].folded.text if sentences else ""

    def cue(self, speaks_for: str, match: re.Match[str], weight: float) -> Cue:
        index = bisect_right(self._starts, match.start()) - 1
        sent = self._sentences[index]
        start = match.start() - self._starts[index]
        end = min(match.end() - self._starts[index], len(sent.folded.text))
        return Cue(speaks_for, match.group(), sent.folded.source(start, end), weight)
