"""Folders whose text never leaves this machine."""

import hashlib

import pytest

from pillowbook.domain.documents import Fingerprint
from pillowbook.domain.ids import ContentHash, DocumentId
from pillowbook.store.library import Library
from pillowbook.store.vault import Vault


@pytest.fixture
def library(vault: Vault) -> Library:
    return vault.library


def put(library: Library, folder: str, path: str) -> DocumentId:
    """A document below a watched folder."""
    sha256 = ContentHash(hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest())
    change = library.put_document(
        library.add_folder(folder).id, path, "A note", "md", Fingerprint(1, 2, 3, 4, sha256), "text", [], {}
    )
    return change.document_id


def test_nothing_is_kept_until_it_is_marked(library: Library) -> None:
    note = put(library, "/n", "/n/a.md")
    assert not library.kept_here.must_stay([note])
    assert not library.kept_here.must_stay([])
    assert [folder.is_kept_here for folder in library.folders()] == [False]


def test_a_rule_holds_below_its_path_and_nowhere_else(library: Library) -> None:
    inside = put(library, "/n", "/n/private/deep/a.md")
    beside = put(library, "/n", "/n/private.md")
    alike = put(library, "/n", "/n/private2/a.md")
    library.kept_here.keep("/n/private")
    assert library.kept_here.must_stay([inside])
    assert not library.kept_here.must_stay([beside, alike])
    assert library.kept_here.must_stay([beside, inside]), "one is enough"


def test_a_document_found_by_another_folder_is_kept_as_well(library: Library) -> None:
    """Of two watched folders that hold a document the first one has its row."""
    note = put(library, "/home", "/home/diary/a.md")
    library.add_folder("/home/diary")
    library.kept_here.keep("/home/diary")
    assert library.kept_here.must_stay([note])
    assert [folder.is_kept_here for folder in library.folders()] == [False, True]


def test_case_and_unicode_forms_do_not_slip_through(library: Library) -> None:
    note = put(library, "/n", "/n/Pers\u00f6nlich/a.md")
    library.kept_here.keep("/N/perso\u0308nlich")
    assert library.kept_here.must_stay([note])


def test_paths_that_are_no_utf8_are_kept_too(library: Library) -> None:
    note = put(library, "/n", "/n/\udcff/a.md")
    library.kept_here.keep("/n/\udcff")
    assert library.kept_here.must_stay([note])
    library.kept_here.release("/n/\udcff")
    assert library.kept_here.paths() == []


def test_what_is_not_known_stays(library: Library) -> None:
    assert library.kept_here.must_stay([DocumentId(999)])


def test_a_rule_outlives_the_folder(library: Library) -> None:
    library.kept_here.keep("/n")
    library.remove_folder(library.add_folder("/n").id)
    assert library.add_folder("/n").is_kept_here


def test_a_rule_is_taken_back_by_its_own_path_only(library: Library) -> None:
    library.kept_here.keep("/n")
    library.kept_here.release("/n/a")
    assert library.kept_here.covers("/n/a")
    library.kept_here.release("/n/")
    assert not library.kept_here.covers("/n/a")
