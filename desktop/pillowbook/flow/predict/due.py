"""Questions about what is due and what comes near, by rule, from the tasks and dated facts that code found.

"The MOT runs out on 14 March" gives "When does the MOT run out?", "Pay the deposit by 5 May" "When do I have to pay the
deposit?". What is not of such a plain form gives none: a question nobody would put costs more than one that is missed.
"""

import re
from datetime import date

from pillowbook.answering.compute.days import find_days

MAX_SUBJECT_WORDS = 9

_VERBS = """
answer apply arrange ask back bin bleed bring book buy call cancel change charge check chase choose claim
clean clear close collect complete confirm contact cut decide defrost descale deliver drop email enrol file
fill find finish fit fix get give hand hang hire install invite invoice join let lodge mail mend measure
move oil open order organise pack paint pass pay phone pick plan plant post prepare print prune put read
reclaim register renew rent repair replace reply report request reserve return review ring sand sell send
service settle sign sort sow submit swap switch take talk tax test tell tidy transfer trim try update upload
vaccinate visit wash water weed wrap write
"""
_IMPERATIVES = frozenset(_VERBS.split())
"""Words a task begins with that is put as an order to oneself."""

_AMBIGUOUS = """
answer back change charge check cut file fit fix hang hire measure mend move open order pack paint pass plan
plant post print put report request return review sand service sign sort switch tax test transfer visit wash
water weed wrap
"""
_ALSO_NOUNS = frozenset(_AMBIGUOUS.split())
"""Of those, the ones that are as often a noun or an adjective: they are orders where an article follows."""

_ARTICLES = frozenset({"a", "an", "the", "my", "our", "his", "her", "their", "its", "this", "all"})

_CUE = re.compile(
    r"[\s,;:(–—-]*\b(?:(?:by|before|until|no later than|not later than|deadline(?: is)?|due(?: on| by)?|on|from|"
    r"for)\b[\s:]*)?(?:the\s*)?$",
    re.IGNORECASE,
)
_OUGHT = re.compile(
    r"^(?:I|we|you) (?:still )?(?:need|have|ought) to (?P<what>.+)$|^(?:remember|don['’]t forget) to (?P<that>.+)$",
    re.I,
)
_TO = re.compile(r"^(?P<who>[A-Z][\w'’-]+(?: and [A-Z][\w'’-]+)?) to (?P<what>[a-z]+ .+)$")
_FORM = re.compile(
    r"^(?P<subject>[^:]+):\s*(?:(?:due|deadline)\s+)?(?:by|before|until)\s+(?:the\s+)?$", re.IGNORECASE
)
_ENDS = re.compile(
    r"^(?P<subject>.+?)\s+(?P<verb>runs? out|expires?|ends?|renews?|lapses?|closes?|starts?|begins?|takes? place|"
    r"(?:is|are) due|falls? due)(?:\s+(?:again|on|by|in|at|the))*\s*$",
    re.IGNORECASE,
)
_IS_ON = re.compile(
    r"^(?P<subject>.+?)\s+(?P<verb>is|are)(?:\s+(?:booked|planned|set|fixed))?(?:\s+(?:on|for))?\s*$", re.I
)
_CLAUSE = re.compile(r"^.*[;.!?]\s+|^.*\s[–—]\s+", re.DOTALL)


def due_question(text: str, day: date) -> str:
    """A question for something that is due or comes up on a day; empty where the text is of no plain form.

    Args:
        text: a sentence, an item or a clause that names the day.
        day: that the text is of; for dates without a year.
    """
    days = find_days(text, day)
    before = text[: days[0].start] if days else text
    ends = _ENDS.match(_CLAUSE.sub("", before))
    if ends:
        return _about(_subject(ends["subject"]), ends["verb"].lower())
    is_on = _IS_ON.match(_CLAUSE.sub("", before)) if days else None
    if is_on:
        subject = _subject(is_on["subject"])
        return f"When {is_on['verb'].lower()} {subject}?" if subject else ""
    form = _FORM.match(before)
    if form:
        return _about(_subject(form["subject"]), "is due")
    what = _CUE.sub("", before).strip()
    ought, told = _OUGHT.match(what), _TO.match(what)
    if ought:
        return _have_to("do I", ought["what"] or ought["that"])
    if told:
        return _have_to(f"{'do' if ' and ' in told['who'] else 'does'} {told['who']}", told["what"])
    return _have_to("do I", what) if _is_order(what) else ""


def _is_order(text: str) -> bool:
    first, _, rest = text.lower().partition(" ")
    is_sure = first not in _ALSO_NOUNS or rest.partition(" ")[0] in _ARTICLES
    return first in _IMPERATIVES and is_sure


def _have_to(who: str, what: str) -> str:
    plain = what.strip(" .,;:!*_")
    if not 1 < len(plain.split()) <= MAX_SUBJECT_WORDS or any(mark in plain for mark in ":;"):
        return ""
    return f"When {who} have to {plain[0].lower()}{plain[1:]}?"


def _about(subject: str, verb: str) -> str:
    if not subject:
        return ""
    if verb.endswith("due"):
        return f"When {'are' if verb.startswith('are') else 'is'} {subject} due?"
    head, _, rest = verb.partition(" ")
    is_one = head.endswith("s")
    base = {"lapses": "lapse", "closes": "close", "expires": "expire", "takes": "take"}.get(
        head, head.removesuffix("s")
    )
    return f"When {'does' if is_one else 'do'} {subject} {f'{base} {rest}'.strip()}?"


def _subject(text: str) -> str:
    """A subject as it stands amid a question: no list marks, a small article; empty where it is no short phrase."""
    plain = text.strip(" ,;:*_-")
    if not plain or len(plain.split()) > MAX_SUBJECT_WORDS or plain[-1] in ".!?" or "," in plain:
        return ""
    first = plain.partition(" ")[0]
    if first.lower() in {"the", "a", "an", "my", "our", "his", "her", "their", "its", "this", "that", "next"}:
        return plain[0].lower() + plain[1:]
    return f"the {plain}" if len(first) > 1 and first.isupper() and first.isalpha() else plain
