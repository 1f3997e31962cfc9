"""Read every document of a folder through the extractor and say, per type, what came of it.

    python -m tests.benchmarks.extraction ../shared/data/documents ../shared/data/documents_hostile

For each folder: per suffix how many were indexed, failed (by reason) or excluded, characters, passages and seconds;
where the folder has an ``_expected/`` text for a file, the share of its words that were found. Crashes, timeouts and
left-over files are counted at the end; all should be none.
"""

import argparse
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pillowbook.domain.errors import DocumentUnreadable
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.split import split_passages

NOT_DOCUMENTS = {"index.jsonl", "README.md"}


@dataclass(slots=True)
class Row:
    """What came of the files of one type."""

    outcomes: Counter[str] = field(default_factory=Counter)
    size_bytes: int = 0
    chars: int = 0
    passages: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    recalls: list[float] = field(default_factory=list)


def documents_of(root: Path) -> Iterator[Path]:
    """All files but the index and the expected texts."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.name not in NOT_DOCUMENTS and "_expected" not in path.parts:
            yield path


def words_of(text: str) -> Counter[str]:
    """Words and numbers, without case."""
    return Counter(re.findall(r"\w+", re.sub(r"<!--.*?-->", "", text).lower()))


def recall(found: str, expected: str) -> float:
    """Share of the expected words that were found."""
    wanted = words_of(expected)
    missing = wanted - words_of(found)
    return 1 - missing.total() / max(1, wanted.total())


def read_one(extractor: Extractor, path: Path, root: Path, row: Row) -> None:
    """Read one document and add what came of it."""
    data = path.read_bytes()
    row.size_bytes += len(data)
    began_s = time.monotonic()
    try:
        extracted = extractor.extract_bytes(data, str(path))
        passages = split_passages(extracted.text, extracted.kind, extracted.pages, title=extracted.title)
    except DocumentUnreadable as error:
        row.outcomes[str(error.facts["reason"])] += 1
    else:
        row.outcomes["indexed"] += 1
        row.chars += len(extracted.text)
        row.passages += len(passages)
        expected = root / "_expected" / f"{path.name}.md"
        if expected.exists():
            row.recalls.append(recall(extracted.text, expected.read_text(encoding="utf-8")))
    spent_s = time.monotonic() - began_s
    row.seconds += spent_s
    row.slowest_s = max(row.slowest_s, spent_s)


def sweep(extractor: Extractor, root: Path, *, by_folder: bool) -> dict[str, Row]:
    """Read all documents below ``root``; rows by suffix, or by the first folder."""
    rows: defaultdict[str, Row] = defaultdict(Row)
    for path in documents_of(root):
        key = path.relative_to(root).parts[0] if by_folder else path.suffix.lower()
        read_one(extractor, path, root, rows[key])
    return dict(rows)


def table(rows: dict[str, Row]) -> str:
    """Rows as Markdown."""
    lines = [
        "| type | indexed | not indexed | characters | passages | s | slowest s | words found |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for key, row in sorted(rows.items()):
        others = ", ".join(
            f"{count} {reason}" for reason, count in sorted(row.outcomes.items()) if reason != "indexed"
        )
        found = f"{sum(row.recalls) / len(row.recalls):.0%}" if row.recalls else ""
        lines.append(
            f"| {key} | {row.outcomes['indexed']} | {others} | {row.chars:,} | {row.passages:,} | {row.seconds:.2f} "
            f"| {row.slowest_s:.2f} | {found} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Sweep the folders named on the command line."""
    parser = argparse.ArgumentParser(description="Measure extraction.")
    parser.add_argument("folders", nargs="+", type=Path)
    folders: list[Path] = parser.parse_args().folders
    extractor = Extractor()
    began_s = time.monotonic()
    walls = extractor.sandbox()
    print(f"worker ready after {time.monotonic() - began_s:.2f} s; {walls}")
    total: Counter[str] = Counter()
    try:
        for root in folders:
            by_folder = not any(root.glob("pdf"))
            rows = sweep(extractor, root, by_folder=by_folder)
            print(f"\n{root.name}\n\n{table(rows)}")
            for row in rows.values():
                total.update(row.outcomes)
    finally:
        extractor.close()
    left = list(Path("/dev/shm").glob("pillowbook-x-*")) if Path("/dev/shm").is_dir() else []
    print(
        f"\n{dict(total)}; crashed {total['crashed']}, timeouts {total['timeout']}, files left behind {len(left)}"
    )
    return 1 if total["crashed"] or total["timeout"] or left else 0


if __name__ == "__main__":
    sys.exit(main())
