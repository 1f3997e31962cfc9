"""What pronouns of a follow-up stand for ("and when does it end?"), by the last question, its answer or its note."""

import re
from typing import Final

from pillowbook.answering.question_parts import (
    Parts,
    Phrase,
    Role,
    Token,
    joined_with_what_follows,
    names_in,
    take_apart,
    tokens_of,
)
from pillowbook.answering.question_words import (
    AUXILIARIES,
    DETERMINERS,
    PREPOSITIONS,
    PRONOUNS,
    is_small,
    is_verb,
)
from pillowbook.domain.asking import Turn

MIN_CLAUSE: Final = 4
MAX_ENTITY_WORDS: Final = 4

_EXPLETIVE = re.compile(
    r"\b(?:is|was|be|will|would|does|did)\s+it\s+(?:be\b|true|possible|worth|allowed|ok|okay|best|better|"
    r"gets?|make sense|"
    r"when|that|who|which|matter|rain|snow|dark|cold|time|until|till|since|to|from|before|for|\w+ or)\b|"
    r"\bit\s+(?:(?:takes?|took|costs?)(?: \w+)? to|true|rains?|snows?|gets? dark)\b|\bwhat time is it\b",
    re.IGNORECASE,
)
_ADVERB = (
    r"(?:still|already|ever|always|often|usually|really|too|so|very|quite|nearly|almost|about|getting|going to|"
    r"likely to|supposed to|start(?:s|ed|ing)?(?: to)?|stop(?:s|ped|ping)?|been|be)"
)
_WEATHER = re.compile(
    r"\b(?:is|was|isn't|wasn't|will|would|does|did|has|had|might|could|should)\s+it\s+"
    rf"(?:{_ADVERB}\s+)*"
    r"(?:rain\w*|snow\w*|hail\w*|drizzl\w*|thunder\w*|sunny|windy|cloudy|overcast|foggy|misty|icy|frosty|freezing|"
    r"stormy|humid|chilly|late|time|dark|light outside|midnight|noon|night|the weekend|(?:mon|tues|wednes|thurs|fri|"
    r"satur|sun)day)\b|"
    rf"\bit(?:\s+(?:is|was|has|will))?\s+(?:{_ADVERB}\s+)*(?:rain|snow|hail|drizzl|thunder)(?:s|ed|es|ing|e)?\b|"
    r"\bhow late (?:is|was) it\s*\??$",
    re.IGNORECASE,
)
"""The "it" of the weather and of the clock means nothing: "is it raining", "is it late"."""
_THERE_IS = re.compile(
    r"\b(?:is|are|was|were|will be|be)\s+there\b|\bthere\s+(?:is|are|was|were)\b", re.IGNORECASE
)
_HE = frozenset({"he", "him", "his"})
_SHE = frozenset({"she", "her", "hers"})
_THEY = frozenset({"they", "them", "their", "theirs"})
_IT = frozenset({"it", "its", "that", "this", "those", "these"})
POINTING: Final = _HE | _SHE | _THEY | _IT
"""Words that may point back out of their question."""

_NO_ENTITY = frozenset({"yes", "no", "none", "neither", "maybe", "perhaps", "probably", "unknown"})
"""How an answer begins that is short and names nothing."""

_QUALITIES = frozenset({"better", "best", "worse", "worst", "cheaper", "cheapest"})
"""Words that stand where a thing does, and are none: "which one is better"."""

_OWNING = frozenset({"his", "her", "their", "its"})
_PEOPLE = re.compile(
    r"\b(?:mum|mother|dad|father|sister|brother|aunt|uncle|wife|husband|son|daughter|friend|boss|doctor|"
    r"dentist|vet|"
    r"nurse|teacher|babysitter|sitter|plumber|electrician|roofer|sweep|adviser|landlord|owner|neighbour|"
    r"cleaner|"
    r"surgeon|physio|colleague|manager|solicitor|guest|boy|girl|man|woman|dog|cat|\w+(?:ist|ian))$",
    re.IGNORECASE,
)


