"""The parts of a question that another question can refer back to: what it asks, of whom, of what, and when.

There is no tagger: closed word classes, a list of everyday verbs, capitals, and the order of an English question
("when DOES the car insurance END") tell where a noun phrase begins and ends. What they do not tell is left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pillowbook.answering.question_words import (
    AUXILIARIES,
    BE,
    DETERMINERS,
    DO,
    HAVE,
    JOINING,
    MEASURES,
    MODALS,
    MONTHS,
    NO_PARTICIPLES,
    NOUNS_OR_VERBS,
    PREPOSITIONS,
    PRONOUNS,
    PURE_VERBS,
    SUBORDINATE,
    WEEKDAYS,
    WH_WORDS,
    is_small,
    is_verb,
)

_DATED = re.compile(
    rf"^(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{'|'.join(MONTHS)})(?: \d{{4}})?|"
    rf"(?:{'|'.join(MONTHS)})(?: \d{{4}})?|"
    rf"(?:the )?(?:last|next|this) (?:year|month|week|spring|summer|autumn|winter|{'|'.join(WEEKDAYS)})|"
    rf"(?:19|20)\d{{2}}|"
    rf"{'|'.join(f'{day}s?' for day in WEEKDAYS)}|today|tomorrow|yesterday)$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[£€$]?[^\W_](?:[\w'’./:-]*[^\W_])?%?['’]?|[?,;()]")
_CONTRACTED = re.compile(r"\b(what|who|where|when|how|why|that|there|he|she)['’]s\b", re.IGNORECASE)
_IT_IS = re.compile(
    r"(?P<before>^|[,;]\s*|\b(?:what|which|who|where|when|how(?: \w+)?|why|that|if|whether|while|once|until|because|"
    r"although|unless|and|but|so|or|then|also)\s+)(?P<it>it)['’]s(?=\s+(?P<next>[\w-]+)(?P<more>\s+\w)?|\s*[?.!]*$)",
    re.IGNORECASE,
)
"""``it's`` where a clause begins; behind a verb or a preposition it is a misspelt ``its``: "sell it's stake"."""
_THEY_ARE = re.compile(r"\b(they|we|you)['’]re\b", re.IGNORECASE)


class Role(StrEnum):
    """What a phrase is to its question."""

    ASKED = "asked"
    SUBJECT = "subject"
    OBJECT = "object"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Token:
    """A word and where it stands."""

    text: str
    start: int
    end: int

    @property
    def low(self) -> str:
        """Folded, with straight apostrophes."""
        return self.text.lower().replace("’", "'")

    @property
    def is_capital(self) -> bool:
        """Whether it is spelt as a name is."""
        return self.text[:1].isupper() and self.low not in PRONOUNS and self.low not in MONTHS

    @property
    def is_possessive(self) -> bool:
        """``Edie's``."""
        return self.low.endswith(("'s", "s'"))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase.

    Attributes:
        start, end: its span in the question's text.
        before: the preposition before it, or the word its clause hangs on, for ``AFTER``.
    """

    text: str
    start: int
    end: int
    role: Role
    before: str = ""

    @property
    def words(self) -> list[str]:
        """Its words, folded, without a determiner."""
        found = self.text.lower().split()
        return found[1:] if found and found[0] in DETERMINERS else found

    @property
    def is_date(self) -> bool:
        """Whether it says when."""
        return is_date(self.text)

    @property
    def has_determiner(self) -> bool:
        """``the``, ``my``."""
        return self.text.split()[0].lower() in DETERMINERS

    @property
    def is_name(self) -> bool:
        """Whether it is a name alone: ``Low Water``, ``Ruth``."""
        return all(word[:1].isupper() for word in self.text.split()) and not self.has_determiner

    @property
    def owner(self) -> str:
        """``Edie`` of ``Edie's swimming lesson``; empty where nobody owns it."""
        first = self.text.split()[0].replace("’", "'")
        return first.removesuffix("'s").rstrip("'") if first.lower().endswith(("'s", "s'")) else ""


@dataclass(frozen=True, slots=True)
class Parts:
    """A question taken apart.

    Attributes:
        text: the question with its contractions written out; the spans are in it.
        asked: the words it opens with (``how much``, ``by whom``); empty for yes or no.
        rest: what follows these, without the question mark.
        verb: ``do``, ``be``, ``modal`` or ``have`` after what is asked; empty where another word stands there.
        subject: the pronoun that stands as subject; empty where it is a phrase.
        deed: the word, folded, for what the subject does; empty where that is not known.
    """

    text: str
    tokens: tuple[Token, ...]
    asked: str
    rest: str
    verb: str
    subject: str
    phrases: tuple[Phrase, ...]
    deed: str

    def first(self, role: Role) -> Phrase | None:
        """The first phrase of a role."""
        return next((one for one in self.phrases if one.role is role), None)


