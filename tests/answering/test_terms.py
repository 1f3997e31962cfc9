"""Words that can be compared."""

import sys
from concurrent.futures import ThreadPoolExecutor

from pillowbook.answering.terms import stem

ENDINGS = ("ational", "fulness", "ousness", "iveness", "ization", "ingly", "edly", "ements", "ies", "s")


def test_threads_do_not_get_each_others_stems() -> None:
    words = [
        f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}relat{ENDINGS[n % len(ENDINGS)]}" for n in range(3000)
    ]
    stem.cache_clear()
    alone = [stem(word) for word in words]
    stem.cache_clear()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(
                pool.map(lambda turn: [stem(word) for word in words[turn:] + words[:turn]], range(4))
            )
    finally:
        sys.setswitchinterval(interval)
        stem.cache_clear()
    assert found == [alone[turn:] + alone[:turn] for turn in range(4)]
