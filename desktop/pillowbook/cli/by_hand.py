"""What the user decides about single answers."""

from pillowbook.cli.invocation import DONE, Invocation
from pillowbook.cli.terminal import ArgumentUnusable, read_text, user_path
from pillowbook.core import protocol as p
from pillowbook.domain.serving import NeverRule, Verdict


def verdict(invocation: Invocation) -> int:
    """What an answer is worth."""
    said = Verdict(invocation.options.verdict)
    number = invocation.call(lambda core: core.give_verdict(said, serving_id=invocation.options.serving))
    follows = {
        Verdict.RIGHT: "Kept: the answer is right.",
        Verdict.WRONG: "The answer is withdrawn; it is prepared again without it.",
        Verdict.WRONG_QUESTION: "This answer is not served for that question again.",
    }
    invocation.print({"serving": number, "verdict": said}, follows[said])
    return DONE


def pin(invocation: Invocation) -> int:
    """Keep an answer before all others."""
    view: p.HandView = invocation.call(lambda core: core.pin(invocation.options.answer))
    invocation.print(view, f"Pinned: {view.question}")
    return DONE


def unpin(invocation: Invocation) -> int:
    """Keep it before others no longer."""
    view: p.HandView = invocation.call(lambda core: core.pin(invocation.options.answer, is_pinned=False))
    invocation.print(view, f"No longer pinned: {view.question}")
    return DONE


def edit(invocation: Invocation) -> int:
    """Put other words over a prepared answer."""
    options = invocation.options
    text = None if options.undo else read_text(options.file) if options.file else options.text
    view: p.HandView = invocation.call(lambda core: core.edit(options.answer, text))
    done = "Shown in your words" if view.is_edited else "Your words are taken back"
    invocation.print(view, f"{done}: {view.question}")
    return DONE


def delete(invocation: Invocation) -> int:
    """Delete a prepared answer or a digest."""
    options = invocation.options
    if options.digest:
        path = user_path(options.digest)
        invocation.call(lambda core: core.delete_digest(path))
        invocation.print({"deleted": path}, f"The digest of {path} is deleted until the document changes.")
        return DONE
    view: p.HandView = invocation.call(lambda core: core.delete(options.answer))
    invocation.print(view, f"Deleted: the answer to {view.question}")
    return DONE


def never(invocation: Invocation) -> int:
    """Never prepare a question, or list what is never prepared."""
    options = invocation.options
    if options.off and options.question is None:
        raise ArgumentUnusable(name="question", problem="--off needs the question that may be prepared again")
    rules: list[NeverRule] = invocation.call(
        lambda core: core.never_prepare(options.question, is_never=not options.off)
    )
    listed = "\n".join(rule.text for rule in rules)
    invocation.print(
        {"never": rules},
        listed
        or "Nothing is kept from being prepared; 'pillowbook never QUESTION' keeps a question from it.",
    )
    return DONE
