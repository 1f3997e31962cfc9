"""What other programs may have: nothing of what is kept from them, by whatever way it might come."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.flow.conftest import Stream
from tests.flow.test_digests import work

from pillowbook.answering.cite import cite_passage
from pillowbook.answering.sources import sources_of
from pillowbook.core import protocol as p
from pillowbook.core.other_programs import OtherPrograms
from pillowbook.domain.answers import (
    Answer,
    AnswerKind,
    Draft,
    Effort,
    Fact,
    Freshness,
    Reason,
    Related,
    Tokens,
)
from pillowbook.domain.documents import Passage
from pillowbook.domain.errors import DocumentUnknown
from pillowbook.domain.ids import DocumentId, TopicId
from pillowbook.flow.serve import replies
from pillowbook.flow.serve.related import related_questions
from pillowbook.host.workers import CancelToken
from pillowbook.models.generator.client import Message

OPEN = "# Boiler\n\nThe boiler pressure should sit at 1.4 bar. The apprentice of the fitter is Dev.\n"
PRIVATE = "# Ottilie\n\nThe garden safe opens with 7719. The boiler pressure frightens Ottilie.\n"
SECRETS = ("ottilie", "7719", "frightens", "private")
PRESSURE, SAFE, WHO = (
    "What should the boiler pressure be?",
    "What opens the garden safe?",
    "Who is frightened by the boiler pressure?",
)


@contextlib.contextmanager
def no_hold() -> Iterator[None]:
    yield


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Stream]:
    """A note for all and a private one, both prepared, distilled, in one folder and one topic."""
    stream = Stream(tmp_path)
    stream.write("open/boiler.md", OPEN)
    stream.write("private/ottilie.md", PRIVATE)
    stream.write("private/more/old.md", "# Old\n\nOttilie had 7719 before.\n")
    stream.sync()
    stream.says["pressure be"] = "1.4 bar"
    stream.says["garden safe"] = "7719"
    stream.says["frightened"] = "Ottilie"
    for question in (PRESSURE, SAFE, WHO):
        stream.prepare(question)
        prepared = stream.prepared(question)
        assert prepared is not None and prepared.answer, question
    stream.says["what all of it is about"] = "Boiler and Ottilie."
    work(stream)
    digests = stream.vault.digests
    passages = [one for name in ("open/boiler.md", "private/ottilie.md") for one in passages_of(stream, name)]
    both, open_only = digests.put_topics({}, [[passages[0].id], [passages[-1].id]])
    digests.put_topics({both: [one.id for one in passages[1:]], open_only: [passages[0].id]}, [])
    facts = [Fact("Ottilie", "Ottilie", passages[-1].content_hash)]
    for topic, label, gist in (
        (both, "ottilie, boiler", "Of Ottilie."),
        (open_only, "boiler", "Of the boiler."),
    ):
        digests.set_label(topic, label)
        ids = [one.id for one in (passages if topic == both else passages[:1])]
        digests.put_topic_digest(topic, gist, facts if topic == both else [], "i", "m", ids, unit())
    yield stream
    stream.close()


def unit() -> NDArray[np.float32]:
    return np.array([1.0, 0.0], np.float32)


def passages_of(stream: Stream, name: str) -> Sequence[Passage]:
    return stream.library.passages(stream.document(name))


def others(stream: Stream) -> OtherPrograms:
    return OtherPrograms(
        library=stream.library,
        digests=stream.vault.digests,
        overview=stream.overview,
        server=stream.server,
        hold=no_hold,
    )


def keep(stream: Stream, name: str = "private", *, rule: str = "kept_private") -> None:
    getattr(stream.library, rule).keep(str(stream.notes / name))


def ask(stream: Stream, question: str, *, is_prepared_only: bool = False) -> Answer:
    answer = others(stream).handle(p.AskForOther(question, is_prepared_only), CancelToken())
    assert isinstance(answer, Answer)
    return answer


def told(*values: object) -> list[str]:
    text = json.dumps(msgspec.to_builtins(values), default=str).lower()
    return [word for word in SECRETS if word in text]


def everything(stream: Stream) -> list[object]:
    """All that other programs can have, by every call."""
    served = others(stream)
    out: list[object] = []
    for question in (PRESSURE, SAFE, WHO, "Who is Dev?", "What does everything say?"):
        for is_prepared_only in (True, False):
            answer = ask(stream, question, is_prepared_only=is_prepared_only)
            out.append((answer.answer, answer.citations, answer.nearest))
            out.append(
                (answer.related, answer.matched_question if answer.answer else None, answer.change_note)
            )
    for words in ("Ottilie", "garden safe 7719", "boiler pressure"):
        out.append(served.handle(p.SearchForOther(words, 1000), CancelToken()))
    out.append(served.handle(p.DigestForOther(str(stream.notes)), CancelToken()))
    out.append(served.handle(p.DigestForOther(None, ""), CancelToken()))
    out.append(served.handle(p.DigestForOther(None, "boiler"), CancelToken()))
    return out


def test_without_a_rule_everything_may_be_had(house: Stream) -> None:
    assert set(told(everything(house))) == set(SECRETS), "or what follows would show nothing"
    answer = ask(house, SAFE, is_prepared_only=True)
    assert (answer.kind, answer.freshness, answer.answer) == (AnswerKind.HIT, Freshness.FRESH, "7719")
    assert answer.serving_id is None and house.knowledge.servings() == [], "nothing is remembered"


@pytest.mark.parametrize("rule", ["kept_private", "kept_here"])
def test_nothing_of_a_kept_folder_goes_out_by_any_call(house: Stream, rule: str) -> None:
    """What never leaves this machine does not leave it by another program either."""
    keep(house, rule=rule)
    assert told(everything(house)) == []
    answer = ask(house, PRESSURE, is_prepared_only=True)
    assert (answer.kind, answer.answer) == (AnswerKind.HIT, "1.4 bar")
    assert house.server.ask(SAFE, learn=False).answer == "7719", "the user has it as before"


def test_the_model_is_not_even_given_what_is_kept(house: Stream) -> None:
    keep(house)
    house.generator.calls.clear()
    house.generator.scored.clear()
    ask(house, "What about the boiler pressure and the garden safe?")
    assert house.generator.calls
    read = [message for call in house.generator.calls for message in call]
    read += [message for call, _options in house.generator.scored for message in call]
    assert all(isinstance(message, Message) for message in read)
    assert "Dev" in " ".join(one.text for one in read) or "1.4" in " ".join(one.text for one in read)
    assert not [word for word in ("Ottilie", "7719") if any(word in one.text for one in read)]


def prepare_from_the_open_note(stream: Stream, question: str, origin: DocumentId | None) -> None:
    """An answer that rests on the open note alone, whatever its question was drawn from."""
    question_id = stream.knowledge.add_question(question, question.lower(), Reason.CONTENT, origin)
    citation = cite_passage(stream.library.passages(stream.document("open/boiler.md"))[0])
    draft = Draft(
        question,
        "the apprentice, Dev",
        (citation,),
        (),
        0.9,
        ("quotes-verbatim",),
        Tokens(),
        "m",
        Effort.PREPARED,
    )
    sources = sources_of(draft.citations, stream.library)
    stream.knowledge.put_prepared(question_id, draft, sources, 1.0, stream.retriever.embed(question))


NEAR = "What should the pressure of the boiler be?"


def related(stream: Stream) -> list[str | None]:
    """The prepared questions that are told, the one whose answer is served among them."""
    answer = ask(stream, NEAR)
    return [*(one.question for one in answer.related), answer.matched_question]


def test_questions_drawn_from_a_kept_note_are_not_told_though_another_answers_them(house: Stream) -> None:
    question = "Which apprentice knows that the boiler frightens Ottilie?"
    prepare_from_the_open_note(house, question, house.document("private/ottilie.md"))
    assert question in related(house) and PRESSURE in related(house)
    keep(house)
    assert question not in related(house) and PRESSURE in related(house)
    assert ask(house, question).matched_question is None


@pytest.mark.parametrize(
    ("question", "is_prepared_only", "kind"),
    [
        (PRESSURE, False, AnswerKind.HIT),
        ("Which apprentice knows the boiler that frightens nobody?", True, AnswerKind.NONE),
        ("Which apprentice knows the boiler that frightens nobody?", False, AnswerKind.NONE),
        ("Which apprentice has the fitter of the boiler?", False, AnswerKind.LIVE),
    ],
)
def test_what_may_be_asked_next_is_looked_for_once_and_never_among_what_is_kept(
    house: Stream,
    monkeypatch: pytest.MonkeyPatch,
    question: str,
    is_prepared_only: bool,
    kind: AnswerKind,
) -> None:
    """However the answer is made, nothing kept is even a step on the way to it."""
    house.says = {"has the fitter": "Dev", **house.says}
    drawn = "Which apprentice knows that the boiler frightens Ottilie?"
    prepare_from_the_open_note(house, drawn, house.document("private/ottilie.md"))
    found: list[tuple[Related, ...]] = []

    def noted(*arguments: Any, **options: Any) -> tuple[Related, ...]:
        found.append(related_questions(*arguments, **options))
        return found[-1]

    monkeypatch.setattr(replies, "related_questions", noted)
    assert told(ask(house, question, is_prepared_only=is_prepared_only).related), "or this would show nothing"
    keep(house)
    found.clear()
    answer = ask(house, question, is_prepared_only=is_prepared_only)
    assert answer.kind is kind and found == [answer.related]
    assert told(answer.related, answer.nearest, answer.citations, answer.answer) == []


def test_a_question_that_nobody_knows_the_source_of_is_not_told(house: Stream) -> None:
    question = "Which apprentice must never look at the boiler?"
    prepare_from_the_open_note(house, question, None)
    assert question in related(house)
    keep(house)
    assert question not in related(house) and PRESSURE in related(house)


def test_a_kept_path_is_told_of_like_one_that_is_not_there(house: Stream) -> None:
    keep(house)
    served = others(house)
    for name in ("private", "private/ottilie.md", "private/more", "no-such", "open/no-such.md"):
        with pytest.raises(DocumentUnknown):
            served.handle(p.DigestForOther(str(house.notes / name)), CancelToken())


def test_digests_of_folders_and_topics_with_something_kept_in_them_are_left_out(house: Stream) -> None:
    served = others(house)
    before = served.handle(p.DigestForOther(str(house.notes)), CancelToken())
    assert isinstance(before, p.DigestsForOther)
    assert len(before.documents) == 3 and {one.path for one in before.folders} >= {str(house.notes)}
    keep(house, "private/more")
    after = served.handle(p.DigestForOther(str(house.notes)), CancelToken())
    assert isinstance(after, p.DigestsForOther)
    assert len(after.documents) == 2
    assert {Path(one.path).name for one in after.folders}.isdisjoint({"notes", "private", "more"})
    topics = served.handle(p.DigestForOther(None), CancelToken())
    assert isinstance(topics, p.DigestsForOther) and len(topics.topics) == 2
    keep(house)
    topics = served.handle(p.DigestForOther(None), CancelToken())
    assert isinstance(topics, p.DigestsForOther)
    assert [one.label for one in topics.topics] == ["boiler"]


def test_a_topic_whose_digest_once_read_something_kept_is_left_out(house: Stream) -> None:
    """Its members may have changed since; what its gist was made from is what counts."""
    both = next(one.id for one in house.vault.digests.topics() if "ottilie" in one.label)
    open_passage = house.library.passages(house.document("open/boiler.md"))[0].id
    house.vault.digests.put_topics({TopicId(both): [open_passage]}, [])
    keep(house)
    topics = others(house).handle(p.DigestForOther(None), CancelToken())
    assert isinstance(topics, p.DigestsForOther) and topics.topics == ()


def test_a_note_that_is_kept_while_the_answer_is_made_is_taken_out_of_it(house: Stream) -> None:
    served = others(house)
    keep(house, "private/more")
    ask_server = house.server.ask_without

    def late(*arguments: object, **options: object) -> Answer:
        answer = ask_server(*arguments, **options)  # type: ignore[arg-type]
        keep(house)
        return answer

    house.server.ask_without = late  # type: ignore[method-assign]
    answer = served.handle(p.AskForOther(SAFE), CancelToken())
    assert isinstance(answer, Answer)
    assert answer.kind is AnswerKind.NONE
    assert (
        told(answer.answer, answer.citations, answer.nearest, answer.related, answer.matched_question) == []
    )


def test_hits_are_as_many_as_there_are_though_kept_ones_are_nearer(house: Stream) -> None:
    """What is kept takes no places from what may be seen."""
    for at in range(60):
        house.write(f"private/{at}.md", f"# Pressure {at}\n\nBoiler pressure, boiler pressure {at}.\n")
    house.write("open/far.md", "# Far\n\nIn passing, the pressure of the tyres.\n")
    house.sync()
    keep(house)
    found = others(house).search("boiler pressure", 10)
    assert {Path(hit.path).name for hit in found.hits} == {"boiler.md", "far.md"}
