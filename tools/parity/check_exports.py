"""What Covenant writes, opened by the original libraries: each adapter of test/golden/adapters is exported as one model
and as an adapter, and some are trained by Covenant itself; the logits of transformers and PEFT on what was written are
held against those of PEFT on what it had written (or, of trained ones, against one another): of every family one trained
on a model and one that went on from it by DPO, in float32 and over 4 bits, and a reward model of a base without a padding
token. Exports in float16 and bfloat16 must hold float32's weights, rounded; models all of whose weights learned must give
the log-probabilities that `covenant score` gives.

    python check_exports.py            # prints a table; fails where two logits are 1e-3 or more apart
"""

import copy
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import peft
import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "test/golden"
TOLERANCE = 1e-3
NODE = ROOT / "node_modules/.bin/node"


def covenant(*words: str, folder: pathlib.Path) -> str:
    command = [str(NODE), str(ROOT / "src/cli/main.ts"), *words, "--quiet"]
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def ids_of(base: pathlib.Path) -> list[list[int]]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    chats = json.loads((pathlib.Path(__file__).parent / "chats.json").read_text("utf-8"))
    return [tokenizer.apply_chat_template(chat["messages"], return_dict=False) for chat in chats]


def kind_of(adapter: pathlib.Path):
    config = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    is_score = config["task_type"] == "SEQ_CLS"
    kind = transformers.AutoModelForSequenceClassification if is_score else transformers.AutoModelForCausalLM
    return kind, {"num_labels": 1} if is_score else {}


def with_peft(base: pathlib.Path, adapter: pathlib.Path):
    kind, extra = kind_of(adapter)
    model = kind.from_pretrained(base, dtype=torch.float32, attn_implementation="eager", **extra)
    return peft.PeftModel.from_pretrained(model, adapter).eval()


def whole(folder: pathlib.Path, adapter: pathlib.Path):
    kind, _ = kind_of(adapter)
    model, info = kind.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    assert not info["missing_keys"] and not info["unexpected_keys"], info
    return model.eval()


@torch.no_grad()
def distance(one, other, chats: list[list[int]]) -> float:
    gaps = [(one(torch.tensor([ids])).logits - other(torch.tensor([ids])).logits).abs().max() for ids in chats]
    return float(max(gaps))


def check(name: str, what: str, gap: float) -> bool:
    print(f"{name:15} {what:45} {gap:.1e}")
    return gap < TOLERANCE


def exported(place: pathlib.Path) -> list[bool]:
    results = []
    for adapter in sorted(path.parent for path in (GOLDEN / "adapters").glob("*/adapter_config.json")):
        base = adapter / json.loads((adapter / "adapter_config.json").read_text("utf-8"))["base_model_name_or_path"]
        base = base.resolve()
        covenant("export", "merge", str(adapter), "--out", f"{adapter.name}-merged", folder=place)
        covenant("export", "adapter", str(adapter), "--out", f"{adapter.name}-adapter", folder=place)
        chats, original = ids_of(base), with_peft(base, adapter)
        merged = whole(place / f"{adapter.name}-merged", adapter)
        results.append(check(adapter.name, "export merge, in transformers", distance(original, merged, chats)))
        results += halved(place, adapter, merged, chats)
        again = with_peft(base, place / f"{adapter.name}-adapter")
        results.append(check(adapter.name, "export adapter, in PEFT", distance(original, again, chats)))
    return results


def halved(place: pathlib.Path, adapter: pathlib.Path, merged, chats: list[list[int]]) -> list[bool]:
    """The merged model in two bytes a number: transformers opens it in that type, and it is the rounded one of four."""
    results = []
    for name, dtype in [("float16", torch.float16), ("bfloat16", torch.bfloat16)]:
        out = f"{adapter.name}-{name}"
        covenant("export", "merge", str(adapter), "--out", out, "--format", name, folder=place)
        kind, _ = kind_of(adapter)
        assert kind.from_pretrained(place / out).dtype == dtype, name
        rounded = copy.deepcopy(merged)
        for weight in rounded.parameters():
            weight.data = weight.data.to(dtype).to(torch.float32)
        results.append(
            check(adapter.name, f"export merge in {name}, in transformers", distance(rounded, whole(place / out, adapter), chats))
        )
    return results


LORA = ["lora.rank=4", "lora.alpha=8", "lora.rsLora=true", "lora.dropout=0.1"]


def train(method: str, model: pathlib.Path, data: str, out: str, place: pathlib.Path, *more: str, lora=LORA) -> None:
    settings = [*lora, "batch=2", "learningRate=0.05", *more]
    words = [word for one in settings for word in ("--set", f"{method}.{one}")]
    rows = str(ROOT / "test/e2e" / data)
    covenant("train", method, "--model", str(model), "--data", rows, "--out", out, *words, folder=place)


