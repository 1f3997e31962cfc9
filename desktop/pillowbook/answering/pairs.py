"""Do two questions ask for the same answer? Features of a pair, and the calibrated model over them.

Similar is not the same: numbers, names, negations and reversed roles sit very close in embedding space. So each way
of disagreeing is a feature of its own; some forbid a hit outright, the rest are weighed by a small logistic
regression whose parameters, with how they were measured, are in ``resources/measured/match.json``.
"""

import json
import math
import re
from dataclasses import dataclass
from functools import lru_cache

from pillowbook.answering.terms import STOP_WORDS, names, numbers, stem, words
from pillowbook.domain.asking import PairVerdict
from pillowbook.host.resources import resource

_OPENERS = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|so|please|and|but|also|well|um)[\s,]+)*"
    r"(?:(?:can|could|would|will) (?:you|u) (?:please )?(?:tell|remind|show) me|(?:please )?(?:tell|remind|show) me|"
    r"do (?:you|we|i) (?:know|remember|have)|i (?:want|need|would like|'d like) to know|(?:i )?wonder(?:ing)?|"
    r"does anyone know|remember)?[\s,:]*(?:about )?(?=\w)",
    re.IGNORECASE,
)
_HYPHENED = re.compile(r"\b(wi|e)-(fi|mail)\b", re.IGNORECASE)
_EXPANSIONS = {
    "what's": "what is", "who's": "who is", "where's": "where is", "when's": "when is", "how's": "how is",
    "that's": "that is", "it's": "it is", "there's": "there is", "i'm": "i am", "i've": "i have",
    "isn't": "is not", "aren't": "are not", "wasn't": "was not", "weren't": "were not", "don't": "do not",
    "doesn't": "does not", "didn't": "did not", "can't": "can not", "cannot": "can not", "couldn't": "could not",
    "won't": "will not", "wouldn't": "would not", "shouldn't": "should not", "hasn't": "has not",
    "haven't": "have not", "hadn't": "had not", "mustn't": "must not", "whats": "what is", "wheres": "where is",
    "whens": "when is", "whos": "who is",
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

_NEGATIONS = frozenset({"not", "no", "never", "none", "nobody", "nothing", "without", "neither", "nor", "except",
                        "unless", "isnt", "dont", "doesnt", "didnt", "cant", "wont", "cannot", "avoid", "fail",
                        "failed", "lack", "lacks", "refuse", "refused"})  # fmt: skip

_SCOPE = """
last next first fourth final previous former latter today tomorrow yesterday before after until earlier
later newest oldest latest recent recently most least more less fewer best worst better worse biggest
largest smallest longest shortest highest lowest tallest cheapest youngest greatest fewest minimum maximum
min max upper lower high low higher larger smaller longer shorter older younger north south east west
northern southern eastern western left right inside down above below same different yet already daily weekly
monthly yearly annual morning evening night afternoon weekend spring summer autumn winter monday tuesday
wednesday thursday friday saturday sunday half double increase decrease increased decreased win lose won
lost import export open close opened closed arrive leave depart buy sell bought sold borrow lend send
receive none
"""
SCOPE_WORDS = frozenset(_SCOPE.split())

_ARTICLES = frozenset({"the", "a", "an"})
_TELLING = frozenset(
    {"out", "against", "without", "off", "versus", "instead", "all", "few", "many", "nobody", "everyone"}
)
"""Small words that turn a question around where only one of the two has them."""

_DIRECTIONS = frozenset(
    {"from", "to", "by", "before", "after", "between", "against", "than", "into", "of", "for"}
)
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
_COMPILED_KINDS = tuple((re.compile(pattern), kind) for pattern, kind in _KINDS)

FEATURES = (
    "similarity", "overlap", "asked_only", "prepared_only", "swapped", "name_differs", "kind_differs",
    "scope_differs", "order_differs", "long_word_differs",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """The features in the order of ``FEATURES``, and the disagreements that forbid a hit whatever they weigh."""

    values: tuple[float, ...]
    forbidden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatchParameters:
    """The fitted logistic regression: one weight per feature, an intercept, and the threshold for a hit."""

    weights: tuple[float, ...]
    intercept: float
    threshold: float


def normalise_question(text: str) -> str:
    """One spelling for questions that are the same but for case, politeness, punctuation and contractions."""
    folded = " ".join(text.replace("’", "'").lower().split())
    folded = _OPENERS.sub("", folded, count=1)
    out: list[str] = []
    for token in re.findall(r"[^\W_]+(?:['.:,/-][^\W_]+)*(?:%)?", folded):
        out.append(_EXPANSIONS.get(token, token))
    return " ".join(out)


def question_kind(normal: str) -> str:
    """What sort of answer is asked for: a person, a time, a place, a quantity and so on; empty when unclear."""
    for pattern, kind in _COMPILED_KINDS:
        if pattern.search(normal):
            return kind
    return ""


def pair_features(prepared: str, asked: str, similarity: float) -> PairFeatures:
    """Features of a pair of questions.

    Args:
        similarity: cosine of their embeddings.
    """
    prepared, asked = (_HYPHENED.sub(r"\1\2", text) for text in (prepared, asked))
    first, second = normalise_question(prepared), normalise_question(asked)
    ours, theirs = canonical_stems(first), canonical_stems(second)
    mine, yours = frozenset(ours), frozenset(theirs)
    prepared_only, asked_only = mine - yours, yours - mine
    shared = mine & yours
    union = mine | yours
    kind_a, kind_b = question_kind(first), question_kind(second)
    kind_differs = bool(kind_a and kind_b and kind_a != kind_b)
    scope_differs = _scope(first) != _scope(second)
    name_differs = _names_differ(prepared, second) or _names_differ(asked, first)
    forbidden: list[str] = []
    if numbers(prepared) != numbers(asked):
        forbidden.append("numbers-differ")
    if _negations(first) != _negations(second):
        forbidden.append("negation-differs")
    if _roles_reversed(first, second):
        forbidden.append("roles-reversed")
    if scope_differs:
        forbidden.append("scope-differs")
    if name_differs:
        forbidden.append("names-differ")
    # "What is it called" may ask for a place or a person, never for a time, an amount or a reason.
    loose = {kind_a, kind_b} in (
        {"thing", "place"},
        {"thing", "person"},
        {"thing", "manner"},
        {"thing", "yes-no"},
    )
    if kind_differs and not loose:
        forbidden.append("asks-for-other")
    values = (
        similarity,
        len(shared) / len(union) if union else 1.0,
        float(min(4, len(asked_only))),
        float(min(4, len(prepared_only))),
        float(bool(asked_only) and bool(prepared_only)),
        float(name_differs),
        float(kind_differs),
        float(scope_differs),
        _inversions(ours, theirs),
        float(max((len(word) for word in asked_only | prepared_only), default=0)) / 10.0,
    )
    return PairFeatures(values, tuple(forbidden))


def probability(features: PairFeatures, parameters: MatchParameters) -> float:
    """P(same answer) by the fitted model; what is forbidden is capped well under any threshold."""
    total = parameters.intercept + sum(
        weight * value for weight, value in zip(parameters.weights, features.values, strict=True)
    )
    p_same = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))
    return min(p_same, 0.2) if features.forbidden else p_same


