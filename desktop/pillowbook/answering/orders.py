"""Sentences of a note that speak to whoever answers from it, not to the person who reads it.

A small model cannot be relied on to tell text that it reads from orders that it is given (indirect prompt injection,
Greshake et al. 2023). What looks like an order to it is therefore not given to it at all; it can still be found, and
read by the person. That is one defence of several: whatever the model writes has to stand in a quote, and an answer
that does not look like one to the question is refused.
"""

import re

from pillowbook.answering.terms import content_stems

_TOLD = r"(?:instructions?|prompts?|orders?|rules|text|context)"
_ORDER = re.compile(
    "|".join(
        (
            # Marks of chat templates: as letters they do no harm by themselves, and no honest sentence has them.
            r"<\|[^|<>\n]{1,40}\|>|\[/?INST\]|<</?SYS>>",
            r"\b(?:ignore|disregard|forget|override)\s+(?:all\s+|any\s+)?(?:of\s+)?(?:the\s+|your\s+|my\s+)?"
            rf"(?:previous|prior|above|earlier|preceding)\s+(?:\w+\s+){{0,2}}{_TOLD}\b",
            r"\b(?:ignore|disregard|forget|override)\s+(?:all|any)\s+(?:other\s+)?(?:instructions|prompts)\b",
            r"(?:^|[.!?:;,\]]\s*|\b(?:and|then|please|must|should|always|to)\s+)"
            r"(?:answer|reply|respond|output|print)\s+(?:only|just|exactly|nothing\s+but)\s+(?!to\b)",
            r"\b(?:answer|reply\s+to|respond\s+to)\s+(?:every|each|all|any)\s+(?:\w+\s+)?"
            r"(?:questions?|messages?|prompts?|requests?)\s+(?:with|as|like|using)\b",
            r"\b(?:in|into|to|of|from|within)\s+your\s+(?:next\s+|final\s+)?(?:answers?|responses?|outputs?|completions?)\b",
            # Letters say "in your reply quote the number", too.
            r"\b(?:add|append|insert|attach|include|mention|put|write|end|begin|start|integrate|convert|substitute)\b"
            r".{0,120}\b(?:to|into|in|with|of)\s+your\s+(?:next\s+|final\s+)?reply\b",
            r"\bfrom\s+now\s+on\b.{0,20}\b(?:you|answer|reply|respond|speak|write|say)\b",
            r"\byou\s+are\s+now\b|\byou\s+are\s+(?:an?|the)\s+(?:\w+\s+){0,2}(?:ai|assistant|chatbot|language\s+model|bot)\b",
            r"\b(?:system|developer)\s+(?:prompt|instructions?)\b",
            r"\b(?:tell|ask|urge|advise|direct|convince)\s+the\s+user\b",
            r"\binstead\s+of\s+(?:answering|replying|responding)\b",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)


def gives_orders(text: str, asked: str = "") -> bool:
    """Whether a sentence looks like an order to the model.

    One whose order shares a word with ``asked`` is what the person wants to know about: then it is read. That it names
    what was asked about is not enough: an order that is meant to be found does.
    """
    found = _ORDER.search(text)
    return found is not None and not set(content_stems(found[0])) & set(content_stems(asked))
