"""The words on chips and lines."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.ui.fake_client import NOW, answer, refusal

from pillowbook.domain.answers import Answer, AnswerKind, Effort, Freshness
from pillowbook.domain.errors import ModelMissing, PassphraseNeeded, every_error
from pillowbook.ui import phrases

FRESH = answer("When?", "In March.")


@pytest.mark.parametrize(
    ("shown", "text", "tone"),
    [
        (FRESH, "Checked just now", "fresh"),
        (replace(FRESH, kind=AnswerKind.ADAPTED), "Checked just now", "fresh"),
        (replace(FRESH, freshness=Freshness.NEW_EVIDENCE), "New evidence", "amber"),
        (replace(FRESH, freshness=Freshness.UNCHECKED), "Not checked", "quiet"),
        (replace(FRESH, freshness=Freshness.CHANGED), "Your note changed", "amber"),
        (replace(FRESH, freshness=Freshness.GONE), "Source gone", "alarm"),
        (replace(FRESH, kind=AnswerKind.LIVE), "Live answer · from your notes", "accent"),
        (replace(FRESH, kind=AnswerKind.LIVE, model=""), "Worked out · from your notes", "accent"),
        (
            replace(FRESH, kind=AnswerKind.LIVE, model="", citations=(), freshness=None),
            "Worked out · from your notes",
            "accent",
        ),
        (
            replace(FRESH, kind=AnswerKind.LIVE, freshness=Freshness.CHANGED),
            "Live answer · from your notes",
            "accent",
        ),
        (refusal("When?"), "Your notes do not say", "quiet"),
    ],
)
def test_every_state_of_an_answer_has_its_honest_sign(shown: Answer, text: str, tone: str) -> None:
    chip = phrases.freshness_chip(shown)
    assert (chip.text, chip.tone) == (text, tone)


def test_only_fresh_answers_are_green() -> None:
    for freshness in (*Freshness, None):
        for kind in AnswerKind:
            tone = phrases.freshness_chip(replace(FRESH, freshness=freshness, kind=kind)).tone
            is_green = tone == "fresh"
            assert is_green == (freshness is Freshness.FRESH and kind in (AnswerKind.HIT, AnswerKind.ADAPTED))


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (datetime(2026, 11, 22, 8, 29, tzinfo=UTC), "just now"),
        (datetime(2026, 11, 22, 2, 14, tzinfo=UTC), "last night 02:14"),
        (datetime(2026, 11, 22, 7, 5, tzinfo=UTC), "today 07:05"),
        (datetime(2026, 11, 21, 23, 40, tzinfo=UTC), "last night 23:40"),
        (datetime(2026, 11, 21, 15, 30, tzinfo=UTC), "yesterday 15:30"),
        (datetime(2026, 11, 18, 9, 0, tzinfo=UTC), "on Wednesday 09:00"),
        (datetime(2026, 3, 3, 9, 0, tzinfo=UTC), "on 3 March"),
        (datetime(2025, 3, 3, 9, 0, tzinfo=UTC), "on 3 March 2025"),
    ],
)
def test_times_are_said_as_people_say_them(then: datetime, words: str) -> None:
    assert phrases.moment(then, NOW, UTC) == words


def test_prepared_line_names_the_question_only_when_it_differs() -> None:
    assert phrases.prepared_line(FRESH, NOW, UTC) == "Prepared last night 02:14"
    other = replace(FRESH, matched_question="Which month?")
    assert phrases.prepared_line(other, NOW, UTC) == "Prepared last night 02:14 for “Which month?”"


def test_an_answer_says_whether_it_was_adapted_or_made_live_before() -> None:
    adapted = replace(FRESH, kind=AnswerKind.ADAPTED, matched_question="Which month?", effort=Effort.LIVE)
    line = "Adapted from what was prepared last night 02:14 for “Which month?”"
    assert phrases.prepared_line(adapted, NOW, UTC) == line
    from_digests = replace(adapted, matched_question=None, prepared_at=None)
    assert phrases.prepared_line(from_digests, NOW, UTC) == "Adapted from a summary of your notes"
    assert (
        phrases.prepared_line(replace(FRESH, effort=Effort.LIVE), NOW, UTC)
        == "Answered before, last night 02:14"
    )


def test_errors_in_windows_do_not_ask_for_the_command_line() -> None:
    """A window cannot take --passphrase-file; what most users may meet there is said in its own words."""
    for error in (PassphraseNeeded(), ModelMissing(model="m")):
        assert "pillowbook" not in phrases.error_sentence(error) and "--" not in phrases.error_sentence(error)


def test_every_error_has_a_sentence() -> None:
    for kind in every_error().values():
        error = kind.__new__(kind)
        error.facts = {}
        assert phrases.error_sentence(error).endswith((".", "?"))


def test_headings_that_repeat_the_title_are_said_once() -> None:
    assert phrases.where("Boiler", "Boiler › Service") == "Boiler › Service"
    assert phrases.where("Boiler", "Boiler") == "Boiler"
    assert phrases.where("Boiler", "Service") == "Boiler › Service"