def is_date(text: str) -> bool:
    """Whether a phrase says when: a day, a month, ``last year``."""
    return _DATED.match(text.strip()) is not None


def written_out(text: str) -> str:
    """A question with ``what's`` as ``what is``."""
    plain = _CONTRACTED.sub(r"\1 is", " ".join(text.split()))
    return _THEY_ARE.sub(r"\1 are", _IT_IS.sub(_it_is, plain))


def _it_is(found: re.Match[str]) -> str:
    """``it is``, unless a single noun follows a bare ``it's``: "and it's price?"."""
    before, following = found["before"].strip().lower(), (found["next"] or "").lower()
    is_owning = (
        before in ("", "and", "but", "so", "also")
        and following
        and not found["more"]
        and not (is_small(following) or is_verb(following) or following.endswith(("ed", "ing")))
    )
    return found[0] if is_owning else f"{found['before']}{found['it']} is"


def tokens_of(text: str) -> tuple[Token, ...]:
    """The words and the marks that part clauses."""
    return tuple(Token(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text))


def take_apart(question: str) -> Parts:
    """The parts of a question."""
    text = written_out(question)
    tokens = tokens_of(text)
    at, asked_phrase = _opening(text, tokens)
    asked = text[tokens[0].start : tokens[at - 1].end] if at else ""
    phrases = [] if asked_phrase is None else [asked_phrase]
    verb = _verb_kind(tokens[at].low) if at < len(tokens) else ""
    rest = text[tokens[at].start :].rstrip(" ?") if at < len(tokens) else ""
    at += bool(verb)
    if asked and not verb and _is_told_of(tokens, at):
        at += 1  # "Who SERVICES the boiler"
    subject = tokens[at].low if at < len(tokens) and verb and tokens[at].low in PRONOUNS else ""
    role, before = (Role.SUBJECT if verb and not subject else Role.OBJECT), ""
    if not asked and not verb:
        role = Role.OBJECT
    deed = ""
    if subject:
        at += 1
        if _is_deed(tokens, at, verb):
            deed, at = tokens[at].low, at + 1
    while at < len(tokens):
        # "does the lease FOR THE WORKSHOP end": what the subject does may stand behind what follows the subject.
        is_open = bool(verb) and not subject and not deed and before not in SUBORDINATE
        end = _phrase_end(tokens, at, role, verb, is_open=is_open)
        if end > at:
            span = (tokens[at].start, tokens[end - 1].end)
            phrases.append(Phrase(text[span[0] : span[1]], *span, role, before))
            at = end
            if (role is Role.SUBJECT and _is_deed(tokens, at, verb)) or (
                is_open and role is Role.AFTER and _closes(tokens, at, verb)
            ):
                deed, at = tokens[at].low, at + 1
            role, before = (Role.AFTER, before) if before in SUBORDINATE else (Role.OBJECT, "")
            continue
        word = tokens[at].low
        if not deed and verb and _is_told(tokens[at]):
            deed = word
        if word == "to" and at + 1 < len(tokens) and is_verb(tokens[at + 1].low):
            role, before, at = Role.OBJECT, "", at + 1
        elif word in PREPOSITIONS or word in SUBORDINATE:
            role, before = Role.AFTER, word
        elif word not in ("not", "all", "both") and before not in SUBORDINATE:
            role, before = (Role.OBJECT if role is not Role.SUBJECT else role), ""
        at += 1
    return Parts(text, tokens, asked, rest, verb, subject, tuple(phrases), deed)


def joined_with_what_follows(phrase: Phrase, parts: Parts) -> Phrase:
    """``the rent`` with ``for Tomas's workshop`` where that follows at once and says no day."""
    for other in parts.phrases:
        between = parts.text[phrase.end : other.start].split()
        if (
            other.start > phrase.end
            and between == [other.before]
            and other.before in JOINING
            and not other.is_date
        ):
            return replace(phrase, text=parts.text[phrase.start : other.end], end=other.end)
    return phrase


def names_in(text: str, *, is_sentence: bool) -> list[str]:
    """Names of people and places in a text, without a possessive's ending; no weekdays, nor those behind "the".

    Args:
        is_sentence: its first word is capital whatever it is.
    """
    found: list[str] = []
    run: list[str] = []
    tokens = tokens_of(text)
    for number, token in enumerate(tokens):
        is_first = is_sentence and (number == 0 or text[: token.start].rstrip().endswith((".", "!")))
        takes = token.is_capital and not (is_first and (is_small(token.low) or is_verb(token.low)))
        if takes and not run and number and tokens[number - 1].low in ("the", "a", "an"):
            takes = False
        if takes:
            if run and text[tokens[number - 1].end : token.start].strip() == "&":
                run.append("&")  # "Hall & Sons"
            run.append(_without_ending(token.text))
        if run and (not takes or token.is_possessive):
            found.append(" ".join(run))
            run = []
    if run:
        found.append(" ".join(run))
    return [name for name in dict.fromkeys(found) if name.lower().removesuffix("s") not in WEEKDAYS]


