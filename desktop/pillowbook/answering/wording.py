"""What near wordings of one question have in common, for rules about a question rather than for serving its answer."""

from pillowbook.answering.pairs import canonical_stems, normalise_question, question_kind

ENOUGH_STEMS = 2


def wording_of(question: str) -> str:
    """The same text for near wordings: the words that carry meaning, stemmed, everyday synonyms made one, sorted.

    Where only one such word is left, what is asked for (a time, a place) counts too: "when is the meeting" is not
    "where is the meeting". With more, it does not: who wants nothing prepared about a salary means all that is asked
    of it.
    """
    normal = normalise_question(question)
    roots = sorted(set(canonical_stems(normal)))
    if not roots:
        return normal
    return " ".join(roots if len(roots) >= ENOUGH_STEMS else (question_kind(normal), *roots))
