"""Adapter folders that PEFT writes for the random models of the other scripts, with the numbers of the adapted models:
rank-stabilised on a Llama, patterns of rank and alpha on a GPT-2 (whose weights lie transposed), a reward model with its
score head, and small ones of the other families, on projections that differ in each. Run make_llama_random.py and
make_families.py first. The same versions and seed give the same files.

    python make_adapters.py [test/golden/adapters]
"""

import json
import os
import pathlib
import shutil
import sys

import peft
import torch
import transformers

from golden import greedy, logits_at, sample_of, write_golden

GREEDY_TOKENS = 20
ADAPTERS = {
    "llama-rslora": (
        "llama-random/untied",
        dict(r=4, lora_alpha=3, use_rslora=True, target_modules=["q_proj", "v_proj", "down_proj"], lora_dropout=0.05),
    ),
    "gpt2-patterns": (
        "families/gpt2",
        dict(
            r=4,
            lora_alpha=8,
            target_modules="all-linear",
            fan_in_fan_out=True,
            rank_pattern={r"h\.0\.attn\.c_attn": 8},
            alpha_pattern={r"mlp\.c_proj": 2, r"h\.1\.attn\.c_attn": 24},
        ),
    ),
    "reward": (
        "llama-random/untied",
        dict(r=2, lora_alpha=4, target_modules=r".*\.(q_proj|up_proj)", modules_to_save=["score"], task_type="SEQ_CLS"),
    ),
    "mistral": ("families/mistral", dict(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"])),
    "qwen2": ("families/qwen2", dict(r=2, lora_alpha=3, target_modules=["q_proj", "k_proj", "v_proj"])),
    "qwen3": ("families/qwen3", dict(r=2, lora_alpha=4, use_rslora=True, target_modules=["q_proj", "k_proj", "o_proj"])),
    "gemma3": ("families/gemma3", dict(r=2, lora_alpha=4, target_modules="all-linear")),
}


def adapted(base: pathlib.Path, options: dict, seed: int) -> peft.PeftModel:
    torch.manual_seed(seed)
    kind, extra = transformers.AutoModelForCausalLM, {}
    if options.get("task_type") == "SEQ_CLS":
        kind, extra = transformers.AutoModelForSequenceClassification, {"num_labels": 1}
    model = kind.from_pretrained(base, dtype=torch.float32, attn_implementation="eager", **extra)
    adapter = peft.get_peft_model(model, peft.LoraConfig(**{"task_type": "CAUSAL_LM", **options}))
    with torch.no_grad():
        for name, parameter in adapter.named_parameters():
            # As if trained: B no longer zero, the head no longer small.
            if "lora_" in name or "modules_to_save" in name:
                parameter.copy_(torch.randn_like(parameter) * 0.2)
    return adapter.eval()


@torch.no_grad()
def numbers(model: peft.PeftModel, base: pathlib.Path, chats: list[dict]) -> dict:
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    made = f"tools/parity/make_adapters.py with peft {peft.__version__}, transformers {transformers.__version__}, torch {torch.__version__}"
    sample = sample_of(model.config.vocab_size)
    rows = []
    for chat in chats:
        ids = tokenizer.apply_chat_template(
            chat["messages"], add_generation_prompt=chat["addGenerationPrompt"], return_dict=False
        )
        logits = model(torch.tensor([ids])).logits[0]
        if logits.dim() == 1:
            rows.append({"ids": ids, "score": round(float(logits[0]), 7), "greedyLead": 1.0})
            continue
        chosen, lead = greedy(model, ids, GREEDY_TOKENS)
        positions = sorted({0, len(ids) // 2, len(ids) - 1})
        at = [logits_at(logits[position], position, sample) for position in positions]
        rows.append({"ids": ids, "logits": at, "greedy": chosen, "greedyLead": round(lead, 7)})
    return {"made": made, "sample": sample, "chats": rows}


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    golden = root / "test/golden"
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else golden / "adapters"
    chats = json.loads((pathlib.Path(__file__).parent / "chats.json").read_text("utf-8"))
    for at, (name, (base, options)) in enumerate(ADAPTERS.items()):
        folder = target / name
        shutil.rmtree(folder, ignore_errors=True)
        model = adapted(golden / base, options, 60 + at)
        model.save_pretrained(folder)
        (folder / "README.md").unlink()
        config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
        config["base_model_name_or_path"] = os.path.relpath(golden / base, golden / "adapters" / name)
        # PEFT keeps targets as a set, whose order is chance.
        if isinstance(config["target_modules"], list):
            config["target_modules"].sort()
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
        for file in folder.iterdir():
            file.chmod(0o644)
        write_golden(numbers(model, golden / base, chats), folder / "golden.json")


if __name__ == "__main__":
    main()
