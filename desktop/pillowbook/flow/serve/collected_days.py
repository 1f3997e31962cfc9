"""What has its day: what is coming up, which tasks are due, what ends. From what code found in the notes."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import PurePath
from typing import Final

from pillowbook.answering.collection_questions import CollectionKind, CollectionQuestion
from pillowbook.answering.compute.days import find_days, named
from pillowbook.answering.pairs import canonical_stems
from pillowbook.answering.time_windows import Window
from pillowbook.domain.digests import FindingKind, PassKind, PlacedFinding, RelationKind
from pillowbook.domain.ids import DocumentId, PassageId
from pillowbook.flow.serve.collected_lines import (
    Collection,
    Item,
    cite_finding,
    day_span,
    plain_line,
    quote_of,
    roots_of,
    short,
    told_in,
)
from pillowbook.store.findings import Findings

LONG_DAYS: Final = 45
"""A span longer than this is dated by its ends, not by what lies between."""

_ENDS = re.compile(
    r"\b(?:ends?|until|till|runs? out|expires?|expiry|renews?|valid (?:to|until)|lapses?|closes|terminates?|is up)\b"
    r"[^.;]*$",
    re.IGNORECASE,
)
"""What stands before the last day of something, in its clause."""
_TO = re.compile(r"\bto (?:the |\d{1,2}[:.]\d{2}(?: on)? )?$", re.IGNORECASE)
_CONTRACT = re.compile(
    r"\b(?:contracts?|deals?|leases?|insur\w*|polic(?:y|ies)|tariffs?|mortgages?|subscriptions?|warrant(?:y|"
    r"ies)|guarantees?|"
    r"agreements?|memberships?|rents?|broadband|hosting|exit fee|premium)\b",
    re.IGNORECASE,
)
_ANY_CONTRACT: Final = frozenset(
    canonical_stems("contract contracts deal deals agreement agreements thing things")
)

IsIn = Callable[[DocumentId], bool]


class DayLists:
    """Lists by day. Thread-safe as far as the store is."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def tasks(self, wanted: CollectionQuestion, today: date, is_in: IsIn) -> Collection:
        """Tasks that are not done: those due in the window, those overdue, or all."""
        found = [
            one for one in self.those([FindingKind.TASK], wanted.about, is_in) if not one.finding.is_done
        ]
        window = wanted.window
        about = f" about {wanted.about}" if wanted.about else ""
        if wanted.kind is CollectionKind.OVERDUE:
            found = [one for one in found if one.finding.last is not None and one.finding.last < today]
            lead, nothing = f"Overdue{about}:", f"No open task{about} is overdue."
        elif window is not None:
            found = [one for one in found if one.finding.last is not None and window.holds(one.finding.last)]
            lead = f"Due{about} {window.words}:"
            nothing = f"No open task{about} is due {window.words}."
        else:
            lead, nothing = f"Open tasks{about}:", f"No open task{about} was found."

        def order(one: PlacedFinding) -> tuple[int, date]:
            due = one.finding.last
            return (1, date.max) if due is None else (0, due) if due >= today else (2, due)

        items = []
        for one in sorted(found, key=order):
            due = one.finding.last
            late = " (overdue)" if due is not None and due < today else ""
            day = f"{named(due)}{late}: " if due is not None else ""
            items.append(Item(f"{day}{short(one.finding.text)} ({one.passage.title})", (cite_finding(one),)))
        return Collection(lead, nothing, tuple(items), needs=PassKind.FIND)

    def coming(self, wanted: CollectionQuestion, today: date, is_in: IsIn) -> Collection:
        """What has a day in the window, from today on where the window is not past."""
        window = wanted.window
        assert window is not None  # the form asks for one
        first = window.first if window.last < today else max(window.first, today)
        rest = Window(first, window.last, window.words)
        about = f" about {wanted.about}" if wanted.about else ""
        return Collection(
            f"Dated {window.words}{about} in your notes:",
            f"Nothing dated {window.words}{about} was found in your notes.",
            self._by_day(self._dated(wanted.about, is_in, rest)),
            needs=PassKind.FIND,
        )

    def ending(self, wanted: CollectionQuestion, is_in: IsIn) -> Collection | None:
        """What is said to end in the window; of "contracts" what speaks of one, of "leases" what names one.

        None where nothing of that name ends then: it may have another name.
        """
        window = wanted.window
        assert window is not None
        kinds = roots_of(wanted.about) - _ANY_CONTRACT
        is_contract = bool(wanted.about) and "thing" not in wanted.about
        found = []
        for one in self._dated("", is_in, window):
            around = f"{quote_of(one)} {one.passage.title} {one.passage.heading}"
            speaks_of_one = _CONTRACT.search(f"{around} {one.passage.text}") is not None
            if (is_contract and not speaks_of_one) or not _ends(one, window, may_be_to=speaks_of_one):
                continue
            if kinds and kinds.isdisjoint(canonical_stems(f"{around} {PurePath(one.passage.path).stem}")):
                continue
            found.append(one)
        if kinds and not found:
            return None
        what = f"{wanted.about[:1].upper()}{wanted.about[1:]} ending" if wanted.about else "Ending"
        return Collection(
            f"{what} {window.words}:",
            f"No note was found that says of {wanted.about or 'anything'} that it ends {window.words}.",
            self._by_day(found, by_last=True),
            needs=PassKind.FIND,
        )

    def _dated(self, about: str, is_in: IsIn, window: Window) -> list[PlacedFinding]:
        """What has a day in a window and was neither done nor said otherwise later."""
        kinds = [FindingKind.DAY, FindingKind.TASK]
        dated = self.those(kinds, about, is_in, (window.first, window.last))
        gone = {(one.passage.id, one.finding.start) for one in dated if one.finding.is_done}
        gone |= {
            (one.older.id, one.relation.older.start)
            for one in self._findings.relations([RelationKind.SUPERSEDED])
        }
        found = []
        for one in dated:
            first, last = one.finding.first, one.finding.last
            if first is None or last is None:
                continue
            is_long = (last - first).days > LONG_DAYS
            touches = (
                window.holds(first) or window.holds(last)
                if is_long
                else first <= window.last and last >= window.first
            )
            if touches and (one.passage.id, one.finding.start) not in gone:
                found.append(one)
        return found

    def _by_day(self, found: Iterable[PlacedFinding], *, by_last: bool = False) -> tuple[Item, ...]:
        """A line for each place, at its first day in the window; one place is told once."""
        told: dict[tuple[PassageId, int], Item] = {}

        def day_of(one: PlacedFinding) -> date:
            return (one.finding.last if by_last else one.finding.first) or date.max

        for one in sorted(found, key=day_of):
            first, last = one.finding.first, one.finding.last
            assert first is not None and last is not None
            days = named(last) if by_last or first == last else day_span(first, last)
            item = Item(
                f"{days}: {short(plain_line(quote_of(one)))} ({one.passage.title})", (cite_finding(one),)
            )
            told.setdefault((one.passage.id, one.finding.start), item)
        return tuple(told.values())

    def those(
        self,
        kinds: Sequence[FindingKind],
        about: str,
        is_in: IsIn,
        between: tuple[date, date] | None = None,
    ) -> list[PlacedFinding]:
        """Findings of documents that are in, whose passage or place holds all words of what they are to be about."""
        roots = roots_of(about)
        return [
            one
            for one in self._findings.findings(kinds, between=between)
            if is_in(one.passage.document_id) and (not roots or roots <= told_in(one.passage))
        ]


def _ends(one: PlacedFinding, window: Window, *, may_be_to: bool) -> bool:
    """Whether it is its last day that the note calls an end.

    Args:
        may_be_to: "to 31 March" is enough, as it is in a contract.
    """
    first, last = one.finding.first, one.finding.last
    if first is None or last is None or not window.holds(last):
        return False
    text = plain_line(quote_of(one))
    before = 0
    for days in find_days(text, first):
        if (days.first, days.last) == (first, last):
            lead = text[before : days.start]
            is_cued = _ENDS.search(lead) is not None or (may_be_to and _TO.search(lead) is not None)
            return is_cued or (days.grain == "span" and may_be_to)
        before = days.end
    return _ENDS.search(text) is not None
