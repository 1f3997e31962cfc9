"""Topics: stable clusters of passages across folders, each with a label and, in time, a gist and facts."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pillowbook.answering.permission import Permission
from pillowbook.answering.retrieve import Retriever
from pillowbook.answering.terms import words
from pillowbook.answering.units import split_units
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import Cancelled, Damaged, Transient, UserFixable
from pillowbook.domain.ids import DocumentId, PassageId, TopicId
from pillowbook.domain.work import SliceOutcome, SliceResult
from pillowbook.flow.distil.clusters import holds_label, label_clusters, match_clusters
from pillowbook.flow.distil.gists import GistWriter, Spent, by_weight, fact_of
from pillowbook.host.workers import CancelToken
from pillowbook.models.clusterer.client import MAX_ROWS, Clusterer
from pillowbook.models.generator.client import Generator
from pillowbook.store.digests import Digests, hash_of
from pillowbook.store.knowledge import Knowledge
from pillowbook.store.library import Library
from pillowbook.store.vectors import VectorStore

MIN_SIZE = 4
MIN_DOCUMENTS = 2
MIN_CHANGED = 5
CHANGED_SHARE = 0.02
"""Clusters are looked for anew once so many passages came or went; until then those that came are in no topic."""

LABELLED_PASSAGES = 40
CENTRAL_PASSAGES = 12
OF_ONE_DOCUMENT = 3
MAX_FACTS = 8
STATE_KEY = "topics.mark"


class TopicMaker:
    """Finds topics, and distils one at a time."""

    def __init__(
        self,
        *,
        library: Library,
        knowledge: Knowledge,
        digests: Digests,
        vectors: VectorStore,
        clusterer: Clusterer,
        generator: Generator,
        retriever: Retriever,
        permission: Permission,
    ) -> None:
        self._retriever = retriever
        self._library = library
        self._knowledge = knowledge
        self._digests = digests
        self._vectors = vectors
        self._clusterer = clusterer
        self._writer = GistWriter(generator, date_of=retriever.date_of, permission=permission)

    # -- finding -----------------------------------------------------------------------------------------------

    def is_due(self) -> bool:
        """Whether topics are to be found anew, or named anew because a passage of theirs went."""
        return self._changed() or any(is_touched for _, is_touched in self._digests.labels().values())

    def regroup(self, cancel: CancelToken | None = None) -> SliceOutcome:
        """Bring topics, their members and labels in line with the passages; ``made`` counts new topics."""
        try:
            mark = self._digests.passage_mark()
            ids, rows = self._vectors.rows("passages")
            made = 0
            if self._changed():
                made = self._regroup(ids, rows, cancel)
                self._knowledge.set_state(STATE_KEY, f"{mark[0]} {mark[1]}")
            else:
                self._label(self._digests.topic_members())
            return SliceOutcome(SliceResult.DONE, made=made)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED)
        except (Transient, UserFixable, Damaged) as error:
            return SliceOutcome(SliceResult.FAILED, error=error)

    def _changed(self) -> bool:
        newest, count = self._digests.passage_mark()
        before = (self._knowledge.state(STATE_KEY) or "0 0").split()
        came = newest - int(before[0])
        went = came - (count - int(before[1]))
        return came + went >= max(MIN_CHANGED, CHANGED_SHARE * count)

    def _regroup(self, ids: NDArray[np.int64], rows: NDArray[np.float32], cancel: CancelToken | None) -> int:
        at = _sample(ids)
        found = (
            self._clusterer.cluster(rows[at], min_size=MIN_SIZE, cancel=cancel)
            if len(at)
            else np.empty(0, int)
        )
        clusters = [at[found == number] for number in range(int(found.max(initial=-1)) + 1)]
        if len(at) < len(ids) and clusters:
            clusters = _spread(clusters, rows, np.setdiff1d(np.arange(len(ids)), at))
        members = [[PassageId(int(ids[row])) for row in cluster] for cluster in clusters]
        documents = self._documents([one for cluster in members for one in cluster])
        members = [
            cluster
            for cluster in members
            if len({documents[one] for one in cluster if one in documents}) >= MIN_DOCUMENTS
        ]
        matched = match_clusters(self._digests.topic_members(), members)
        taken = set(matched.values())
        new = [cluster for number, cluster in enumerate(members) if number not in taken]
        made = self._digests.put_topics({key: members[at] for key, at in matched.items()}, new)
        self._label(self._digests.topic_members())
        return len(made)

    def _documents(self, passage_ids: Sequence[PassageId]) -> dict[PassageId, DocumentId]:
        return {one.id: one.document_id for one in self._library.get_passages(passage_ids)}

    def _label(self, members: Mapping[TopicId, Sequence[PassageId]]) -> None:
        """Name the topics that have no name or whose name no longer holds, and drop digests of other passages."""
        read = {
            topic_id: self._library.get_passages(own[:LABELLED_PASSAGES]) for topic_id, own in members.items()
        }
        fresh: dict[TopicId, str] | None = None
        for topic_id, (label, is_touched) in self._digests.labels().items():
            texts = [_told(passage) for passage in read.get(topic_id, ())]
            if label and not is_touched:
                continue
            if not holds_label(label, texts):
                if fresh is None:
                    fresh = label_clusters({key: [words(_told(p)) for p in own] for key, own in read.items()})
                label = fresh.get(topic_id, "")
            self._digests.set_label(topic_id, label)
        self._digests.keep_topic_digests({key: self._inputs(self._central(key)) for key in members})

    # -- distilling --------------------------------------------------------------------------------------------

    def distil(self, topic_id: TopicId, cancel: CancelToken | None = None) -> SliceOutcome:
        """Make and store the digest of one topic; ordinary trouble is told in the outcome."""
        spent = Spent()
        try:
            label = self._digests.labels().get(topic_id, ("", False))[0]
            central = self._central(topic_id)
            if not central or not label:
                return SliceOutcome(SliceResult.REFUSED, spent.tokens)
            best = [
                by_weight(units)[0]
                for passage in central
                if (units := self._writer.allowed(split_units(passage)))
            ]
            parts = [f"{unit.passage.title}: {unit.text}"[:300] for unit in best]
            documents = {passage.document_id for passage in central}
            gist = self._writer.together(label, parts, documents, cancel, spent)
            self._digests.put_topic_digest(
                topic_id,
                gist,
                [fact_of(unit) for unit in best[:MAX_FACTS]],
                self._inputs(central),
                self._writer.model_id,
                [passage.id for passage in central],
                self._retriever.embed(f"{label}: {gist}", background=True),
            )
            return SliceOutcome(SliceResult.DONE, spent.tokens, 1)
        except Cancelled:
            return SliceOutcome(SliceResult.CANCELLED, spent.tokens)
        except (Transient, UserFixable, Damaged) as error:
            return SliceOutcome(SliceResult.FAILED, spent.tokens, error=error)

    def _central(self, topic_id: TopicId) -> list[Passage]:
        """The passages nearest to the middle of a topic, few of one document, in the order of their ids."""
        ids = [passage.id for passage in self._digests.topic_passages(topic_id)]
        vectors = self._vectors.of(ids, "passages")
        if not vectors:
            return []
        middle = np.mean(list(vectors.values()), axis=0)
        order = sorted(vectors, key=lambda one: (-float(vectors[one] @ middle), one))
        taken: list[Passage] = []
        counts: dict[DocumentId, int] = {}
        seen: set[str] = set()
        for passage in self._library.get_passages([PassageId(one) for one in order[: 6 * CENTRAL_PASSAGES]]):
            is_spare = counts.get(passage.document_id, 0) >= OF_ONE_DOCUMENT or passage.content_hash in seen
            if not is_spare and len(taken) < CENTRAL_PASSAGES:
                taken.append(passage)
                seen.add(passage.content_hash)
                counts[passage.document_id] = counts.get(passage.document_id, 0) + 1
        return sorted(taken, key=lambda passage: passage.id)

    def _inputs(self, central: Sequence[Passage]) -> str:
        return hash_of(*(passage.content_hash for passage in central))


def _told(passage: Passage) -> str:
    return f"{passage.title} {passage.heading} {passage.text}"


def _sample(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows to cluster: all, or those whose ids come first under a fixed shuffle, so that a sample changes little."""
    if len(ids) <= MAX_ROWS:
        return np.arange(len(ids))
    shuffled = (ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    return np.sort(np.argsort(shuffled, kind="stable")[:MAX_ROWS])


def _spread(
    clusters: Sequence[NDArray[np.int64]], rows: NDArray[np.float32], others: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Rows outside the sample join the cluster whose middle is nearest, if nearer than half of its own members are."""
    middles = np.stack([rows[cluster].mean(axis=0) for cluster in clusters])
    middles /= np.maximum(np.linalg.norm(middles, axis=1, keepdims=True), 1e-12)
    floors = np.array([np.median(rows[own] @ middles[at]) for at, own in enumerate(clusters)])
    joined: list[list[NDArray[np.int64]]] = [[cluster] for cluster in clusters]
    for first in range(0, len(others), 4096):
        block = others[first : first + 4096]
        near = rows[block] @ middles.T
        best = near.argmax(axis=1)
        fits = near[np.arange(len(block)), best] >= floors[best]
        for at in np.unique(best[fits]):
            joined[at].append(block[fits & (best == at)])
    return [np.sort(np.concatenate(parts)) for parts in joined]
