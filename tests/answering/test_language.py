"""English or not, told from a question alone."""

import pytest

from pillowbook.answering.language import is_other_language


@pytest.mark.parametrize(
    "question",
    [
        "Wann ist die nächste Wartung des Boilers?",
        "¿Cuándo es la próxima revisión de la caldera?",
        "Quand a lieu le prochain entretien de la chaudière ?",
        "Quando è il prossimo controllo della caldaia?",
        "متى موعد الصيانة القادمة للغلاية؟",
        "锅炉什么时候检修?",
        "Когда следующее обслуживание котла?",
    ],
)
def test_other_languages_are_told(question: str) -> None:
    assert is_other_language(question)


@pytest.mark.parametrize(
    "question",
    [
        "When is the next service of the boiler?",
        "boiler pressure",
        "Nora physio Femi",
        "What did Zoë say about the Ålesund trip in 2024?",
        "",
        "1.2 bar?",
    ],
)
def test_english_and_what_tells_nothing_are_left_alone(question: str) -> None:
    assert not is_other_language(question)
