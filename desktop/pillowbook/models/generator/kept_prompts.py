"""Which of the prompts that were read stay in memory, and where a new one goes on from.

A context of llama.cpp holds several sequences in one pool of cells, and sequences that begin alike share the
cells of their beginning (``llama_memory_seq_cp`` in a unified cache copies nothing). So the instructions all
prompts begin with, a document the background works on and the prompt of the last question can all stay read at
once. This module only decides; :mod:`pillowbook.models.generator.engine` does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class KeptPrompt:
    """The tokens that one sequence of the context holds, and who used it last."""

    sequence: int
    tokens: list[int] = field(default_factory=list)
    is_background: bool = False
    used: int = 0

    def common(self, prompt: Sequence[int]) -> int:
        """How many tokens ``prompt`` begins with that this holds as well."""
        count = 0
        for old, new in zip(self.tokens, prompt, strict=False):
            if old != new:
                break
            count += 1
        return count


@dataclass(frozen=True, slots=True)
class Place:
    """Where a prompt goes: into ``kept``, after the first ``common`` tokens of ``source`` (perhaps itself)."""

    kept: KeptPrompt
    source: KeptPrompt
    common: int


class KeptPrompts:
    """The prompts in memory, at most ``sequences`` of them."""

    def __init__(self, sequences: int) -> None:
        self._all = [KeptPrompt(number) for number in range(sequences)]
        self._uses = 0

    def place(self, prompt: Sequence[int], *, is_background: bool) -> Place:
        """Choose where ``prompt`` goes, and note that it was used now.

        It goes into the prompt it shares most with where that loses nothing, or less than it keeps of a prompt
        of the same kind: the next question on a document. Else into an unused sequence or the one not used for
        longest, and what it shares is shared.
        """
        source = max(self._all, key=lambda kept: (kept.common(prompt), kept.used))
        common = source.common(prompt)
        lost = len(source.tokens) - common
        if common and (not lost or (lost <= common and source.is_background == is_background)):
            kept = source
        else:
            kept = next((kept for kept in self._all if not kept.tokens), None) or self._oldest(source)
        self._uses += 1
        kept.used = self._uses
        kept.is_background = is_background
        return Place(kept, source if common else kept, common)

    def holds(self, prompt: Sequence[int]) -> bool:
        """Whether all of ``prompt`` is in memory."""
        return any(kept.common(prompt) == len(prompt) for kept in self._all)

    def dispensable(self, current: KeptPrompt) -> KeptPrompt | None:
        """The prompt to forget when memory is short; None when ``current`` is the only one left."""
        if not any(kept.tokens for kept in self._all if kept is not current):
            return None
        return self._oldest(current)

    def _oldest(self, but: KeptPrompt) -> KeptPrompt:
        """Not used for longest. The last one of the other kind goes last: a question between two pieces of
        background work costs neither of them what it had read.
        """
        candidates = [kept for kept in self._all if kept.tokens and kept is not but]
        last = {
            max((kept for kept in self._all if kept.tokens and kept.is_background == kind), key=_use).sequence
            for kind in {kept.is_background for kept in candidates}
        }
        return min(candidates or [but], key=lambda kept: (kept.sequence in last, kept.used))


def _use(kept: KeptPrompt) -> int:
    return kept.used
