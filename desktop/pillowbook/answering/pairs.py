"""The words of a question: one spelling of it, the sort of answer it asks for, its stems with synonyms made one."""

import re
import unicodedata

from pillowbook.answering.lexicon import base_stem
from pillowbook.answering.terms import STOP_WORDS, marks_as_letters, stem, words

_ASKING = (
    r" (?:(?:about|at|by|for|from|in|of|on|since|to|until|with) )?"
    r"(?:wh(?:at|en|ere|o)s?|which|whom|whose|why|whether|how|if)\b"
)
_AUXILIARY = (
    r" (?:is|are|am|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must|"
    r"isn't|aren't|wasn't|weren't|don't|doesn't|didn't|hasn't|haven't|can't|couldn't|won't|wouldn't|shouldn't)\b"
)
_REQUEST = (
    r" (?:please|tell me|remind me|show me|i (?:want|need|would|wonder)|i'd like|i'm wondering|wondering)\b"
)
_LEADING = r"(?:hey|please|and|but|um)"
_LEADING_OR_NOUN = r"(?:(?:hi|hello)(?: there)?|ok|okay|so|also|well)"
LEADING_UP = (
    rf"{_LEADING_OR_NOUN}"
    rf"(?=(?:[ ,]+(?:{_LEADING}|{_LEADING_OR_NOUN}))*,?(?:{_ASKING}|{_AUXILIARY}|{_REQUEST}))"
)
"""A word that only leads up to a question where one follows it: "well is it on", but the well pump is a pump."""

_OPENERS = re.compile(
    rf"^(?:(?:{_LEADING}[ ,]+|{_LEADING_OR_NOUN} ?,[ ,]*|{LEADING_UP}[ ,]+))*"
    r"(?:(?:can|could|would|will) (?:you|u) (?:please )?(?:tell|remind|show) me|(?:please )?(?:tell|remind|show) me|"
    r"do you (?:know|remember|have)|i (?:want|need|would like|'d like) to know|(?:i )?wonder(?:ing)?|"
    rf"(?:do (?:we|i) (?:know|remember|have)|does anyone know)(?={_ASKING})|"
    r"remember)?[\s,:]*(?:about )?(?=[-+#<>£$€¥₹¢]?\w)",
    re.IGNORECASE,
)
"""Taken off a question; "do I have" and the like only before a question word: "do I have a will?" asks yes or no."""

_EXPANSIONS = {
    "what's": "what is", "who's": "who is", "where's": "where is", "when's": "when is", "how's": "how is",
    "that's": "that is", "it's": "it is", "there's": "there is", "i'm": "i am", "i've": "i have",
    "isn't": "is not", "aren't": "are not", "wasn't": "was not", "weren't": "were not", "don't": "do not",
    "doesn't": "does not", "didn't": "did not", "can't": "can not", "cannot": "can not", "couldn't": "could not",
    "won't": "will not", "wouldn't": "would not", "shouldn't": "should not", "hasn't": "has not",
    "haven't": "have not", "hadn't": "had not", "mustn't": "must not", "whats": "what is", "wheres": "where is",
    "whens": "when is", "whos": "who is", "&": "and",
}  # fmt: skip

_SYNONYMS = (
    "cost price charge fee pay paid", "phone telephone tel mobile", "fix repair mend", "buy purchase bought",
    "begin start began started beginning", "end finish ended stop", "big large", "small little", "car vehicle auto",
    "holiday vacation", "fly flight flew", "broadband internet", "doctor gp",
    "kid child children kids", "mum mother mom", "dad father", "flat apartment",
    "bin trash rubbish", "fridge refrigerator", "tv television", "bike bicycle", "photo picture", "job work",
    "boss manager", "ill sick", "shop store", "meet meeting", "live reside",
    "film movie", "autumn fall", "birthday born birth", "email e-mail mail", "due deadline", "reason cause why",
    "location place located", "form create formed created", "organisation organization", "colour color",
)  # fmt: skip
_CANONICAL = {stem(word): stem(group.split()[0]) for group in _SYNONYMS for word in group.split()}
SYNONYMS = {stem(group.split()[0]): tuple(group.split()) for group in _SYNONYMS}
"""Everyday words for the same, by the stem that stands for them all (see :func:`canonical_stems`)."""

