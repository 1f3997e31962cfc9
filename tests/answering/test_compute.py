"""What is computed from notes, and what is left to the model: real vault, real notes, no model."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.fakes.embedder import HashEmbedder
from tests.fakes.generator import ScriptedGenerator

from pillowbook.answering.compute.computer import Computer
from pillowbook.answering.retrieve import Retriever
from pillowbook.domain.answers import Draft
from pillowbook.domain.clock import SystemClock
from pillowbook.flow.ingest.extractor.client import Extractor
from pillowbook.flow.ingest.ingest import Ingestor
from pillowbook.host.keychain import MemoryKeychain
from pillowbook.host.paths import Profile
from pillowbook.store.crypto import KdfCost
from pillowbook.store.vault import Vault

TODAY = date(2024, 5, 6)

NOTES = {
    "Allotment/tools.md": """# Tool shed

| tool | bought | price | from |
| --- | --- | --- | --- |
| fork | 2023-03-04 | £32.50 | Harker |
| spade | 2023-06-18 | £41.00 | Harker |
| hoe | 2024-02-10 | £18.20 | market |
| rake | 2024-04-01 | £22.00 | market |

Jobs in the shed
- [x] oil the hinges
- [ ] mend the window
- [ ] sharpen the hoe
""",
    "Boat/mooring.md": """# Mooring at Pell Quay

Mooring is £64 a month until 31 August 2024, then it goes up to £71 a month.
The lease of the berth ends on 30 September 2024. Launching: 12 April 2024. Survey: 3 April 2024.
A night on the visitors' pontoon costs £14 a night.
""",
    "Family/people.md": """# Family birthdays

| who | born | likes |
| --- | --- | --- |
| Agnes | 9 May 1949 | quilts |
| Rufus | 30 November 2015 | trains |
| Ines | 2 July | cake |
""",
    "Meals/lentil-stew.md": """# Lentil stew

Serves 4.

- 300 g lentils
- 2 carrots
- 1 tin coconut milk
""",
    "Meals/carrot-cake.md": """# Carrot cake

- 250 g carrots
- 200 g flour
""",
    "Meals/omelette.md": "# Omelette\n\n- 3 eggs\n- butter\n",
    "House/meters.md": """# Water meter

- 1 Jan 2024: water 1 204
- 1 Apr 2024: water 1 251
""",
    "Class/pottery.md": "# Pottery class\n\nThursdays 19:00, eight sessions from 7 March 2024, £18 each.\n",
}


@pytest.fixture(scope="module")
def computer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Computer]:
    root = tmp_path_factory.mktemp("compute")
    for name, text in NOTES.items():
        path = root / "notes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    profile = Profile(root / "profile")
    profile.prepare()
    vault = Vault(
        profile, MemoryKeychain(), SystemClock(), kdf_cost=KdfCost(memory_kib=64, passes=1, lanes=1)
    )
    vault.create("secret")
    embedder, extractor = HashEmbedder(), Extractor()
    vault.library.add_folder(str(root / "notes"))
    Ingestor(vault.library, extractor, embedder, SystemClock()).sync(lambda: False)
    retriever = Retriever(words=vault.words, vectors=vault.vectors, library=vault.library, embedder=embedder)
    # A generator without a reply fails the test that asks it.
    yield Computer(generator=ScriptedGenerator(), retriever=retriever)
    extractor.close()
    vault.lock()


def ask(computer: Computer, question: str) -> Draft | None:
    return computer.answer(question, today=TODAY)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How much did we spend on the tool shed in 2023?", "£73.50 in all: £32.50 + £41."),
        ("What is the average price of a tool in the shed?", "£28.43 on average"),
        ("How many tools were bought in 2024?", "2: hoe and rake."),
        ("Which tools cost more than £30?", "fork and spade."),
        ("What was the cheapest tool?", "hoe (£18.20)"),
        ("Which tool was the most expensive?", "spade (£41.00)"),
        ("How much dearer was the spade than the rake?", "£19: £41 - £22."),
        ("What is still to do in the shed?", "mend the window and sharpen the hoe."),
        ("How many jobs in the shed are done?", "1: oil the hinges."),
        ("How many days were there between the survey and the launching?", "9 days"),
        ("How long until the lease of the berth ends?", "147 days"),
        ("How many weeks ago was the launching of the boat?", "3 weeks and 3 days"),
        ("What would five nights on the visitors' pontoon cost?", "£70: 5 × £14."),
        ("What does the visitors' pontoon cost from 3 June to 8 June?", "£70: 5 × £14."),
        ("How old will Agnes be on her next birthday?", "75 years old on 9 May 2024"),
        ("How old is Rufus?", "8 years old"),
        ("What weekday was Rufus born on?", "Monday, 30 November 2015."),
        ("How many grams of lentils for ten people?", "750 g"),
        ("Which meals use carrots?", "Lentil stew"),
        ("When is the last session of the pottery class?", "Thursday 25 April 2024"),
    ],
)
def test_what_the_notes_hold_is_computed(computer: Computer, question: str, wanted: str) -> None:
    draft = ask(computer, question)
    assert draft is not None
    assert wanted in draft.answer
    assert "computed" in draft.checks
    assert draft.tokens.completion == 0


@pytest.mark.parametrize(
    "question",
    [
        "How old is Ines?",  # no year
        "How much did we spend on the tool shed in 2019?",  # nothing that year
        "How long until the trip to Norway?",  # nothing of it
        "How much will the mooring go up?",  # of which two amounts is for the model to read
        "How much dearer was the hoe than the hoe?",  # one thing
        "How old was Agnes when the lease of the berth was signed?",
        "How long until the survey?",  # it is over
        "What is the total weight of the tools?",  # no weights
        "How many grams of saffron do I need to make the stew for ten people?",
        "When does the lease of the berth end?",  # it stands there: nothing to compute
        "What does the mooring cost?",
        "Who sold us the fork?",
        "",
        "?",
        "how many " * 3000,
        "Combien de temps avant la fin du bail ?",
    ],
)
def test_nothing_is_made_up_where_the_facts_are_missing_or_nothing_is_to_be_computed(
    computer: Computer, question: str
) -> None:
    assert ask(computer, question) is None


def test_every_citation_is_the_words_of_the_note(computer: Computer) -> None:
    draft = ask(computer, "How much did we spend on the tool shed altogether?")
    assert draft is not None
    assert len(draft.citations) == 4
    for citation in draft.citations:
        assert citation.quote in Path(citation.path).read_text(encoding="utf-8")


def test_what_an_amount_is_scaled_by_is_cited_too(computer: Computer) -> None:
    draft = ask(computer, "How many grams of lentils for ten people?")
    assert draft is not None
    assert {citation.quote for citation in draft.citations} == {"- 300 g lentils", "Serves 4."}


def test_documents_that_are_left_out_are_not_read(computer: Computer) -> None:
    question = "How much did we spend on the tool shed in 2023?"
    draft = ask(computer, question)
    assert draft is not None
    without = frozenset({draft.citations[0].document_id})
    assert computer.answer(question, today=TODAY, without=without) is None
