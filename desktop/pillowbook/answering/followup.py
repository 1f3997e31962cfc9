"""Questions that lean on the one before: "and when does it end?", "what about Ruth?", "how much was that?".

Each is rewritten by code into a question that stands alone: a pronoun by what the last question (or its answer, or the
note it cites) was about; what is only named, by its counterpart in the last question. Where that is not plain the
question is left as it is: a question that is wrongly taken for a follow-up is answered wrongly, one that is missed is
asked again in full.
"""

import re
from typing import Final

from pillowbook.answering.question_parts import (
    AUXILIARIES,
    DETERMINERS,
    PREPOSITIONS,
    PRONOUNS,
    WH_WORDS,
    Parts,
    Phrase,
    Role,
    Token,
    is_date,
    is_small,
    is_verb,
    joined_with_what_follows,
    names_in,
    take_apart,
    tokens_of,
    words_of,
    written_out,
)
from pillowbook.answering.terms import stem
from pillowbook.domain.asking import Turn

MIN_CLAUSE: Final = 4
MAX_NAMED_WORDS: Final = 6
MAX_ENTITY_WORDS: Final = 4
MAX_CHARS: Final = 300
"""What is longer is a question of its own, and would only be slow to take apart."""

_OPENING = re.compile(r"^(?:(?:and|but|so|ok|okay|then)\b[\s,]*)+", re.IGNORECASE)
_ABOUT = re.compile(r"^(?:what|how) about\s+(?P<named>[^?]+)\??$", re.IGNORECASE)
_BARE = re.compile(
    r"^(?:(?P<before>by|since|until|till|for|with|from|at|to)\s+)?"
    r"(?P<wh>why|when|where|who|whom|what|which|how(?:\s+(?:much|many|long|often|old|far|big|soon|late|early|"
    r"high))?)"
    r"(?P<after>\s+(?:not|with|by|from|for|exactly))?$",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(
    r"\b(?:is|was|be|will|would|does|did)\s+it\s+(?:be\b|true|possible|worth|allowed|ok|okay|best|better|"
    r"gets?|make sense|"
    r"when|that|who|which|matter|rain|snow|dark|cold|time|until|till|since|to|from|before|for|\w+ or)\b|"
    r"\bit\s+(?:(?:takes?|took|costs?)(?: \w+)? to|true|rains?|snows?|gets? dark)\b|\bwhat time is it\b",
    re.IGNORECASE,
)
_THERE_IS = re.compile(
    r"\b(?:is|are|was|were|will be|be)\s+there\b|\bthere\s+(?:is|are|was|were)\b", re.IGNORECASE
)
_HE = frozenset({"he", "him", "his"})
_SHE = frozenset({"she", "her", "hers"})
_THEY = frozenset({"they", "them", "their", "theirs"})
_IT = frozenset({"it", "its", "that", "this", "those", "these"})
_OWNING = frozenset({"his", "her", "their", "its"})
_PEOPLE = re.compile(
    r"\b(?:mum|mother|dad|father|sister|brother|aunt|uncle|wife|husband|son|daughter|friend|boss|doctor|"
    r"dentist|vet|"
    r"nurse|teacher|babysitter|sitter|plumber|electrician|roofer|sweep|adviser|landlord|owner|neighbour|"
    r"cleaner|"
    r"surgeon|physio|colleague|manager|solicitor|guest|boy|girl|man|woman|dog|cat|\w+(?:ist|ian))$",
    re.IGNORECASE,
)
_RELATIONAL = words_of("""
    number numbers address price prices cost costs fee fees payment payments rate rates deadline deposit date dates
    amount colour size weight length width height code password reason result results opening hours terms limit excess
    """)
"""Nouns that are of something: "what's the phone number?" asks for somebody's."""
_AGREEING = {"do": "does", "have": "has", "am": "is", "don't": "doesn't", "haven't": "hasn't"}
_MONTHS_DAYS = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|monday|"
    r"tuesday|"
    r"wednesday|thursday|friday|saturday|sunday|(?:last|next|this) (?:year|month|week|spring|summer|autumn|"
    r"winter))\b",
    re.IGNORECASE,
)


