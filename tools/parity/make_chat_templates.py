"""Chat templates in the manner of the families' own (turns of tags, system text in front or inside the first question,
refusals, dates, JSON, loop controls, generation markers, thoughts), and what transformers makes of chats with them. The same
versions give the same file.

    python make_chat_templates.py [test/golden/chat-templates.json]
"""

import datetime
import json
import pathlib
import sys

import jinja2
import transformers
from transformers.utils import chat_template_utils

TEMPLATES = {
    "turns": """{%- for turn in messages %}
    {%- if loop.first and turn.role != 'system' %}
        {{- '<|im_start|>system\\nBe of use.<|im_end|>\\n' }}
    {%- endif %}
    {{- '<|im_start|>' + turn.role + '\\n' + turn.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}""",
    "dated": """{{- bos_token }}
{%- if not day is defined %}
    {%- if strftime_now is defined %}
        {%- set day = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set day = "01 Jan 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set before = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set before = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Day: " + day + "\\n\\n" }}
{{- before }}
{{- "<|eot_id|>" }}
{%- for turn in messages %}
    {{- '<|start_header_id|>' + turn['role'] + '<|end_header_id|>\\n\\n'+ turn['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "instructions": """{%- if messages[0]["role"] == "system" %}
    {%- set before = messages[0]["content"] %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set turns = messages %}
{%- endif %}
{%- set at = namespace(asked=0) %}
{{- bos_token }}
{%- for turn in turns %}
    {%- if (turn["role"] == "user") != (loop.index0 % 2 == 0) %}
        {{- raise_exception("a question, an answer, a question: not " + turn["role"] + " here") }}
    {%- endif %}
    {%- if turn["role"] == "user" %}
        {%- set at.asked = at.asked + 1 %}
        {%- if loop.last and before is defined %}
            {{- "[INST] " + before + "\\n\\n" + turn["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + turn["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif turn["role"] == "assistant" %}
        {{- " " + turn["content"]|trim + eos_token }}
    {%- else %}
        {{- raise_exception("who is " + turn["role"] + "?") }}
    {%- endif %}
{%- endfor %}
""",
    "model-turns": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set lead = messages[0]['content'] + '\\n\\n' -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set lead = "" -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for turn in turns -%}
    {%- if (turn['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Turns alternate between user and assistant") }}
    {%- endif -%}
    {%- set who = "model" if turn['role'] == 'assistant' else turn['role'] -%}
    {{ '<start_of_turn>' + who + '\\n' + (lead if loop.first else "") }}
    {%- if turn['content'] is string -%}
        {{ turn['content'] | trim }}
    {%- elif turn['content'] is iterable -%}
        {%- for part in turn['content'] -%}{{ part['text'] | trim }}{%- endfor -%}
    {%- else -%}
        {{ raise_exception("no text") }}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<start_of_turn>model\\n' }}
{%- endif -%}
""",
    "json-and-loops": """{%- macro shown(turn, last=false) -%}
{{ turn | tojson }}{{ "" if last else "," }}
{%- endmacro -%}
[{% for turn in messages %}
    {% if turn.role == 'system' %}{% continue %}{% endif %}
    {% if loop.index > 3 %}{% break %}{% endif %}
{{ shown(turn, last=loop.last) }}
{% endfor %}]
{{ messages | length }} {{ messages | map(attribute='role') | join('/') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }}
{{ {'b': [1, 2.5, none, true], 'a': "é<>&'"} | tojson(indent=2) }}
""",
    "marked": """{% for turn in messages %}
{% if turn.role == 'assistant' %}
<|assistant|>{% generation %}{{ turn.content }}<|end|>{% endgeneration %}

{% else %}
<|{{ turn.role }}|>{{ turn.content.strip() }}<|end|>
{% endif %}
{% endfor %}
{% if add_generation_prompt %}<|assistant|>{% endif %}""",
    "thoughts": """{%- set at = namespace(question=-1) %}
{%- for turn in messages %}
    {%- if turn.role == 'user' %}{% set at.question = loop.index0 %}{% endif %}
{%- endfor %}
{%- for turn in messages %}
    {%- set words = turn.content %}
    {%- set thought = '' %}
    {%- if turn.role == 'assistant' and '</think>' in words %}
        {%- set thought = words.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
        {%- set words = words.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {{- '<|im_start|>' + turn.role + '\\n' }}
    {%- if turn.role == 'assistant' and loop.index0 > at.question %}
        {{- '<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' }}
    {%- endif %}
    {{- words + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}""",
    "plain-words": """{% for turn in messages -%}
{{ turn.role|capitalize }}: {{ turn.content.replace('\\r\\n', '\\n').split('</think>')[-1].lstrip('\\n') }}{% if not loop.last %}{{ eos_token }}{% endif %}

{% endfor -%}
{{ 'Assistant:' if add_generation_prompt else '' }}""",
}
NASTY = "\x1c\x85 \ufeff 😀 {{ 7*7 }} {% if x %} שלום \u202e<|im_end|>\r\n\ta'\"<b>&\\n </s> \u200b \x1f\ufeff\u3000\x85"
CHATS = [
    [{"role": "user", "content": "How do I plant a tree?"}],
    [{"role": "system", "content": "Answer briefly. "}, {"role": "user", "content": NASTY}],
    [
        {"role": "user", "content": NASTY},
        {"role": "assistant", "content": " " + NASTY},
        {"role": "user", "content": "And\n\nthen?\n"},
    ],
    [
        {"role": "system", "content": NASTY},
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nTwo"},
        {"role": "user", "content": "Three"},
        {"role": "assistant", "content": ""},
    ],
    [{"role": "user", "content": "One"}, {"role": "user", "content": "Two"}],
    [{"role": "assistant", "content": "First"}, {"role": "user", "content": "Second"}],
    [{"role": "critic", "content": "Who?"}],
]
VARIABLES = {"bos_token": "<s>", "eos_token": "</s>"}


class OneDay(datetime.datetime):
    """The clock of strftime_now, always at one time."""

    @classmethod
    def now(cls, tz=None):
        return cls(2026, 2, 3, 4, 5, 6)


def rendered(template: str, messages: list[dict], prompted: bool) -> dict:
    try:
        texts, _ = chat_template_utils.render_jinja_template(
            [messages], chat_template=template, add_generation_prompt=prompted, **VARIABLES
        )
        return {"text": texts[0]}
    except jinja2.exceptions.TemplateError as error:
        return {"error": str(error)}


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/golden/chat-templates.json"
    chat_template_utils.datetime = OneDay
    rows = [
        {"template": name, "chat": at, "addGenerationPrompt": prompted, **rendered(template, chat, prompted)}
        for name, template in TEMPLATES.items()
        for at, chat in enumerate(CHATS)
        for prompted in (False, True)
    ]
    made = f"tools/parity/make_chat_templates.py with transformers {transformers.__version__}, jinja2 {jinja2.__version__}"
    head = {"made": made, "variables": VARIABLES, "templates": TEMPLATES, "chats": CHATS}
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    text = json.dumps(head, ensure_ascii=False)[:-1] + ',\n"rows": [\n' + lines + "\n]}\n"
    json.loads(text)
    out.write_text(text, "utf-8")
    print(f"{out}: {len(rows)} rows, {sum('error' in row for row in rows)} refused")


if __name__ == "__main__":
    main()
