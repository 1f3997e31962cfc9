"""Full-text search in memory: BM25 over stemmed words, and the last word as a prefix for search-as-you-type.

The index lives in RAM only and is rebuilt from the database at every unlock (decision 0002), so there is nothing of
it on disk to seal or to clean up. Queries are built term by term: a user's text never meets a query parser.
"""

import logging
import math
import os
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import tantivy

from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import VaultLocked
from pillowbook.domain.ids import PassageId
from pillowbook.store.rows import clean_text

log = logging.getLogger(__name__)

MAX_QUERY_CHARS = 2_000
MAX_QUERY_WORDS = 64
MAX_WORD_BYTES = 64
WRITER_HEAP_BYTES = 15_000_000  # tantivy's minimum for each thread
REBUILD_THREADS = 2
REBUILD_HEAP_BYTES = 60_000_000  # for each thread; with the minimum, merging small segments doubles the time
BODY, HEADING, TITLE, PLAIN = "body", "heading", "title", "plain"
FOLDER, NAME, TAG = "folder", "name", "tag"
"""Not searched by words: the folders a document lies in, its file name and title, and its ``#tags``."""

_TAG = re.compile(r"(?<![\w#&/])#([^\W\d_][\w/-]*)")
FIELD_BOOSTS = ((BODY, 1.0), (HEADING, 1.5), (TITLE, 2.0))
PREFIX_BOOST = 0.5
"""A word that merely begins as typed counts less than the word itself."""

SNIPPET_CHARS = 220

# Words that say nothing about the subject; left out of a query unless it has no others.
_FUNCTION_WORDS = frozenset(
    {
        *(
            "a",
            "about",
            "am",
            "an",
            "and",
            "any",
            "are",
            "as",
            "at",
            "be",
            "been",
            "but",
            "by",
            "can",
            "could",
        ),
        *(
            "did",
            "do",
            "does",
            "for",
            "from",
            "had",
            "has",
            "have",
            "he",
            "her",
            "him",
            "his",
            "how",
            "i",
            "if",
        ),
        *(
            "in",
            "into",
            "is",
            "it",
            "its",
            "let",
            "me",
            "my",
            "of",
            "on",
            "or",
            "our",
            "please",
            "s",
            "shall",
        ),
        *("she", "should", "so", "than", "that", "the", "their", "them", "then", "there", "these", "they"),
        *("this", "those", "to", "us", "was", "we", "were", "what", "when", "where", "which", "who", "whom"),
        *("whose", "why", "will", "with", "would", "you", "your"),
    }
)


@dataclass(frozen=True, slots=True)
class WordHit:
    """A passage that holds words of the query; ``score`` is BM25 with boosts, comparable within one search only."""

    passage_id: PassageId
    score: float


