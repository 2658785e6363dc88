"""The cheap models: logistic regressions on words and letters.

`LinearModel` reads a sentence and its context. It is the gate that decides which parts of a listing an encoder reads, one of
the voices that are weighed, and the source of the reasons shown. `ListingModel`
tells whether a whole listing reads like one that promises too much; what a leaflet, a newspaper or an honest seller quotes
or explains is flagged less readily.
"""

from __future__ import annotations

import re
import sys
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count, pairwise, repeat
from operator import itemgetter
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from claimaudit.claims.readings import SEPARATOR, Reading

_TOKEN = re.compile(r"[^\W_]+|[%!?]")

SETTINGS: dict[str, dict[str, Any]] = {
    "words": {
        "ngram_range": (1, 3),
        "sublinear_tf": True,
        "min_df": 2,
        "max_features": 60_000,
        "token_pattern": _TOKEN.pattern,
    },
    "letters": {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True, "min_df": 4, "max_features": 50_000},
    "context": {
        "ngram_range": (1, 2),
        "sublinear_tf": True,
        "min_df": 4,
        "max_features": 15_000,
        "token_pattern": _TOKEN.pattern,
    },
}
"""One vectorizer for each part. The sizes keep the files at a few megabytes; they were not tuned."""
LISTING: dict[str, Any] = {
    "ngram_range": (1, 2), "sublinear_tf": True, "min_df": 3, "max_features": 40_000, "token_pattern": _TOKEN.pattern,
}  # fmt: skip
REGULARISATION = 5.0
"""`C` of the regressions: weak, as suits sparse features and few positives. Of 20 and 5 the one with the higher F1 on the
calibration split."""
TELLING_LENGTH = 600
"""Characters of a listing from which its words tell what kind of page it is; nearly all of the corpus have as many."""
MIN_POSITIVES = 5
MAX_WORDS = 50_000
MAX_TEXTS = 4_096
"""Distinct words, and texts, whose terms are remembered: sentences are read again as context of others."""

_BITS = 31
"""A word's number is smaller than 2 to this power, and so is a pair's."""
_NO_WORD = bytes(4)
_Part = tuple[bytes, bytes, bytes]
"""Places of the terms of a text, the number of its first word and that of its last; empty where it holds no words."""


@dataclass(frozen=True, slots=True)
class LinearScores:
    """Of n readings: log-odds that the sentence is flagged for each type (n, t), and what they were computed from."""

    flagged: np.ndarray
    features: csr_matrix


