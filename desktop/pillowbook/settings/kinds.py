"""Kinds of values a setting can take. A kind reads and writes the text form and checks the bounds."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from pillowbook.domain.errors import SettingInvalid
from pillowbook.domain.work import Hours

T = TypeVar("T")


class Kind(Generic[T]):
    """How a value is written, read and checked."""

    def parse(self, key: str, text: str) -> T:
        """The value of its text form.

        Raises:
            SettingInvalid: the text is no such value, or out of bounds.
        """
        raise NotImplementedError

    def write(self, value: T) -> str:
        """The text form of a value."""
        return str(value)

    def expected(self) -> str:
        """What is allowed, for the user."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Switch(Kind[bool]):
    """On or off."""

    def parse(self, key: str, text: str) -> bool:
        words = {
            "on": True,
            "true": True,
            "yes": True,
            "1": True,
            "off": False,
            "false": False,
            "no": False,
            "0": False,
        }
        try:
            return words[text.strip().lower()]
        except KeyError:
            raise SettingInvalid(key=key, expected=self.expected()) from None

    def write(self, value: bool) -> str:
        return "on" if value else "off"

    def expected(self) -> str:
        return "write on or off"


@dataclass(frozen=True, slots=True)
class Whole(Kind[int]):
    """A whole number between two bounds, both allowed. ``unit`` is shown behind it."""

    least: int
    most: int
    unit: str = ""

    def parse(self, key: str, text: str) -> int:
        try:
            value = int(text.strip())
        except ValueError:
            raise SettingInvalid(key=key, expected=self.expected()) from None
        if not self.least <= value <= self.most:
            raise SettingInvalid(key=key, expected=self.expected())
        return value

    def expected(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"write a whole number from {self.least} to {self.most}{unit}"


def Seconds(least: int, most: int) -> Whole:  # noqa: N802 - reads as a kind where settings are declared
    """A whole number of seconds."""
    return Whole(least, most, "seconds")


def Percent(least: int, most: int) -> Whole:  # noqa: N802 - reads as a kind where settings are declared
    """A whole number of per cent."""
    return Whole(least, most, "%")


@dataclass(frozen=True, slots=True)
class Choice(Kind[str]):
    """One of a few words; ``labels`` maps each to what the window shows."""

    labels: Mapping[str, str]

    def parse(self, key: str, text: str) -> str:
        if text.strip() not in self.labels:
            raise SettingInvalid(key=key, expected=self.expected())
        return text.strip()

    def expected(self) -> str:
        return "write one of " + ", ".join(self.labels)


@dataclass(frozen=True, slots=True)
class Text(Kind[str]):
    """One line of text, empty for none. ``hint`` says what it is, for the user."""

    hint: str
    most_chars: int = 500

    def parse(self, key: str, text: str) -> str:
        value = text.strip()
        if len(value) > self.most_chars or any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
            raise SettingInvalid(key=key, expected=self.expected())
        return value

    def expected(self) -> str:
        return f"write {self.hint}, or nothing"


@dataclass(frozen=True, slots=True)
class DailyHours(Kind[Hours | None]):
    """Hours of every day such as ``22:00-07:00``; empty for the whole day."""

    def parse(self, key: str, text: str) -> Hours | None:
        if not text.strip():
            return None
        parts = re.fullmatch(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*", text)
        try:
            if parts is None:
                raise ValueError
            numbers = [int(part) for part in parts.groups()]
            start, end = time(numbers[0], numbers[1]), time(numbers[2] % 24, numbers[3])
            if numbers[2] > 24 or numbers[2:] > [24, 0] or start == end:
                raise ValueError
        except ValueError:
            raise SettingInvalid(key=key, expected=self.expected()) from None
        return Hours(start, end)

    def write(self, value: Hours | None) -> str:
        return "" if value is None else str(value)

    def expected(self) -> str:
        return "write two times such as 22:00-07:00, or nothing for the whole day"


@dataclass(frozen=True, slots=True)
class WebAddress(Kind[str]):
    """The address of a server, http or https, without a name, a password or anything behind its path; may be empty."""

    def parse(self, key: str, text: str) -> str:
        value = text.strip()
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            port = parts.port
            host = (parts.hostname or "").encode("idna").decode("ascii")
            if ":" in host:
                host = f"[{ipaddress.IPv6Address(host)}]"
        except ValueError:  # UnicodeError is one
            raise SettingInvalid(key=key, expected=self.expected()) from None
        is_plain = re.fullmatch(r"[A-Za-z0-9/._~-]*", parts.path) is not None and ".." not in parts.path
        has_more = parts.username is not None or parts.password is not None or parts.query or parts.fragment
        if parts.scheme not in ("http", "https") or not host or port == 0 or has_more or not is_plain:
            raise SettingInvalid(key=key, expected=self.expected())
        return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"

    def expected(self) -> str:
        return "write an address such as http://localhost:8080/v1 or https://my-server:8443/v1, or nothing"


@dataclass(frozen=True, slots=True)
class Hotkey(Kind[str]):
    """A key with modifiers such as ``Ctrl+Alt+Space``; empty for none."""

    def parse(self, key: str, text: str) -> str:
        parts = [part.strip() for part in text.split("+")] if text.strip() else []
        modifiers = {"ctrl": "Ctrl", "alt": "Alt", "shift": "Shift", "super": "Super", "meta": "Super"}
        if not parts:
            return ""
        named = [modifiers.get(part.lower(), "") for part in parts[:-1]]
        last = parts[-1]
        if (
            not named
            or not all(named)
            or not last
            or last.lower() in modifiers
            or len(set(named)) != len(named)
        ):
            raise SettingInvalid(key=key, expected=self.expected())
        return "+".join([*named, last.upper() if len(last) == 1 else last.capitalize()])

    def expected(self) -> str:
        return "write one or more of Ctrl, Alt, Shift, Super and a key, such as Ctrl+Alt+Space, or nothing"


@dataclass(frozen=True, slots=True)
class ModelName(Kind[str]):
    """The id of a model of the catalogue, or the path of a GGUF file; who knows models checks it."""

    role: str

    def parse(self, key: str, text: str) -> str:
        if not text.strip():
            raise SettingInvalid(key=key, expected=self.expected())
        return text.strip()

    def expected(self) -> str:
        return (
            "write the id of a model ('pillowbook models list' shows them) or the whole path of a GGUF file"
        )
