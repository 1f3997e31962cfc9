"""People's secrets: keys, passwords, PINs, account and card numbers. By pattern, in a question or in a text.

What is found here is not prepared unless the user allows it. It is answered live like anything else: nothing is
hidden from the person who asks, only nothing of the kind is taken out of the notes ahead of time. The patterns prefer
a secret missed in odd words to ordinary questions refused: "What is the key of the song?" asks for no secret.
"""

import re
from collections.abc import Iterable
from typing import Final

from pillowbook.answering.terms import words
from pillowbook.domain.answers import Citation

_SECRET_NOUN: Final = re.compile(
    r"""\b(?:
        pass(?:word|phrase|code)s? | passwd | pwd
      | pin(?:\s+(?:codes?|numbers?))(?!\s+of\s+(?:the\s+)?(?:chip|header|connector|socket))
      | (?:(?:my|his|her|our|their|your|\w+'s|card|bank|phone|sim|debit|credit|alarm|door|tablet|safe)\s+)+pins?
      | (?:api|ssh|gpg|pgp|private|secret|encryption|decryption|licen[cs]e|product|activation|recovery|access|wpa2?
          |wi-?fi|network|bitlocker|master|wallet|signing)\s+keys?
      | (?:api|access|auth(?:entication)?|bearer|refresh|session|personal\s+access)\s+tokens?
      | (?:recovery|backup|security|alarm|door|gate|entry|access|safe|lock(?:er)?|padlock|garage|unlock|verification
          |key\s+safe|intercom|burglar\s+alarm|cvv|cvc)\s+(?:codes?|combinations?)
      | (?:code|combination)\s+(?:of|for|to)\s+(?:the\s+|my\s+|our\s+|\w+'s\s+)?
          (?:\w+\s+)?(?:safe|lock|alarm|door|gate|garage|key\s+safe|intercom|padlock)
      | (?:seed|recovery|mnemonic)\s+(?:phrases?|words)
      | (?:bank\s+)?account\s+(?:numbers?|no\.?|nr\.?|details) | sort\s+codes? | routing\s+numbers? | iban | bic
      | (?:credit|debit|bank|visa|mastercard|amex)?\s*card\s+(?:numbers?|details) | cvv2? | cvc2?
      | social\s+security\s+(?:numbers?|no\.?) | ssn | national\s+insurance\s+(?:numbers?|no\.?)
      | passport\s+(?:numbers?|no\.?) | (?:driving|driver'?s)\s+licen[cs]e\s+(?:numbers?|no\.?)
      | tax\s+(?:id|identification)(?:\s+numbers?)? | log-?in\s+(?:details|credentials)
      | (?:admin|user|access|database|server|bank(?:ing)?)\s+credentials | credentials\s+(?:for|of|to)
    )\b(?!\s+(?:crypto|encryption|algorithm|authentication))""",
    re.IGNORECASE | re.VERBOSE,
)
_UPPER_PIN: Final = re.compile(
    r"\bPINs?\b(?!\s+(?:header|diagram|layout|assignment|connector|\d+\b))", re.ASCII
)
_NOT_THE_SECRET: Final = re.compile(
    r"^(?:when|who|why|how (?:do|does|did|can|should|is|are|was|to))\b"
    r"|\b(?:how (?:often|long|many)|expire|expires|policy|rules? for|length of)\b",
    re.IGNORECASE,
)
"""Questions around a secret: since when it holds, who knows it, how it is changed."""

