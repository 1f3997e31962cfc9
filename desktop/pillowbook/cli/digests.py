"""What was distilled, and how it is printed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from pillowbook.cli.invocation import DONE, Invocation
from pillowbook.cli.terminal import place, user_path
from pillowbook.core import protocol as p
from pillowbook.domain.digests import Conflict, DatedFact, DigestHit, RelatedNote, Task

NO_DIGESTS = "No digests yet; they are made while the machine is idle."
NOTHING_FOUND = "Nothing found yet; notes are read while the machine is idle."


def digest(invocation: Invocation) -> int:
    value, text = view(invocation, datetime.now().astimezone().date())
    invocation.print(value, text)
    return DONE


def view(invocation: Invocation, today: date) -> tuple[dict[str, Any], str]:
    """What was asked for: a value for scripts, and text for people."""
    options, call = invocation.options, invocation.call
    if options.folder is not None:
        path = user_path(options.folder)
        digests = call(lambda core: core.folder_digests(path))
        return {"digests": digests}, _digests(digests)
    if options.topic is not None:
        topics = call(lambda core: core.topics(options.topic or None))
        return {"topics": topics}, "\n\n".join(map(_topic, topics)) or NO_DIGESTS
    if options.about is not None:
        hits = call(lambda core: core.find_digests(options.about))
        return {"hits": hits}, "\n\n".join(map(_hit, hits)) or NO_DIGESTS
    if options.timeline:
        timeline = call(lambda core: core.timeline())
        return {"timeline": timeline}, "\n".join(map(_dated, timeline)) or NOTHING_FOUND
    if options.tasks:
        tasks = call(lambda core: core.tasks())
        return {"tasks": tasks}, tasks_text(tasks, today) or NOTHING_FOUND
    if options.contradictions:
        conflicts = call(lambda core: core.conflicts())
        return {"contradictions": conflicts}, "\n\n".join(map(_conflict, conflicts)) or NOTHING_FOUND
    if options.related is not None:
        path = user_path(options.related)
        related = call(lambda core: core.related(path))
        return {"related": related}, "\n".join(map(_related, related)) or NOTHING_FOUND
    digests = call(lambda core: core.digests(user_path(options.path) if options.path else None))
    return {"digests": digests}, _digests(digests)


def tasks_text(tasks: Sequence[Task], today: date) -> str:
    """Open tasks: those to come, those without a day, then those whose day is past; done ones last, in one line."""
    open_ones = [task for task in tasks if not task.is_done]
    groups = (
        ("Coming up", [task for task in open_ones if task.due is not None and task.due >= today]),
        ("No day named", [task for task in open_ones if task.due is None]),
        ("Past", [task for task in open_ones if task.due is not None and task.due < today]),
    )
    blocks = [f"{name}\n" + "\n".join(map(_task, group)) for name, group in groups if group]
    done = len(tasks) - len(open_ones)
    return "\n\n".join([*blocks, *([f"{done} more are done."] if done else [])])


def _digests(digests: Sequence[p.DigestView]) -> str:
    return "\n\n".join(map(_digest, digests)) or NO_DIGESTS


def _digest(digest: p.DigestView) -> str:
    lines = [f"{digest.title}  ({digest.path})", f"  {digest.gist}"]
    lines += [f"  - {fact.text}" for fact in digest.facts]
    lines += [f"  [{'x' if task.is_done else ' '}] {task.text}" for task in digest.tasks]
    lines += [f"  ? {text}" for text in digest.open]
    return "\n".join(lines)


def _topic(topic: p.TopicView) -> str:
    head = f"{topic.label}  ({topic.passages} passages of {len(topic.paths)} notes)"
    return "\n".join(
        [head, *([f"  {topic.gist}"] if topic.gist else []), *(f"  {path}" for path in topic.paths)]
    )


def _hit(hit: DigestHit) -> str:
    lines = [f"{hit.name}  ({hit.kind})", f"  {hit.gist}"]
    return "\n".join([*lines, *(f"  {place(one.path, one.line, one.page)}" for one in hit.citations)])


def _days(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"


def _dated(one: DatedFact) -> str:
    cited = one.citation
    return f"{_days(one.first, one.last)}  {one.text}\n    {place(cited.path, cited.line, cited.page)}"


def _task(task: Task) -> str:
    due = f"{task.due.isoformat()}  " if task.due else ""
    return f"  {due}{task.text}\n      {place(task.citation.path, task.citation.line, task.citation.page)}"


def _conflict(one: Conflict) -> str:
    lines = ["Superseded" if one.newer_says_so else "They differ"]
    for name, day, cited in (("newer", one.newer_day, one.newer), ("older", one.older_day, one.older)):
        lines.append(f"  {name}{f' ({day})' if day else ''}: {' '.join(cited.quote.split())}")
        lines.append(f"      {place(cited.path, cited.line, cited.page)}")
    return "\n".join(lines)


def _related(one: RelatedNote) -> str:
    return f"{one.title}  ({one.path})"
