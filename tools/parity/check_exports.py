"""What Covenant writes, opened by the original libraries: each adapter of test/golden/adapters is exported as one model
and as an adapter, and one is trained by Covenant itself; the logits of transformers and PEFT on what was written are
held against those of PEFT on what it had written (or, of the trained one, against one another).

    python check_exports.py            # prints a table; fails where two logits are 1e-3 or more apart
"""

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


def covenant(*words: str, folder: pathlib.Path) -> None:
    command = [str(NODE), str(ROOT / "src/cli/main.ts"), *words, "--quiet"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


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
        again = with_peft(base, place / f"{adapter.name}-adapter")
        results.append(check(adapter.name, "export adapter, in PEFT", distance(original, again, chats)))
    return results


def trained(place: pathlib.Path) -> list[bool]:
    results = []
    for family in ("gpt2", "qwen2"):
        base = place / f"base-{family}"
        shutil.copytree(GOLDEN / "families" / family, base)
        settings = ["rank=4", "alpha=8", "rsLora=true", "dropout=0.1"]
        settings = [f"sft.lora.{one}" for one in settings] + ["sft.batch=2", "sft.learningRate=0.05"]
        words = [word for one in settings for word in ("--set", one)]
        rows = str(ROOT / "test/e2e/rows.jsonl")
        covenant("train", "sft", "--model", str(base), "--data", rows, "--out", family, *words, folder=place)
        stage = place / family / "sl"
        adapter = with_peft(base, stage / "adapter")
        chats = ids_of(base)
        merged = whole(stage / "model", stage / "adapter")
        results.append(check(f"trained {family}", "adapter in PEFT against model in transformers", distance(adapter, merged, chats)))
        plain = whole(base, stage / "adapter")
        assert distance(adapter, plain, chats) > 0.01, "the training moved nothing"
    return results


def main() -> None:
    print(f"peft {peft.__version__}, transformers {transformers.__version__}, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        results = exported(pathlib.Path(folder)) + trained(pathlib.Path(folder))
    if not all(results):
        sys.exit(f"{results.count(False)} of {len(results)} are {TOLERANCE} or more apart")


if __name__ == "__main__":
    main()