def standing_alone(question: str, last: Turn | None) -> str:
    """A follow-up as a question that stands alone; empty where it is none, or where it is not plain what it means.

    Args:
        last: what was asked before it, as it was understood, and what was answered; None where nothing was.
    """
    if last is None or not last.question.strip() or max(len(question), len(last.question)) > MAX_CHARS:
        return ""
    text = written_out(question).rstrip(" .!")
    bare = _OPENING.sub("", text)
    has_and = len(bare) < len(text)
    before = take_apart(last.question)
    rewritten = (
        _named(bare, before, has_and=has_and)
        or _only_asked(bare, before, last)
        or _with_pronouns(bare, before, last)
        or _of_what(bare, before, last)
    )
    return _finished(rewritten) if rewritten and rewritten.strip(" ?") != text.strip(" ?") else ""


# -- "what about Ruth?" ------------------------------------------------------------------------------------------------


def _named(bare: str, before: Parts, *, has_and: bool) -> str:
    """The last question of what is only named here, in its counterpart's place."""
    about = _ABOUT.match(bare)
    if about is None and not has_and:
        return ""
    named = (about["named"] if about else bare).strip(" ?.")
    tokens = tokens_of(named)
    if not tokens or len(tokens) > MAX_NAMED_WORDS or "," in named:
        return ""
    if any(
        token.low in WH_WORDS or token.low in AUXILIARIES or token.low in PRONOUNS - {"mine", "yours"}
        for token in tokens
    ):
        return ""
    if tokens[0].low in PREPOSITIONS:
        return _after_same(tokens[0].low, named[tokens[0].end :].strip(), before)
    if is_date(named):
        return _on_other_day("", named, before)
    if named[:1].isupper() or tokens[0].is_possessive:
        return _of_other_name(named, before, is_owner=tokens[0].is_possessive and len(tokens) == 1)
    return _of_other_thing(named, before)


def _after_same(preposition: str, named: str, before: Parts) -> str:
    """``and for the chilli?``: in the place of what followed the same preposition."""
    if is_date(named):
        return _on_other_day(preposition, named, before)
    for phrase in before.phrases:
        if phrase.before == preposition and phrase.role is Role.AFTER and not phrase.is_date:
            return _put(before, phrase, named)
    return f"{before.text.rstrip(' ?')} {preposition} {named}"


def _on_other_day(preposition: str, named: str, before: Parts) -> str:
    """``and in April?``: in the place of the day or month, of the same year where none is said."""
    for phrase in before.phrases:
        if phrase.is_date:
            year = re.search(r"\b(?:19|20)\d{2}\b", phrase.text)
            has_month = _MONTHS_DAYS.search(named) and _MONTHS_DAYS.search(phrase.text)
            with_year = (
                f"{named} {year[0]}" if year and has_month and not re.search(r"\d{4}|year", named) else named
            )
            return _put(before, phrase, with_year)
    found = _MONTHS_DAYS.search(before.text)
    if found and (_MONTHS_DAYS.fullmatch(named) or re.fullmatch(r"[\w ]*", named)):
        return f"{before.text[: found.start()]}{named}{before.text[found.end() :]}"
    link = f"{preposition} " if preposition else ""
    return f"{before.text.rstrip(' ?')} {link}{named}"


