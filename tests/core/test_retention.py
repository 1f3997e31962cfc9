"""Asking is remembered as long as the settings say, and no longer."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.store.conftest import CHEAP, Shelf
from tests.store.test_remembered import ask

from pillowbook.core.retention import Retention
from pillowbook.domain.clock import ManualClock
from pillowbook.host.keychain import MemoryKeychain
from pillowbook.host.paths import Profile
from pillowbook.settings.catalogue import KEEP_ASKED, LEARN
from pillowbook.settings.values import Settings
from pillowbook.store.vault import Vault


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def vault(tmp_path: Path, clock: ManualClock) -> Iterator[Vault]:
    made = Vault(Profile(tmp_path / "profile"), MemoryKeychain(), clock, kdf_cost=CHEAP)
    made.create("correct horse")
    yield made
    made.lock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.toml")


def test_it_forgets_by_itself_at_unlock(vault: Vault, settings: Settings, clock: ManualClock) -> None:
    ask(vault, "What was it long ago?")
    clock.advance(timedelta(days=settings[KEEP_ASKED] + 1).total_seconds())
    ask(vault, "What is it now?")
    retention = Retention(vault.knowledge.remembered, settings, clock, on_forgotten=lambda: None)
    retention.start()
    retention.stop()
    assert [one.text for one in vault.knowledge.servings()] == ["What is it now?"]
    assert not [thread for thread in threading.enumerate() if thread.name == "retention"]


def test_what_was_asked_while_it_was_allowed_goes_when_it_is_not(
    vault: Vault,
    settings: Settings,
    clock: ManualClock,
) -> None:
    told: list[str] = []
    shelf = Shelf(vault)
    passages = vault.library.passages(shelf.put("a.md", "a word").document_id)
    ask(vault, "What is it?")
    question = vault.knowledge.question_by_normal("what is it?")
    assert question is not None
    shelf.prepare(question.id, *passages)
    retention = Retention(
        vault.knowledge.remembered, settings, clock, on_forgotten=lambda: told.append("forgotten")
    )
    retention.purge()
    assert len(vault.knowledge.servings()) == 1 and told == []
    settings.set_text(LEARN.key, "off")
    retention.purge()
    assert vault.knowledge.servings() == [] and vault.knowledge.questions(limit=9) == []
    assert told == ["forgotten"]


def test_a_vault_that_is_locked_meanwhile_is_left_alone(
    vault: Vault,
    settings: Settings,
    clock: ManualClock,
) -> None:
    retention = Retention(vault.knowledge.remembered, settings, clock, on_forgotten=lambda: None)
    vault.lock()
    retention.start()
    retention.stop()