def judge_pair(
    prepared: str, asked: str, similarity: float, *, parameters: MatchParameters | None = None
) -> PairVerdict:
    """What the hit policy alone says of a pair: the retrieval's agreement is not part of it."""
    if normalise_question(prepared) == normalise_question(asked):
        return PairVerdict(1.0, True, ("same-words",))
    parameters = parameters or measured_parameters()
    features = pair_features(prepared, asked, similarity)
    p_same = probability(features, parameters)
    is_hit = p_same >= parameters.threshold and not features.forbidden
    reasons = features.forbidden or (("similar-enough",) if is_hit else ("not-sure-enough",))
    return PairVerdict(round(p_same, 4), is_hit, reasons)


@lru_cache(maxsize=1)
def measured_parameters() -> MatchParameters:
    """The parameters that were fitted and measured by ``tests/benchmarks/match_fit.py``."""
    stored = json.loads(resource("measured", "match.json").read_text(encoding="utf-8"))
    weights = stored["weights"]
    return MatchParameters(
        tuple(float(weights[name]) for name in FEATURES),
        float(stored["intercept"]),
        float(stored["threshold"]),
    )


def canonical_stems(normal: str) -> list[str]:
    """Stems of the words that carry meaning, with everyday synonyms made one."""
    out: list[str] = []
    for word in words(normal):
        if word not in STOP_WORDS:
            root = stem(word)
            out.append(_CANONICAL.get(root, root))
    return out


def _scope(normal: str) -> frozenset[str]:
    rest = re.sub(r"\bhow (?:many|much)\b", "", normal)
    return frozenset(word for word in words(rest) if word in SCOPE_WORDS or word in _TELLING)


def _negations(normal: str) -> int:
    found = words(normal)
    count = sum(word in _NEGATIONS for word in found)
    count += sum(len(word) > 5 and word.startswith(("non", "unn")) for word in found)
    return count


def _names_differ(text: str, other_normal: str) -> bool:
    """A name in one that the other does not hold in any case; people type questions in lower case."""
    known = {stem(word) for word in words(other_normal)}
    return any(stem(part) not in known for name in names(text) for part in words(name))


def _inversions(ours: list[str], theirs: list[str]) -> float:
    """Share of pairs of shared words that stand in the other order (Kendall's distance)."""
    mine = [word for position, word in enumerate(ours) if word in theirs and word not in ours[:position]]
    places = [theirs.index(word) for word in mine]
    pairs = [(a, b) for i, a in enumerate(places) for b in places[i + 1 :]]
    return sum(a > b for a, b in pairs) / len(pairs) if pairs else 0.0


def _roles_reversed(first: str, second: str) -> bool:
    """The same words with their places exchanged: from A to B, from B to A; what A thinks of B, what B thinks of A.

    With the same opening and exactly the same words, another order can only mean other roles.
    """
    one, two = _directed(first), _directed(second)
    for direction, noun in one.items():
        for other, same in two.items():
            if same == noun and other != direction and one.get(other) and one[other] == two.get(direction):
                return True
    ours = [stem(word) for word in words(first) if word not in _ARTICLES]
    theirs = [stem(word) for word in words(second) if word not in _ARTICLES]
    return ours != theirs and ours[:2] == theirs[:2] and sorted(ours) == sorted(theirs)


def _directed(normal: str) -> dict[str, str]:
    found: dict[str, str] = {}
    tokens = words(normal)
    for position, token in enumerate(tokens):
        if token in _DIRECTIONS:
            following = next((stem(word) for word in tokens[position + 1 :] if word not in STOP_WORDS), "")
            if following:
                found[token] = following
    return found
