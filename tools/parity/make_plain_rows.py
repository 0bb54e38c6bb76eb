"""Token ids that TRL's SFTTrainer, DPOTrainer and RewardTrainer make of rows of plain texts, which they join without a
chat template, with the tokenizers that make_tokenizers.py wrote (GPT-2's, Llama's, Qwen's and Gemma's parts).

    python make_plain_rows.py [test/golden]
"""

import json
import pathlib
import sys
import tempfile

import datasets
import torch
import transformers
import trl

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENIZERS = ["gpt2", "llama3", "qwen2", "llama2", "llama2-metaspace", "gemma"]
CONFIG = {"eos_token": "<|end|>", "pad_token": "<|pad|>", "tokenizer_class": "PreTrainedTokenizerFast"}

COMPLETIONS = [
    ("kalo miter", " angripo."),
    ("kalo miter ", "angripo."),
    ("kalo mit", "er angripo shuel"),
    ("Question: kalo?\nAnswer:", " miter\r\n\r\n"),
    ("ka<|user|>lo", "mi<|user|>s ter"),
    ("kalo", " miter<|end|>"),
    ("kalo  ", "  "),
    ("\U0001f333 \u05e9\u05dc\u05d5\u05dd\u200b", "\u200b \U0001f469\u200d\U0001f467 é!"),
    ("x<|end|>", "y"),
]
PAIRS = [
    ("kalo miter", " angripo.", " shuel 42?"),
    ("kalo mit", "er", "ing"),
    ("kalo miter ", "angripo", "-"),
    ("ka<|user|>lo", " mi<|end|>", " \U0001f333"),
]
DIALOGUES = [
    ("\n\nHuman: kalo?\n\nAssistant: miter angripo.", "\n\nHuman: kalo?\n\nAssistant: miter."),
    ("\n\nHuman: kalo?\n\nAssistant: angripo.", "\n\nHuman: kalo?\n\nAssistant: miter."),
    ("\n\nHuman: kalo?\n\nAssistant: 🌳 ka", "\n\nHuman: kalo?\n\nAssistant: 🌲 ka"),
]


def arguments(kind: type, folder: str):
    return kind(
        output_dir=folder,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to=[],
        per_device_train_batch_size=1,
        max_length=None,
        remove_unused_columns=False,
    )


def prepared(trainer: type, config: type, tokenizer, rows: list[dict]) -> list[dict]:
    """The rows as the trainer makes them ready."""
    shape = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        num_labels=1,
    )
    kind = transformers.LlamaForSequenceClassification if trainer is trl.RewardTrainer else transformers.LlamaForCausalLM
    with tempfile.TemporaryDirectory() as scratch:
        # the trainers look into the folder that a model says it is from
        kind(shape).save_pretrained(scratch)
        tokenizer.save_pretrained(scratch)
        made = trainer(
            model=kind.from_pretrained(scratch),
            args=arguments(config, scratch),
            train_dataset=datasets.Dataset.from_list(rows),
            processing_class=tokenizer,
        )
        return [dict(row) for row in made.train_dataset]


def golden(folder: pathlib.Path, name: str) -> dict:
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / f"tokenizers/{name}.tokenizer.json"),
        eos_token=CONFIG["eos_token"],
        pad_token=CONFIG["pad_token"],
    )
    completions = [{"prompt": prompt, "completion": completion} for prompt, completion in COMPLETIONS]
    pairs = [{"prompt": prompt, "chosen": one, "rejected": other} for prompt, one, other in PAIRS]
    dialogues = [{"chosen": one, "rejected": other} for one, other in DIALOGUES]
    supervised = prepared(trl.SFTTrainer, trl.SFTConfig, tokenizer, completions)
    dpo = [row for some in (pairs, dialogues) for row in prepared(trl.DPOTrainer, trl.DPOConfig, tokenizer, some)]
    reward = [row for some in (pairs, dialogues) for row in prepared(trl.RewardTrainer, trl.RewardConfig, tokenizer, some)]
    return {
        "sft": [
            {"ids": row["input_ids"], "learned": [label != -100 for label in row["labels"]]} for row in supervised
        ],
        "dpo": [[row["prompt_ids"], row["chosen_ids"], row["rejected_ids"]] for row in dpo],
        "reward": [[row["chosen_ids"], row["rejected_ids"]] for row in reward],
        "prompts": [tokenizer(text=prompt)["input_ids"] for prompt, _ in COMPLETIONS],
    }


def main() -> None:
    torch.manual_seed(1)
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "test/golden"
    parts = {
        "made": f"tools/parity/make_plain_rows.py with trl {trl.__version__}, transformers {transformers.__version__}",
        "config": CONFIG,
        "completions": COMPLETIONS,
        "pairs": PAIRS,
        "dialogues": DIALOGUES,
        **{name: golden(folder, name) for name in TOKENIZERS},
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in parts.items()]
    document = "{\n" + ",\n".join(lines) + "\n}\n"
    json.loads(document)
    out = folder / "plain-rows.json"
    out.write_text(document, "utf-8")
    print(f"{out}: {len(document)} bytes")


if __name__ == "__main__":
    main()
