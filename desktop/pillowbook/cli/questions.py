"""Questions, asked one by one or from a file."""

import functools
import itertools
import sys
from typing import Any, Final

from pillowbook.cli.batch import Line, error_json, read_lines, work_through
from pillowbook.cli.invocation import DONE, Invocation
from pillowbook.cli.terminal import StreamedAnswer, answer_json, answer_text, dump, place, without_surrogates
from pillowbook.core import protocol as p
from pillowbook.core.client import CoreClient
from pillowbook.domain.asking import AskMode, Turn

PAIRS_AT_ONCE: Final = 1000
"""So many questions are embedded together."""


def ask(invocation: Invocation) -> int:
    options = invocation.options
    mode = (
        AskMode.PREPARED_ONLY
        if options.prepared_only
        else AskMode.LIVE_ONLY
        if options.live_only
        else AskMode.AUTO
    )
    learn = not options.no_learn
    after = Turn(without_surrogates(options.after)) if options.after else None
    if options.batch:

        def answered(line: Line) -> Any:
            # No line leans on another: what a script is answered does not depend on the order of its lines.
            question = line.values["question"]
            answer = invocation.call(lambda core: core.ask(question, mode=mode, learn=learn, after=after))
            return answer_json(answer, line.id)

        work_through(options.batch, ("question",), answered)
        return DONE
    stream = StreamedAnswer(is_shown=not invocation.as_json and sys.stdout.isatty())
    answer = invocation.call(
        lambda core: core.ask(options.question, mode=mode, learn=learn, on_part=stream.hear, after=after)
    )
    stream.clear()
    if invocation.as_json:
        print(dump(answer_json(answer, None)))
    else:
        print(answer_text(answer))
    return DONE


def prepare(invocation: Invocation) -> int:
    options = invocation.options
    if options.batch:

        def prepared(line: Line) -> Any:
            answer = invocation.call(lambda core: core.prepare(line.values["question"]))
            return answer_json(answer, line.id)

        work_through(options.batch, ("question",), prepared)
        return DONE
    answer = invocation.call(lambda core: core.prepare(options.question))
    print(dump(answer_json(answer, None)) if invocation.as_json else answer_text(answer))
    return DONE


def match(invocation: Invocation) -> int:
    lines = read_lines(invocation.options.pairs, ("a", "b"))
    while batch := list(itertools.islice(lines, PAIRS_AT_ONCE)):
        good = [line for line in batch if line.error is None]
        pairs = [p.Pair(line.values["a"], line.values["b"]) for line in good]
        verdicts = iter(invocation.call(functools.partial(CoreClient.match, pairs=pairs)))
        for line in batch:
            if line.error is not None:
                print(dump(error_json(line, line.error)))
                continue
            verdict = next(verdicts)
            told = {"p_same": verdict.p_same, "hit": verdict.hit, "reasons": verdict.reasons}
            print(dump({"id": line.id} | told))
        sys.stdout.flush()
    return DONE


def search(invocation: Invocation) -> int:
    found = invocation.call(
        lambda core: core.search(invocation.options.words, limit=invocation.options.limit)
    )
    shown = [f"{place(h.path, h.line, h.page)}  {h.heading or h.title}\n    {h.snippet}" for h in found.hits]
    invocation.print(found, "\n".join(shown) or "Nothing found.")
    return DONE