def _of_other_name(named: str, before: Parts, *, is_owner: bool) -> str:
    """``what about Jonah?``, ``and Tomas's?``: in the place of the name, or of "my"."""
    plain = re.sub(r"['’]s?$", "", named) if is_owner else named
    names = names_in(before.text, is_sentence=True)
    if len(names) > 1:  # the owner's where one is owned, else what stands last
        owners = [phrase.owner for phrase in before.phrases if phrase.owner]
        names = owners[:1] if owners and (is_owner or owners[0] in names) else names[-1:]
    if names:
        return re.sub(rf"\b{re.escape(names[0])}(?!\w)", lambda _match: plain, before.text, count=1)
    mine = re.search(r"\b(?:my|our)\b", before.text, re.IGNORECASE)
    if mine:
        return f"{before.text[: mine.start()]}{plain}'s{before.text[mine.end() :]}"
    if before.subject in ("i", "we"):
        found = re.search(rf"\b(\w+(?:'t)?)\s+{before.subject}\b", before.text, re.IGNORECASE)
        if found:
            verb = _AGREEING.get(found[1].lower(), found[1])
            return f"{before.text[: found.start()]}{verb} {plain}{before.text[found.end() :]}"
    return "" if is_owner else _of_other_thing(named, before)


def _of_other_thing(named: str, before: Parts) -> str:
    """``and the fuse board?``: in the place of a phrase with the same last word, else of the innermost one."""
    phrases = [phrase for phrase in before.phrases if not phrase.is_date]
    if not phrases:
        return ""
    head = stem(named.lower().split()[-1])
    same = [phrase for phrase in phrases if stem(phrase.words[-1] if phrase.words else "") == head]
    inner = [phrase for phrase in phrases if phrase.role is Role.AFTER and phrase.before in ("of", "for")]
    firm = [phrase for phrase in phrases if phrase.role in (Role.OBJECT, Role.SUBJECT)]
    # "And the name of the network?" names all that is asked for; what followed goes.
    is_whole = re.search(r"\sof\s", named) is not None
    chosen = (same or ([] if is_whole else inner) or _objects_first(firm) or phrases)[0]
    if is_whole:
        chosen = joined_with_what_follows(chosen, before)
    words = chosen.text.split()
    first = named.split()[0].lower()
    if (
        not same
        and first not in DETERMINERS
        and chosen.has_determiner
        and len(words) >= 3
        and " " not in named
    ):
        return _put(before, chosen, " ".join([words[0], named, *words[2:]]))  # "our GAS reading"
    return _put(before, chosen, named)


def _objects_first(phrases: list[Phrase]) -> list[Phrase]:
    return sorted(phrases, key=lambda phrase: phrase.role is not Role.OBJECT)


def _put(before: Parts, phrase: Phrase, named: str) -> str:
    return f"{before.text[: phrase.start]}{named}{before.text[phrase.end :]}"


# -- "why?", "since when?" ---------------------------------------------------------------------------------------------


def _only_asked(bare: str, before: Parts, last: Turn) -> str:
    """The last question, asking for something else."""
    found = _BARE.match(bare.rstrip(" ?"))
    if found is None or not before.rest or not (before.asked or before.verb):
        return ""
    asked = " ".join(part for part in (found["before"], found["wh"]) if part)
    after = (found["after"] or "").strip()
    told = f"{before.rest}{'' if after in ('', 'not', 'exactly') else f' {after}'}"
    wanted = before.first(Role.ASKED)
    entity = _entity(last.answer)
    extra = wanted.text if wanted is not None else entity if asked.lower().startswith("why") else ""
    return f"{asked} {told}{f' ({extra})' if extra else ''}"


# -- "when does it end?" -----------------------------------------------------------------------------------------------


def _with_pronouns(bare: str, before: Parts, last: Turn) -> str:
    """The question with what its pronouns stand for; empty where one has its word in the question itself."""
    if _EXPLETIVE.search(bare):
        return ""
    swapped = _same_deed(bare, before)
    if swapped:
        return swapped
    tokens = tokens_of(bare)
    parts = take_apart(bare)
    pieces: list[str] = []
    done = 0
    for number, token in enumerate(tokens):
        word = token.low
        if not _is_open(tokens, number, parts):
            continue
        meant = _referent(word, before, last)
        if not meant:
            return ""
        owns = word in _OWNING and _goes_on_with_noun(tokens, number)
        pieces += [bare[done : token.start], _owned(meant) if owns else meant]
        done = token.end
    return "".join([*pieces, bare[done:]]) if pieces else ""


