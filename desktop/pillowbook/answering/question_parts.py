"""The parts of a question that another question can refer back to: what it asks, of whom, of what, and when.

There is no tagger: closed word classes, a list of everyday verbs, capitals, and the order of an English question
("when DOES the car insurance END") tell where a noun phrase begins and ends. What they do not tell is left out.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


def words_of(text: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(text.split())


WH_WORDS = words_of("what which who whom whose when where why how")
MEASURES = words_of(
    "much many long often old far big heavy high tall late early soon deep fast hot cold large wide well"
)
_DO = words_of("do does did don't doesn't didn't")
_BE = words_of("is are was were am be been being isn't aren't wasn't weren't")
_MODALS = words_of("can could will would shall should may might must can't couldn't won't wouldn't shouldn't")
_HAVE = words_of("has have had having hasn't haven't hadn't")
AUXILIARIES = _DO | _BE | _MODALS | _HAVE
PREPOSITIONS = words_of(
    "of for at in on with from about to by since until till after before during under over into than between "
    "without "
    "near against through towards per as around behind"
)
SUBORDINATE = words_of("when if once while until because although unless")
_JOINING = words_of("of for at in on with from about")
"""What makes one phrase of two: "the rent for the workshop"."""
DETERMINERS = words_of("the a an my our your his her its their this that these those some any each every")
PRONOUNS = words_of(
    "i you he she it we they me him her us them mine yours hers ours theirs one ones myself someone somebody "
    "anyone "
    "anybody everyone everybody nobody something anything everything nothing"
)
_SMALL = words_of(
    "and or but so then also too not never again still now yet ever just only really exactly actually there "
    "here up "
    "down out off back away when if because while once that than please altogether else already usually "
    "anyway much "
    "many more most less least long often far soon later earlier today tomorrow yesterday all both"
)
_PURE_VERBS = words_of("""
    need needs needed decide decides decided get gets got getting give gives gave given go goes went gone going come
    comes came make makes made take takes took taken know knows knew known say says said tell tells told keep keeps
    kept see sees saw seen choose chooses chose chosen put puts buy buys bought bring brings brought pay pays paid
    send sends sent spend spends spent sell sells sold hold holds held become becomes became begin begins began
    happen happens happened belong belongs live lives lived allow allows allowed meant mean means eat eats ate eaten
    drink drinks drank wear wears wore grow grows grew grown reach reaches reached owe owes owed use uses used fit
    fitted ask asks asked think thinks thought find finds found lose loses lost lend lends lent borrow borrows borrowed
    arrive arrives arrived leave leaves left speak speaks spoke include includes included contain contains contained
    recommend recommends recommended prune prunes pruned looks built build builds building agree agrees agreed expire
    expires expired renew renews renewed wants wanted want has goes runs ends starts costs
    sign signs signed charges works worked opens closes closed
    """)
"""Verbs that are nouns so seldom that a phrase ends before them."""
_EITHER = words_of("""
    cost end start run rent lead book deal work call charge review fly soak meet drive fee start land finish move stay
    bake cook paint harvest set stop change drop rise fall need want look talk rest visit order plan play study close
    open return ring repair fix service wash check break last rule share sleep swim walk weigh let cut date cover hire
    claim sound name like pick plant sow read write
    """)
"""Verbs that are nouns as often: verbs where they close what stands after "does" or "did"."""
_MONTHS = words_of("january february march april may june july august september october november december")
_WEEKDAYS = words_of("monday tuesday wednesday thursday friday saturday sunday")
_DATED = re.compile(
    rf"^(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{'|'.join(_MONTHS)})(?: \d{{4}})?|"
    rf"(?:{'|'.join(_MONTHS)})(?: \d{{4}})?|"
    rf"(?:the )?(?:last|next|this) (?:year|month|week|spring|summer|autumn|winter|{'|'.join(_WEEKDAYS)})|"
    rf"(?:19|20)\d{{2}}|"
    rf"{'|'.join(f'{day}s?' for day in _WEEKDAYS)}|today|tomorrow|yesterday)$",
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
        return self.text[:1].isupper() and self.low not in PRONOUNS and self.low not in _MONTHS

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
    """

    text: str
    tokens: tuple[Token, ...]
    asked: str
    rest: str
    verb: str
    subject: str
    phrases: tuple[Phrase, ...]

    def first(self, role: Role) -> Phrase | None:
        """The first phrase of a role."""
        return next((one for one in self.phrases if one.role is role), None)


