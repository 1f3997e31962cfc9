"""Models that think before they answer."""

from pillowbook.models.generator.chat_template import ChatTemplate
from pillowbook.models.generator.protocol import Turn

QWEN3_ENDING = """{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""
"""The last lines of the template of Qwen3's model files."""


def test_a_model_that_can_think_is_told_that_it_has_thought() -> None:
    template = ChatTemplate(QWEN3_ENDING, begin_token="", end_token="")
    pieces = template.lay_out([Turn("user", "Who feeds the cat?")])
    assert pieces[-1].text.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert pieces[-1].is_template
