"""Clusters that keep their identity as notes come and go, and their labels. Pure functions.

A label is the words that a cluster's passages share and others do not: class-based TF-IDF (Grootendorst, "BERTopic",
2022, arXiv 2203.05794) over the words that stand in enough of its passages.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pillowbook.answering.terms import STOP_WORDS, stem, words
from pillowbook.domain.ids import PassageId, TopicId

MIN_SHARED = 0.34
"""Jaccard: so much of what both clusterings knew must be shared for a cluster to be the same one still."""

MIN_HOLDING = 0.3
"""Share of a cluster's passages that must hold a word of its label."""

LABEL_WORDS = 3
MIN_LETTERS = 3

Words = Sequence[str]
"""The words of one passage, folded, in order."""


def match_clusters(
    old: Mapping[TopicId, Collection[PassageId]], new: Sequence[Collection[PassageId]]
) -> dict[TopicId, int]:
    """Which new cluster each old one has become: the largest share in common first, each side once.

    Only passages that are in both clusterings count: what came or went since says nothing of identity.
    """
    at: dict[PassageId, int] = {one: number for number, members in enumerate(new) for one in members}
    known = {one for members in old.values() for one in members}
    both = [sum(one in known for one in members) for members in new]
    shares: list[tuple[float, TopicId, int]] = []
    for topic_id, members in old.items():
        left = [one for one in members if one in at]
        for number, common in Counter(at[one] for one in left).items():
            share = common / (len(left) + both[number] - common)
            if share >= MIN_SHARED:
                shares.append((share, topic_id, number))
    matched: dict[TopicId, int] = {}
    for _, topic_id, number in sorted(shares, key=lambda one: (-one[0], one[1], one[2])):
        if topic_id not in matched and number not in matched.values():
            matched[topic_id] = number
    return matched


def label_clusters(clusters: Mapping[TopicId, Sequence[Words]]) -> dict[TopicId, str]:
    """A few words for each cluster; empty where its passages share none.

    Args:
        clusters: the words of some passages of every cluster, title and headings included.
    """
    counts: dict[TopicId, Counter[str]] = {}
    spelled: dict[str, Counter[str]] = {}
    for topic_id, passages in clusters.items():
        counts[topic_id] = Counter()
        for passage in passages:
            for word in passage:
                if is_telling(word):
                    counts[topic_id][stem(word)] += 1
                    spelled.setdefault(stem(word), Counter())[word] += 1
    total: Counter[str] = Counter()
    for own in counts.values():
        total.update(own)
    average = sum(total.values()) / max(1, len(counts))
    labels: dict[TopicId, str] = {}
    for topic_id, passages in clusters.items():
        own = counts[topic_id]
        size = max(1, sum(own.values()))
        holding = Counter(one for passage in passages for one in {stem(word) for word in passage})
        needed = max(2.0, MIN_HOLDING * len(passages))
        weights = {
            one: count / size * math.log(1 + average / total[one])
            for one, count in own.items()
            if holding[one] >= needed
        }
        best = sorted(weights, key=lambda one: (-weights[one], one))[:LABEL_WORDS]
        labels[topic_id] = ", ".join(_spelling(spelled[one]) for one in best)
    return labels


def is_telling(word: str) -> bool:
    """Whether a word may stand in a label."""
    return word not in STOP_WORDS and len(word) >= MIN_LETTERS and word.isalpha()


def holds_label(label: str, passages: Sequence[str]) -> bool:
    """Whether every word of a label still stands in at least two of the passages."""
    held: Counter[str] = Counter(one for text in passages for one in {stem(word) for word in words(text)})
    return bool(label) and all(held[stem(word)] >= 2 for word in label.split(", "))


def _spelling(counts: Counter[str]) -> str:
    """The commonest spelling of a stem, the shortest among equals."""
    return min(counts, key=lambda word: (-counts[word], len(word), word))
