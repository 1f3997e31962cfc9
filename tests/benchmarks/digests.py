"""What code distils from a folder of notes, with the real embedder and clusterer, and what it takes. No language model.

    python -m tests.benchmarks.digests --notes FOLDER --profile DIR --embedder DIR [--show]

Prints the seconds of each step and, with ``--show``, what was found, to be judged by eye.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.common import machine, real_parts

from pillowbook.cli.digests import tasks_text


def run(notes: Path, profile: Path, embedder: Path, *, shows: bool) -> None:
    """Find, compare and cluster, and print."""
    print(machine())
    with real_parts(notes, profile, generator=Path("no-generator"), embedder=embedder) as parts:
        vault, beyond, overview = parts.vault, parts.stream.beyond, parts.stream.overview
        counts = vault.library.counts()
        print(f"{len(vault.library.documents())} documents, {counts.passages} passages")
        for name, is_due, step in (
            ("find", beyond.is_find_due, beyond.find),
            ("compare", beyond.is_compare_due, beyond.compare),
            ("topics", beyond.topics.is_due, beyond.topics.regroup),
        ):
            began, slices, made, longest_s = time.perf_counter(), 0, 0, 0.0
            while is_due():
                slice_began = time.perf_counter()
                made += step().made
                slices += 1
                longest_s = max(longest_s, time.perf_counter() - slice_began)
            seconds = time.perf_counter() - began
            print(f"{name}: {made} in {slices} slices, {seconds:.1f} s, the longest {longest_s:.1f} s")
        conflicts, topics = overview.conflicts(), overview.topics(None)
        print(f"{len(overview.timeline())} dated facts, {len(overview.tasks())} tasks")
        print(f"{len(conflicts)} contradictions, {len(topics)} topics")
        if not shows:
            return
        print(tasks_text(overview.tasks(), datetime.now(UTC).date()))
        for one in conflicts:
            print(f"\n{one.score:.2f} {one.older_day} {Path(one.older.path).name}: {one.older.quote}")
            print(f"     {one.newer_day} {Path(one.newer.path).name}: {one.newer.quote}")
        for topic in topics:
            print(f"\n{topic.label}: {', '.join(Path(path).name for path in topic.paths)}")
        print()
        for document in vault.library.documents():
            for note in overview.related(document.path):
                print(f"{note.score:.2f} {Path(document.path).name} and {Path(note.path).name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--notes", type=Path, required=True)
    parser.add_argument("--profile", type=Path, required=True, help="a vault is made here, or taken as it is")
    parser.add_argument("--embedder", type=Path, required=True, help="the model's folder, with modules.json")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    run(options.notes, options.profile, options.embedder, shows=options.show)
