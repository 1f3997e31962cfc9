"""The settings of a server of the user's own."""

from pathlib import Path

import pytest

from pillowbook.domain.errors import SettingInvalid
from pillowbook.models.remote.address import ServerAddress
from pillowbook.settings.catalogue import ALL, SERVER_ADDRESS, SERVER_ALLOWED, SERVER_UNENCRYPTED
from pillowbook.settings.kinds import Text, WebAddress
from pillowbook.settings.values import Settings


@pytest.mark.parametrize(
    ("written", "kept", "authority", "path"),
    [
        ("http://localhost:8080", "http://localhost:8080", "localhost:8080", "/v1"),
        (" https://Home.example/v1/ ", "https://home.example/v1", "home.example:443", "/v1"),
        ("https://home:8443/api/openai", "https://home:8443/api/openai", "home:8443", "/api/openai"),
        ("http://[::1]:11434/v1", "http://[::1]:11434/v1", "[::1]:11434", "/v1"),
        ("https://b\u00fccher.example", "https://xn--bcher-kva.example", "xn--bcher-kva.example:443", "/v1"),
    ],
)
def test_an_address_is_kept_in_one_form(written: str, kept: str, authority: str, path: str) -> None:
    assert WebAddress().parse("k", written) == kept
    address = ServerAddress.of(kept)
    assert (address.authority, address.path) == (authority, path)
    assert WebAddress().parse("k", kept) == kept


@pytest.mark.parametrize(
    "written",
    [
        "localhost:8080",
        "ftp://home",
        "http://",
        "https://me:secret@home/v1",
        "https://me@home/v1",
        "https://home/v1?key=1",
        "https://home/v1#x",
        "https://home:0/",
        "https://home:99999/",
        "https://home/a b",
        "https://home/../x",
        "https://home/v1\r\nHost: other",
        "file:///etc/passwd",
        "http://[::1",
        "https://" + "x" * 70 + ".example",
    ],
)
def test_what_is_no_plain_address_is_refused(written: str) -> None:
    with pytest.raises(SettingInvalid):
        WebAddress().parse("k", written)


def test_a_text_is_one_line() -> None:
    assert Text("a name").parse("k", "  a b ") == "a b"
    for wrong in ("a\nb", "a\x00", "x" * 501):
        with pytest.raises(SettingInvalid):
            Text("a name").parse("k", wrong)


def test_everything_that_lets_text_leave_is_off_and_warns(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.toml")
    assert settings[SERVER_ALLOWED] is False and settings[SERVER_UNENCRYPTED] is False
    assert settings[SERVER_ADDRESS] == ""
    for setting in (SERVER_ALLOWED, SERVER_UNENCRYPTED):
        assert setting.warning.endswith(".") and setting.default is False
    leaving = {setting.key for setting in ALL if setting.key.startswith("models.server") and setting.warning}
    assert leaving == {SERVER_ALLOWED.key, SERVER_UNENCRYPTED.key}
