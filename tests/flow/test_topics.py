"""Topics: clusters that keep their identity as notes come and go."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from tests.flow.conftest import Stream
from tests.flow.test_digests import kinds, work

from pillowbook.answering.terms import words
from pillowbook.domain.errors import Cancelled
from pillowbook.domain.ids import PassageId, TopicId
from pillowbook.domain.work import SliceKind, SliceResult
from pillowbook.flow.distil.clusters import holds_label, label_clusters, match_clusters
from pillowbook.host.workers import CancelToken
from pillowbook.models.clusterer.client import HdbscanClusterer

BIRD = "The heron stood in the reeds near the pond and caught a frog, bird number {}."
BREAD = "Knead the dough with flour and water, let the loaf rise, bake bread batch {}."
BOAT = "The sail of the boat was torn by the storm, mend the mast, trip {}."


def ids(*numbers: int) -> list[PassageId]:
    return [PassageId(number) for number in numbers]


# -- identity ------------------------------------------------------------------------------------------------------


def test_a_cluster_that_grows_shrinks_or_swaps_places_is_the_same_one() -> None:
    old = {TopicId(7): ids(1, 2, 3, 4), TopicId(9): ids(11, 12, 13, 14)}
    new = [ids(12, 13, 14, 20, 21, 22, 23, 24), ids(1, 2, 3)]
    assert match_clusters(old, new) == {TopicId(7): 1, TopicId(9): 0}


def test_a_cluster_that_splits_goes_on_in_its_larger_part() -> None:
    old = {TopicId(1): ids(1, 2, 3, 4, 5, 6)}
    assert match_clusters(old, [ids(5, 6), ids(1, 2, 3, 4)]) == {TopicId(1): 1}


def test_of_two_that_merge_the_larger_share_goes_on() -> None:
    old = {TopicId(1): ids(1, 2, 3, 4), TopicId(2): ids(5, 6)}
    assert match_clusters(old, [ids(1, 2, 3, 4, 5, 6)]) == {TopicId(1): 0}


def test_clusters_that_share_little_are_others() -> None:
    old = {TopicId(1): ids(1, 2, 3, 4, 5, 6, 7, 8)}
    assert match_clusters(old, [ids(1, 20, 21), ids(2, 3), ids(4, 5), ids(6, 7, 8, 22, 23)]) == {
        TopicId(1): 3
    }
    assert match_clusters(old, [ids(1, 2), ids(3, 4), ids(5, 6), ids(7, 8)]) == {}
    assert match_clusters({}, [ids(1)]) == {} and match_clusters(old, []) == {}


# -- labels --------------------------------------------------------------------------------------------------------


def test_a_label_is_what_a_cluster_shares_and_others_lack() -> None:
    told = {
        TopicId(1): [words(f"My notes: {BIRD.format(at)}") for at in range(5)],
        TopicId(2): [words(f"My notes: {BREAD.format(at)}") for at in range(5)],
    }
    labels = label_clusters(told)
    assert set(labels[TopicId(1)].split(", ")) <= set(words(BIRD))
    assert not set(labels[TopicId(1)].split(", ")) & set(labels[TopicId(2)].split(", "))
    assert label_clusters({TopicId(1): [["a", "the"], ["of"]]}) == {TopicId(1): ""}


def test_a_label_holds_while_two_passages_say_it() -> None:
    assert holds_label("heron, pond", ["a heron at the pond", "herons and ponds"])
    assert not holds_label("heron, pond", ["a heron at the pond", "a pond"])
    assert not holds_label("", ["anything"])


# -- the real clusterer --------------------------------------------------------------------------------------------


def _groups(count: int, of_each: int) -> np.ndarray:
    random = np.random.default_rng(5)
    middles = random.standard_normal((count, 384))
    rows = np.repeat(middles, of_each, axis=0) + 0.3 * random.standard_normal((count * of_each, 384))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_groups_are_found_and_noise_is_left_out() -> None:
    alone = np.random.default_rng(6).standard_normal((20, 384)).astype(np.float32)
    rows = np.concatenate([_groups(4, 12), alone / np.linalg.norm(alone, axis=1, keepdims=True)])
    found = HdbscanClusterer().cluster(rows, min_size=4)
    clusters = [set(found[12 * at : 12 * at + 12].tolist()) - {-1} for at in range(4)]
    assert all(clusters) and sum(map(len, clusters)) == len(set.union(*clusters)), (
        "no cluster spans two groups"
    )
    assert np.mean(found[:48] >= 0) > 0.6 and np.mean(found[48:] >= 0) < 0.5
    assert HdbscanClusterer().cluster(rows[:3], min_size=4).tolist() == [-1, -1, -1]
    with pytest.raises(ValueError, match="rows"):
        HdbscanClusterer().cluster(np.zeros((20_000, 2), np.float32), min_size=4)


def test_clustering_is_cancelled_at_once() -> None:
    cancel = CancelToken()
    timer = threading.Timer(0.3, cancel.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        HdbscanClusterer().cluster(_groups(50, 100), min_size=4, cancel=cancel)
    assert time.monotonic() - began < 5
    timer.join()


def test_the_core_starts_without_scikit_learn() -> None:
    code = "import sys, pillowbook.core.__main__; assert 'sklearn' not in sys.modules and 'scipy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- the whole -----------------------------------------------------------------------------------------------------


def write_notes(stream: Stream, numbers: range) -> None:
    for at in numbers:
        stream.write(f"a/bird{at}.md", f"# Heron {at}\n\n{BIRD.format(at)}\n")
        stream.write(f"b/bread{at}.md", f"# Dough {at}\n\n{BREAD.format(at)}\n")
    stream.sync()


def test_topics_keep_their_id_and_label_and_are_distilled_once(stream: Stream) -> None:
    everything: frozenset[SliceKind] = frozenset()
    write_notes(stream, range(8))
    done = kinds(work(stream, but=everything))
    assert done[SliceKind.TOPICS] == 1
    before = {one.label: one for one in stream.vault.digests.topics()}
    assert len(before) == 2 and done[SliceKind.TOPIC] == 2
    assert all(one.gist and one.facts and one.documents == 8 for one in before.values())

    write_notes(stream, range(8, 11))  # and a subject that was not there
    for at in range(8):
        stream.write(f"c/boat{at}.md", f"# Sail {at}\n\n{BOAT.format(at)}\n")
    stream.sync()
    work(stream, but=everything)
    after = {one.label: one for one in stream.vault.digests.topics()}
    assert len(after) == 3
    assert {label: one.id for label, one in after.items() if label in before} == {
        label: one.id for label, one in before.items()
    }
    assert work(stream, but=everything) == []


def test_what_is_deleted_is_in_no_topic_any_more(stream: Stream) -> None:
    write_notes(stream, range(8))
    work(stream, but=frozenset())
    bird = next(one for one in stream.vault.digests.topics() if "bird" in one.facts[0].quote)
    for at in range(8):
        (stream.notes / f"a/bird{at}.md").unlink()
    stream.sync()
    left = stream.vault.digests.topics()
    assert bird.id not in {one.id for one in left}
    assert not any("heron" in f"{one.label} {one.gist} {one.facts}".lower() for one in left)
    assert stream.beyond.topics.regroup().result is SliceResult.DONE
    assert bird.id not in stream.vault.digests.labels()


def test_a_topic_whose_member_went_is_named_anew_before_it_is_shown(stream: Stream) -> None:
    write_notes(stream, range(8))
    work(stream, but=frozenset())
    (stream.notes / "a/bird3.md").unlink()
    stream.sync()
    assert sorted(bool(one.label) for one in stream.vault.digests.topics()) == [False, True]
    assert stream.beyond.topics.is_due()
    work(stream, but=frozenset())
    assert all(one.label for one in stream.vault.digests.topics())
