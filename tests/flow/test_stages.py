"""Distilling, predicting and preparing: rows in, rows out, nothing unverified kept."""

from tests.flow.conftest import Stream

from pillowbook.domain.answers import AnswerKind, Reason
from pillowbook.domain.errors import WorkerLost
from pillowbook.domain.work import SliceResult
from pillowbook.flow.predict.predict import heading_question, makes_sense_alone
from pillowbook.host.workers import CancelToken


def test_a_short_note_is_its_own_digest_and_costs_nothing(boiler: Stream) -> None:
    outcome = boiler.distiller.distil(boiler.document("dog.md"))
    digest = boiler.knowledge.digest(boiler.document("dog.md"))
    assert (outcome.result, outcome.tokens.prompt) == (SliceResult.DONE, 0)
    assert digest is not None
    assert "Femi" in digest.gist
    assert digest.model == ""


def test_a_long_note_gets_a_gist_without_invented_numbers_and_facts_with_quotes(stream: Stream) -> None:
    filler = "The garden was quiet and the apple trees stood in the rain for days on end. " * 12
    stream.write(
        "garden.md", f"# Garden\n\n{filler}\n\nThe shed cost £340 in May 2024. Sorrel cut the ash.\n"
    )
    stream.sync()
    stream.says["one or two sentences"] = "The garden was quiet in the rain. The shed cost £999 in May 2024."
    stream.says["Numbers only"] = "2, 3"
    document_id = stream.document("garden.md")
    outcome = stream.distiller.distil(document_id)
    digest = stream.knowledge.digest(document_id)
    assert outcome.result is SliceResult.DONE
    assert digest is not None
    assert digest.gist == "The garden was quiet in the rain."
    text = stream.library.text(document_id)
    assert digest.facts
    assert all(fact.quote in text for fact in digest.facts)
    assert stream.knowledge.documents_without_digest(5) == []


def test_only_questions_that_stand_alone_are_predicted(stream: Stream) -> None:
    stream.write(
        "boiler.md",
        "# Boiler\n\n"
        + "The boiler was fitted by Dev Marsh in September. The serial is on the label inside the flap. " * 4,
    )
    stream.sync()
    stream.says["different questions"] = (
        "Who fitted the boiler?\n2. What does this note say?\n3. Who fitted it?\n4. Who fitted the boiler?\n"
        "5. Where is the serial of the boiler?\n6. What is the capital of France?"
    )
    document_id = stream.document("boiler.md")
    outcome = stream.predictor.predict(document_id)
    texts = {question.text for question in stream.knowledge.questions(20)}
    assert texts == {"Who fitted the boiler?", "Where is the serial of the boiler?"}
    assert outcome.made == 2
    assert stream.unread() == []


def test_what_another_note_had_predicted_and_prepared_is_not_predicted_again(stream: Stream) -> None:
    fitted = (
        "The boiler was fitted by Dev Marsh in September. The serial is on the label inside the flap. " * 4
    )
    stream.write("boiler.md", f"# Boiler\n\n{fitted}")
    stream.sync()
    stream.says["different questions"] = "Who fitted the boiler in September?"
    stream.says["fitted the boiler"] = "Dev Marsh"
    assert stream.predictor.predict(stream.document("boiler.md")).made == 1
    assert stream.preparer.prepare(stream.knowledge.questions_to_prepare(1)[0].id).result is SliceResult.DONE
    stream.write("boiler-again.md", f"# Boiler, again\n\n{fitted}")
    stream.sync()
    stream.says["different questions"] = (
        "In September who fitted the boiler?\n2. Who fitted the boiler in May?"
    )
    assert stream.predictor.predict(stream.document("boiler-again.md")).made == 0
    stream.write("boiler-2.md", "# Boiler 2\n\n" + fitted.replace("September", "May"))
    stream.sync()
    assert stream.predictor.predict(stream.document("boiler-2.md")).made == 1, "of another month"


def asked_for_questions(stream: Stream) -> list[str]:
    """The prompts in which questions were asked for."""
    texts = [call[-1].text for call in stream.generator.calls]
    return [text for text in texts if "different questions" in text]


LONG = "# Boiler\n" + "".join(
    f"\n## Part {number}\n\n" + f"The boiler's part {number} was made by Dev Marsh in 200{number}. " * 24
    for number in range(3)
)


def test_each_section_is_read_once_for_questions_and_only_what_changed_again(stream: Stream) -> None:
    """A slice is one section, so that little is lost when it is cancelled, at any point."""
    stream.write("boiler.md", LONG)
    stream.sync()
    document_id = stream.document("boiler.md")
    stream.says["different questions"] = "Who made part 1 of the boiler?"
    slices = 0
    while stream.unread():
        stream.predictor.predict(document_id)
        slices += 1
    assert slices >= 3
    assert len(set(asked_for_questions(stream))) == slices
    stream.write("boiler.md", LONG.replace("part 2 was made", "part 2 was bought"))
    stream.sync()
    while stream.unread():
        stream.predictor.predict(document_id)
    again = asked_for_questions(stream)[slices:]
    assert again and all("part 2 was bought" in text for text in again)


