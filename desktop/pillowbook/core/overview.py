"""What is shown of everything that was distilled: digests of documents, folders and topics, and what spans notes."""

import os
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.cite import cite_span
from pillowbook.answering.retrieve import NEAR_WEIGHT, Retriever
from pillowbook.answering.terms import content_stems, coverage, stems
from pillowbook.core import protocol as p
from pillowbook.core.paths import absolute
from pillowbook.domain.answers import Citation, Fact
from pillowbook.domain.digests import (
    Conflict,
    DatedFact,
    DigestHit,
    FindingKind,
    PlacedFinding,
    PlacedRelation,
    RelatedNote,
    RelationKind,
    Task,
    Topic,
)
from pillowbook.domain.documents import Document, DocumentState, Passage
from pillowbook.domain.errors import DocumentUnknown, FolderUnknown
from pillowbook.flow.distil.folders import FolderDistiller
from pillowbook.flow.distil.links import are_linked, linked_names
from pillowbook.flow.serve.questions import clean_question
from pillowbook.store.digests import Digests
from pillowbook.store.findings import Findings
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library

MIN_ABOUT = 0.25
"""Below this a digest shares neither words nor meaning with a question."""


class Overview:
    """Reads what was distilled; makes nothing."""

    def __init__(
        self,
        *,
        library: Library,
        knowledge: Knowledge,
        findings: Findings,
        digests: Digests,
        folders: FolderDistiller,
        retriever: Retriever,
    ) -> None:
        self._retriever = retriever
        self._library = library
        self._knowledge = knowledge
        self._findings = findings
        self._digests = digests
        self._folders = folders

    def handle(self, call: p.OverviewCall) -> object:
        """The reply to one of the calls about what was distilled."""
        match call:
            case p.GetDigest(path):
                return self.documents(None if path is None else absolute(path))
            case p.GetFolderDigest(path):
                return self.folder(absolute(path))
            case p.GetTopics(name):
                return self.topics(name)
            case p.FindDigests(question, limit):
                return self.about(question, limit)
            case p.GetTimeline():
                return self.timeline()
            case p.GetTasks():
                return self.tasks()
            case p.GetConflicts():
                return self.conflicts()
            case p.GetRelated(path):
                return self.related(absolute(path))

    # -- digests -----------------------------------------------------------------------------------------------

    def documents(self, path: str | None) -> list[p.DigestView]:
        """Digests of one document, of all below a folder, or of all.

        Raises:
            DocumentUnknown: nothing is indexed there.
        """
        below = None if path is None else path.rstrip(os.sep) + os.sep
        chosen = [
            d
            for d in self._library.documents(state=DocumentState.INDEXED)
            if path is None or d.path == path or (below is not None and d.path.startswith(below))
        ]
        if path is not None and not chosen:
            raise DocumentUnknown()
        return [view for document in chosen if (view := self._document(document)) is not None]

    def _document(self, document: Document) -> p.DigestView | None:
        digest = self._knowledge.digest(document.id)
        if digest is None:
            return None
        found = self._findings.findings(FindingKind, document_id=document.id)

        def values(kind: FindingKind) -> tuple[str, ...]:
            return tuple(dict.fromkeys(one.finding.value for one in found if one.finding.kind is kind))

        return p.DigestView(
            document.path,
            document.title,
            digest.gist,
            digest.facts,
            digest.model,
            names=values(FindingKind.NAME),
            amounts=values(FindingKind.AMOUNT),
            dates=tuple(_dated(one) for one in found if one.finding.kind is FindingKind.DAY),
            tasks=tuple(_task(one) for one in found if one.finding.kind is FindingKind.TASK),
            open=tuple(one.finding.text for one in found if one.finding.kind is FindingKind.OPEN),
        )

    def folder(self, path: str) -> list[p.DigestView]:
        """The digest of a folder and of those below it, as far as they are made and hold.

        Raises:
            FolderUnknown: nothing is indexed below it.
        """
        if not self._library.documents_below(path):
            raise FolderUnknown()
        below = path.rstrip(os.sep) + os.sep
        return [
            p.DigestView(one.path, PurePath(one.path).name or one.path, one.gist, one.facts, one.model)
            for one in sorted(self._folders.current(), key=lambda one: one.path)
            if one.path == path or one.path.startswith(below)
        ]

    def topics(self, name: str | None) -> list[p.TopicView]:
        """All topics, the largest first, or those whose label holds every word of ``name``."""
        wanted = set((name or "").casefold().replace(",", " ").split())
        return [
            self._topic(topic)
            for topic in self._digests.topics()
            if topic.label and wanted <= set(topic.label.casefold().replace(",", " ").split())
        ]

    def _topic(self, topic: Topic) -> p.TopicView:
        passages = self._digests.topic_passages(topic.id)
        return p.TopicView(
            id=topic.id,
            label=topic.label,
            gist=topic.gist,
            facts=topic.facts,
            model=topic.model,
            passages=topic.passages,
            paths=tuple(dict.fromkeys(passage.path for passage in passages)),
        )

    def about(self, question: str, limit: int) -> list[DigestHit]:
        """The folders' and topics' digests that a question is about, best first, with the places of their facts."""
        if limit < 1:
            return []
        vector = self._retriever.embed(clean_question(question))
        roots = frozenset(content_stems(question))
        hits: list[DigestHit] = []

        def weigh(
            kind: str, name: str, gist: str, facts: Sequence[Fact], own: NDArray[np.float32] | None
        ) -> None:
            if own is None:
                return
            told = frozenset(stems(f"{name} {gist} {' '.join(fact.text for fact in facts)}"))
            score = NEAR_WEIGHT * float(own @ vector) + (1 - NEAR_WEIGHT) * coverage(roots, told)
            if score >= MIN_ABOUT:
                hits.append(DigestHit(kind, name, gist, self._cited(facts), score))

        folder_vectors, topic_vectors = self._digests.folder_vectors(), self._digests.topic_vectors()
        for folder in self._folders.current():
            weigh("folder", folder.path, folder.gist, folder.facts, folder_vectors.get(folder.path))
        for topic in self._digests.topics():
            if topic.label:
                weigh("topic", topic.label, topic.gist, topic.facts, topic_vectors.get(topic.id))
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    def _cited(self, facts: Sequence[Fact]) -> tuple[Citation, ...]:
        cited: list[Citation] = []
        for fact in facts:
            for passage in self._library.passages_by_hash(fact.passage_hash)[:1]:
                at = passage.text.find(fact.quote)
                if at >= 0:
                    cited.append(cite_span(passage, at, at + len(fact.quote)))
        return tuple(cited)

    # -- what spans notes --------------------------------------------------------------------------------------

    def timeline(self) -> list[DatedFact]:
        """Dated facts by day."""
        return [_dated(one) for one in self._findings.findings([FindingKind.DAY])]

    def tasks(self) -> list[Task]:
        """Tasks by the day they are due, those without a day last."""
        return [_task(one) for one in self._findings.findings([FindingKind.TASK])]

    def conflicts(self) -> list[Conflict]:
        """Statements that contradict each other, those that say so first."""
        kinds = [RelationKind.SUPERSEDED, RelationKind.CONTRADICTION]
        found = [_conflict(one) for one in self._findings.relations(kinds)]
        return sorted(found, key=lambda one: (not one.newer_says_so, -one.score))

    def related(self, path: str) -> list[RelatedNote]:
        """Notes that belong to one though nobody linked them, the nearest first.

        Raises:
            DocumentUnknown: there is no such document.
        """
        document = self._library.document_at(path)
        if document is None:
            raise DocumentUnknown()
        found: list[RelatedNote] = []
        for one in self._findings.relations([RelationKind.RELATED], document_id=document.id):
            sides = ((one.older, one.relation.older), (one.newer, one.relation.newer))
            here, there = sides if one.older.document_id == document.id else sides[::-1]
            if there[0].document_id in {known.document_id for known in found} or self._are_linked(
                here[0], there[0]
            ):
                continue
            found.append(
                RelatedNote(
                    there[0].document_id,
                    there[0].path,
                    there[0].title,
                    cite_span(here[0], here[1].start, here[1].end),
                    cite_span(there[0], there[1].start, there[1].end),
                    one.relation.score,
                )
            )
        return found

    def _are_linked(self, here: Passage, there: Passage) -> bool:
        """Whether somebody linked the two notes since they were compared."""
        links = [linked_names(self._library.text(one.document_id)) for one in (here, there)]
        return are_linked((here.path, here.title), (there.path, there.title), links)


def _dated(one: PlacedFinding) -> DatedFact:
    found = one.finding
    assert found.first is not None and found.last is not None  # a dated fact is stored with its days
    return DatedFact(found.first, found.last, found.text, cite_span(one.passage, found.start, found.end))


def _task(one: PlacedFinding) -> Task:
    found = one.finding
    return Task(found.last, found.text, found.is_done, cite_span(one.passage, found.start, found.end))


def _conflict(one: PlacedRelation) -> Conflict:
    older, newer = one.relation.older, one.relation.newer
    return Conflict(
        cite_span(one.older, older.start, older.end),
        older.day,
        cite_span(one.newer, newer.start, newer.end),
        newer.day,
        one.relation.kind is RelationKind.SUPERSEDED,
        one.relation.score,
    )
