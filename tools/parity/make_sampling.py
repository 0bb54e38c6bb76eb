"""Golden numbers of transformers' logits processors: fixed logits in, processed logits out, in the order in which
generate applies them.

    python make_sampling.py [test/golden/sampling.json]
"""

import json
import pathlib
import sys

import torch
import transformers

SEEN = [3, 5, 5, 17, 30]

CASES = [
    dict(temperature=0.5),
    dict(temperature=2.5),
    dict(top_k=1),
    dict(top_k=7),
    dict(top_k=100),
    dict(top_p=0.1),
    dict(top_p=0.6),
    dict(top_p=0.95),
    dict(min_p=0.02),
    dict(min_p=0.3),
    dict(min_p=1.0),
    dict(repetition_penalty=1.3),
    dict(repetition_penalty=0.7),
    dict(temperature=0.7, top_k=20, top_p=0.8),
    dict(temperature=1.7, top_k=12, min_p=0.1),
    dict(temperature=0.9, top_p=0.9, min_p=0.05, repetition_penalty=1.2),
    dict(temperature=0.8, top_k=30, top_p=0.7, min_p=0.2, repetition_penalty=1.5),
]


def rows() -> list[torch.Tensor]:
    """Spread, flat, and with equal logits at the edges of what is kept."""
    torch.manual_seed(11)
    tied = torch.tensor([2.0, -1.0, 2.0, 2.0, 0.5, 0.5, -3.0, 0.5] * 5)
    return [torch.randn(40) * 2, torch.randn(40) * 0.05, tied]


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/golden/sampling.json"
    shape = dict(vocab_size=40, n_embd=8, n_layer=1, n_head=1, n_positions=16)
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**shape))
    cases = []
    for at, logits in enumerate(rows()):
        for options in CASES:
            # top_k is 50 where nothing is said
            settings = dict(do_sample=True, top_k=0) | options
            processors = model._get_logits_processor(
                generation_config=transformers.GenerationConfig(**settings),
                input_ids_seq_length=len(SEEN),
                encoder_input_ids=None,
                prefix_allowed_tokens_fn=None,
                logits_processor=transformers.LogitsProcessorList(),
                device="cpu",
            )
            processed = processors(torch.tensor([SEEN]), logits[None].clone())[0]
            values = [None if value == -torch.inf else round(float(value), 6) for value in processed]
            cases.append({"row": at, "options": options, "processed": values})
    made = f"tools/parity/make_sampling.py with transformers {transformers.__version__}, torch {torch.__version__}"
    head = {"made": made, "seen": SEEN, "rows": [[float(value) for value in row] for row in rows()]}
    lines = ",\n".join(json.dumps(case) for case in cases)
    target.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n", "utf-8")


if __name__ == "__main__":
    main()
