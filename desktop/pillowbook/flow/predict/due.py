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

_CUE = re.compile(
    r"[\s,;:(–—-]*\b(?:(?:by|before|until|no later than|not later than|deadline(?: is)?|due(?: on| by)?|on|from|"
    r"for)\b[\s:]*)?(?:the\s*)?$",
    re.IGNORECASE,
)
_OUGHT = re.compile(
    r"^(?:I|we|you) (?:still )?(?:need|have|ought) to (?P<what>.+)$|^(?:remember|don['’]t forget) to (?P<that>.+)$",
    re.I,
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
    what = _CUE.sub("", before).strip()
    ought = _OUGHT.match(what)
    if ought:
        what = ought["what"] or ought["that"]
    elif what.partition(" ")[0].lower() not in _IMPERATIVES:
        return ""
    what = what.strip(" .,;:!*_")
    return (
        f"When do I have to {what[0].lower()}{what[1:]}?"
        if 1 < len(what.split()) <= MAX_SUBJECT_WORDS
        else ""
    )


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
    return plain