def test_the_document_that_was_asked_about_is_read_next(stream: Stream) -> None:
    for number in range(6):
        stream.write(
            f"note{number}.md", f"# Note {number}\n\n" + f"Ruth bought lamp {number} in Ghent. " * 12
        )
    stream.sync()
    asked = stream.document("note3.md")
    for _ in range(8):
        stream.knowledge.record_asked(
            "who bought lamp 3", "Who bought lamp 3?", AnswerKind.LIVE, 900.0, None, documents=[asked]
        )
    while question := stream.knowledge.questions_to_prepare(1):
        stream.knowledge.mark_tried(question[0].id, "refused")
    assert stream.stages.queues(frozenset()).without_questions[0] == asked


def test_questions_and_their_answers_share_what_was_read(stream: Stream) -> None:
    """The prompt that answers a predicted question begins with the section that it was predicted from."""
    stream.write("dog.md", "# Mungo\n\n" + "Mungo weighs 27.4 kg and his vet is Femi at Saltmarsh. " * 8)
    stream.sync()
    stream.says["different questions"] = "Who is the vet of Mungo?"
    stream.says["Who is the vet"] = "Femi"
    stream.predictor.predict(stream.document("dog.md"))
    question = stream.knowledge.questions_to_prepare(1)[0]
    assert stream.preparer.prepare(question.id).result is SliceResult.DONE
    first, second = (call[-1].text for call in stream.generator.calls)
    notes = first[: first.index("Write ")]
    assert second.startswith(notes)


def test_what_makes_sense_alone() -> None:
    source = "Boiler. Fitted by Dev Marsh on 22 September 2025. Pressure 1.2 bar."
    assert makes_sense_alone("Who fitted the boiler?", source, "Boiler")
    assert not makes_sense_alone("Who fitted it?", source, "Boiler")
    assert not makes_sense_alone("What is the pressure?", source, "Boiler")
    assert not makes_sense_alone("What is described in the passage?", source, "Boiler")
    assert not makes_sense_alone("Was the boiler fitted in 1999?", source, "Boiler")
    assert not makes_sense_alone("The boiler was fitted.", source, "Boiler")


def test_only_headings_that_are_questions_make_questions() -> None:
    assert heading_question("Boiler › Odd noises") == ""
    assert heading_question("Boiler") == ""
    assert heading_question("Car › When is it due?") == ""
    assert heading_question("Car › When is the MOT due?") == "When is the MOT due?"


def test_a_predicted_question_without_a_verified_answer_leaves_nothing(boiler: Stream) -> None:
    boiler.doubts.add("What colour")
    outcome = boiler.prepare("What colour is the boiler pressure gauge?", Reason.CONTENT)
    assert outcome.result is SliceResult.REFUSED
    assert boiler.prepared("What colour is the boiler pressure gauge?") is None
    assert boiler.knowledge.questions_to_prepare(5) == []


def test_an_invented_number_is_not_prepared(boiler: Stream) -> None:
    boiler.says["weigh"] = "Mungo weighs 31 kg."
    outcome = boiler.prepare("How much does Mungo weigh?", Reason.CONTENT)
    assert outcome.result is SliceResult.REFUSED


def test_notes_do_not_say_is_prepared_for_what_was_asked_and_withdrawn_by_new_evidence(
    boiler: Stream,
) -> None:
    asked = "Which insurance does Mungo have?"
    assert boiler.prepare(asked, Reason.ASKED).result is SliceResult.DONE
    refusal = boiler.prepared(asked)
    assert refusal is not None
    assert refusal.answer == ""
    boiler.write("insurance.md", "# Mungo\n\nMungo has an insurance with Pawle Pet.\n")
    boiler.sync()
    assert boiler.prepared(asked) is None
    assert boiler.knowledge.questions_to_prepare(1)[0].text == asked


def test_cancelled_and_broken_slices_say_so_and_raise_nothing(boiler: Stream) -> None:
    cancel = CancelToken()
    cancel.cancel()
    boiler.says["weigh"] = "Mungo weighs 27.4 kg."
    question = boiler.add_question("How much does Mungo weigh?")
    assert boiler.preparer.prepare(question, cancel).result is SliceResult.CANCELLED

    def lost(_messages: object) -> str:
        raise WorkerLost(worker="generator")

    boiler.generator._make = lost
    assert boiler.preparer.prepare(question).result is SliceResult.FAILED
    assert boiler.predictor.predict(boiler.document("boiler.md")).result in (
        SliceResult.FAILED,
        SliceResult.DONE,
    )