class LinearModel:
    """Logistic regressions for t claim types, with fixed vocabularies.

    `weights` has shape (features, 2 t): flagged for each type, absolute for each type.
    """

    def __init__(
        self,
        vocabularies: Mapping[str, Sequence[str]],
        idf: Mapping[str, np.ndarray],
        weights: np.ndarray,
        bias: np.ndarray,
        lexicon: Lexicon | None = None,
    ) -> None:
        self.vocabularies = vocabularies
        self.idf = idf
        self.weights = weights.astype(np.float32)
        self.bias = bias.astype(np.float32)
        self._types = weights.shape[1] // 2
        self._flagged = np.ascontiguousarray(self.weights[:, : self._types])
        sizes = [len(vocabularies[name]) for name in SETTINGS]
        starts = [0, sizes[0], sizes[0] + sizes[1]]
        self._lexicon = lexicon or Lexicon()
        self._words = _WordRuns(vocabularies["words"], self._lexicon)
        self._letters = _LetterRuns(vocabularies["letters"], starts[1])
        self._context = _WordRuns(vocabularies["context"], self._lexicon, starts[2])
        self._starts = starts
        self._idf = np.concatenate([idf[name] for name in SETTINGS])

    def __reduce__(self) -> tuple[Any, ...]:
        return LinearModel, (self.vocabularies, self.idf, self.weights, self.bias)  # what it remembers stays behind

    def features(self, readings: Sequence[Reading]) -> csr_matrix:
        """TF-IDF features, shape (n, features): words, letters, context, in this order."""
        texts = [reading.text for reading in readings]
        parts = [
            self._words.in_each(texts),
            _in_each([self._letters.of(text) for text in texts]),
            _in_each(self._in_contexts([reading.context for reading in readings])),
        ]
        rows, columns = (np.concatenate([part[place] for part in parts]) for place in range(2))
        return _tf_idf(rows, columns, len(texts), self._idf, self._starts)

    def _in_contexts(self, contexts: Sequence[str]) -> list[bytes]:
        """Places of the terms of each context: put together from its parts, most of which it shares with its neighbours."""
        pairs = [context.rpartition(SEPARATOR) for context in contexts]
        halves = [(opening, previous.strip()) for opening, _, previous in pairs]
        openings = {opening: [part.strip() for part in opening.split(SEPARATOR)] for opening, _ in halves}
        parts = list(dict.fromkeys([*chain.from_iterable(openings.values()), *(previous for _, previous in halves)]))
        rows, columns = self._context.in_each(parts)
        order = np.argsort(rows, kind="stable")
        borders = (4 * np.searchsorted(rows[order], np.arange(len(parts) + 1))).tolist()
        places = columns[order].tobytes()
        known: dict[str, _Part] = {}
        for part, (start, end) in zip(parts, pairwise(borders), strict=True):
            ids = self._lexicon.ids(part)
            known[part] = places[start:end], ids[:4], ids[-4:]
        joined = {opening: self._joined([known[part] for part in own]) for opening, own in openings.items()}
        return [self._joined([joined[opening], known[previous]])[0] for opening, previous in halves]

    def _joined(self, parts: Sequence[_Part]) -> _Part:
        """Parts as one: with the pairs of words where two meet."""
        spoken = [part for part in parts if part[1]]
        if len(spoken) < 2:
            return spoken[0] if spoken else parts[0]
        meetings = [self._context.pair(left[2], right[1]) for left, right in pairwise(spoken)]
        return b"".join([*(part[0] for part in spoken), *meetings]), spoken[0][1], spoken[-1][2]

    def scores(self, readings: Sequence[Reading]) -> LinearScores:
        """Of at least one reading."""
        features = self.features(readings)
        return LinearScores(np.asarray(features @ self._flagged) + self.bias[: self._types], features)

    def absolute(self, features: csr_matrix, row: int, column: int) -> float:
        """Log-odds that a flagged claim of the type of a column is of the highest strength."""
        start, end = features.indptr[row : row + 2]
        weights = self.weights[features.indices[start:end], self._types + column]
        # Summed one by one, as a sparse product does: the last bit is the same however many columns are asked for.
        total = np.add.accumulate(features.data[start:end] * weights)[-1:].sum()
        return float(total + self.bias[self._types + column])

    def own_words(self, features: csr_matrix, row: int) -> tuple[np.ndarray, np.ndarray]:
        """The words of the sentence itself in one row of features: columns, in rising order, and values."""
        start, end = features.indptr[row : row + 2]
        end = start + np.searchsorted(features.indices[start:end], len(self.vocabularies["words"]))
        return features.indices[start:end], features.data[start:end]

    def strongest(self, features: csr_matrix, row: int, column: int, *, most: int = 3) -> list[str]:
        """Of the sentence of a row, the words and word runs that speak most for a flag, strongest first."""
        indices, values = self.own_words(features, row)
        gains = values * self.weights[indices, column]
        ranked = sorted(zip(gains, indices, strict=True), key=lambda item: (-item[0], item[1]))
        vocabulary = self.vocabularies["words"]
        return [vocabulary[index] for gain, index in ranked[:most] if gain > 0]


