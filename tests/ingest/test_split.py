"""Passages: exact spans, headings, lines, pages, and nothing lost."""

import re

import pytest

from pillowbook.flow.ingest.outline import find_headings, markdown_title
from pillowbook.flow.ingest.split import MAX_CHARS, embedded_text, hash_passage, split_passages

NOTE = """---
title: The boiler
tags: [home]
---

Bought second hand.

# The boiler in the attic

## Pressure

Top it up to **1.4 bar** when cold.

```sh
# not a heading
echo hi
```

## Engineer

Ahmed, 07700 900123.

Setext as well
--------------

Last words.
"""


def passages_with_gaps(text: str, kind: str = "markdown") -> str:
    """What no passage covers; checks spans on the way."""
    left, at = [], 0
    for passage in split_passages(text, kind):
        assert text[passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip()
        assert passage.start >= at
        left.append(text[at : passage.start])
        at = passage.end
    return "".join([*left, text[at:]])


def test_passages_stand_under_their_headings() -> None:
    found = [
        (passage.heading, passage.text.splitlines()[0], passage.line)
        for passage in split_passages(NOTE, "markdown")
    ]
    assert found == [
        ("", "Bought second hand.", 6),
        ("The boiler in the attic › Pressure", "Top it up to **1.4 bar** when cold.", 12),
        ("The boiler in the attic › Engineer", "Ahmed, 07700 900123.", 21),
        ("The boiler in the attic › Setext as well", "Last words.", 26),
    ]


def test_only_front_matter_and_headings_are_left_out() -> None:
    left = passages_with_gaps(NOTE)
    assert re.sub(r"\s+", " ", left).strip() == (
        "--- title: The boiler tags: [home] --- # The boiler in the attic ## Pressure ## Engineer "
        "Setext as well --------------"
    )


def test_a_heading_with_nothing_below_it_is_text() -> None:
    """A list of tasks written as headings stays findable, and no passage is a heading that belongs to others."""
    text = "# Tasks\n\n## Call the plumber\n\n## Pay the rent\n\n# Done\n\nNothing yet.\n"
    found = [(passage.heading, passage.text) for passage in split_passages(text, "markdown")]
    assert found == [("Tasks", "## Call the plumber\n\n## Pay the rent"), ("Done", "Nothing yet.")]


def test_a_note_of_one_heading_is_one_passage() -> None:
    assert [passage.text for passage in split_passages("# Buy milk\n", "markdown")] == ["# Buy milk"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lines_are_right_with_either_line_end(ending: str) -> None:
    text = ending.join(["# A", "", "one", "", "# B", "", "two", ""])
    found = [(passage.heading, passage.text, passage.line) for passage in split_passages(text, "markdown")]
    assert found == [("A", "one", 3), ("B", "two", 7)]


def test_long_texts_are_cut_between_sentences() -> None:
    sentence = "The heron stood in the shallow water and did not move at all, not even once. "
    text = "# Birds\n\n" + sentence * 40
    passages = split_passages(text, "markdown")
    assert len(passages) > 3
    assert all(len(passage.text) <= MAX_CHARS + 100 and passage.text.endswith(".") for passage in passages)
    assert passages_with_gaps(text).split() == ["#", "Birds"]


def test_a_small_rest_joins_the_passage_before_it() -> None:
    text = "word " * 130 + "\n\nThe end."
    passages = split_passages(text, "text")
    assert len(passages) == 1 and passages[0].text.endswith("The end.")


def test_a_table_stays_whole() -> None:
    rows = "".join(
        f"| item {number:02} | {number * 3} pounds | in the blue box on the left |\n" for number in range(16)
    )
    text = (
        "# Prices\n\n"
        + "Some words about prices. " * 20
        + "\n\n| what | price | where |\n| --- | ---: | --- |\n"
        + rows
    )
    passages = split_passages(text, "markdown")
    assert any(passage.text.startswith("| what") and "item 15" in passage.text for passage in passages)


def test_pages_begin_new_passages() -> None:
    first, second = "First page. " * 10, "Second page. " * 10
    text = f"{first}\n\n{second}"
    passages = split_passages(text, "pdf", [(1, 0), (3, len(first) + 2)])
    assert [(passage.page, passage.line, passage.text[:5]) for passage in passages] == [
        (1, None, "First"),
        (3, None, "Secon"),
    ]


def test_headings_inside_code_and_endless_headings_are_no_headings() -> None:
    assert [heading.title for heading in find_headings("```\n# a\n```\n\n~~~\n# b\n~~~\n# c #\n")] == ["c"]
    assert passages_with_gaps("# " + "word " * 100 + "\n\nbody\n").strip() == ""


def test_heading_titles_are_plain() -> None:
    assert [
        heading.title for heading in find_headings("## The **new** [router](http://x) `x_y` [[a|b]] ##\n")
    ] == ["The new router x_y b"]


def test_title_comes_from_front_matter_then_heading() -> None:
    assert markdown_title(NOTE) == "The boiler"
    assert markdown_title("text\n\n## two\n\n# One\n") == "One"
    assert markdown_title("only text") == ""


def test_the_hash_covers_what_is_embedded() -> None:
    """Another title or heading makes another passage; the title is not said twice."""
    assert embedded_text("Boiler", "Boiler › Pressure", "1.4 bar") == "Boiler › Pressure\n1.4 bar"
    assert embedded_text("Boiler", "Pressure", "1.4 bar") == "Boiler › Pressure\n1.4 bar"
    assert embedded_text("", "", "1.4 bar") == "1.4 bar"
    assert hash_passage("a", "", "x") != hash_passage("b", "", "x")
    draft = split_passages("# A\n\nx\n", "markdown", title="A")[0]
    assert draft.content_hash == hash_passage("A", "A", "x")


@pytest.mark.parametrize("text", ["", "\n\n", "---\na: b\n---\n", "\ufeff", "# \n"])
def test_texts_without_words(text: str) -> None:
    assert all(passage.text.strip() for passage in split_passages(text, "markdown"))
