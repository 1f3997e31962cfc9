"""Stop strings never show, not even half, and hold back no more than they must."""

import random

import pytest

from pillowbook.models.generator.stopping import StopStrings


def run(stop: list[str], pieces: list[str]) -> tuple[str, bool]:
    stopping = StopStrings(stop)
    shown = "".join(stopping.feed(piece) for piece in pieces)
    return shown + stopping.finish(), stopping.is_stopped


def test_text_without_stop_strings_passes_unchanged() -> None:
    assert run(["\n\n", "END"], ["a", "\n", "b EN", "T", "\n"]) == ("a\nb ENT\n", False)


def test_the_first_stop_string_ends_the_text() -> None:
    assert run(["END", "\n"], ["one E", "ND two\n"]) == ("one ", True)


def test_what_may_begin_a_stop_string_is_held_back() -> None:
    stopping = StopStrings(["</answer>"])
    assert stopping.feed("yes </ans") == "yes "
    assert stopping.feed("x") == "</ansx"


@pytest.mark.parametrize("seed", range(50))
def test_cutting_the_text_differently_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choice("ab\n") for _ in range(40))
    stop = ["".join(chance.choice("ab\n") for _ in range(chance.randint(1, 4))) for _ in range(2)]
    pieces, at = [], 0
    while at < len(text):
        size = chance.randint(1, 5)
        pieces.append(text[at : at + size])
        at += size
    ends = [text.find(mark) for mark in stop if mark in text]
    assert run(stop, pieces)[0] == (text[: min(ends)] if ends else text)
