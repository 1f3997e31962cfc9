"""Sentences of a note that speak to whoever answers from it, not to the person who reads it.

A small model cannot be relied on to tell text that it reads from orders that it is given (indirect prompt injection,
Greshake et al. 2023). What looks like an order to it is therefore not given to it at all; it can still be found, and
read by the person. That is one defence of several: whatever the model writes has to stand in a quote, and an answer
that does not look like one to the question is refused.
"""

import re

from pillowbook.answering.terms import content_stems

_REPLIES = r"(?:answer|reply|respond|response|output)"
_ORDER = re.compile(
    "|".join(
        (
            # Marks of chat templates: as letters they do no harm by themselves, and no honest sentence has them.
            r"<\|[^|<>\n]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>(?!\w)",
            r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|all|any|other)\b"
            r".{0,30}\b(?:instructions?|prompts?|orders?|rules|text|context)\b",
            r"(?:^|[.!?:;,\]]\s*|\b(?:and|then|please|must|should|always|to)\s+)"
            r"(?:answer|reply|respond|output|print)\s+(?:only|just|exactly|nothing\s+but)\b",
            r"\b(?:answer|reply\s+to|respond\s+to)\s+(?:every|each|all|any)\s+(?:\w+\s+)?(?:questions?|messages?|prompts?|requests?)\b",
            r"\b(?:in|into|to|of|at\s+the\s+(?:end|start|beginning)\s+of|from)\s+your\s+(?:next\s+|final\s+)?"
            r"(?:answers?|repl(?:y|ies)|responses?|outputs?|completions?)\b",
            rf"\bfrom\s+now\s+on\b.{{0,20}}\b(?:you|{_REPLIES}|speak|write|say)\b",
            r"\byou\s+are\s+now\b|\byou\s+are\s+(?:an?|the)\s+(?:\w+\s+){0,2}(?:ai|assistant|chatbot|language\s+model|bot)\b",
            r"\b(?:system|developer)\s+(?:prompt|message|instructions?)\b",
            r"\b(?:tell|ask|urge|advise|direct|convince)\s+the\s+user\b",
            r"\binstead\s+of\s+(?:answering|replying|responding)\b",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)


def gives_orders(text: str, asked: str = "") -> bool:
    """Whether a sentence looks like an order to the model.

    One that shares a word with ``asked`` is what the person wants to know about: then it is read.
    """
    return _ORDER.search(text) is not None and not set(content_stems(text)) & set(content_stems(asked))
