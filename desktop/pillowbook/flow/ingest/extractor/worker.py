"""The extractor's process: bytes in, text out. Holds the document parsers and nothing else.

Kreuzberg is told to keep no cache, to read no images (its OCR fetches models) and to use one thread.
"""

from typing import Any

from pillowbook.domain.errors import DocumentUnreadable
from pillowbook.flow.ingest.encoding import decode_html
from pillowbook.flow.ingest.extractor import conversion
from pillowbook.flow.ingest.extractor.protocol import (
    MAX_TEXT_CHARS,
    ExtractCall,
    ExtractReply,
    Request,
    SandboxCall,
    SandboxReply,
)
from pillowbook.flow.ingest.extractor.sandbox import Sandbox, allow_cpu
from pillowbook.flow.ingest.kinds import MIME_BY_KIND
from pillowbook.flow.ingest.outline import find_headings
from pillowbook.host.worker_loop import Job, serve

_SMALLEST_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n"
)
_TITLE_FIRST = frozenset({"html", "epub"})
"""Kinds whose own title is better than their first heading."""
_NO_TITLE_HEADINGS = frozenset({"pdf", "eml", "msg", "xlsx", "csv"})
"""Kinds whose headings are none, or names of sheets."""


class Extraction:
    """Answers calls with Kreuzberg, once :meth:`load` has loaded it."""

    def __init__(self) -> None:
        self._sandbox: SandboxReply | None = None

    def load(self) -> None:
        """Load the parser and close the sandbox around it."""
        sandbox = Sandbox()
        with sandbox.loading():
            self._parse("pdf", _SMALLEST_PDF)  # unpacks and loads PDFium, which no document may do later
        self._sandbox = sandbox.close()

    def handle(self, request: Request, job: Job) -> ExtractReply | SandboxReply | None:
        """Answer one call."""
        if isinstance(request, SandboxCall):
            return self._sandbox
        return self.extract(request)

    def extract(self, call: ExtractCall) -> ExtractReply:
        """Turn one document into text.

        Raises:
            DocumentUnreadable: with the reason; the parser's own words may quote the document and are dropped.
        """
        allow_cpu()
        data, own_title = call.data, ""
        if call.kind == "html":
            page, own_title = conversion.split_html(decode_html(call.data))
            data = page.encode("utf-8", "replace")
        try:
            result = self._parse(call.kind, data)
        except Exception as error:
            reason = conversion.reason_of_failure(call.kind, data, str(error).lower())
            raise DocumentUnreadable(reason=reason) from None
        title = conversion.clean_title(
            own_title or str(result.metadata.get("title") or result.metadata.get("subject") or "")
        )
        pages: tuple[tuple[int, int], ...] = ()
        if call.kind == "pdf":
            # Plain text: as Markdown, words of some PDFs come out changed (see docs/decisions/0004-extraction.md).
            text, pages = conversion.join_pages(
                [(page["page_number"], page["content"]) for page in result.pages or ()]
            )
        elif call.kind in {"eml", "msg"}:
            text = conversion.tidy_markdown(result.content.replace("**", ""), keep_links=True)
        else:
            text = conversion.tidy_markdown(result.content)
        if not text.strip():
            is_encrypted = bool(result.metadata.get("is_encrypted")) or conversion.is_encrypted_office(
                call.kind, data
            )
            raise DocumentUnreadable(reason="encrypted" if is_encrypted else "empty")
        if len(text) > MAX_TEXT_CHARS:
            raise DocumentUnreadable(reason="too-large")
        heading = ""
        if call.kind not in _NO_TITLE_HEADINGS:
            heading = next((each.title for each in find_headings(text) if each.title), "")
        best = (title or heading) if call.kind in _TITLE_FIRST else (heading or title)
        return ExtractReply(text, best, pages)

    def _parse(self, kind: str, data: bytes) -> Any:
        import kreuzberg

        options: dict[str, Any] = {
            "use_cache": False,
            "enable_quality_processing": False,
            "output_format": "plain" if kind == "pdf" else "markdown",
            "pages": kreuzberg.PageConfig(extract_pages=kind == "pdf"),
            "concurrency": kreuzberg.ConcurrencyConfig(max_threads=1),
            "disable_ocr": True,  # missing from the stubs of 4.10
        }
        config = kreuzberg.ExtractionConfig(**options)
        return kreuzberg.extract_bytes_sync(data, MIME_BY_KIND[kind], config=config)


if __name__ == "__main__":
    extraction = Extraction()
    extraction.load()
    serve(Request, extraction.handle)