class WordIndex:
    """Thread-safe. What was added or removed is found, or gone, in the very next search."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._source: Callable[[], Iterable[Passage]] | None = None
        self._stemming = _analyzer(stem=True)
        self._plain = _analyzer(stem=False)
        self._schema = _schema()
        self._is_open = True
        self._is_dirty = False
        self._index, self._writer = self._make()

    def rebuild(self, source: Callable[[], Iterable[Passage]]) -> int:
        """Replace everything by the passages of ``source``, which is kept for healing after a failed write.

        Returns:
            the number of passages.
        """
        with self._lock:
            self._require_open()
            self._source = source
            index, writer = self._make(min(REBUILD_THREADS, os.cpu_count() or 1), REBUILD_HEAP_BYTES)
            count = 0
            for passage in source():
                writer.add_document(_document(passage))
                count += 1
            writer.commit()
            writer.wait_merging_threads()
            self._index, self._writer = index, index.writer(WRITER_HEAP_BYTES, 1)
            self._is_dirty = False
            index.reload()
            return count

    def change(self, *, removed: Iterable[PassageId] = (), added: Sequence[Passage] = ()) -> None:
        """Take passages out, then put passages in; one whose id is there already must be in both."""
        with self._lock:
            self._require_open()
            try:
                for passage_id in removed:
                    query = tantivy.Query.term_query(self._schema, "passage_id", int(passage_id))
                    self._writer.delete_documents_by_query(query)
                    self._is_dirty = True
                for passage in added:
                    self._writer.add_document(_document(passage))
                    self._is_dirty = True
            # WORKAROUND: after an error inside its threads a tantivy writer refuses everything ("index writer was
            # killed") with a plain ValueError; the rows are safe in the database, so the index is made anew.
            except ValueError:
                self._heal()

    def search(self, query: str, limit: int, *, among: frozenset[PassageId] | None = None) -> list[WordHit]:
        """Passages that hold words of any text whatever, best first.

        Args:
            query: as typed; quotes, operators and control characters are separators like any other.
            among: only these passages, scored as if all were searched.
        """
        with self._lock:
            self._require_open()
            self._commit()
            searcher = self._index.searcher()
        parsed = self._parse(query)
        if parsed is None or limit < 1 or (among is not None and not among):
            return []
        if among is not None:
            wanted = tantivy.Query.term_set_query(self._schema, "passage_id", [int(i) for i in among])
            parsed = tantivy.Query.boolean_query(
                [
                    (tantivy.Occur.Must, parsed),
                    (tantivy.Occur.Must, tantivy.Query.const_score_query(wanted, 0.0)),
                ]
            )
        hits = searcher.search(parsed, limit, count=False).hits
        ids = searcher.fast_field_values("passage_id", [address for _, address in hits])
        return [
            WordHit(PassageId(int(i or 0)), float(score)) for i, (score, _) in zip(ids, hits, strict=True)
        ]

    def rarity(self, roots: Iterable[str]) -> dict[str, float]:
        """How rare each stem is among the passages: BM25's inverse document frequency, above 0."""
        with self._lock:
            self._require_open()
            self._commit()
            searcher = self._index.searcher()
        total = searcher.num_docs
        rarities: dict[str, float] = {}
        for root in roots:
            folded = (self._plain.analyze(clean_text(root)) or [root])[0]
            count = min(total, max(searcher.doc_freq(field, folded) for field in (BODY, HEADING, TITLE)))
            rarities[root] = math.log(1.0 + (total - count + 0.5) / (count + 0.5))
        return rarities

    def inside(self, folder: str) -> frozenset[PassageId]:
        """All passages of the documents that lie, at any depth, in a folder with these words in its path."""
        return self._of_documents(FOLDER, self.stems(folder))

    def tagged(self, tag: str) -> frozenset[PassageId]:
        """All passages of the documents that have ``#tag``, given without its mark, or one below it, anywhere."""
        return self._of_documents(TAG, [clean_text(tag).casefold()])

    def named(self, words: str) -> frozenset[PassageId]:
        """All passages of the documents whose file name or title has all these words, as they stand."""
        return self._of_documents(NAME, list(self._plain.analyze(clean_text(words))))

    def _of_documents(self, field: str, terms: Sequence[str]) -> frozenset[PassageId]:
        with self._lock:
            self._require_open()
            self._commit()
            searcher = self._index.searcher()
        if not terms or not searcher.num_docs:
            return frozenset()

        def values(query: "tantivy.Query", column: str) -> list[int]:
            hits = searcher.search(query, searcher.num_docs, count=False).hits
            found = searcher.fast_field_values(column, [address for _, address in hits])
            return [int(value or 0) for value in found]

        has_all = [
            (tantivy.Occur.Must, tantivy.Query.term_query(self._schema, field, term, "basic"))
            for term in terms
        ]
        documents = sorted(set(values(tantivy.Query.boolean_query(has_all), "document_id")))
        if not documents:
            return frozenset()
        theirs = tantivy.Query.term_set_query(self._schema, "document_id", documents)
        return frozenset(PassageId(i) for i in values(theirs, "passage_id"))

    def count(self) -> int:
        """Passages in the index."""
        with self._lock:
            self._require_open()
            self._commit()
            return int(self._index.searcher().num_docs)

    def stems(self, text: str) -> list[str]:
        """The words of a text as the index sees them, in order."""
        return list(self._stemming.analyze(clean_text(text)))

    def snippet(self, text: str, query: str) -> str:
        """The stretch of a passage that shows most of the query's words, cut at words, in one line."""
        return make_snippet(text, set(self._query_stems(query)), self.stems)

    def close(self) -> None:
        """Drop everything; later calls raise VaultLocked."""
        with self._lock:
            self._is_open = False
            self._source = None
            del self._writer
            del self._index

    def _query_stems(self, query: str) -> list[str]:
        words = _split(clean_text(query[:MAX_QUERY_CHARS]))
        subject = [word for word in words if word.lower() not in _FUNCTION_WORDS] or words
        return list(dict.fromkeys(self.stems(" ".join(subject))))[:MAX_QUERY_WORDS]

    def _parse(self, query: str) -> "tantivy.Query | None":
        clauses: list[tuple[tantivy.Occur, tantivy.Query]] = []
        for stem in self._query_stems(query):
            for field, boost in FIELD_BOOSTS:
                term = tantivy.Query.term_query(self._schema, field, stem, "freq")
                clauses.append((tantivy.Occur.Should, tantivy.Query.boost_query(term, boost)))
        if query[-1:].isalnum():
            last = self._plain.analyze(clean_text(query[-MAX_WORD_BYTES:]))[-1:]
            for word in last:
                prefix = tantivy.Query.fuzzy_term_query(self._schema, PLAIN, word, 0, False, True)
                clauses.append((tantivy.Occur.Should, tantivy.Query.boost_query(prefix, PREFIX_BOOST)))
        return tantivy.Query.boolean_query(clauses) if clauses else None

    def _make(
        self, threads: int = 1, heap_bytes: int = WRITER_HEAP_BYTES
    ) -> "tuple[tantivy.Index, tantivy.IndexWriter]":
        index = tantivy.Index(self._schema)
        index.register_tokenizer("stemming", self._stemming)
        index.register_tokenizer("plain", self._plain)
        return index, index.writer(heap_bytes * threads, threads)

    def _commit(self) -> None:
        """Committing costs about 10 ms, so it is done when somebody searches and not at every change."""
        if not self._is_dirty:
            return
        try:
            self._writer.commit()
        except ValueError:
            self._heal()
        self._is_dirty = False
        self._index.reload()

    def _heal(self) -> None:
        log.warning("word index rebuilt after a failed write")
        if self._source is not None:
            self.rebuild(self._source)

    def _require_open(self) -> None:
        if not self._is_open:
            raise VaultLocked()


