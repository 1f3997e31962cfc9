"""What forbids a hit whatever the vectors say: the ways in which two questions that sound alike ask for two things.

Each test has a name, and the names are the reasons a user or a script is told. Numbers, signs, dates, units and names
must be the same; so must negation, scope, comparison and tense; nobody may have changed roles; the sort of answer must
be one.
"""

from collections.abc import Sequence
from itertools import combinations

from pillowbook.answering.lexicon import Relation, are_opposite, base_stem, relation
from pillowbook.answering.question import Question, Term
from pillowbook.answering.tense import tenses_differ
from pillowbook.answering.terms import words

_LOOSE = frozenset({"thing", ""})
_LOOSE_FOR = frozenset({"place", "person", "manner", "yes-no", "reason", "size", "quantity", "thing", ""})
"""What "what" may ask for as well; never a time, an amount or a price."""

_CONTRARY = frozenset(
    frozenset(pair.split())
    for pair in ("from to", "before after", "with without", "over under", "above below", "for against", "into from",
                 "from into", "behind before", "to by")
)  # fmt: skip
_TELLING_ENDINGS = frozenset({"for", "by", "from", "with", "without", "against", "about"})
_SINGLE = frozenset({"he", "she"})
_JOINS = frozenset({"of", "for", "in", "from", "at", "about", "on", "with", "to"})
"""Prepositions that join two nouns which can as well stand side by side: the password of the network."""


def disagreements(
    prepared: Question, asked: Question, leftover: tuple[Sequence[str], Sequence[str]]
) -> tuple[str, ...]:
    """The names of all tests that the pair fails; empty where nothing forbids a hit.

    Args:
        leftover: stems of the prepared and of the asked question that have no counterpart in the other.
    """
    tests = (
        ("numbers-differ", prepared.figures != asked.figures),
        ("signs-differ", prepared.signs != asked.signs),
        ("dates-differ", prepared.calendar != asked.calendar or _other_precision(prepared, asked)),
        ("units-differ", prepared.units != asked.units),
        ("names-differ", _names_differ(prepared, asked) or _names_differ(asked, prepared)),
        ("negation-differs", prepared.negations != asked.negations),
        (
            "opposite-words",
            _opposed(leftover[0], asked, leftover[1]) or _opposed(leftover[1], prepared, leftover[0]),
        ),
        ("scope-differs", prepared.telling != asked.telling or _other_ending(prepared, asked)),
        ("persons-differ", _persons_differ(prepared, asked)),
        (
            "tense-differs",
            tenses_differ(prepared.tenses, asked.tenses, frozenset((prepared.asks_for, asked.asks_for))),
        ),
        ("roles-reversed", _roles_reversed(prepared, asked)),
        ("asks-for-other", _asks_for_other(prepared, asked)),
    )
    return tuple(name for name, differs in tests if differs)


def kinds_differ_loosely(prepared: Question, asked: Question) -> bool:
    """Whether the questions ask for different sorts of answer that may yet be one: "what" may ask for a place."""
    return prepared.asks_for != asked.asks_for


def _names_differ(one: Question, other: Question) -> bool:
    """A name in one that the other does not hold in any case; people type questions in lower case."""
    parts = {base_stem(part) for name in one.names for part in words(name)}
    return any(part in one.words and part not in other.words for part in parts)


def _other_precision(prepared: Question, asked: Question) -> bool:
    return bool(prepared.precision and asked.precision and prepared.precision != asked.precision)


def _opposed(left: Sequence[str], other: Question, left_there: Sequence[str]) -> bool:
    """Whether a word that is left over has its opposite among those left over there, or in an everyday verb there."""
    there = {*left_there, *(term.root for term in other.terms if term.is_role)}
    return any(are_opposite(one, word) for one in left for word in there)


def _other_ending(prepared: Question, asked: Question) -> bool:
    """Left standing at the end, a preposition is all that tells "isolated from" and "isolated with" apart."""
    if prepared.ending and asked.ending:
        return prepared.ending != asked.ending
    return any(
        one.ending in _TELLING_ENDINGS and base_stem(one.ending) not in other.words
        for one, other in ((prepared, asked), (asked, prepared))
    )


