"""What a passage looks like without the marks of its notation."""

import pytest

from pillowbook.ui.markdown_marks import without_marks


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**999 if** ten puffs don't help", "999 if ten puffs don't help"),
        ("Theme: *the Moon*. _Village_ hall", "Theme: the Moon. Village hall"),
        ("Rest of [the plan](jonah-asthma.md) stays", "Rest of the plan stays"),
        ("See [[lisbon-supplier]], or [[people/ruth|Ruth]]", "See lisbon-supplier, or Ruth"),
        (
            "- [x] passports\n- [ ] health cards\n- the blue folder",
            "☑ passports\n☐ health cards\n• the blue folder",
        ),
        ("| deal | rate |\n| --- | --- |\n| five years | **3.97%** |", "deal  ·  rate\nfive years  ·  3.97%"),
        ("| five years | 3.97% |  | £1,127", "five years  ·  3.97%  ·  £1,127"),
        ("… | | Edie | choir | – | | Jonah |", "Edie  ·  choir  ·  –  ·  Jonah"),
        ("## Odd noises\n> a kettle", "Odd noises\na kettle"),
        ("`E7` = fan, and `a*b*c` stays", "E7 = fan, and a*b*c stays"),
        ("two had chickenpox. - cake: two - [ ] candles", "two had chickenpox. • cake: two ☐ candles"),
        ("see [the plan](jona…", "see the plan…"),
        ("brown inhaler. **Every", "brown inhaler. Every"),
    ],
)
def test_marks_are_not_shown(written: str, shown: str) -> None:
    assert without_marks(written) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4 = 24",
        "a*b*c",
        "2**3 and 4**5",
        "snake_case_name",
        "either | or",
        "5 - 3",
        "~~was 5~~ 6",
        "-5 °C",
    ],
)
def test_what_is_no_notation_stays(text: str) -> None:
    """Numbers and names must never read differently from what was written."""
    assert without_marks(text) == text