def make_snippet(text: str, wanted: set[str], stems: Callable[[str], list[str]]) -> str:
    """The densest window of ``SNIPPET_CHARS`` characters; the beginning when no word is found."""
    flat = " ".join(text.split())
    if len(flat) <= SNIPPET_CHARS:
        return flat
    places: list[tuple[int, str]] = []
    position = 0
    for word in flat.split(" "):
        places.extend((position, stem) for stem in stems(word) if stem in wanted)
        position += len(word) + 1
    best, best_score = 0, 0
    for start, _ in places:
        inside = [stem for at, stem in places if start <= at < start + SNIPPET_CHARS - 40]
        score = 10 * len(set(inside)) + len(inside)
        if score > best_score:
            best, best_score = start, score
    begin = max(0, min(best - 40, len(flat) - SNIPPET_CHARS))
    if begin:
        space = flat.find(" ", begin)
        begin = space + 1 if 0 <= space < best else best
    end = begin + SNIPPET_CHARS
    if end < len(flat):
        space = flat.rfind(" ", begin, end)
        end = space if space > begin else end
    return ("… " if begin else "") + flat[begin:end] + (" …" if end < len(flat) else "")


def _split(text: str) -> list[str]:
    return "".join(character if character.isalnum() else " " for character in text).split()


def _analyzer(*, stem: bool) -> "tantivy.TextAnalyzer":
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(MAX_WORD_BYTES))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
    )
    return (builder.filter(tantivy.Filter.stemmer("english")) if stem else builder).build()


def _schema() -> "tantivy.Schema":
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("passage_id", indexed=True, fast=True)
    builder.add_unsigned_field("document_id", indexed=True, fast=True)
    for field in (TITLE, HEADING, BODY):
        builder.add_text_field(field, tokenizer_name="stemming", index_option="freq")
    builder.add_text_field(PLAIN, tokenizer_name="plain", index_option="basic")
    builder.add_text_field(FOLDER, tokenizer_name="stemming", index_option="basic")
    builder.add_text_field(NAME, tokenizer_name="plain", index_option="basic")
    builder.add_text_field(TAG, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _document(passage: Passage) -> "tantivy.Document":
    """Typed setters only: a value of another type than the schema's kills the writer."""
    document = tantivy.Document()
    document.add_unsigned("passage_id", int(passage.id))
    document.add_unsigned("document_id", int(passage.document_id))
    document.add_text(TITLE, passage.title)
    document.add_text(HEADING, passage.heading)
    document.add_text(BODY, passage.text)
    document.add_text(PLAIN, f"{passage.title} {passage.heading} {passage.text}")
    path = PurePath(clean_text(passage.path))
    document.add_text(FOLDER, " ".join(path.parts[1:-1]))
    document.add_text(NAME, f"{path.stem} {passage.title}")
    for tag in find_tags(f"{passage.heading}\n{passage.text}"):
        document.add_text(TAG, tag)
    return document


def find_tags(text: str) -> frozenset[str]:
    """The ``#tags`` of a text, folded, without their marks; ``#work/berlin`` is also ``work``."""
    found = {match[1].rstrip("/-").casefold() for match in _TAG.finditer(text)}
    return frozenset(
        "/".join(parts[:depth])
        for parts in (tag.split("/") for tag in found)
        for depth in range(1, len(parts) + 1)
    )
