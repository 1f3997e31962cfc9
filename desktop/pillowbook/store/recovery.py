"""The recovery code: 160 random bits, written in letters and digits that people can copy by hand."""

import base64
import re
import secrets

CODE_BYTES = 20
GROUP = 4
_ALIKE = str.maketrans("018", "OIB")
"""The alphabet (RFC 4648, section 6) has no 0, 1 and 8: who reads one meant the letter."""


def new_code() -> str:
    """A fresh code: eight groups of four, such as ``K7QM-...``."""
    return _grouped(base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode("ascii"))


def read_code(text: str) -> str | None:
    """A code as it was made, from how somebody typed it; None where it can be none."""
    letters = re.sub(r"[\s-]", "", text).upper().translate(_ALIKE)
    if not re.fullmatch(rf"[A-Z2-7]{{{CODE_BYTES * 8 // 5}}}", letters):
        return None
    return _grouped(letters)


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))
