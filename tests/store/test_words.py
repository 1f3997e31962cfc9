"""Search by words takes any text and never fails."""

import random
import threading

import pytest

from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import VaultLocked
from pillowbook.domain.ids import ContentHash, DocumentId, PassageId
from pillowbook.store.words import SNIPPET_CHARS, WordIndex


def passage(number: int, text: str, title: str = "", heading: str = "") -> Passage:
    return Passage(
        PassageId(number),
        DocumentId(1),
        number,
        "/p",
        title,
        text,
        ContentHash(""),
        heading,
        0,
        0,
        None,
        None,
    )


@pytest.fixture
def index() -> WordIndex:
    index = WordIndex()
    index.change(
        added=[
            passage(1, "The boiler was serviced in May 2024 by Hargreaves & Sons.", title="Service"),
            passage(2, "Nora's knee: physiotherapy twice a week, the café is next door.", title="Health"),
            passage(3, "Bins are collected on Tuesdays.", title="Boiler", heading="Rubbish"),
            passage(4, "ÉCOLE Straße naïve 北京 don't", title="Words"),
        ]
    )
    return index


def found(index: WordIndex, query: str) -> list[int]:
    return [hit.passage_id for hit in index.search(query, 10)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("boilers serviced", 1),
        ("When was the boiler serviced?", 1),
        ("HARGREAVES", 1),
        ("physio", 2),
        ("cafe", 2),
        ("ecole", 4),
        ("北", 4),
        ("rubbish", 3),
        ("collecting bins", 3),
        ("2024", 1),
    ],
)
def test_words_are_found(index: WordIndex, query: str, expected: int) -> None:
    assert found(index, query)[0] == expected


def test_only_the_last_word_is_a_prefix(index: WordIndex) -> None:
    assert found(index, "harg") == [1]
    assert found(index, "harg ") == []
    assert found(index, "harg bins") == [3]


def test_a_title_counts_more_than_the_text(index: WordIndex) -> None:
    assert found(index, "boiler") == [3, 1]


def test_words_that_say_nothing_find_nothing_else(index: WordIndex) -> None:
    assert found(index, "what is the harvest?") == []
    assert found(index, "the ")  # unless they are all there is


NASTY = [
    "",
    " ",
    "\x00",
    "\x00\x01\x1b[31m",
    '"',
    '"unclosed',
    "a AND OR NOT",
    "+ - && || ! ( ) { } [ ] ^ ~ * ? : \\ /",
    "title:boiler",
    "boiler^9999",
    "[a TO z]",
    "*",
    "bo*",
    ".*",
    "a" * 100_000,
    "boiler " * 50_000,
    " ".join(f"w{n}" for n in range(5_000)),
    "\ud800 lone \udfff",
    "\u202e\u200b\ufeff",
    "😀👨‍👩‍👧",
    "\uff46\uff55\uff4c\uff4c ①②③ ﬁ ß İ",
    "é" * 5_000,
    "'; DROP TABLE passages; --",
    "\n\t\r\v\f",
    "x" * 63 + "é" * 3,
]