def trained(place: pathlib.Path) -> list[bool]:
    results = []
    for family in sorted(path.name for path in (GOLDEN / "families").iterdir()):
        base = place / f"base-{family}"
        shutil.copytree(GOLDEN / "families" / family, base)
        train("sft", base, "rows.jsonl", family, place)
        stage = place / family / "sl"
        adapter = with_peft(base, stage / "adapter")
        chats = ids_of(base)
        merged = whole(stage / "model", stage / "adapter")
        results.append(check(f"trained {family}", "adapter in PEFT against model in transformers", distance(adapter, merged, chats)))
        plain = whole(base, stage / "adapter")
        assert distance(adapter, plain, chats) > 0.01, "the training moved nothing"
        results += continued(place, family, base, chats)
        results.append(learned_whole(place, family, base))
    return results


@torch.no_grad()
def learned_whole(place: pathlib.Path, family: str, base: pathlib.Path) -> bool:
    """All weights learn: transformers opens what is saved, and scores texts as Covenant does."""
    train("sft", base, "rows.jsonl", f"{family}-whole", place, "learningRate=0.01", lora=[])
    folder = place / f"{family}-whole/sl/model"
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    assert not info["missing_keys"] and not info["unexpected_keys"], info
    before = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    texts = [("How do I plant a tree", "? Dig a hole."), ("The river", " is wide 🌳")]
    rows = place / "scored.jsonl"
    rows.write_text("".join(json.dumps({"prompt": a, "continuation": b}) + "\n" for a, b in texts), "utf-8")
    scored = json.loads(covenant("score", str(folder), "--data", str(rows), "--json", folder=place))["rows"]
    gap, moved = 0.0, 0.0
    for (prompt, _), row in zip(texts, scored, strict=True):
        trunk, branch = tokenizer(prompt)["input_ids"], [token["id"] for token in row["tokens"]]
        ours = torch.tensor([token["logprob"] for token in row["tokens"]])
        theirs, untrained = (
            one(torch.tensor([trunk + branch])).logits[0, len(trunk) - 1 : -1].log_softmax(-1).gather(1, torch.tensor(branch)[:, None])[:, 0]
            for one in (model, before)
        )
        gap = max(gap, float((ours - theirs).abs().max()))
        moved = max(moved, float((theirs - untrained).abs().max()))
    assert moved > 0.01, "the training moved nothing"
    return check(f"trained {family}", "all weights, `score` against transformers", gap)


def continued(place: pathlib.Path, family: str, base: pathlib.Path, chats: list[list[int]]) -> list[bool]:
    """DPO from the adapter of fine-tuning: PEFT finds the true base by itself, and both steps are in the adapter."""
    results = []
    for load in ([], ["load=4bit"]):
        out = f"{family}-dpo{len(load)}"
        train("dpo", place / family / "sl" / "adapter", "pairs.jsonl", out, place, *load)
        folder = place / out / "dpo" / "adapter"
        found = peft.AutoPeftModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        covenant("export", "merge", str(folder), "--out", f"{out}-merged", folder=place)
        merged = whole(place / f"{out}-merged", folder)
        what = "DPO from an adapter" + (" over 4 bits" if load else "")
        results.append(check(f"trained {family}", f"{what}, in PEFT", distance(found.eval(), merged, chats)))
        before = with_peft(base, place / family / "sl" / "adapter")
        assert distance(found, before, chats) > 0.01, "DPO moved nothing"
    return results


@torch.no_grad()
def rewarded(place: pathlib.Path) -> list[bool]:
    """A reward model of a base without a padding token scores a batch in transformers, as it scores one text."""
    base = place / "padless"
    shutil.copytree(GOLDEN / "families/gpt2", base)
    config = json.loads((base / "config.json").read_text("utf-8"))
    (base / "config.json").write_text(json.dumps({**config, "pad_token_id": None}), "utf-8")
    train("reward", base, "pairs.jsonl", "reward", place, "atChance=warn")
    model = whole(place / "reward/reward/model", place / "reward/reward/adapter")
    pad = model.config.pad_token_id
    assert pad == config["eos_token_id"], pad
    texts = [[9, 12, 40, 7, 33], [25, 11, 60]]
    alone = torch.stack([model(torch.tensor([ids])).logits[0, 0] for ids in texts])
    batch = torch.tensor([ids + [pad] * (5 - len(ids)) for ids in texts])
    together = model(batch, attention_mask=(batch != pad).long()).logits[:, 0]
    return [check("reward gpt2", "a batch against one text at a time", float((alone - together).abs().max()))]


def main() -> None:
    print(f"peft {peft.__version__}, transformers {transformers.__version__}, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        results = [
            result for part in (exported, trained, rewarded) for result in part(pathlib.Path(folder))
        ]
    if not all(results):
        sys.exit(f"{results.count(False)} of {len(results)} are {TOLERANCE} or more apart")


if __name__ == "__main__":
    main()