def _same_deed(bare: str, before: Parts) -> str:
    """``when was that?`` after something that somebody did: the same question with "when"."""
    found = re.match(r"^(when|where|why) (?:is|was) (?:it|that|this)\s*\??$", bare, re.IGNORECASE)
    subject = before.first(Role.SUBJECT)
    is_somebody = before.subject or (subject is not None and subject.is_name)
    if found and before.verb == "do" and is_somebody:
        return f"{found[1]} {before.rest}"
    return ""


def _is_open(tokens: tuple[Token, ...], number: int, parts: Parts) -> bool:
    """Whether a word points back out of its question."""
    word = tokens[number].low
    if word not in _HE | _SHE | _THEY | _IT | {"there"}:
        return False
    is_many = word in _THEY or word == "its"  # "Which parts lose their cover": what is asked for has them
    earlier = [one for one in parts.phrases if one.end <= tokens[number].start]
    earlier = [
        one for one in earlier if one.role is not Role.ASKED or (is_many and one.words[-1].endswith("s"))
    ]
    following = tokens[number + 1].low if number + 1 < len(tokens) else "?"
    is_named = number + 1 < len(tokens) and tokens[number + 1].is_capital
    # "When it is cold, what should the pressure be"; "which day did I start, I need it for a form".
    if any(token.text == "," for token in tokens[number:] + tokens[MIN_CLAUSE:number]):
        return False
    if word == "there":
        is_last = following in ("?", ",") or following in PREPOSITIONS
        return is_last and not _THERE_IS.search(parts.text) and not any(_has_name(one) for one in earlier)
    if word in _HE | _SHE:
        return not any(_has_name(one) or _PEOPLE.search(one.text) for one in earlier) and not _names_before(
            tokens, number
        )
    if word in ("that", "this", "these", "those"):
        previous = tokens[number - 1].low if number else ""
        stands_alone = (
            following == "?" or is_small(following) or is_verb(following) or following.endswith("ed")
        )
        if previous not in PREPOSITIONS | AUXILIARIES or not stands_alone or is_named:
            return False
        if following in PRONOUNS | DETERMINERS:
            return False
    # "What does Edie need for it": a person is no "it".
    return not any(word in _THEY or not one.is_name for one in earlier)


def _has_name(phrase: Phrase) -> bool:
    return phrase.is_name or bool(phrase.owner)


def _names_before(tokens: tuple[Token, ...], number: int) -> bool:
    return any(
        token.is_capital and not is_small(token.low) and not is_verb(token.low) for token in tokens[1:number]
    )


def _goes_on_with_noun(tokens: tuple[Token, ...], number: int) -> bool:
    if number + 1 >= len(tokens):
        return False
    following = tokens[number + 1]
    return following.text[0] not in "?,;()" and not is_small(following.low)


def _owned(name: str) -> str:
    return f"{name}'" if name.endswith("s") and " " in name else f"{name}'s"


def _referent(word: str, before: Parts, last: Turn) -> str:
    """What a pronoun stands for, by the last question, its answer or its note; empty where that is not plain."""
    if word in _HE | _SHE:
        return _person(before, last)
    if word == "there":
        return _place(before)
    entity = _entity(last.answer)
    asked = before.first(Role.ASKED)
    if entity and asked is not None and before.asked.lower().startswith(("which", "what", "whose")):
        return entity  # "Which surgery is it? Mere Road Surgery. What's their number?"
    chosen = _thing(before, word)
    if chosen is None:
        return last.title
    return joined_with_what_follows(chosen, before).text


