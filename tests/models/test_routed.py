"""Which text may leave this machine: one place decides, and forgetting to say something keeps text here."""

from collections.abc import Sequence
from typing import Any

import pytest
from tests.fakes.generator import ScriptedGenerator

from pillowbook.domain.errors import (
    LocalModelNeeded,
    ModelMissing,
    ScoringUnavailable,
    ServerLost,
    ServerRefused,
    ServerUnreachable,
    ServerUntrusted,
)
from pillowbook.domain.ids import DocumentId
from pillowbook.models.generator.client import Message
from pillowbook.models.remote.client import ServerGenerator
from pillowbook.models.remote.routed import RoutedGenerator

OPEN, KEPT = DocumentId(1), DocumentId(2)


class Both:
    """A routed generator over two scripted ones; document 2 must stay here."""

    def __init__(self, server: Sequence[str | Exception] = (), *, has_local: bool = True) -> None:
        self.local = ScriptedGenerator(lambda _messages: "here", model_id="local")
        self.server = ScriptedGenerator(server or (lambda _messages: "there"), model_id="m@there")
        self.asked: list[frozenset[DocumentId]] = []
        if not has_local:
            self.local = ScriptedGenerator([ModelMissing(model="local")] * 9, model_id="local")
        server_like: Any = self.server
        assert not isinstance(server_like, ServerGenerator)
        self.routed = RoutedGenerator(
            local=self.local, server=server_like, must_stay=self.must_stay, has_local=lambda: has_local
        )

    def must_stay(self, documents: frozenset[DocumentId]) -> bool:
        self.asked.append(documents)
        return KEPT in documents

    def write(self, *messages: Message) -> str:
        return self.routed.generate(messages, max_tokens=5, deadline_s=5).text


def said(*documents: DocumentId) -> Message:
    return Message("user", "text", frozenset(documents))


def test_a_prompt_of_open_documents_goes_to_the_server() -> None:
    both = Both()
    made = both.routed.generate([said(), said(OPEN)], max_tokens=5, deadline_s=5)
    assert (made.text, both.local.calls) == ("there", [])


@pytest.mark.parametrize(
    "messages",
    [
        (said(KEPT),),
        (said(OPEN, KEPT),),
        (said(OPEN), said(KEPT)),
        (Message("user", "text"),),
        (said(OPEN), Message("user", "text")),
        (Message("system", "rules"), said(OPEN)),
    ],
)
def test_one_kept_document_or_one_message_that_says_nothing_keeps_all_here(
    messages: tuple[Message, ...],
) -> None:
    both = Both()
    made = both.routed.generate(messages, max_tokens=5, deadline_s=5)
    assert (made.text, made.model) == ("here", "local")
    both.routed.read_ahead(messages, deadline_s=5)
    both.routed.score(messages, ["a", "b"], deadline_s=5)
    assert not both.server.calls


def test_the_rule_is_asked_before_every_text() -> None:
    both = Both()
    both.write(said(OPEN))
    both.routed._must_stay = lambda _documents: True  # marked meanwhile
    assert both.write(said(OPEN)) == "here"


def test_a_vault_that_cannot_say_sends_nothing() -> None:
    both = Both()

    def locked(_documents: frozenset[DocumentId]) -> bool:
        raise RuntimeError("the vault was locked")

    both.routed._must_stay = locked
    with pytest.raises(RuntimeError):
        both.write(said(OPEN))
    assert not both.server.calls


def test_nothing_is_read_ahead_on_the_server() -> None:
    """What is typed leaves this machine when it is asked and not before."""
    both = Both()
    assert both.routed.read_ahead([said(OPEN)], deadline_s=5) == 0
    assert not both.server.calls and not both.local.calls


def test_a_server_that_is_away_is_stood_in_for_and_not_tried_every_time() -> None:
    both = Both([ServerUnreachable()])
    made = both.routed.generate([said(OPEN)], max_tokens=5, deadline_s=5)
    assert (made.text, made.model) == ("here", "local")
    assert both.write(said(OPEN)) == "here"
    assert len(both.server.calls) == 1


def test_without_a_model_here_the_server_must_be_there() -> None:
    both = Both([ServerUnreachable(), "there"], has_local=False)
    with pytest.raises(ServerUnreachable):
        both.write(said(OPEN))
    assert both.write(said(OPEN)) == "there"
    with pytest.raises(LocalModelNeeded) as caught:
        both.write(said(KEPT))
    assert "never leave this machine" in caught.value.say()


@pytest.mark.parametrize("error", [ServerUntrusted(), ServerRefused(), ServerLost(), ScoringUnavailable()])
def test_other_troubles_are_told_and_not_papered_over(error: Exception) -> None:
    both = Both([error])
    with pytest.raises(type(error)):
        both.write(said(OPEN))
    assert not both.local.calls


def test_closing_ends_both() -> None:
    both = Both()
    both.routed.close()
    assert both.local.is_closed and both.server.is_closed