def _persons_differ(one: Question, other: Question) -> bool:
    """Whether another is spoken of: he or she where the other has none, or one where the other has another.

    "How do they count the votes" and "how are the votes counted" may be one question; "what do they pay" and "what do
    we pay" are two, and so are "my notice period" and the "your notice period" of a letter. So it is with those who do
    something, and with those who have something: "what did they pay for our car" is not "what did we pay for theirs".
    """
    if one.persons & _SINGLE != other.persons & _SINGLE:
        return True
    told = ((one.persons, other.persons), (one.doers, other.doers), (one.owners, other.owners))
    return any(here and there and here.isdisjoint(there) for here, there in told)


def _asks_for_other(prepared: Question, asked: Question) -> bool:
    kinds = {prepared.asks_for, asked.asks_for}
    if len(kinds) == 2 and not (kinds & _LOOSE and kinds <= _LOOSE_FOR):
        return True
    both = prepared.focus and asked.focus
    return bool(both) and relation(prepared.focus, asked.focus) < Relation.DERIVED


def _roles_reversed(prepared: Question, asked: Question) -> bool:
    """Whether two words have changed places other than by a harmless turn of phrase."""
    ours, theirs = _once(prepared.terms), _once(asked.terms)
    shared = [root for root in ours if root in theirs]
    for root in shared:
        if frozenset((ours[root][1].before, theirs[root][1].before)) in _CONTRARY:
            return True
    for x, y in combinations(shared, 2):
        (at_x, x_here), (at_y, y_here) = ours[x], ours[y]
        (to_x, x_there), (to_y, y_there) = theirs[x], theirs[y]
        if (at_x < at_y) == (to_x < to_y):
            if x_here.before != y_here.before and (x_here.before, y_here.before) == (
                y_there.before,
                x_there.before,
            ):
                return True
        elif not (
            _kept(x_here, x_there)
            or _kept(y_here, y_there)
            or _compound(prepared, asked, (at_x, x_here), (at_y, y_here), (to_x, x_there), (to_y, y_there))
            or _passive(prepared, asked, (at_x, x_here), (at_y, y_here), x_there, y_there)
            or _passive(asked, prepared, (to_x, x_there), (to_y, y_there), x_here, y_here)
        ):
            return True
    return False


def _once(terms: Sequence[Term]) -> dict[str, tuple[int, Term]]:
    """Each word with its place and itself, those that come twice left out."""
    roots = [term.root for term in terms]
    return {term.root: (at, term) for at, term in enumerate(terms) if roots.count(term.root) == 1}


def _kept(here: Term, there: Term) -> bool:
    """A phrase with its preposition may stand anywhere."""
    return bool(here.before) and here.before == there.before


Placed = tuple[int, Term]


def _compound(prepared: Question, asked: Question, x: Placed, y: Placed, x_to: Placed, y_to: Placed) -> bool:
    """Side by side in one, joined by a small preposition in the other: the guest network's password."""
    for (at, one), (other_at, other), (to, one_there), (other_to, other_there) in (
        (x, y, x_to, y_to),
        (x_to, y_to, x, y),
    ):
        is_verb = one.is_verb or other.is_verb
        if one.run == other.run and abs(at - other_at) <= 3 and not is_verb:
            later = one_there if to > other_to else other_there
            if later.before in _JOINS:
                return True
    return False


def _passive(one: Question, other: Question, x: Placed, y: Placed, x_there: Term, y_there: Term) -> bool:
    """The same thing done, said once of the doer and once of what it is done to.

    ``x`` and ``y`` are in ``one``, which must be the passive: "the boiler is serviced" and "service the boiler",
    "caused by the update" and "the update caused".
    """
    if not one.has_be or (other.has_be and not other.has_helper):
        return False
    for (at, noun), (verb_at, verb), noun_there in ((x, y, x_there), (y, x, y_there)):
        if not verb.is_participle or noun.is_role:
            continue
        if at < verb_at and not noun.before and not noun_there.before:
            return True  # done to it in both
        if at > verb_at and noun.before == "by" and not noun_there.before:
            return True  # done by it in both
    return False