_PEOPLE_DO = frozenset(
    {
        "charge",
        "ask",
        "say",
        "quote",
        "want",
        "come",
        "live",
        "work",
        "recommend",
        "speak",
        "think",
        "tell",
        "call",
        "send",
    }
)
"""What people and firms do, and things do not."""

_SEVERAL = re.compile(r"&|\band\b|s$|\b(?:ltd|limited|co|company|plc|inc|llp)\b", re.IGNORECASE)
"""Of a firm or of several people, who are "they" as plural things are."""


def with_pronouns(bare: str, before: Parts, last: Turn) -> str:
    """The question with what its pronouns stand for; empty where one has its word in the question itself."""
    if _EXPLETIVE.search(bare) or _WEATHER.search(bare):
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
        is_deed_of_people = parts.subject == "they" and parts.deed in _PEOPLE_DO
        meant = _referent(word, before, last, is_deed_of_people=is_deed_of_people)
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
    if word not in POINTING | {"there"} or (number and tokens[number].text.istitle()):
        return False  # "Who suggested How to Argue With It": a word of a title
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
    # "What does Edie need for it": a person is no "it"; "did Disney sell its stake": a name may own.
    return not any(word in _THEY or word == "its" or not one.is_name for one in earlier)


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


def _referent(word: str, before: Parts, last: Turn, *, is_deed_of_people: bool) -> str:
    """What a pronoun stands for, by the last question, its answer or its note; empty where that is not plain."""
    if word in _HE | _SHE:
        return _person(before, last)
    if word == "there":
        return _place(before)
    if word in _THEY and before.asked.lower() == "who":
        told = _who(before, last)
        if is_deed_of_people or not any(is_plural(one) for one in before.phrases):
            return told
        if _SEVERAL.search(told):
            return ""  # "Who painted the walls? Hall & Sons. How long did they last?"
    entity = entity_of(last.answer)
    asked = before.first(Role.ASKED)
    if entity and asked is not None and before.asked.lower().startswith(("which", "what", "whose")):
        return entity  # "Which surgery is it? Mere Road Surgery. What's their number?"
    chosen = thing_meant(before, word)
    if chosen is None:
        return last.title
    return joined_with_what_follows(chosen, before).text


def is_plural(phrase: Phrase) -> bool:
    """Whether a phrase is of several things that "they" may mean, as far as its ending tells."""
    is_thing = not phrase.is_date and not phrase.is_name and bool(phrase.words)
    return is_thing and re.search(r"[^sui]s$", phrase.words[-1]) is not None


def _who(before: Parts, last: Turn) -> str:
    """Who was named, where "who" was asked; empty where that is not known, or several were."""
    if entity := entity_of(last.answer):
        return entity
    asked = names_in(before.text, is_sentence=True)
    told = [name for name in names_in(last.answer, is_sentence=True) if name not in asked]
    return told[0] if len(told) == 1 else ""


def thing_meant(before: Parts, word: str) -> Phrase | None:
    """The phrase of the last question that a word such as "it" or "they" stands for; None where it has none."""
    phrases = [one for one in before.phrases if not one.is_date and not _QUALITIES.issuperset(one.words)]
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
    chosen = thing_meant(before, "there")
    return "" if chosen is None else f"at {chosen.owner or chosen.text}"


def entity_of(answer: str) -> str:
    """A short answer that is a name or a thing, and no figure: what "it" may mean; empty for any other."""
    plain = answer.strip(" .!?*_")
    words = plain.split()
    is_named = 0 < len(words) <= MAX_ENTITY_WORDS and not any(letter.isdigit() for letter in plain)
    first = words[0].lower() if words else ""
    return plain if is_named and "," not in plain and not is_small(first) and first not in _NO_ENTITY else ""
