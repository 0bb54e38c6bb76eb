"""Sixty-four tokens that transformers generates for each chat, of every family's small model: greedy, with a penalty on
tokens that were there, without which a small random model soon writes one token for ever, which shows little. Generation
has transformers' own cache; end tokens do not stop it.

    python make_decoding.py            # writes test/golden/decoding.json
"""

import json
import pathlib

import torch
import transformers

TOKENS = 64
PENALTY = 1.8


@torch.no_grad()
def replies_of(folder: pathlib.Path, chats: list[dict]) -> list[dict]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    model.generation_config.eos_token_id = None
    rows = []
    for chat in chats:
        prompt = tokenizer.apply_chat_template(
            chat["messages"], add_generation_prompt=chat["addGenerationPrompt"], return_dict=False
        )
        ids = torch.tensor([prompt])
        found = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            repetition_penalty=PENALTY,
            max_new_tokens=TOKENS,
            return_dict_in_generate=True,
            output_scores=True,
        )
        best = [torch.topk(scores[0], 2).values for scores in found.scores]
        leads = [float(first - second) for first, second in best]
        reply = found.sequences[0, len(prompt) :].tolist()
        rows.append({"prompt": prompt, "reply": reply, "lead": round(min(leads), 7)})
    return rows


def main() -> None:
    golden = pathlib.Path(__file__).resolve().parents[2] / "test/golden"
    chats = json.loads((pathlib.Path(__file__).parent / "chats.json").read_text("utf-8"))
    families = sorted(path.name for path in (golden / "families").iterdir())
    folders = ["llama-random/tied", "llama-random/untied", *(f"families/{name}" for name in families)]
    versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
    made = f"tools/parity/make_decoding.py with {versions}"
    lines = []
    for folder in folders:
        rows = replies_of(golden / folder, chats)
        lines.append(f"{json.dumps(folder)}: {json.dumps(rows)}")
        kinds = min(len(set(row["reply"])) for row in rows)
        lead = min(row["lead"] for row in rows)
        print(f"{folder}: at least {kinds} kinds of tokens a reply, smallest lead {lead}")
    head = json.dumps({"made": made, "penalty": PENALTY})[:-1]
    text = head + ',\n"models": {\n' + ",\n".join(lines) + "\n}}\n"
    json.loads(text)
    (golden / "decoding.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
