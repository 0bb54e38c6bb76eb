"""Golden gradients of a model of every family, from transformers' eager attention in float32: the mean cross-entropy of
all tokens but the first of the chats that golden.json has for it, each read alone. Gradients are kept in short
(summary.py).

    python make_gradients.py [test/golden/gradients.json]
"""

import json
import pathlib
import sys

import torch
import transformers

from summary import summary

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["llama-random/untied", *(f"families/{name}" for name in ("gpt2", "llama3", "mistral", "qwen2", "qwen3", "gemma3"))]


def gradients(folder: pathlib.Path) -> dict:
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    documents = [chat["ids"] for chat in json.loads((folder / "golden.json").read_text("utf-8"))["chats"]]
    count = sum(len(ids) - 1 for ids in documents)
    total = 0.0
    for ids in documents:
        logits = model(torch.tensor([ids])).logits[0, :-1]
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="sum") / count
        loss.backward()
        total += loss.item()
    return {"loss": total, "gradients": {name: summary(each.grad) for name, each in model.named_parameters()}}


def main() -> None:
    torch.set_num_threads(1)
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "test/golden/gradients.json"
    made = f"tools/parity/make_gradients.py with transformers {transformers.__version__}, torch {torch.__version__}"
    lines = []
    for name in FOLDERS:
        found = gradients(ROOT / "test/golden" / name)
        parameters = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found["gradients"].items())
        lines.append(f'{json.dumps(name)}: {{"loss": {found["loss"]}, "gradients": {{\n{parameters}}}}}')
    text = f'{{\n"made": {json.dumps(made)},\n"models": {{\n' + ",\n".join(lines) + "\n}}\n"
    json.loads(text)
    out.write_text(text, "utf-8")
    print(f"{out}: {len(text)} bytes")


if __name__ == "__main__":
    main()
