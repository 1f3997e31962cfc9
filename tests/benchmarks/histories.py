"""Real histories of notes, replayed: does anything shown rest on text that is gone, and what is made anew?

Run:  python -m tests.benchmarks.histories FILE.jsonl.xz... [--steps 40] [--slices 30] [--servings 30]

Each file holds a collection of notes and its changes, oldest first. No language model runs: questions are made of a
line's words and answered by the line that knows most of them, so that every answer has a quote that stands in a note;
the embedder is one of bags of words. All else is the product's own: ingest, digests, prediction, preparation, serving.

At every step the files are changed on disk. Then, *before* the product has looked, prepared questions are asked; what
is served as fresh must stand in the files as they are now (``stale`` counts those that do not, and must be 0). Then the
folder is synced, and every prepared answer and every fact of a digest is held against the files (``gone``, 0 as well);
then so many slices of background work are done. ``withdrawn`` counts prepared answers that went at a step, ``in vain``
those of them whose cited passages are all still there.

What a step makes anew is counted as well: ``digests anew`` and ``prepared anew`` of documents that changed, ``texts
embedded``, and of each how many ``needlessly``: a digest of a document that did not change, an answer none of whose
documents changed and to which nothing newer was found, a text embedded before that still stood in a note.
"""

import argparse
import json
import lzma
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.common import machine
from tests.flow.conftest import Stream

from pillowbook.answering.terms import content_stems
from pillowbook.domain.answers import AnswerKind, Freshness, PreparedAnswer
from pillowbook.domain.asking import AskMode
from pillowbook.domain.ids import DocumentId
from pillowbook.flow.ingest.split import embedded_text
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Message
from pillowbook.schedule.plan import next_slice

KEPT = (".md", ".txt", ".canvas")
_LINE = re.compile(r"^- (.+)$", re.MULTILINE)


def reply(messages: Sequence[Message]) -> str:
    """What stands in for the model writes: questions made of lines, and as an answer the line that knows most of it."""
    asked = messages[-1].text
    lines = _LINE.findall(asked)
    if wanted := re.search(r"Write (\d+) different questions", asked):
        made = [question for line in lines if (question := question_of(line))]
        return "\n".join(f"{number}. {one}" for number, one in enumerate(made[: int(wanted[1])], start=1))
    if found := re.search(r"^Question: (.+)$", asked, re.MULTILINE):
        stems = set(content_stems(found[1]))
        return max(lines, key=lambda line: len(stems & set(content_stems(line))), default="not said")[:200]
    return lines[0] if lines else "Nothing is said."


def question_of(line: str) -> str:
    """A question with the first telling words of a line; empty where there are too few."""
    telling = re.findall(r"[A-Za-z]{4,}", line)[:5]
    return f"What about {' '.join(telling)}?" if len(telling) >= 4 else ""


def steps_of(path: Path) -> Iterator[dict]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


