"""Real documents through the real parser, behind real walls."""

import io
import os
import signal
import sys
import time
import zipfile
from pathlib import Path

import pytest

from pillowbook.domain.errors import DocumentUnreadable
from pillowbook.flow.ingest.encoding import decode_html, decode_text
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.extractor.conversion import clean_title, join_pages, tidy_markdown
from pillowbook.flow.ingest.split import split_passages

PROCESS_DIR = Path("/proc")


def make_pdf(pages: list[str], title: str = "") -> bytes:
    """A small PDF with one line of text on each page."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for words in pages:
        stream = f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode()
        objects.append(b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream))
        kids.append(len(objects) + 1)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
            % len(objects)
        )
    objects[1] = b"<</Type/Pages/Kids[%b]/Count %d>>" % (
        b" ".join(b"%d 0 R" % kid for kid in kids),
        len(kids),
    )
    objects.append(b"<</Title(%b)>>" % title.encode())
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%b endobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        len(objects),
        start,
    )
    return bytes(out)


def make_docx(paragraphs: list[tuple[str, str]]) -> bytes:
    """A small Word document of (style, text) paragraphs."""
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{types}"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        )
        package.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{relations}">'
            f'<Relationship Id="r1" Type="{office}" Target="word/document.xml"/></Relationships>',
        )
        package.writestr(
            "word/document.xml", f'<w:document xmlns:w="{name}"><w:body>{body}</w:body></w:document>'
        )
    return packed.getvalue()


def test_markdown_is_the_file_itself(extractor: Extractor, tmp_path: Path) -> None:
    text = "---\ntitle: T\n---\n# H\r\n\r\nwords  \n\n"
    path = tmp_path / "a.md"
    path.write_bytes(text.encode())
    extracted = extractor.extract(path)
    assert (extracted.text, extracted.title, extracted.kind) == (text, "T", "markdown")


def test_pdf_pages_and_title(extractor: Extractor) -> None:
    data = make_pdf(["The first page", "The second page"], "My report")
    extracted = extractor.extract_bytes(data, "scan01.pdf")
    assert extracted.text == "The first page\n\nThe second page"
    assert extracted.pages == ((1, 0), (2, 16))
    assert extracted.title == "My report"


def test_a_pdf_of_pictures_is_empty(extractor: Extractor) -> None:
    with pytest.raises(DocumentUnreadable) as caught:
        extractor.extract_bytes(make_pdf([""]), "scan.pdf")
    assert caught.value.facts["reason"] == "empty"


def test_docx_has_headings(extractor: Extractor) -> None:
    data = make_docx(
        [
            ("Heading1", "The lease"),
            ("Normal", "Rent is 900 pounds."),
            ("Heading2", "Notice"),
            ("Normal", "Two months!"),
        ]
    )
    extracted = extractor.extract_bytes(data, "lease.docx")
    passages = split_passages(extracted.text, extracted.kind)
    found = [(passage.heading, passage.text) for passage in passages]
    assert found == [("The lease", "Rent is 900 pounds."), ("The lease › Notice", "Two months!")]
    assert extracted.title == "The lease"


def test_html_text_without_head_scripts_and_addresses(extractor: Extractor) -> None:
    page = (
        "<html><head><title>Bread &amp; butter</title><meta name='x' content='hidden'><style>p{}</style></head><body>"
        "<h1>Bread</h1><p>Mix <b>500 g</b> flour, see <a href='http://x.invalid/y'>the book</a>.</p>"
        "<script>alert('no')</script><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></body></html>"
    )
    extracted = extractor.extract_bytes(page.encode(), "bread.html")
    assert extracted.title == "Bread & butter"
    assert (
        extracted.text
        == "# Bread\n\nMix **500 g** flour, see the book.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
    )


def test_an_encrypted_office_file_says_so(extractor: Extractor) -> None:
    data = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(1000)
        + "EncryptedPackage".encode("utf-16-le")
        + bytes(500)
    )
    with pytest.raises(DocumentUnreadable) as caught:
        extractor.extract_bytes(data, "secret.docx")
    assert caught.value.facts["reason"] == "encrypted"


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.xlsx", "a.epub", "a.doc", "a.pptx"])
def test_nonsense_is_damaged(extractor: Extractor, name: str) -> None:
    with pytest.raises(DocumentUnreadable) as caught:
        extractor.extract_bytes(b"nonsense" * 50, name)
    assert caught.value.facts == {"reason": "damaged"}


def test_an_unknown_type_is_refused(extractor: Extractor) -> None:
    with pytest.raises(DocumentUnreadable) as caught:
        extractor.extract_bytes(b"x", "a.xyz")
    assert caught.value.facts["reason"] == "unsupported-type"


@pytest.mark.skipif(sys.platform != "linux", reason="the walls of Linux")
def test_walls_stand(extractor: Extractor) -> None:
    walls = extractor.sandbox()
    assert walls.limits_memory
    assert walls.writes_no_files


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_worker_has_no_network_and_no_files_open() -> None:
    """Where the system lets users have namespaces: the loopback device is all there is, and it is down."""
    own = Extractor()
    try:
        walls = own.sandbox()
        place = PROCESS_DIR / str(own._worker.process_id)
        lines = (
            (place / "net" / "dev").read_text().splitlines()[2:]
            if os.access(place / "net" / "dev", os.R_OK)
            else []
        )
        if walls.has_no_network and lines:
            assert [line.split(":")[0].strip() for line in lines] == ["lo"]
        assert list(Path("/dev/shm").glob("pillowbook-x-*")) == []
    finally:
        own.close()


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_a_crash_costs_one_retry() -> None:
    """A worker that dies between documents is started anew without anybody noticing."""
    own = Extractor()
    try:
        own.extract_bytes(make_pdf(["one"]), "a.pdf")
        process_id = own._worker.process_id
        assert process_id is not None
        os.kill(process_id, signal.SIGKILL)
        assert own.extract_bytes(make_pdf(["two"]), "b.pdf").text == "two"
    finally:
        own.close()


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_a_hanging_document_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Extractor()
    try:
        own.sandbox()
        process_id = own._worker.process_id
        assert process_id is not None
        os.kill(process_id, signal.SIGSTOP)
        monkeypatch.setattr("pillowbook.flow.ingest.extractor.client._BASE_DEADLINE_S", 0.2)
        began_s = time.monotonic()
        with pytest.raises(DocumentUnreadable) as caught:
            own.extract_bytes(make_pdf(["one"]), "a.pdf")
        assert caught.value.facts["reason"] == "timeout"
        assert time.monotonic() - began_s < 5
        monkeypatch.undo()
        assert own.extract_bytes(make_pdf(["two"]), "b.pdf").text == "two"
    finally:
        own.close()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("naïve – ok".encode(), "naïve – ok"),
        (b"\xef\xbb\xbfwith mark", "with mark"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("Grüße \u201cquoted\u201d".encode("cp1252"), "Grüße \u201cquoted\u201d"),
        (b"", ""),
    ],
)
def test_text_encodings(data: bytes, text: str) -> None:
    assert decode_text(data) == text


def test_html_encodings() -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251"><p>Привет</p>'
    assert "Привет" in decode_html(page.encode("cp1251"))
    assert decode_html("<p>é</p>".encode("latin-1")) == "<p>é</p>"
    assert decode_html(b"<meta charset=rot13><p>\xe9</p>") == "<meta charset=rot13><p>é</p>"


def test_tidying() -> None:
    assert tidy_markdown(r"Let\'s swim\! \# no heading") == "Let's swim! # no heading"
    assert tidy_markdown("\\# five\n1\\. six\n\\- seven") == "\\# five\n1\\. six\n\\- seven"
    assert tidy_markdown("a ![alt](x.png) b [words](http://y.invalid/(z)) c") == "a alt b words c"
    assert (
        tidy_markdown("| a    | b |\n| ---- | :-----: |\n| x \\| y | 2  |")
        == "| a | b |\n| --- | --- |\n| x \\| y | 2 |"
    )
    assert join_pages([(1, "a\r\n"), (2, " "), (3, "b")]) == ("a\n\nb", ((1, 0), (3, 3)))
    assert (
        clean_title("Microsoft Word - a.docx") == clean_title("Untitled 1") == clean_title("scan.pdf") == ""
    )
    assert clean_title(" Lease  2026 ") == "Lease 2026"