_VALUE_SAID: Final = re.compile(
    r"""\b(?:pass(?:word|phrase|code)|passwd|pwd|pin(?:\s+(?:code|number))?|(?:api|secret|private|access|licen[cs]e
        |product|recovery|wifi|wi-fi|network)\s+key|(?:api|access)\s+token|(?:alarm|door|gate|entry|access|safe
        |lock(?:er)?|padlock|garage|recovery|security|unlock)\s+(?:code|combination))\b
        [^\n.;:=]{0,40}?                                    # "of the guest network"
        (?:\s*[:=]\s*|\s+(?:(?:has|have|was|were|is)\s+)?(?:been\s+)?changed\s+(?:from\s+\S{1,40}\s+)?to\s+(?=\S*(?-i:\d|\B[A-Z]))
          |\s+(?:is|was|are)(?:\s+now|\s+still|\s+currently)?\s*:?\s+)
        [*_`"'“‘]*(?P<value>[^\s"'”’`]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_VALUE_WORDS: Final = """
a an the not no on in at by with from to of for and or but kept written stored changed set reset needed
required asked sent shared known same old new different wrong right correct too very never always only just
also his her my our your their it its this that there here where what which who when how if unless as than
longer shorter see ask please none empty unknown missing forgotten lost saved hidden printed given case eight
twelve sixteen weak strong safe secret private important protected expired expiring valid invalid locked open
under behind inside near year date name letter letters characters digits going being used about
"""
_NO_VALUE: Final = frozenset(_NO_VALUE_WORDS.split())
_IDENTIFIER: Final = re.compile(
    r"""\b(?:account|sort\s+code|routing|iban|social\s+security|ssn|national\s+insurance|passport|card|tax\s+id|cvv|cvc)
        \b[^\n\d]{0,24}(?P<value>[A-Z]{0,2}\d[\d\s-]{2,24}\w?)""",
    re.IGNORECASE | re.VERBOSE,
)
_PRIVATE_KEY: Final = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
_TOKEN: Final = re.compile(
    r"\b(?:sk-|pk_|sk_|rk_|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abpors]-|AKIA|ASIA|AIza|ya29\.|hf_|npm_|dop_v1_)"
    r"[A-Za-z0-9_-]{12,}"
)
_DIGITS: Final = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.]\d)")
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{1,4}){3,8}\b")

MIN_IDENTIFIER_DIGITS: Final = 6
CVV_DIGITS: Final = 3


def asks_for_secret(question: str) -> bool:
    """Whether a question asks for somebody's secret, by its words alone."""
    if not (_SECRET_NOUN.search(question) or _UPPER_PIN.search(question)):
        return False
    return not _NOT_THE_SECRET.search(" ".join(words(question)))


def holds_secret(text: str) -> bool:
    """Whether a text gives a secret away: its value stands in it."""
    if _PRIVATE_KEY.search(text) or _TOKEN.search(text):
        return True
    if any(_is_card_number(found[0]) for found in _DIGITS.finditer(text)):
        return True
    if any(_is_iban(found[0]) for found in _IBAN.finditer(text)):
        return True
    if any(_is_value(found["value"]) for found in _VALUE_SAID.finditer(text)):
        return True
    return any(_is_identifier(found[0], found["value"]) for found in _IDENTIFIER.finditer(text))


def is_confidential(question: str, answer: str, citations: Iterable[Citation] = ()) -> bool:
    """Whether an answer is one that is not prepared unless it is allowed: by its question, its words or its quotes."""
    return (
        asks_for_secret(question)
        or holds_secret(answer)
        or any(holds_secret(citation.quote) for citation in citations)
    )


def _is_value(word: str) -> bool:
    plain = word.strip("*_.,;:!?()[]{}…-").lower()
    return len(plain) >= 3 and plain not in _NO_VALUE


def _is_identifier(said: str, value: str) -> bool:
    digits = sum(letter.isdigit() for letter in value)
    if said.lower().startswith(("cvv", "cvc")):
        return digits >= CVV_DIGITS
    if said.lower().startswith("account") and not re.match(
        r"(?i)account\W*(?:n(?:umber|o|r)\b|#|:|\d|is\b)", said
    ):
        return False  # "account opened on 12 03 2024 ..."
    if said.lower().startswith("card") and not re.match(r"(?i)card\W*(?:n(?:umber|o|r)\b|#|:|\d|is\b)", said):
        return False
    return digits >= MIN_IDENTIFIER_DIGITS and not re.match(r"\d{4}-\d{2}-\d{2}\b", value)


def _is_card_number(found: str) -> bool:
    """Luhn's check (ISO/IEC 7812-1)."""
    digits = [int(letter) for letter in found if letter.isdigit()]
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = 2 * digit if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0 and len(set(digits)) > 1


def _is_iban(found: str) -> bool:
    """The check of ISO 13616: moved about and read as a number, it leaves 1 when divided by 97."""
    plain = found.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
