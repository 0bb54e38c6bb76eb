"""Golden numbers of plain text, without a chat template: log-probabilities of continuations, and greedy replies of
transformers' own generate, for the models that make_families.py and make_llama_random.py wrote. A tokenizer that adds a
begin token is made for one of them. The seam between prompt and continuation follows src/transformer/plain-text.ts.

    python make_plain_text.py [test/golden]
"""

import json
import pathlib
import sys

import tokenizers
import torch
import transformers

NEW_TOKENS = 40

ROWS = [
    ("How do I plant a tree", " in the garden?"),
    ("How do I plant a tree", ", and why?"),
    ("The river is ", "wide and slow."),
    ("The river is  ", "low"),
    ("", "In spring the river is high."),
    ("   ", "In spring"),
    ("Dig a hole, set the gard", "en and water it."),
    ("Tell me about it.\n\n", "Answer briefly.\r\n"),
    ("<|user|>What is it?<|end|><|assistant|>", "A tree \U0001f333 \u05e9\u05dc\u05d5\u05dd\u200b!"),
    ("x", "<|end|>"),
]
PROMPTS = [
    "How do I plant a tree",
    "The river is ",
    "<|user|>Tell me about the garden.<|end|><|assistant|>",
    "\U0001f333\u200b",
    "In spring the river is high, and in the summer it is low. " * 2,
]


def seam(tokenizer, prompt: str, continuation: str) -> tuple[list[int], list[int]]:
    context = prompt.rstrip()
    rest = prompt[len(context) :] + continuation
    if context == "":
        beginning = tokenizer("").input_ids
        if not beginning:
            token = tokenizer.bos_token_id
            beginning = [tokenizer.eos_token_id if token is None else token]
        return beginning, tokenizer(rest, add_special_tokens=False).input_ids
    trunk = tokenizer(context).input_ids
    return trunk, tokenizer(context + rest).input_ids[len(trunk) :]


@torch.no_grad()
def scored(model, tokenizer, prompt: str, continuation: str) -> dict:
    trunk, branch = seam(tokenizer, prompt, continuation)
    assert trunk and branch
    logits = model(torch.tensor([trunk + branch])).logits[0].double()
    values = torch.log_softmax(logits, -1)[len(trunk) - 1 : -1]
    tokens = [
        {"id": token, "logprob": round(float(values[at, token]), 6)} for at, token in enumerate(branch)
    ]
    return {"prompt": prompt, "continuation": continuation, "tokens": tokens}


@torch.no_grad()
def generated(model, tokenizer, prompt: str, **options) -> dict:
    ids = torch.tensor([tokenizer(prompt).input_ids])
    result = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=NEW_TOKENS,
        do_sample=False,
        output_scores=True,
        return_dict_in_generate=True,
        **options,
    )
    leads = [torch.topk(row[0], 2).values for row in result.scores]
    new = result.sequences[0, ids.shape[1] :].tolist()
    return {
        "prompt": prompt,
        "ids": new,
        "text": tokenizer.decode(new, skip_special_tokens=True),
        "lead": round(min(float(best - next) for best, next in leads), 6),
    }


def numbers(folder: pathlib.Path, tokenizer_folder: pathlib.Path | None = None) -> dict:
    tokenizer = transformers.AutoTokenizer.from_pretrained(tokenizer_folder or folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    return {
        "scored": [scored(model, tokenizer, *row) for row in ROWS],
        "greedy": [generated(model, tokenizer, prompt) for prompt in PROMPTS],
        "penalised": [generated(model, tokenizer, prompt, repetition_penalty=1.3) for prompt in PROMPTS],
    }


def make_begin_tokenizer(source: pathlib.Path, target: pathlib.Path) -> None:
    """The tokenizer of a folder, with a begin token before every text."""
    inner = tokenizers.Tokenizer.from_file(str(source / "tokenizer.json"))
    begin = "<|system|>"
    inner.post_processor = tokenizers.processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, inner.token_to_id(begin))]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token=begin,
        eos_token="<|end|>",
        pad_token="<|pad|>",
        clean_up_tokenization_spaces=False,
    ).save_pretrained(target)
    for file in target.iterdir():
        file.chmod(0o644)


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/golden"
    folders = [f"families/{path.name}" for path in sorted((target / "families").iterdir())]
    folders += ["llama-random/tied", "llama-random/untied"]
    models = {name: numbers(target / name) for name in folders}
    make_begin_tokenizer(target / "llama-random/tied", target / "begin-token")
    models["begin-token"] = numbers(target / "llama-random/tied", target / "begin-token")
    made = f"tools/parity/make_plain_text.py with transformers {transformers.__version__}, torch {torch.__version__}"
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in models.items())
    text = f'{{"made": {json.dumps(made)}, "models": {{\n{lines}\n}}}}\n'
    json.loads(text)
    (target / "plain-text.json").write_text(text, "utf-8")
    for name, found in models.items():
        rows = found["greedy"] + found["penalised"]
        print(name, "smallest lead", min(row["lead"] for row in rows), [len(row["ids"]) for row in rows])


if __name__ == "__main__":
    main()
