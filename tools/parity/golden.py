"""Golden numbers of one model folder, computed by transformers in float32 on the CPU.

Writes, for each chat of chats.json: the ids that apply_chat_template gives, the logits at three positions (for a fixed
sample of tokens, with the log of the sum of all exponentials, so that no token is left unchecked) and 20 greedy tokens.

    python golden.py MODEL_FOLDER OUT.json
"""

import json
import pathlib
import sys

import torch
import transformers

SAMPLED_TOKENS = 24
GREEDY_TOKENS = 20


def sample_of(vocabulary: int) -> list[int]:
    step = max(1, vocabulary // SAMPLED_TOKENS)
    return list(range(0, vocabulary, step))[:SAMPLED_TOKENS]


def logits_at(row: torch.Tensor, position: int, sample: list[int]) -> dict:
    return {
        "position": position,
        "largest": int(row.argmax()),
        "logSumExp": round(float(torch.logsumexp(row.double(), 0)), 7),
        "logits": [round(float(row[token]), 7) for token in sample],
    }


@torch.no_grad()
def greedy(model, ids: list[int], count: int) -> tuple[list[int], float]:
    """So many tokens, end tokens not stopping; also the smallest lead of a chosen token over the next best."""
    chosen: list[int] = []
    lead = float("inf")
    for _ in range(count):
        row = model(torch.tensor([ids + chosen])).logits[0, -1]
        best = torch.topk(row, 2)
        lead = min(lead, float(best.values[0] - best.values[1]))
        chosen.append(int(best.indices[0]))
    return chosen, lead


@torch.no_grad()
def golden(folder: pathlib.Path, chats: list[dict], greedy_tokens: int = GREEDY_TOKENS) -> dict:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    sample = sample_of(model.config.vocab_size)
    rows = []
    for chat in chats:
        prompted = chat["addGenerationPrompt"]
        ids = tokenizer.apply_chat_template(
            chat["messages"], add_generation_prompt=prompted, return_dict=False
        )
        text = tokenizer.apply_chat_template(
            chat["messages"], add_generation_prompt=prompted, tokenize=False
        )
        logits = model(torch.tensor([ids])).logits[0]
        positions = sorted({0, len(ids) // 2, len(ids) - 1})
        chosen, lead = greedy(model, ids, greedy_tokens)
        rows.append(
            {
                **chat,
                "text": text,
                "ids": ids,
                "logits": [logits_at(logits[at], at, sample) for at in positions],
                "greedy": chosen,
                "greedyText": tokenizer.decode(chosen, skip_special_tokens=False),
                "greedyLead": round(lead, 7),
            }
        )
    return {
        "made": f"tools/parity/golden.py with transformers {transformers.__version__}, torch {torch.__version__}",
        "sample": sample,
        "chats": rows,
    }


def write_golden(result: dict, out: pathlib.Path) -> None:
    """One chat a line, so that a change shows where it is."""
    head = {key: value for key, value in result.items() if key != "chats"}
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in result["chats"])
    text = json.dumps(head, ensure_ascii=False)[:-1] + ',\n"chats": [\n' + lines + "\n]}\n"
    json.loads(text)
    out.write_text(text, "utf-8")
    lead = min(row["greedyLead"] for row in result["chats"])
    print(f"{out}: {len(result['chats'])} chats, smallest lead of a greedy token {lead}")


def main() -> None:
    folder, out = (pathlib.Path(argument) for argument in sys.argv[1:3])
    chats = json.loads((pathlib.Path(__file__).parent / "chats.json").read_text("utf-8"))
    write_golden(golden(folder, chats), out)


if __name__ == "__main__":
    main()
