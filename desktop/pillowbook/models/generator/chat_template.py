"""A conversation laid out as the model was trained to see it, with nothing in a text taken for layout.

Chat templates (Jinja, in the GGUF's metadata under ``tokenizer.chat_template``) put messages between special
tokens such as ``<|im_start|>``. A document may hold the very same characters. So the template is rendered
with a placeholder for each text and cut at the placeholders: the template's own pieces are tokenised with
special tokens, texts without.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2.sandbox import ImmutableSandboxedEnvironment

from pillowbook.models.generator.protocol import Turn

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""For a model file without a template."""

_PLACEHOLDER = re.compile("\ue000(\\d+)\ue001")


class TemplateRefused(Exception):
    """The template does not take this conversation."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the prompt: the template's own, in which special tokens count, or a text, in which none
    do.
    """

    text: str
    is_template: bool


class ChatTemplate:
    """A compiled template.

    Args:
        source: the Jinja source; it comes with the model file, so it runs in a sandbox and sees no text.
        begin_token, end_token: the texts of the model's begin- and end-of-sequence tokens, for templates that
            write them.
    """

    def __init__(self, source: str, *, begin_token: str, end_token: str) -> None:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
        self._template = environment.from_string(source)
        self._names = {"bos_token": begin_token, "eos_token": end_token}

    def lay_out(self, turns: Sequence[Turn]) -> list[Piece]:
        """The prompt for the assistant's next message, in order.

        Raises:
            TemplateRefused: the template takes no such roles, or leaves a text out.
        """
        messages = [
            {"role": turn.role, "content": f"\ue000{number}\ue001"} for number, turn in enumerate(turns)
        ]
        # Qwen3 and others think at length unless told not to; ours have a hundred tokens for the answer itself.
        prompt = self._template.render(
            messages=messages, add_generation_prompt=True, enable_thinking=False, **self._names
        )
        parts = _PLACEHOLDER.split(prompt)  # template, number, template, number, ..., template
        numbers = [int(number) for number in parts[1::2]]
        if sorted(set(numbers)) != list(range(len(turns))):
            raise TemplateRefused
        pieces = [
            Piece(turns[int(part)].text, is_template=False) if at % 2 else Piece(part, is_template=True)
            for at, part in enumerate(parts)
        ]
        return [piece for piece in pieces if piece.text]


def _refuse(_message: str) -> None:
    raise TemplateRefused