_KINDS = (
    (r"\bhow (?:many|much)\b|\bwhat (?:number|amount|percent|percentage|proportion|share|quantity)\b", "quantity"),
    (r"\bhow (?:often|frequently)\b", "frequency"),
    (r"\bhow long\b", "duration"),
    (r"\bhow (?:old|tall|big|large|far|high|deep|heavy|wide|fast|hot|cold)\b", "measure"),
    (r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|time|century|decade)\b", "time"),
    (r"\bwhere\b|\b(?:what|which) (?:city|country|place|town|room|address|street|state|region)\b", "place"),
    (r"\bwho(?:m|se)?\b|\b(?:what|which) (?:person|people)\b", "person"),
    (r"\bwhy\b|\bwhat (?:reason|cause|causes)\b|\bfor what reason\b", "reason"),
    (r"\bhow\b", "manner"),
    (r"\b(?:what|which)\b", "thing"),
    (r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must|am)\b", "yes-no"),
)  # fmt: skip
_BULLETS = re.compile(r"^\s*(?:[-*+•#]+|>(?!\s*\d))\s+", re.MULTILINE)
_FOLDED_SIGNS = str.maketrans({"’": "'", "\N{MINUS SIGN}": "-", "≤": "<=", "≥": ">=", "≠": "!=", "♯": "#"})
_CURRENCY_BEHIND = re.compile(r"(\d[\d.,]*) ?([£$€¥₹¢])(?!\w)")
_CURRENCY_APART = re.compile(r"([£$€¥₹¢])(?: |(-))(?=\d)")
_MEASURE_APART = re.compile(r"(?<=\d) (?=[%°])|(?<=°) (?=[cf]\b)")
_COMPARISON = r"(?:[<>!]=|==?|[<>])"
_BEFORE = r"""(?:(?<![\w+])\+|(?<![^\s(\["'<>=])-(?=[£$€¥₹¢]?\d)|(?<!\w)#)"""
_WORD = r"[^\W_]+(?:['.:,/&-][^\W_]+)*"
_TOKEN = re.compile(
    "|".join(
        (
            rf"(?<=[\w+#%)]){_COMPARISON}(?=[\w-])",  # x>5
            rf"(?<=[\w+#%)] ){_COMPARISON}(?= [\w-])",  # x > 5
            rf"(?<![-=<>]){_COMPARISON}(?= ?[-£$€¥₹¢]?\d)",  # over >5 kg
            r"(?<=\w)\+(?=\w)",  # 2+2
            r"(?<=[\w+#%)] )\+(?= [-\w£$€¥₹¢])",  # rent + deposit
            r"(?<=\d )[-*/](?= \d)|(?<=\d)\*(?=\d)|[×÷]",  # 12 - 4
            r"(?<=[\w+#%)] )&(?= \w)",  # Tom & Ada
            r"(?<![\w'*-])(?:[a-z]{1,2}-|[a-z]\*)(?![\w*-])",  # the blood type A-, the mark A*
            rf"{_BEFORE}?[£$€¥₹¢]?{_WORD}(?:%|°(?:[cf]\b)?|♭|\+\+|\+(?!\w)|#(?!\w))?",  # -5, £50, 5%, B♭, C++, A+, F#
            "[£$€¥₹¢%]",
        )
    )
)
"""Words with the signs that belong to them, operators, currencies. A dash or a bullet between words is punctuation."""

_SIGNED = re.compile(r"[-+£$€¥₹¢].*|.*[-+#*♭]|[^\w%]+")
NORMAL_FORM = "3"
"""Of :func:`normalise_question`; another one when a question may come out otherwise: what is stored is spelled anew."""

_COMPILED_KINDS = tuple((re.compile(pattern), kind) for pattern, kind in _KINDS)


def normalise_question(text: str) -> str:
    """One spelling for questions that are the same but for case, politeness, punctuation and contractions.

    Signs that change what is asked stay: "a+", "c#", "-5", "£50", "5%", "x > 5". An accent is one letter with its
    letter, however it was typed, and the vowel signs of other scripts are letters.
    """
    composed = unicodedata.normalize("NFC", text).translate(_FOLDED_SIGNS)
    folded = " ".join(_BULLETS.sub("", composed).lower().split())
    folded = _CURRENCY_APART.sub(r"\2\1", _CURRENCY_BEHIND.sub(r"\2\1", folded))
    folded = _OPENERS.sub("", _MEASURE_APART.sub("", folded), count=1)
    tokens = (folded[match.start() : match.end()] for match in _TOKEN.finditer(marks_as_letters(folded)))
    return " ".join(_EXPANSIONS.get(token, token) for token in tokens)


def signs_of(normal: str) -> tuple[str, ...]:
    """The operators and the words with a sign of a normalised question, in order.

    "#4" is 4 and no sign, "5%" a measure; a lone dash between figures may be that of a span: 7 - 8 is 7-8.
    """
    return tuple(token for token in normal.split() if token != "-" and _SIGNED.fullmatch(token))


def question_kind(normal: str) -> str:
    """What sort of answer is asked for: a person, a time, a place, a quantity and so on; empty when unclear."""
    for pattern, kind in _COMPILED_KINDS:
        if pattern.search(normal):
            return kind
    return ""


def canonical_word(word: str) -> str:
    """The stem of one lower-case word, irregular forms brought to their base, everyday synonyms made one."""
    root = base_stem(word)
    return _CANONICAL.get(root, root)


def canonical_stems(normal: str) -> list[str]:
    """Stems of the words that carry meaning, with everyday synonyms made one."""
    out: list[str] = []
    for word in words(normal):
        if word not in STOP_WORDS:
            root = stem(word)
            out.append(_CANONICAL.get(root, root))
    return out