def _without_ending(word: str) -> str:
    return word.replace("’", "'").removesuffix("'s").rstrip("'")


def _verb_kind(word: str) -> str:
    for kind, words in (("do", DO), ("be", BE), ("modal", MODALS), ("have", HAVE)):
        if word in words:
            return kind
    return ""


def _opening(text: str, tokens: Sequence[Token]) -> tuple[int, Phrase | None]:
    """How many tokens what is asked takes, and the phrase in it: ``which exercises``, ``how much garlic``."""
    at = 1 if len(tokens) > 1 and tokens[0].low in PREPOSITIONS and tokens[1].low in WH_WORDS else 0
    if at >= len(tokens) or tokens[at].low not in WH_WORDS:
        return (
            (1, None)
            if len(tokens) > 1 and tokens[1].low in WH_WORDS and tokens[0].low == "since"
            else (0, None)
        )
    wh = tokens[at].low
    at += 1
    if wh == "how" and at < len(tokens) and tokens[at].low in MEASURES:
        at += 1
    if wh in ("who", "whom", "when", "where", "why") or (at < len(tokens) and tokens[at].low in AUXILIARIES):
        return at, None
    end = at
    while end < len(tokens) and _is_nominal(tokens[end]) and tokens[end].low not in DETERMINERS:
        end += 1
    if end == at:
        return at, None
    span = (tokens[at].start, tokens[end - 1].end)
    return end, Phrase(text[span[0] : span[1]], *span, Role.ASKED)


def _is_nominal(token: Token) -> bool:
    return token.text[0] not in "?,;()" and not (
        token.low in PURE_VERBS
        or (is_small(token.low) and token.low not in DETERMINERS)
        or (token.low in DETERMINERS)
    )


def _is_told_of(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word behind what is asked is the verb of the question: a phrase of its own begins behind it."""
    if at + 1 >= len(tokens) or not _is_nominal(tokens[at]) or tokens[at].is_capital:
        return False
    return tokens[at + 1].low in DETERMINERS or tokens[at + 1].is_capital


def _is_participle(token: Token) -> bool:
    return len(token.low) > 4 and token.low.endswith("ed") and not token.is_capital


def _is_deed(tokens: Sequence[Token], at: int, verb: str) -> bool:
    """Whether a word behind the subject is what it does, though it might be a noun elsewhere."""
    if at >= len(tokens) or not _is_nominal(tokens[at]) or tokens[at].is_capital:
        return False
    return verb in ("do", "modal") or _is_participle(tokens[at])


def _is_told(token: Token) -> bool:
    """Whether a word outside all phrases is what is done."""
    return token.low in PURE_VERBS or token.low in NOUNS_OR_VERBS or _is_participle(token)


def _closes(tokens: Sequence[Token], at: int, verb: str) -> bool:
    """Whether a word that might end a phrase is what the subject before that phrase does."""
    if at >= len(tokens) or tokens[at].is_capital:
        return False
    if verb in ("do", "modal"):
        return tokens[at].low in NOUNS_OR_VERBS
    return verb in ("be", "have") and _is_participle(tokens[at]) and tokens[at].low not in NO_PARTICIPLES


def _phrase_end(tokens: Sequence[Token], at: int, role: Role, verb: str, *, is_open: bool) -> int:
    """The end of the phrase that begins at a token; ``at`` itself where none does.

    Args:
        is_open: nothing was met so far that the subject does.
    """
    first = tokens[at]
    begin = at + 1 if first.low in DETERMINERS else at
    end = begin
    while end < len(tokens) and _is_nominal(tokens[end]):
        end += 1
    if end == begin or (end == at + 1 and _is_participle(first)):
        return at
    if begin == at and first.is_capital and not first.is_possessive:
        # A name alone ends where the capitals do: "is Ruth allergic to".
        end = at + 1
        while end < len(tokens) and (tokens[end].is_capital or tokens[end].text[0].isdigit()):
            end += 1
        return end
    last = tokens[end - 1].low
    if role is Role.SUBJECT and end - begin >= 2:
        closes = (
            last in NOUNS_OR_VERBS
            if verb in ("do", "modal")
            else verb in ("be", "have") and last.endswith("ed") and last not in NO_PARTICIPLES
        )
        if closes:
            end -= 1
    elif role is Role.AFTER and is_open and end - begin >= 2:
        end -= _closes(tokens, end - 1, verb)
    elif (
        role is Role.SUBJECT
        and end - begin == 1
        and verb in ("do", "modal")
        and begin == at
        and last in NOUNS_OR_VERBS
    ):
        return at
    return end