def _thing(before: Parts, word: str) -> Phrase | None:
    phrases = [phrase for phrase in before.phrases if not phrase.is_date]
    objects = [phrase for phrase in phrases if phrase.role is Role.OBJECT]
    subjects = [phrase for phrase in phrases if phrase.role is Role.SUBJECT]
    named = [phrase for phrase in subjects if phrase.is_name and before.verb != "be"]
    inner = [phrase for phrase in phrases if phrase.role is Role.AFTER]
    firm = [phrase for phrase in subjects if phrase not in named]
    order = [*objects, *firm, *inner, *phrases]
    if word in _THEY:
        many = [one for one in order if one.words and one.words[-1].endswith("s")]
        order = [*many, *(one for one in inner if one.before in ("of", "for")), *order]
    return order[0] if order else None


def _person(before: Parts, last: Turn) -> str:
    names = names_in(before.text, is_sentence=True)
    if names:
        subject = before.first(Role.SUBJECT)
        if subject is not None and subject.owner and before.asked.lower().startswith("who"):
            told = names_in(last.answer, is_sentence=True)  # whose sister was asked is not who she is
            return told[0] if len(told) == 1 else ""
        if len(names) > 1 and re.search(rf"{re.escape(names[0])} (?:and|or) ", before.text):
            return ""
        if subject is not None and (subject.owner or subject.text) in names:
            return subject.owner or subject.text
        return names[0] if len(names) == 1 else ""
    if before.asked.lower().startswith("who") or before.first(Role.ASKED) is not None:
        told = names_in(last.answer, is_sentence=True) or names_in(f"is {last.answer}", is_sentence=False)
        if told:
            return told[0]
    people = [phrase for phrase in before.phrases if phrase.words and _PEOPLE.search(phrase.text)]
    return people[0].text if len(people) == 1 else ""


def _place(before: Parts) -> str:
    for phrase in before.phrases:
        if phrase.before in ("at", "in", "to") and not phrase.is_date:
            return f"{phrase.before if phrase.before != 'to' else 'in'} {phrase.text}"
    chosen = _thing(before, "there")
    return "" if chosen is None else f"at {chosen.owner or chosen.text}"


def _entity(answer: str) -> str:
    """A short answer that is a name or a thing, and no figure: what "it" may mean; empty for any other."""
    plain = answer.strip(" .*_")
    words = plain.split()
    is_named = 0 < len(words) <= MAX_ENTITY_WORDS and not any(letter.isdigit() for letter in plain)
    return plain if is_named and "," not in plain and not is_small(words[0].lower()) else ""


# -- "what's the phone number?" ----------------------------------------------------------------------------------------


def _of_what(bare: str, before: Parts, last: Turn) -> str:
    """A question that names nothing, or only what is always of something, asked of the last question's matter."""
    parts = take_apart(bare)
    if not parts.asked:
        return ""
    phrases = [phrase for phrase in parts.phrases if phrase.role is not Role.ASKED]
    if any(token.is_capital and not is_small(token.low) for token in parts.tokens[1:]):
        return ""
    if any(token.low in _HE | _SHE | _THEY | _IT for token in parts.tokens):
        return ""
    chosen = _thing(before, "it")
    meant = joined_with_what_follows(chosen, before).text if chosen is not None else last.title
    if not meant:
        return ""
    if not phrases and not any(char.isdigit() for char in bare):
        asked = parts.first(Role.ASKED)
        words = [token.low for token in parts.tokens if token.text[0] != "?"]
        if asked is None and len(words) >= 2 and all(is_small(word) or is_verb(word) for word in words):
            return f"{bare.rstrip(' ?')} ({meant})"
        return ""
    if len(phrases) == 1 and phrases[0].text.lower().startswith("the "):
        only = phrases[0]
        ends = not parts.text[only.end :].strip(" ?")
        is_plain = 1 <= len(only.words) <= 2 and "'" not in only.text.replace("’", "'")
        if ends and is_plain and parts.verb == "be" and only.words[-1] in _RELATIONAL:
            return f"{parts.text.rstrip(' ?')} of {meant}"
    return ""


def _finished(text: str) -> str:
    """One line that begins with a capital and ends with a question mark."""
    flat = " ".join(text.split()).rstrip(" ?.")
    return f"{flat[:1].upper()}{flat[1:]}?"