def is_date(text: str) -> bool:
    """Whether a phrase says when: a day, a month, ``last year``."""
    return _DATED.match(text.strip()) is not None


def is_verb(word: str) -> bool:
    """Whether a folded word is an everyday verb, which it may be besides a noun."""
    return word in _PURE_VERBS or word in _EITHER or word in AUXILIARIES


def is_small(word: str) -> bool:
    """Whether a folded word belongs to a closed class and names nothing."""
    return (
        word in WH_WORDS or word in AUXILIARIES or word in PREPOSITIONS or word in DETERMINERS or word in PRONOUNS
        or word in _SMALL
    )  # fmt: skip


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
    if subject:
        at += 1 + _is_deed(tokens, at + 1, verb)
    while at < len(tokens):
        end = _phrase_end(tokens, at, role, verb)
        if end > at:
            span = (tokens[at].start, tokens[end - 1].end)
            phrases.append(Phrase(text[span[0] : span[1]], *span, role, before))
            at = end + (role is Role.SUBJECT and _is_deed(tokens, end, verb))
            role, before = (Role.AFTER, before) if before in SUBORDINATE else (Role.OBJECT, "")
            continue
        word = tokens[at].low
        if word == "to" and at + 1 < len(tokens) and is_verb(tokens[at + 1].low):
            role, before, at = Role.OBJECT, "", at + 1
        elif word in PREPOSITIONS or word in SUBORDINATE:
            role, before = Role.AFTER, word
        elif word not in ("not", "all", "both") and before not in SUBORDINATE:
            role, before = (Role.OBJECT if role is not Role.SUBJECT else role), ""
        at += 1
    return Parts(text, tokens, asked, rest, verb, subject, tuple(phrases))


def joined_with_what_follows(phrase: Phrase, parts: Parts) -> Phrase:
    """``the rent`` with ``for Tomas's workshop`` where that follows at once and says no day."""
    for other in parts.phrases:
        between = parts.text[phrase.end : other.start].split()
        if (
            other.start > phrase.end
            and between == [other.before]
            and other.before in _JOINING
            and not other.is_date
        ):
            return replace(phrase, text=parts.text[phrase.start : other.end], end=other.end)
    return phrase


def names_in(text: str, *, is_sentence: bool) -> list[str]:
    """Names of people and places in a text, without a possessive's ending; not those behind "the".

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
            run.append(_without_ending(token.text))
        if run and (not takes or token.is_possessive):
            found.append(" ".join(run))
            run = []
    if run:
        found.append(" ".join(run))
    return list(dict.fromkeys(found))


def _without_ending(word: str) -> str:
    return word.replace("’", "'").removesuffix("'s").rstrip("'")


def _verb_kind(word: str) -> str:
    for kind, words in (("do", _DO), ("be", _BE), ("modal", _MODALS), ("have", _HAVE)):
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
        token.low in _PURE_VERBS
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


def _phrase_end(tokens: Sequence[Token], at: int, role: Role, verb: str) -> int:
    """The end of the phrase that begins at a token; ``at`` itself where none does."""
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
            last in _EITHER if verb in ("do", "modal") else last.endswith("ed") and verb in ("be", "have")
        )
        if closes:
            end -= 1
    elif (
        role is Role.SUBJECT
        and end - begin == 1
        and verb in ("do", "modal")
        and begin == at
        and last in _EITHER
    ):
        return at
    return end