@pytest.mark.parametrize("query", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("limit", [0, 1, 10])
def test_no_query_fails(index: WordIndex, query: str, limit: int) -> None:
    assert len(index.search(query, limit)) <= limit
    assert isinstance(index.snippet("some text about boilers", query), str)


def test_random_queries_do_not_fail(index: WordIndex) -> None:
    choose = random.Random(1)
    for _ in range(300):
        query = "".join(
            chr(choose.choice([choose.randrange(128), choose.randrange(0x3000)])) for _ in range(20)
        )
        index.search(query, 5)


def test_changes_are_seen_at_once(index: WordIndex) -> None:
    index.change(removed=[PassageId(1)], added=[passage(1, "now about gardens"), passage(9, "gardens")])
    assert sorted(found(index, "garden")) == [1, 9]
    assert found(index, "hargreaves") == []
    index.change(removed=[PassageId(1), PassageId(9), PassageId(777)])
    assert found(index, "garden") == []
    assert index.count() == 3


def test_a_broken_writer_is_made_anew_from_the_rows(index: WordIndex) -> None:
    """A writer that died must cost nothing but the time to rebuild."""
    rows = [passage(n, f"row {n} text") for n in range(3)]
    index.rebuild(lambda: rows)

    class Dead:
        def add_document(self, document: object) -> None:
            raise ValueError("An error occurred in a thread: 'index writer was killed'")

        def commit(self) -> None:
            raise ValueError("index writer was killed")

    index._writer = Dead()  # type: ignore[assignment]
    rows.append(passage(3, "row 3 text"))
    index.change(added=[rows[-1]])
    assert sorted(found(index, "row")) == [0, 1, 2, 3]
    index._writer = Dead()  # type: ignore[assignment]
    index._is_dirty = True
    assert sorted(found(index, "row")) == [0, 1, 2, 3]


def test_searching_while_changing(index: WordIndex) -> None:
    stop = threading.Event()
    failures: list[Exception] = []

    def search() -> None:
        while not stop.is_set():
            try:
                index.search("bins collected gard", 5)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(100, 160):
        index.change(removed=[PassageId(number - 1)], added=[passage(number, f"garden {number}")])
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert found(index, "garden") == [159]


def test_a_snippet_shows_the_words(index: WordIndex) -> None:
    text = "Something else entirely. " * 30 + "The boiler\nwas serviced in May. " + "And more. " * 30
    snippet = index.snippet(text, "boiler service")
    assert "boiler was serviced" in snippet
    assert len(snippet) <= SNIPPET_CHARS + 4
    assert snippet.startswith("… ") and snippet.endswith(" …")
    assert index.snippet("short\n text", "zzz") == "short text"
    assert len(index.snippet("x" * 1000, "zzz")) <= SNIPPET_CHARS + 4


def test_a_closed_index_is_locked(index: WordIndex) -> None:
    index.close()
    with pytest.raises(VaultLocked):
        index.search("a", 1)
    with pytest.raises(VaultLocked):
        index.count()
    with pytest.raises(VaultLocked):
        index.change(removed=[PassageId(1)])


def placed(number: int, document: int, path: str, text: str, title: str = "") -> Passage:
    return Passage(
        PassageId(number),
        DocumentId(document),
        number,
        path,
        title,
        text,
        ContentHash(""),
        "",
        0,
        0,
        None,
        None,
    )


@pytest.fixture
def filed() -> WordIndex:
    index = WordIndex()
    index.change(
        added=[
            placed(1, 1, "/u/Notes/Recipes/Old Ones/2026-03-06.md", "Beans, soaked. #slow/oven"),
            placed(2, 1, "/u/Notes/Recipes/Old Ones/2026-03-06.md", "Beans, baked."),
            placed(
                3, 2, "/u/Notes/Work/plan.md", "Beans for the canteen, ticket #44, C#, a/#b.", "Café plan"
            ),
        ]
    )
    return index


def test_a_folder_holds_what_lies_below_it(filed: WordIndex) -> None:
    assert filed.inside("recipe") == {1, 2}
    assert filed.inside("Old Recipes") == {1, 2}
    assert filed.inside("notes") == {1, 2, 3}
    assert filed.inside("plan") == filed.inside("") == filed.inside("?") == frozenset()


def test_a_tag_holds_for_all_of_a_document(filed: WordIndex) -> None:
    assert filed.tagged("slow") == filed.tagged("Slow/Oven") == {1, 2}
    assert filed.tagged("oven") == filed.tagged("44") == filed.tagged("b") == frozenset()


def test_documents_by_name_and_title(filed: WordIndex) -> None:
    assert filed.named("2026 03 06") == {1, 2}
    assert filed.named("cafe") == {3}
    assert filed.named("2026 03 07") == frozenset()


def test_a_search_among_some_scores_as_among_all(filed: WordIndex) -> None:
    everywhere = {hit.passage_id: hit.score for hit in filed.search("beans baked", 10)}
    assert {
        hit.passage_id: hit.score for hit in filed.search("beans baked", 10, among=frozenset({PassageId(2)}))
    } == {2: pytest.approx(everywhere[PassageId(2)])}
    assert filed.search("beans", 10, among=frozenset()) == []


def test_rare_words_weigh_more(filed: WordIndex) -> None:
    rarity = filed.rarity(["bean", "canteen", "zeppelin"])
    assert 0 < rarity["bean"] < rarity["canteen"] < rarity["zeppelin"]
    assert WordIndex().rarity(["bean"])["bean"] > 0


def test_what_was_removed_is_in_no_folder(filed: WordIndex) -> None:
    filed.change(removed=[PassageId(3)])
    assert filed.inside("work") == frozenset()
