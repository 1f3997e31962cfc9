"""Other wordings of a question that ask for the very same, by rule: "Who is Mungo's vet?", "Who is the vet of Mungo?".

They are looked up among the questions that are known, word for word; nothing is stored for them, and none needs a
vector. Each rule turns a wording into one that means the same whatever it is about; what only mostly means the same
("when" and "on what date") is for the pair model to judge.
"""

import re
from itertools import product

_FAMILIES: tuple[tuple[str, ...], ...] = (
    ("what date {be} ", "on what date {be} ", "on which date {be} "),
    ("what time {be} ", "at what time {be} "),
    ("how much does {x} cost", "what does {x} cost", "what is the price of {x}"),
    ("how much did {x} cost", "what did {x} cost", "what was the price of {x}"),
    ("where is {x}", "where is {x} located", "what is the location of {x}"),
    ("when is {x} due", "what is the due date of {x}", "what is the deadline for {x}", "by when is {x} due"),
    ("who is {x}'s {y}", "who is the {y} of {x}"),
    ("what is {x}'s {y}", "what is the {y} of {x}"),
)
_HOLES = {
    "x": r"(?P<x>[^?]+?)",
    "y": r"(?P<y>[\w-]+(?: [\w-]+)?)",
    "be": r"(?P<be>is|are|was|were|does|do|did)",
}
_VAGUE = frozenset({"it", "he", "she", "they", "this", "that", "there", "each", "one"})


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    body = "".join(_HOLES[part] if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(f"^{body}(?P<rest>.*)$" if template.endswith(" ") else f"^{body}$")


_RULES = [(family, [_pattern(one) for one in family]) for family in _FAMILIES]


def variants(normal: str) -> tuple[str, ...]:
    """Normalised wordings that ask for the same as a normalised question, itself left out; none for most questions."""
    found: dict[str, None] = {}
    for family, patterns in _RULES:
        for (at, pattern), (other_at, other) in product(enumerate(patterns), enumerate(family)):
            match = pattern.match(normal) if at != other_at else None
            if match is None or (set(match.groupdict().values()) & _VAGUE):
                continue
            holes = {name: value for name, value in match.groupdict().items() if name != "rest"}
            if family[at] == "where is {x}" and holes["x"].endswith(" located"):
                continue
            found[other.format(**holes) + (match.groupdict().get("rest") or "")] = None
    found.pop(normal, None)
    return tuple(found)