class Exemplars:
    """Training sentences of one claim type, to find the one that is most alike."""

    def __init__(self, texts: Sequence[str], model: LinearModel) -> None:
        self._texts = texts
        words = model.features([Reading("", text) for text in texts])[:, : len(model.vocabularies["words"])].tocsc()
        self._starts, self._rows, self._values = words.indptr.tolist(), words.indices, words.data

    def nearest(self, columns: np.ndarray, values: np.ndarray) -> str | None:
        """The sentence that shares the most with one of these words, by cosine; None if none shares any."""
        likeness = np.zeros(len(self._texts), np.float32)
        for column, value in zip(columns.tolist(), values, strict=True):
            start, end = self._starts[column], self._starts[column + 1]
            if start < end:
                likeness[self._rows[start:end]] += self._values[start:end] * value
        best = int(likeness.argmax())
        return self._texts[best] if likeness[best] > 0 else None


class ListingModel:
    """A logistic regression on the words of a whole listing."""

    def __init__(
        self,
        vocabulary: Sequence[str],
        idf: np.ndarray,
        weights: np.ndarray,
        bias: float,
        lexicon: Lexicon | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self.weights = weights.astype(np.float32)
        self.bias = bias
        self._terms = _WordRuns(vocabulary, lexicon or Lexicon())

    def odds(self, texts: Sequence[str]) -> float:
        """Log-odds that a listing, given as its folded sentences, holds any flag; those of a short one count less."""
        rows, columns = self._terms.in_whole(texts)
        features = _tf_idf(rows, columns, 1, self.idf, [0])
        return float((features @ self.weights)[0] + self.bias) * min(1.0, length_of(texts) / TELLING_LENGTH)


def length_of(texts: Sequence[str]) -> int:
    """Characters of a listing whose sentences these are, joined by spaces."""
    return sum(map(len, texts)) + len(texts) - 1


class Lexicon:
    """Numbers for words, so that runs of words can be looked up as numbers; 0 is a word that no vocabulary holds."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(count(1).__next__)
        self.ids = lru_cache(maxsize=MAX_TEXTS)(self._of_text)

    def add(self, words: Iterable[str]) -> list[int]:
        """The numbers of some words, new ones if need be. To be called before any text is read."""
        return list(map(self._numbers.__getitem__, words))

    def _of_text(self, text: str) -> bytes:
        """The numbers of the words of a text, with the marks that tell much in advertising, as bytes of int32."""
        return array("i", map(self._numbers.get, _TOKEN.findall(text.lower()), repeat(0))).tobytes()


class _WordRuns:
    """Finds the words and runs of two or three words of one vocabulary, whose places count from `first`.

    The same as scikit-learn's vectorizer of words, but for all texts at once: a run is a number made of the numbers of its
    words, looked up by bisection.
    """

    def __init__(self, vocabulary: Sequence[str], lexicon: Lexicon, first: int = 0) -> None:
        self._lexicon = lexicon
        singles: dict[int, int] = {}
        pairs: dict[int, int] = {}
        triples: list[tuple[int, int, int]] = []
        for place, term in enumerate(vocabulary, first):
            words = lexicon.add(term.split(" "))
            if len(words) == 1:
                singles[words[0]] = place
            elif len(words) == 2:
                pairs[words[0] << _BITS | words[1]] = place
            else:
                triples.append((words[0] << _BITS | words[1], words[2], place))
        self._singles = np.full(max(singles, default=0) + 2, -1, np.int32)  # the last stands for all later words
        self._singles[list(singles)] = list(singles.values())
        for pair, _, _ in triples:
            pairs.setdefault(pair, -1)
        self._pairs = _Table(pairs)
        numbers, _ = self._pairs.find(np.array([pair for pair, _, _ in triples], np.int64))
        keys = [number << _BITS | third for number, (_, third, _) in zip(numbers.tolist(), triples, strict=True)]
        self._triples = _Table({key: place for key, (_, _, place) in zip(keys, triples, strict=True)})

    def in_each(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Row and place of each term, as often as it occurs."""
        ids = [self._lexicon.ids(text) + _NO_WORD for text in texts]
        rows = np.repeat(np.arange(len(texts)), [len(numbers) // 4 for numbers in ids])
        return self._found(np.frombuffer(b"".join(ids), np.int32), rows)

    def in_whole(self, texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """The same of all texts as one."""
        ids = np.frombuffer(b"".join(map(self._lexicon.ids, texts)), np.int32)
        return self._found(ids, np.zeros(len(ids), np.int64))

    def pair(self, left: bytes, right: bytes) -> bytes:
        """The place of a pair of words, each given by its number, as bytes; empty if it is not in the vocabulary."""
        words = int.from_bytes(left, sys.byteorder) << _BITS | int.from_bytes(right, sys.byteorder)
        place = self._pairs.places.get(words, -1)
        return b"" if place < 0 else place.to_bytes(4, sys.byteorder)

    def _found(self, ids: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        singles = self._singles.take(ids, mode="clip")
        wide = ids.astype(np.int64)
        pairs, pair_places = self._pairs.find(wide[:-1] << _BITS | wide[1:])
        starts = np.flatnonzero(pairs[:-1] >= 0)
        _, triple_places = self._triples.find(pairs[starts] << _BITS | wide[starts + 2])
        places = np.concatenate([singles, pair_places, triple_places])
        rows = np.concatenate([rows, rows[:-1], rows[starts]])
        is_known = places >= 0
        return rows[is_known], places[is_known]


class _Table:
    """Places by whole numbers, for arrays of them."""

    def __init__(self, places: Mapping[int, int]) -> None:
        self.places = places
        keys = np.fromiter(places.keys(), np.int64, len(places))
        order = np.argsort(keys)
        self._keys = np.append(keys[order], np.iinfo(np.int64).max)
        self._places = np.append(np.fromiter(places.values(), np.int32, len(places))[order], np.int32(-1))

    def find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The number of each key among those of the table, and its place; -1 for one that it does not hold."""
        numbers = np.searchsorted(self._keys, keys)
        is_known = self._keys[numbers] == keys
        return np.where(is_known, numbers, -1), np.where(is_known, self._places[numbers], -1)


class _LetterRuns:
    """Places of the letter runs of texts in a vocabulary, as scikit-learn's analyzer `char_wb` finds them."""

    def __init__(self, vocabulary: Sequence[str], first: int) -> None:
        places = np.arange(first, first + len(vocabulary), dtype=np.int32).tobytes()
        self._places = {term: places[4 * number : 4 * number + 4] for number, term in enumerate(vocabulary)}
        self._of_word = lru_cache(maxsize=MAX_WORDS)(self._runs)

    def of(self, text: str) -> bytes:
        """As bytes of int32; a place stands as often as its run occurs."""
        return b"".join(map(self._of_word, text.lower().split()))

    def _runs(self, word: str) -> bytes:
        return b"".join(filter(None, map(self._places.get, _letter_runs_of(len(word))(f" {word} "))))


@lru_cache(maxsize=100)
def _letter_runs_of(length: int) -> Callable[[str], Sequence[str]]:
    """What takes the letter runs out of a word of so many letters between two spaces."""
    least, most = SETTINGS["letters"]["ngram_range"]
    padded = length + 2
    # A short word counts once.
    sizes = range(least, min(most, padded) + 1)
    return itemgetter(*(slice(start, start + size) for size in sizes for start in range(padded - size + 1)))


def _in_each(places: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Row and place of each term of some texts, whose places are given as bytes of int32."""
    rows = np.repeat(np.arange(len(places)), [len(own) // 4 for own in places])
    return rows, np.frombuffer(b"".join(places), np.int32)


def _tf_idf(rows: np.ndarray, columns: np.ndarray, texts: int, idf: np.ndarray, starts: Sequence[int]) -> csr_matrix:
    """TF-IDF features of some texts, shape (texts, features), each part of a row of length 1.

    `rows` and `columns` hold each term of so many `texts` as often as it occurs; `starts` are the columns that the parts
    begin with. The numbers are, bit by bit, those of scikit-learn's vectorizers (sublinear, `float32`), part by part; on few
    short texts theirs take much longer.
    """
    bits = len(idf).bit_length()
    dtype = "int32" if texts << bits < 1 << 31 else "int64"  # short numbers sort in half the time
    keys = rows.astype(dtype) << bits | columns
    keys.sort()
    is_first = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
    firsts = np.flatnonzero(is_first)
    counts = np.empty(len(firsts), np.float32)
    counts[:-1] = firsts[1:] - firsts[:-1]
    counts[-1:] = len(keys) - firsts[-1:]
    keys = keys[firsts]
    columns = keys & ((1 << bits) - 1)
    values = np.log(counts)
    values += np.float32(1)
    values *= idf[columns]
    firsts_of_parts = (np.arange(texts)[:, None] << bits | np.array(starts)).ravel().astype(dtype)
    borders = np.append(np.searchsorted(keys, firsts_of_parts), len(keys)).astype(np.int32)
    sizes = np.diff(borders)
    lengths = np.sqrt(np.bincount(np.repeat(np.arange(len(sizes)), sizes), weights=values * values, minlength=len(sizes)))
    values = (values / np.repeat(lengths, sizes)).astype(np.float32)
    return csr_matrix((values, columns, borders[:: len(starts)]), shape=(texts, len(idf)), copy=False)


def fit_listing(listings: Sequence[Sequence[str]], flagged: Sequence[bool], seed: int) -> ListingModel:
    """Fit on n listings, each as its folded sentences, and whether it holds any flag."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # half a second, for who trains
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(dtype=np.float32, **LISTING)
    features = vectorizer.fit_transform([" ".join(texts) for texts in listings])
    model = LogisticRegression(C=10.0, solver="liblinear", random_state=seed).fit(features, np.asarray(flagged, dtype=int))
    return ListingModel(
        list(vectorizer.get_feature_names_out()),
        vectorizer.idf_,
        model.coef_[0].astype(np.float16),
        float(model.intercept_[0]),
    )


def fit_linear(
    readings: Sequence[Reading], flagged: np.ndarray, absolute: np.ndarray, known: np.ndarray, seed: int
) -> LinearModel:
    """Fit all regressions.

    Parameters
    ----------
    readings
        n readings.
    flagged, absolute, known
        Shape (n, t), 0 or 1: the sentence is flagged for the type, its claim is of the highest strength, the type was
        labelled.
    """
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizers = {name: TfidfVectorizer(dtype=np.float32, **options) for name, options in SETTINGS.items()}
    texts, contexts = [reading.text for reading in readings], [reading.context for reading in readings]
    features = hstack(
        [vectorizer.fit_transform(contexts if name == "context" else texts) for name, vectorizer in vectorizers.items()],
        format="csr",
    )
    types = flagged.shape[1]
    weights = np.zeros((features.shape[1], 2 * types), np.float32)
    bias = np.zeros(2 * types, np.float32)

    def fit(column: int, rows: np.ndarray, target: np.ndarray) -> None:
        positives = int(target.sum())
        if not MIN_POSITIVES <= positives <= len(target) - MIN_POSITIVES:
            bias[column] = 10.0 if positives > len(target) / 2 else -10.0  # too few to learn from: what most are
            return
        model = LogisticRegression(C=REGULARISATION, solver="liblinear", class_weight="balanced", random_state=seed)
        model.fit(features[rows], target)
        weights[:, column], bias[column] = model.coef_[0], model.intercept_[0]

    for column in range(types):
        rows = np.flatnonzero(known[:, column])
        fit(column, rows, flagged[rows, column])
        rows = np.flatnonzero(flagged[:, column])
        fit(types + column, rows, absolute[rows, column])
    return LinearModel(
        {name: list(vectorizer.get_feature_names_out()) for name, vectorizer in vectorizers.items()},
        {name: vectorizer.idf_ for name, vectorizer in vectorizers.items()},
        weights.astype(np.float16),
        bias,
    )
