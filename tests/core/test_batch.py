"""Files of JSON Lines: what is read, what is named as bad, and in which order it is answered."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from pillowbook.cli.batch import Line, read_lines, work_through
from pillowbook.cli.terminal import InputUnreadable
from pillowbook.domain.errors import CoreUnreachable, QuestionEmpty, VaultLocked

BAD_LINES = (
    (b"no JSON at all", "no JSON"),
    (b'["a", "list"]', "no JSON object"),
    (b'{"id": "x"}', "no question"),
    (b'{"question": "what"}', "no id"),
    (b"{}", "no id and no question"),
    (b'{"id": "x", "question": null}', "no text"),
    (b'{"id": "x", "question": "\xff"}', "UTF-8"),
    (b'{"id": "x", "question": "' + b"why " * 1_200_000 + b'"}', "longer than 4 MB"),
    (b"[" * 100_000, "no JSON"),
)


def echo(line: Line) -> dict[str, Any]:
    if not line.values["question"].strip():
        raise QuestionEmpty()
    return {"id": line.id, "question": line.values["question"]}


def told(file: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    work_through(file, ("question",), echo)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_bad_line_is_named_in_its_place_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "batch.jsonl"
    good = json.dumps({"id": {"any": ["value", 1]}, "question": "what"}).encode()
    lines = [b"\xef\xbb\xbf" + good, b"  ", *(bad for bad, _word in BAD_LINES)]
    lines += [b'{"id": 2, "question": "  "}', b'{"id": "\\ud800", "question": "what is \\ud800"}\r', good]
    file.write_bytes(b"\n".join(lines))  # the last without an end of line
    first, *errors, empty, half, last = told(file, capsys)
    assert first == last == {"id": {"any": ["value", 1]}, "question": "what"}
    for number, ((_bad, word), error) in enumerate(zip(BAD_LINES, errors, strict=True), start=3):
        assert (error["error"], error["line"]) == ("line-unusable", number)
        assert word in error["sentence"] and error["sentence"].endswith(".") and error["id"] in ("x", None)
    assert empty == {
        "line": len(lines) - 2, "id": 2, "question": "  ", "error": "question-empty",
        "sentence": QuestionEmpty().say(),
    }  # fmt: skip
    assert half == {"id": None, "question": "what is \ufffd"}


@pytest.mark.parametrize("error", [VaultLocked, CoreUnreachable])
def test_what_would_go_wrong_for_every_line_ends_the_batch(tmp_path: Path, error: type[Exception]) -> None:
    file = tmp_path / "batch.jsonl"
    file.write_text('{"id": 1, "question": "a"}\n{"id": 2, "question": "b"}\n')
    asked: list[int] = []

    def fail(line: Line) -> None:
        asked.append(line.number)
        raise error()

    with pytest.raises(error):
        work_through(file, ("question",), fail)
    assert asked == [1]


def test_lines_are_read_as_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read ahead of what is answered, so that a pipe may wait for its answers."""
    raw = io.BytesIO(b'{"id": 1, "question": "a"}\n{"id": 2, "question": "b"}\n')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw))
    lines = read_lines(Path("-"), ("question",))
    assert next(lines).id == 1
    assert raw.tell() == len(b'{"id": 1, "question": "a"}\n')
    assert [line.id for line in lines] == [2]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputUnreadable):
        list(read_lines(tmp_path / "no-such", ("question",)))
