"""One workload of the original libraries in a process of its own, a step whenever a line comes in: {seconds, peak} goes
out, peak being the most memory the process ever had. bench/peers.ts runs it beside the same workload of ours.ts.

    python bench/peers/peers.py WORKLOAD      (versions: tools/parity/requirements.txt)
"""

import json
import os
import pathlib
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import transformers

# "eager" is PyTorch's own operations one by one; "sdpa" its fused attention, which transformers takes by default
ATTENTION = os.environ.get("BENCH_ATTENTION", "eager")
HERE = pathlib.Path(__file__).resolve().parent
SHAPES = json.loads((HERE / "shapes.json").read_text("utf-8"))
LORA_TARGETS = {
    "gpt2": ["c_attn", "c_proj", "c_fc"],
    "llama-135m": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
}


def config_of(shape: str):
    fields = dict(SHAPES[shape])
    kind = fields.pop("model_type")
    if kind == "gpt2":
        fields.update(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    return transformers.AutoConfig.for_model(kind, **fields)


def model_of(shape: str):
    torch.manual_seed(0)
    return transformers.AutoModelForCausalLM.from_config(config_of(shape), attn_implementation=ATTENTION)


def with_lora(model, shape: str):
    import peft

    options = peft.LoraConfig(
        r=16, lora_alpha=32, lora_dropout=0.0, target_modules=LORA_TARGETS[shape], task_type="CAUSAL_LM"
    )
    return peft.get_peft_model(model, options)


class Both:
    """Two optimisers as one."""

    def __init__(self, *optimisers):
        self.optimisers = optimisers

    def step(self):
        for optimiser in self.optimisers:
            optimiser.step()

    def zero_grad(self):
        for optimiser in self.optimisers:
            optimiser.zero_grad()


def optimiser_of(model, learned, muon: bool):
    """AdamW; with muon, Muon for the matrices of the layers and AdamW for the rest, as `covenant pretrain` does."""
    if not muon:
        return torch.optim.AdamW(learned, lr=1e-4, weight_decay=0.0)
    matrices = [parameter for name, parameter in model.named_parameters() if ".layers." in name and parameter.ndim == 2]
    others = [parameter for parameter in learned if not any(parameter is matrix for matrix in matrices)]
    return Both(
        torch.optim.Muon(matrices, lr=1e-4, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=1e-4, weight_decay=0.0),
    )


def train_step(model, rows: int, length: int, vocabulary: int, muon: bool = False):
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = optimiser_of(model, learned, muon)
    ids = torch.randint(5, vocabulary, (rows, length))
    model.train()

    def step() -> dict:
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        return {}

    return step


def mixed(shape: str):
    """Four rows a step of 60 to 510 tokens, padded to the longest as data collators do."""
    model = with_lora(model_of(shape), shape)
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=1e-4, weight_decay=0.0)
    model.train()
    taken = 0

    def step() -> dict:
        nonlocal taken
        lengths = [60 + ((taken + at) * 197) % 451 for at in range(4)]
        taken += 4
        ids = torch.randint(5, 20000, (4, max(lengths)))
        mask = torch.tensor([[1 if at < length else 0 for at in range(max(lengths))] for length in lengths])
        loss = model(input_ids=ids, attention_mask=mask, labels=ids.masked_fill(mask == 0, -100)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        return {}

    return step


def sft(shape: str, rows: int):
    return train_step(with_lora(model_of(shape), shape), rows, 512, 20000)


def dpo(precomputed: bool):
    import datasets
    import tokenizers
    import trl

    words = {"<pad>": 0, "<eos>": 1, "<unk>": 2}
    words.update({f"w{at}": at + 3 for at in range(20000)})
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<eos>", pad_token="<pad>", unk_token="<unk>"
    )
    generator = torch.Generator().manual_seed(1)

    def text(count: int) -> str:
        return " ".join(f"w{int(at)}" for at in torch.randint(0, 20000, (count,), generator=generator))

    # the end token is added to every answer
    rows = [
        {"prompt": text(256) + " ", "chosen": text(127), "rejected": text(127)} for _ in range(4)
    ]
    arguments = trl.DPOConfig(
        output_dir="/tmp/covenant-bench-dpo",
        per_device_train_batch_size=4,
        beta=0.1,
        report_to=[],
        bf16=False,
        use_cpu=True,
        gradient_checkpointing=False,
        precompute_ref_log_probs=precomputed,
        max_length=None,
        remove_unused_columns=False,
    )
    trainer = trl.DPOTrainer(
        model=with_lora(model_of("llama-135m"), "llama-135m"),
        args=arguments,
        train_dataset=datasets.Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    batch = next(iter(trainer.get_train_dataloader()))
    learned = [parameter for parameter in trainer.model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=1e-4, weight_decay=0.0)
    trainer.model.train()

    def step() -> dict:
        loss = trainer.compute_loss(trainer.model, dict(batch))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        return {"tokens": int(batch["input_ids"].numel())} if "input_ids" in batch else {}

    return step


def pretraining(muon: bool):
    folder = HERE.parents[1] / "assets" / "covenant-tiny"
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation=ATTENTION)
    return train_step(model, 12, 256, 3000, muon)


def generation(batch: int, prompt: int, reply: int):
    model = model_of("llama-135m").eval()
    ids = torch.randint(5, 20000, (batch, prompt))

    @torch.no_grad()
    def step() -> dict:
        found = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=reply,
            min_new_tokens=reply,
            do_sample=True,
            temperature=1.0,
            top_k=0,
        )
        return {"tokens": int(found.shape[0] * (found.shape[1] - prompt))}

    return step


WORKLOADS = {
    "sft-gpt2": lambda: sft("gpt2", 4),
    "sft-135m": lambda: sft("llama-135m", 2),
    "sft-mixed": lambda: mixed("llama-135m"),
    "dpo-135m": lambda: dpo(False),
    "dpo-135m-cached": lambda: dpo(True),
    "pretrain-tiny": lambda: pretraining(False),
    "pretrain-tiny-muon": lambda: pretraining(True),
    "generate-135m": lambda: generation(16, 64, 128),
}


def main() -> None:
    torch.set_num_threads(int(os.environ.get("BENCH_THREADS", "2")))
    step = WORKLOADS[sys.argv[1]]()
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        found = step()
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"seconds": seconds, "peak": peak, **found}), flush=True)


if __name__ == "__main__":
    main()
