"""One contender of `speed.py`, alone in a process, so that memory and caches are its own.

    python benchmarks/contenders.py NAME [--scan] < JOB.json

The job says which documents to read, how many listings to make of them, and on which core or, with `--scan`, by how many
workers. Prints what was measured. Imports only what the contender needs: medspaCy has an environment of its own.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

Read = Callable[[str], object]
_CLOSING = re.compile(r"[.!?…:;,)\"'”’]*\s*$")


def listings(documents: Sequence[dict[str, Any]], count: int, first: int) -> Iterator[str]:
    """Copy for `count` listings: the documents in turn, a running number at the end of each sentence makes it unique."""
    number = first * 100
    for place in range(first, first + count):
        document = documents[place % len(documents)]
        text, at, parts = document["text"], 0, []
        for _, end in document["sentences"]:
            number += 1
            closing = _CLOSING.search(text, at, end)
            cut = closing.start() if closing else end
            parts += [text[at:cut], f" {number}", text[cut:end]]
            at = end
        yield "".join([*parts, text[at:]])


def auditor(speed: str) -> Read:
    from claimaudit import Auditor

    return Auditor(speed=speed).audit


def claimaudit_as_written() -> Read:
    """The patterns without the search for disguised letters: what that search costs."""
    audit = import_module("claimaudit.audit")  # the package's own `audit` is a function
    audit.undisguise = lambda *_: None  # type: ignore[attr-defined]
    read = auditor("patterns")
    if read("Mole pen for home use. It is p@inless.").flagged:  # type: ignore[attr-defined]
        raise AssertionError("a disguise was seen through")
    return read


def spacy_tokenizer() -> Read:
    import spacy

    return spacy.blank("en").tokenizer


def keyword_scan() -> Read:
    """What a search with one regular expression costs: sixty words of the claims, found but neither read nor judged."""
    words = (
        "instant(?:ly)? immediate(?:ly)? overnight permanent(?:ly)? forever painless(?:ly)? pain hurts? discomfort cures? "
        "melasma chloasma removes? eliminates? erases? vanish(?:es)? gone flawless spotless perfect guaranteed? guarantee "
        "works everyone safe harmless risk scars? marks? damage downtime recovery skin types? tones? professional clinic "
        "salon dermatologist surgery lifts? tightens? collagen wrinkles? moles? tags? warts? acne rosacea eczema psoriasis "
        "fungus treats? heals? clinically proven tested approved fda recommended doctor session once single"
    ).split()
    expression = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
    return lambda text: expression.findall(text)


def medspacy_pipeline() -> Read:
    """Sentences, targets and ConText, with rules as its documentation writes them."""
    import medspacy
    from medspacy.ner import TargetRule

    nlp = medspacy.load(medspacy_enable=["medspacy_pyrush", "medspacy_target_matcher", "medspacy_context"])
    words = "pain downtime scars melasma moles warts wrinkles acne cure permanent guaranteed safe instant painless"
    nlp.get_pipe("medspacy_target_matcher").add([TargetRule(word, "CLAIM") for word in words.split()])
    return nlp


CONTENDERS: dict[str, Callable[[], Read]] = {
    "patterns": lambda: auditor("patterns"),
    "patterns, disguises not read": claimaudit_as_written,
    "fast": lambda: auditor("fast"),
    "accurate": lambda: auditor("accurate"),
    "spaCy tokenizer": spacy_tokenizer,
    "keyword scan": keyword_scan,
    "medspaCy": medspacy_pipeline,
}


def measure(name: str, job: dict[str, Any]) -> dict[str, float]:
    """Read listings with one contender after as many others as `warm` says: a long run has met most words before."""
    os.sched_setaffinity(0, {job["core"]})
    started = time.process_time()
    read = CONTENDERS[name]()
    load = time.process_time() - started
    for text in listings(job["documents"], job["warm"], 0):
        read(text)
    gc.collect()
    gc.freeze()  # what stays for good need not be looked through again: the same for all
    characters = seconds = 0.0
    for text in listings(job["documents"], job["count"], job["warm"]):
        started = time.process_time()
        read(text)
        seconds += time.process_time() - started
        characters += len(text)
    return {
        "listings": job["count"],
        "characters": characters,
        "seconds": seconds,
        "load": load,
        "peak_mb": peak_mb(),
    }


def scan(speed: str, job: dict[str, Any]) -> dict[str, float]:
    """Scan listings with claimaudit's batch runner: from when each worker has done a block to the last block.

    The memory is that of this process and its workers together, each at its highest, until the output is written.
    """
    from claimaudit.batch.run import Progress, scan_catalogue

    workers, characters = job["workers"], 0
    done: list[tuple[float, int]] = []
    peaks: dict[int, float] = {}

    def note(progress: Progress) -> None:
        done.append((time.monotonic(), progress.listings))
        for process in multiprocessing.active_children():
            if process.pid is not None:
                peaks[process.pid] = peak_mb(process.pid)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "listings.jsonl"
        with path.open("w", encoding="utf-8") as rows:
            for number, text in enumerate(listings(job["documents"], job["count"], 0)):
                characters += len(text)
                rows.write(json.dumps({"id": str(number), "text": text}) + "\n")
        out = path.with_name("findings.jsonl")
        before = cpu_seconds()
        scan_catalogue([str(path)], out, show="flagged", workers=workers, speed=speed, progress=note)
        cpu = cpu_seconds() - before
        read_mb, written_mb = path.stat().st_size / 1e6, out.stat().st_size / 1e6
    (begun, first), (ended, last) = done[min(workers, len(done) - 1) - 1], done[-1]
    return {
        "workers": workers,
        "listings": last - first,
        "characters": characters * (last - first) / job["count"],
        "seconds": ended - begun,
        "cpu_seconds": cpu,
        "read_mb": read_mb,
        "written_mb": written_mb,
        "peak_mb": peak_mb() + sum(peaks.values()),
    }


def cpu_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_mb(pid: int | str = "self") -> float:
    """The most memory that a process has held. Not `ru_maxrss`, which counts that of the process that started it."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024


if __name__ == "__main__":
    found = (scan if "--scan" in sys.argv else measure)(sys.argv[1], json.load(sys.stdin))
    print(json.dumps(found))