class Replay:
    """One history over one vault."""

    def __init__(self, root: Path) -> None:
        self.stream = Stream(root)
        self.stream.generator._make = reply
        self.notes = self.stream.notes
        self.counts: Counter[str] = Counter()
        self._draw = random.Random(5)
        self._changed: set[str] = set()
        self._to_distil: set[str] = set()
        self._marked: set[str] = set()
        self._digests: dict[str, int] = {}
        self._prepared: dict[str, PreparedAnswer] = {}

    def change(self, step: dict) -> None:
        """Change the files on disk, and note what there was before."""
        self._changed = {str(self.notes / one["path"]) for one in step.get("changes", ())}
        self._to_distil |= self._changed  # the work of a step may not suffice for all of them
        self._digests = self._digest_ids()
        self._prepared = {one.question: one for one in self.stream.knowledge.prepared_answers()}
        for path, text in step.get("files", {}).items():
            self._put(path, text)
        for one in step.get("changes", ()):
            if one["op"] == "delete":
                (self.notes / one["path"]).unlink(missing_ok=True)
            else:
                self._put(one["path"], one["text"])

    def _put(self, path: str, text: str) -> None:
        if Path(path).suffix not in KEPT or ".." in Path(path).parts:
            return
        target = self.notes / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def serve(self, servings: int) -> None:
        """Ask for what is prepared, before the product has looked at the folder."""
        prepared = self.stream.knowledge.prepared_answers()
        for one in self._draw.sample(prepared, min(servings, len(prepared))):
            answer = self.stream.server.ask(one.question, mode=AskMode.PREPARED_ONLY, learn=False)
            self.counts["served"] += 1
            if answer.kind is AnswerKind.HIT and answer.freshness is Freshness.FRESH:
                self.counts["fresh"] += 1
                self.counts["stale"] += not all(
                    stands(citation.path, citation.quote) for citation in answer.citations
                )

    def sync(self) -> None:
        """Let the product look, and count what it withdrew."""
        before = {one.id: one for one in self.stream.knowledge.prepared_answers()}
        at = len(self.stream.embedder.texts)
        stood = {
            embedded_text(passage.title, passage.heading, passage.text)
            for document in self.stream.library.documents()
            if document.path not in self._changed
            for passage in self.stream.library.passages(document.id)
        }
        self.stream.sync()
        embedded = self.stream.embedder.texts[at:]
        self.counts["texts embedded"] += len(embedded)
        self.counts["texts embedded needlessly"] += sum(text in stood for text in embedded)
        left = self.stream.knowledge.prepared_answers()
        self._marked = {one.question for one in left if one.has_new_evidence}
        after = {one.id for one in left}
        gone = [one for key, one in before.items() if key not in after]
        self.counts["withdrawn"] += len(gone)
        self.counts["in vain"] += sum(self._all_there(one) for one in gone)

    def count_anew(self) -> None:
        """What was made anew since the step began, and how much of it for nothing."""
        for path, digest_id in self._digest_ids().items():
            if path in self._digests and self._digests[path] != digest_id:
                self.counts["digests anew"] += 1
                self.counts["digests anew needlessly"] += path not in self._to_distil
                self._to_distil.discard(path)
        for one in self.stream.knowledge.prepared_answers():
            before = self._prepared.get(one.question)
            if before is not None and before.id != one.id:
                self.counts["prepared anew"] += 1
                rested = {source.path for source in before.sources}
                is_owed = one.question in self._marked or bool(rested & self._changed) or self._newer(one)
                self.counts["prepared anew needlessly"] += not is_owed

    def _newer(self, one: PreparedAnswer) -> bool:
        """Whether it rests on a note of this step now."""
        return any(source.path in self._changed for source in one.sources)

    def _digest_ids(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for document in self.stream.library.documents():
            digest = self.stream.knowledge.digest(DocumentId(document.id))
            if digest is not None:
                found[document.path] = int(digest.id)
        return found

    def _all_there(self, one: PreparedAnswer) -> bool:
        return bool(one.citations) and all(
            any(
                passage.document_id == cited.document_id
                for passage in self.stream.library.passages_by_hash(cited.passage_hash)
            )
            for cited in one.citations
        )

    def check(self) -> None:
        """Hold everything that is shown against the files."""
        for one in self.stream.knowledge.prepared_answers():
            self.counts["quotes checked"] += len(one.citations)
            self.counts["gone"] += sum(not stands(cited.path, cited.quote) for cited in one.citations)
        for document in self.stream.library.documents():
            digest = self.stream.knowledge.digest(DocumentId(document.id))
            for fact in digest.facts if digest else ():
                self.counts["facts checked"] += 1
                self.counts["gone"] += not stands(document.path, fact.quote)

    def work(self, slices: int) -> None:
        """Some slices of background work."""
        for _ in range(slices):
            work = next_slice(self.stream.stages.queues(frozenset()))
            if work is None:
                return
            outcome = self.stream.stages.run(work, CancelToken())
            self.counts[f"{work.kind.value} {outcome.result.value}"] += 1


def stands(path: str, quote: str) -> bool:
    """Whether a quote stands in a file, but for white space."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:
        return False
    return is_in(quote, text)


def is_in(quote: str, text: str) -> bool:
    """Whether a quote stands in a text, but for white space."""
    return " ".join(quote.split()) in " ".join(text.split())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--slices", type=int, default=30, help="of background work after each step")
    parser.add_argument("--servings", type=int, default=30, help="at each step")
    arguments = parser.parse_args()
    print(machine())
    for path in arguments.files:
        root = Path(tempfile.mkdtemp())
        replay = Replay(root)
        try:
            for number, step in enumerate(steps_of(path)):
                if number > arguments.steps:
                    break
                replay.change(step)
                replay.serve(arguments.servings)
                replay.sync()
                replay.check()
                replay.work(arguments.slices)
                replay.check()
                if number:
                    replay.count_anew()
            print(
                f"{path.name}: {min(number, arguments.steps)} steps; {dict(sorted(replay.counts.items()))}",
                flush=True,
            )
        finally:
            replay.stream.close()
            shutil.rmtree(root, ignore_errors=True)
        assert not replay.counts["stale"] and not replay.counts["gone"], (
            "something rests on text that is gone"
        )


if __name__ == "__main__":
    main()
