"""What do adapted answers cost, and how often are they right, beside live answers to the same questions?

Run:  python -m tests.benchmarks.adapted prepare --data DIR --generator FILE.gguf --embedder DIR --keep KEEP [--fit]

DIR is ``squad_vault/dev``. ``prepare`` copies the first paragraphs of some articles of one half into ``KEEP`` and lets
the product work over them for ``--minutes``, nothing known of the questions that people wrote about them.
"""

import argparse
import random
from pathlib import Path

from tests.benchmarks import squad
from tests.benchmarks.common import real_parts
from tests.benchmarks.idle import runner_over

from pillowbook.host.workers import CancelToken

SEED = 16


def write_notes(data: Path, folder: Path, *, fit: bool, articles: int, paragraphs: int) -> list[str]:
    """The first paragraphs of some articles of one half, as notes; their names."""
    names = squad.notes(data, fit=fit)
    random.Random(SEED).shuffle(names)
    for name in names[:articles]:
        title, *rest = (data / "vault" / name).read_text(encoding="utf-8").split("\n\n")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n\n".join([title, *rest[:paragraphs]]) + "\n", encoding="utf-8")
    return names[:articles]


def prepare(arguments: argparse.Namespace) -> None:
    """Let the product work over the notes, into a vault that is kept."""
    folder = arguments.keep / "notes"
    if not folder.exists():
        names = write_notes(
            arguments.data,
            folder,
            fit=arguments.fit,
            articles=arguments.articles,
            paragraphs=arguments.paragraphs,
        )
        print(len(names), "articles")
    with real_parts(
        folder, arguments.keep / "profile", generator=arguments.generator, embedder=arguments.embedder
    ) as parts:
        parts.generator.preload()
        totals = runner_over(parts).work(
            arguments.minutes * 60, on_totals=lambda _totals: None, cancel=CancelToken()
        )
        counts = parts.vault.knowledge.counts()
        print(
            f"{totals.seconds:.0f} s of work: {counts.digests} digests, {counts.questions} questions, "
            f"{counts.prepared} prepared answers",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    preparing = commands.add_parser("prepare")
    preparing.add_argument("--data", type=Path, required=True)
    preparing.add_argument("--generator", type=Path, required=True)
    preparing.add_argument("--embedder", type=Path, required=True)
    preparing.add_argument("--keep", type=Path, required=True)
    preparing.add_argument("--fit", action="store_true")
    preparing.add_argument("--articles", type=int, default=4)
    preparing.add_argument("--paragraphs", type=int, default=10)
    preparing.add_argument("--minutes", type=float, default=12.0)
    preparing.set_defaults(run=prepare)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
