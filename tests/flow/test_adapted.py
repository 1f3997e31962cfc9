"""Adapted answers: a line from what is prepared, tried only with a fair chance, and never from what has changed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.flow.conftest import Stream

from pillowbook.answering.adapt import AdaptParameters
from pillowbook.answering.evidence import Evidence, RankedUnit
from pillowbook.answering.pairs import normalise_question
from pillowbook.answering.sureness import Regression
from pillowbook.domain.answers import AnswerKind, Effort, Freshness, Reason
from pillowbook.domain.asking import AskMode
from pillowbook.domain.serving import Verdict
from pillowbook.flow.serve.adapted import Adapting

NOTE = """# Cork supplier

Cortica Norte sends the cork by ship. The contract with Cortica Norte was signed by Ines Prata in Porto.

Cork samples are kept in the blue cabinet. Payment is due within 45 days of the delivery of the cork.
"""
PREPARED = "Who signed the contract with Cortica Norte?"
ASKED = "In which city did Ines Prata sign the contract with Cortica Norte?"


class AdaptingStream(Stream):
    """What is tried and given does not depend on what was measured: a prepared question near by is a fair chance."""

    adapts = AdaptParameters(Regression((4.0, 0.0, 0.0), -2.0), bar=0.5, threshold=0.3)


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[AdaptingStream]:
    stream = AdaptingStream(tmp_path)
    stream.write("cork.md", NOTE)
    stream.write("dog.md", "# Mungo\n\nMungo weighs 27.4 kg. His vet is Femi at Saltmarsh Vets.\n")
    stream.sync()
    stream.says["Who signed"] = "Ines Prata"
    stream.prepare(PREPARED, Reason.CONTENT)
    stream.says["In which city"] = "Porto"
    yield stream
    stream.close()


def notes_read(stream: Stream) -> str:
    return stream.generator.calls[-1][-1].text


def test_a_question_near_what_is_prepared_is_answered_from_its_quote_alone(stream: AdaptingStream) -> None:
    before = len(stream.generator.calls)
    answer = stream.server.ask(ASKED)
    assert (answer.kind, answer.freshness, answer.answer) == (AnswerKind.ADAPTED, Freshness.FRESH, "Porto")
    assert len(stream.generator.calls) == before + 1
    assert "signed by Ines Prata" in notes_read(stream)
    assert "blue cabinet" not in notes_read(stream)
    assert (answer.matched_question, answer.prepared_id, answer.effort) == (PREPARED, None, Effort.LIVE)
    assert answer.tokens.prompt > 0
    cited = answer.citations[0]
    assert stream.library.text(cited.document_id)[cited.start : cited.end] == cited.quote
    assert "signed by Ines Prata in Porto" in cited.quote


def test_the_line_counts_as_made_from_the_notes_whose_words_the_question_holds(
    stream: AdaptingStream,
) -> None:
    known = frozenset({stream.document("dog.md")})
    stream.knowledge.record_asked(
        normalise_question(ASKED), ASKED, AnswerKind.NONE, 1.0, None, words_of=known
    )
    assert stream.server.ask(ASKED, learn=False).kind is AnswerKind.ADAPTED
    assert all(known <= (message.documents or frozenset()) for message in stream.generator.calls[-1])


def test_what_no_quote_carries_is_declined_and_answered_live(stream: AdaptingStream) -> None:
    stream.says["In which city"] = "Madrid"
    answer = stream.server.ask(ASKED, learn=False)
    assert answer.kind is not AnswerKind.ADAPTED
    assert "Madrid" not in answer.answer


def test_a_declined_try_is_paid_for_and_the_live_answer_comes(stream: AdaptingStream) -> None:
    asked = "Where are samples kept of the contract with Cortica Norte that was signed?"
    stream.says["blue cabinet"] = "in the blue cabinet"  # only where the model reads the cabinet's line
    alone = stream.server.ask(asked, mode=AskMode.LIVE_ONLY, learn=False)
    answer = stream.server.ask(asked, learn=False)
    assert (answer.kind, answer.answer) == (AnswerKind.LIVE, alone.answer)
    assert "blue cabinet" in answer.answer
    assert answer.tokens.prompt > alone.tokens.prompt


def test_a_doubtful_line_is_declined(stream: AdaptingStream) -> None:
    stream.doubts.add("In which city")
    assert stream.server.ask(ASKED, learn=False).kind is not AnswerKind.ADAPTED


def test_without_a_fair_chance_no_token_is_spent_on_trying(stream: AdaptingStream) -> None:
    stream.says["weigh"] = "27.4 kg"
    before = len(stream.generator.calls)
    answer = stream.server.ask("How much does Mungo weigh?", learn=False)
    assert answer.kind is AnswerKind.LIVE
    assert len(stream.generator.calls) == before + 1


def test_a_changed_source_is_not_adapted_from(stream: AdaptingStream) -> None:
    stream.refresh = lambda paths: stream.sync()
    stream.write("cork.md", NOTE.replace("Ines Prata in Porto", "Ines Prata in Braga"))  # not read yet
    answer = stream.server.ask(ASKED, learn=False)
    assert answer.kind is not AnswerKind.ADAPTED
    assert "Porto" not in answer.answer


def test_a_source_that_changes_while_the_line_is_written_is_not_adapted_from(
    stream: AdaptingStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapted = stream.adapter.answer
    tried: list[object] = []

    def change_meanwhile(*args: object, **options: object) -> object:
        draft = adapted(*args, **options)  # type: ignore[arg-type]
        stream.write("cork.md", NOTE.replace("Ines Prata in Porto", "Ines Prata in Braga"))
        tried.append(draft)
        return draft

    monkeypatch.setattr(stream.adapter, "answer", change_meanwhile)
    stream.refresh = lambda paths: stream.sync()
    answer = stream.server.ask(ASKED, learn=False)
    assert tried
    assert answer.kind is not AnswerKind.ADAPTED
    assert "Porto" not in answer.answer


def test_what_newer_evidence_bears_on_is_not_adapted_from(stream: AdaptingStream) -> None:
    prepared = stream.prepared(PREPARED)
    assert prepared is not None
    stream.knowledge.mark_new_evidence(prepared.id, prepared.citations[0])
    assert stream.server.ask(ASKED, learn=False).kind is AnswerKind.LIVE


def test_a_line_of_a_digest_is_adapted_from(stream: AdaptingStream) -> None:
    """Facts of digests count as known places, whether or not a question was prepared from them."""
    filler = "The garden was quiet and the trees stood in the rain for days on end. " * 12
    stream.write("garden.md", f"# Garden\n\n{filler}\n\nSorrel cut the ash in May 2024.\n")
    stream.sync()
    stream.says["one or two sentences"] = "The garden was quiet in the rain."
    stream.says["Numbers only"] = "none"  # then code chooses those with the most names and numbers
    stream.distiller.distil(stream.document("garden.md"))
    stream.says["Who cut the ash"] = "Sorrel"
    stream.adapter._parameters = AdaptParameters(Regression((0.0, 0.0, 0.0), 1.0), bar=0.5, threshold=0.3)
    answer = stream.server.ask("Who cut the ash?", learn=False)
    assert (answer.kind, answer.answer) == (AnswerKind.ADAPTED, "Sorrel")
    assert answer.matched_question is None


def test_prepared_only_never_generates_and_live_only_never_adapts(stream: AdaptingStream) -> None:
    before = len(stream.generator.calls)
    assert stream.server.ask(ASKED, mode=AskMode.PREPARED_ONLY, learn=False).kind is AnswerKind.NONE
    assert len(stream.generator.calls) == before
    assert stream.server.ask(ASKED, mode=AskMode.LIVE_ONLY, learn=False).kind is AnswerKind.LIVE


def test_an_adapted_answer_called_wrong_is_not_given_again_and_its_source_stays(
    stream: AdaptingStream,
) -> None:
    answer = stream.server.ask(ASKED)
    assert answer.serving_id is not None
    stream.hand.judge(Verdict.WRONG, answer.serving_id, None)
    assert stream.prepared(PREPARED) is not None
    assert stream.server.ask(ASKED).kind is not AnswerKind.ADAPTED


def test_an_account_is_not_adapted(stream: AdaptingStream) -> None:
    stream.says["Why was"] = "Signed by Ines Prata in Porto."
    asked = "Why was the contract with Cortica Norte signed by Ines Prata?"
    assert stream.server.ask(asked, learn=False).kind is not AnswerKind.ADAPTED


def test_what_code_works_out_is_not_adapted(stream: AdaptingStream) -> None:
    stream.write("lease.md", "# Lease\n\nThe lease of the van ends on 20 January 2027.\n")
    stream.sync()
    stream.says["When does the lease"] = "20 January 2027"
    stream.prepare("When does the lease of the van end?", Reason.CONTENT)
    answer = stream.server.ask("How many days until the lease of the van ends?", learn=False)
    assert answer.kind is AnswerKind.LIVE
    assert answer.tokens.prompt == 0


def test_while_no_question_can_have_a_chance_nothing_is_looked_up_for_it(
    stream: AdaptingStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it ships until it is measured: an answer costs the retrievals of a live one, and no other."""
    looked_up: list[str] = []
    find = stream.retriever.find

    def counted(question: str, **options: Any) -> tuple[list[Evidence], list[RankedUnit]]:
        looked_up.append(question)
        return find(question, **options)

    def retrievals(mode: AskMode) -> int:
        looked_up.clear()
        stream.server.ask(ASKED, mode=mode, learn=False)
        return len(looked_up)

    stream.says["In which city"] = "Madrid"  # declined, so that a live answer is looked up as well
    monkeypatch.setattr(stream.retriever, "find", counted)
    live = retrievals(AskMode.LIVE_ONLY)
    assert retrievals(AskMode.AUTO) > live > 0
    stream.adapter._parameters = replace(stream.adapter._parameters, bar=1.01)
    assert retrievals(AskMode.AUTO) == live

    vector = stream.retriever.embed(ASKED)
    near = stream.matcher.match(ASKED, vector).candidates
    adapting = Adapting(
        adapter=stream.adapter,
        retriever=stream.retriever,
        library=stream.library,
        knowledge=stream.knowledge,
    )
    looked_up.clear()
    assert adapting.plan(ASKED, vector, near) is None and looked_up == []
    plan = adapting.chance(ASKED, vector, near)
    assert plan is not None and not plan.is_fair, "there is something to fit the chance on"


def test_what_is_typed_reads_ahead_what_would_be_adapted_from(stream: AdaptingStream) -> None:
    stream.embedder.preload()
    stream.server.read_ahead(ASKED)
    read = stream.generator.read_ahead_calls[-1]
    stream.server.ask(ASKED, learn=False)
    assert stream.generator.calls[-1] == read
