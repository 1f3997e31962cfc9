"""A few documents of each kind that others made; needs the data folder beside (or in) the checkout."""

from pathlib import Path

import pytest

from pillowbook.domain.errors import DocumentUnreadable
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.split import split_passages

CHECKOUT = Path(__file__).resolve().parents[2]
PLACES = [place for base in (CHECKOUT, CHECKOUT.parent) if (place := base / "shared" / "data").is_dir()]
if not PLACES:
    pytest.skip(
        "no shared/data beside this checkout: documents made by others are not tried", allow_module_level=True
    )
DOCUMENTS, HOSTILE = PLACES[0] / "documents", PLACES[0] / "documents_hostile"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pdf/google-doc-document.pdf", "Special cases aren't special enough to break the rules."),
        ("docx/word_sample.docx", "| Berries | Blueberry, Strawberry, Cranberry | 150 |"),
        ("html/hip_13044_b.html", "| Constellation | Fornax[2] |"),
        ("html/big-preamble.html", "Аренда"),
        ("epub/wasteland.epub", "Dull roots with spring rain."),
        ("xlsx/xlsx_01.xlsx", "| 6 | 0 | -6 |"),
        ("rtf/eng_spa_mult.rtf", "born free and equal"),
        ("eml/plain_text_only.eml", "It contains multiple lines of text."),
        ("doc/greek_heading_styles.doc", " "),
    ],
)
def test_words_come_out_whole(extractor: Extractor, name: str, words: str) -> None:
    extracted = extractor.extract(DOCUMENTS / name)
    assert words in extracted.text
    for passage in split_passages(extracted.text, extracted.kind, extracted.pages, title=extracted.title):
        assert extracted.text[passage.start : passage.end] == passage.text


def test_pages_of_a_paper_are_found(extractor: Extractor) -> None:
    extracted = extractor.extract(DOCUMENTS / "pdf" / "multi-column.pdf")
    assert [number for number, _ in extracted.pages] == list(range(1, 14))
    passages = split_passages(extracted.text, extracted.kind, extracted.pages)
    assert next(
        passage.page
        for passage in passages
        if "The BERT encoder" in passage.text or "References" in passage.text
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("encrypted/bug53475-password-is-solrcell.docx", "encrypted"),
        ("encrypted/password_protected.xlsx", "encrypted"),
        ("encrypted/password_password_cryptoapi.doc", "encrypted"),
        ("encrypted/libreoffice-writer-password.pdf", "encrypted"),
        ("pdf_malformed/issue-100.pdf", "damaged"),
        ("xml_bombs_xxe/poc-xmlbomb.xlsx", "damaged"),
    ],
)
def test_hostile_documents_get_an_honest_reason(extractor: Extractor, name: str, reason: str) -> None:
    with pytest.raises(DocumentUnreadable) as caught:
        extractor.extract(HOSTILE / name)
    assert caught.value.facts["reason"] == reason
