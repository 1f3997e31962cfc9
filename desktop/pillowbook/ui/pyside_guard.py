"""Keeps one bug of PySide6 from ending the program."""

import ctypes
import sys
from typing import Final

import PySide6

SPARE_REFERENCES: Final = 1 << 40


def keep_none_alive() -> None:
    """Give ``None`` so many references that it cannot run out of them.

    WORKAROUND(PySide6 6.12.0: compiled against the limited API of Python 3.12, where ``None`` is immortal, every
    method that returns nothing takes one reference from ``None`` on Python 3.10 and 3.11. After some 5000 calls the
    interpreter aborts with "none_dealloc". 6.11.3 does not do it. Remove when a later release
    is fixed, or when Python 3.12 is required.)
    """
    if sys.version_info >= (3, 12) or PySide6.__version_info__[:2] < (6, 12):
        return
    if sys.implementation.name == "cpython":
        # ob_refcnt is the first field of every object.
        count = ctypes.c_ssize_t.from_address(id(None))
        if count.value < SPARE_REFERENCES:
            count.value += SPARE_REFERENCES
