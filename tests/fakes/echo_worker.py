"""A worker for tests of the machinery: it echoes, streams, sleeps, prints and dies when told to."""

import os
import sys
import time
from pathlib import Path

import msgspec

from pillowbook.domain.errors import ModelMissing
from pillowbook.host.worker_loop import Job, serve


class Echo(msgspec.Struct, tag="echo", frozen=True):
    """Give the text back; ``parts`` pieces come first."""

    text: str
    parts: int = 0


class Sleep(msgspec.Struct, tag="sleep", frozen=True):
    """Take a while; ``is_deaf`` ones do not look whether they are still wanted."""

    seconds: float
    is_deaf: bool = False


class Die(msgspec.Struct, tag="die", frozen=True):
    """End without an answer, after ``parts`` pieces. With ``marker`` only while that file is not there
    yet.
    """

    parts: int = 0
    marker: str = ""


class Fail(msgspec.Struct, tag="fail", frozen=True):
    """Raise an error of ours, or with ``is_bug`` one that quotes a text."""

    is_bug: bool = False


class Look(msgspec.Struct, tag="look", frozen=True):
    """Say how this process stands."""


class Text(msgspec.Struct, frozen=True):
    text: str


class Sight(msgspec.Struct, frozen=True):
    environment: dict[str, str]
    descriptors: int
    policy: int
    core_limit: int


Request = Echo | Sleep | Die | Fail | Look


def handle(request: Request, job: Job) -> msgspec.Struct | None:
    match request:
        case Echo(text, parts):
            print("a library prints this to standard output", flush=True)
            os.write(1, b"and this, past Python\n")
            for number in range(parts):
                job.send_part(Text(f"{text}{number}"))
            return Text(text)
        case Sleep(seconds, is_deaf):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(0.005)
                if not is_deaf:
                    job.raise_if_cancelled()
            return Text("slept")
        case Die(parts, marker):
            if marker and Path(marker).exists():
                return Text("lived")
            if marker:
                Path(marker).touch()
            for number in range(parts):
                job.send_part(Text(str(number)))
            os._exit(3)
        case Fail(is_bug):
            if is_bug:
                raise ValueError("the secret word is marmalade")
            raise ModelMissing(model="tiny")
        case Look():
            return look()


def look() -> Sight:
    import resource

    open_ones = [fd for fd in range(256) if _is_open(fd)]
    return Sight(
        environment=dict(os.environ),
        descriptors=len(open_ones),
        policy=os.sched_getscheduler(0) if sys.platform == "linux" else 0,
        core_limit=resource.getrlimit(resource.RLIMIT_CORE)[0],
    )


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    serve(Request, handle)
