"""Which prompts stay in memory."""

import pytest

from pillowbook.models.generator.kept_prompts import KeptPrompts, Place

SYSTEM = list(range(100))
DOCUMENT = [*SYSTEM, *range(1000, 1600)]
QUESTION = [*SYSTEM, *range(3000, 3200)]


def put(prompts: KeptPrompts, tokens: list[int], *, is_background: bool = False) -> Place:
    """Place a prompt and hold its tokens, as the engine does."""
    place = prompts.place(tokens, is_background=is_background)
    place.kept.tokens = [*place.source.tokens[: place.common], *tokens[place.common :]]
    assert place.kept.tokens == tokens
    return place


def test_what_begins_alike_is_shared() -> None:
    prompts = KeptPrompts(4)
    assert put(prompts, DOCUMENT).common == 0
    place = put(prompts, QUESTION)
    assert place.common == 100
    assert place.source is not place.kept


def test_the_next_question_on_a_document_goes_where_the_document_is() -> None:
    prompts = KeptPrompts(4)
    first = put(prompts, [*DOCUMENT, 1, 2, 3], is_background=True)
    second = put(prompts, [*DOCUMENT, 4, 5], is_background=True)
    assert second.kept is first.kept
    assert second.common == 700


def test_a_question_and_the_background_leave_each_other_what_was_read() -> None:
    """With the fewest prompts kept, and whichever goes first."""
    prompts = KeptPrompts(3)
    for number in range(20):
        background = put(prompts, [*DOCUMENT, 5000 + number], is_background=True)
        live = put(prompts, [*QUESTION, 6000 + number])
        other = put(prompts, [7000 + number, *range(50)], is_background=number % 2 == 0)
        if number:
            assert background.common >= 700
            assert live.common >= 300
            assert other.common == 0


def test_the_one_not_used_for_longest_gives_way() -> None:
    prompts = KeptPrompts(2)
    for start in (0, 1000, 2000):
        put(prompts, list(range(start, start + 10)))
    assert not prompts.holds([0])
    assert prompts.holds([1000, 1001])
    assert prompts.holds([2000])


@pytest.mark.parametrize("is_background", [False, True])
def test_for_want_of_room_the_current_prompt_is_never_forgotten(is_background: bool) -> None:
    prompts = KeptPrompts(4)
    put(prompts, [1, 2], is_background=True)
    put(prompts, [3, 4], is_background=False)
    current = put(prompts, [5, 6], is_background=is_background).kept
    forgotten = 0
    while (old := prompts.dispensable(current)) is not None:
        assert old is not current
        old.tokens.clear()
        forgotten += 1
    assert forgotten == 2


def test_one_prompt_alone_is_cut_in_place() -> None:
    prompts = KeptPrompts(1)
    put(prompts, DOCUMENT)
    place = put(prompts, QUESTION)
    assert (place.common, place.kept) == (100, place.source)
