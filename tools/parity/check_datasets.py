"""What `covenant export dataset` writes, opened by the libraries that it is written for: every shape, style and format is
loaded by `datasets.load_dataset(folder)` and held against the JSONL of the same export; Parquet is opened by pyarrow
alone as well; and TRL's trainers take a step on the shapes that are theirs.

    python check_datasets.py            # makes a small run of `revise` and one of `label`, prints a table
    python check_datasets.py --no-trl   # without the trainers
"""

import csv
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import datasets
import pyarrow.parquet

datasets.disable_progress_bars()

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "test/golden/families/llama3"
NODE = ROOT / "node_modules/.bin/node"
FAILED: list[str] = []


def covenant(*words: str, folder: pathlib.Path) -> dict:
    command = [str(NODE), str(ROOT / "src/cli/main.ts"), *words, "--quiet", "--json"]
    done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def check(what: str, good: bool) -> None:
    print(f"{'ok    ' if good else 'FAILED'} {what}", flush=True)
    if not good:
        FAILED.append(what)


def plain(value):
    """A value without what is missing, numbers as they are."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def lines_of(path: str) -> list[dict]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def loaded(folder: pathlib.Path) -> dict[str, list[dict]]:
    cache = folder.parent / ".cache"
    return {split: [plain(row) for row in table] for split, table in datasets.load_dataset(str(folder), cache_dir=str(cache)).items()}


LISTS = ("messages", "chosen", "rejected", "parents")
PAIRS = ("preferences", "trl-preference", "trl-unpaired")


def check_formats(place: pathlib.Path, run: str, shape: str, style: str) -> pathlib.Path:
    name = f"{run}-{shape}-{style}"
    base = ["export", "dataset", f"runs/{run}", "--shape", shape, "--style", style, "--provenance", "--set", "testShare=0.2"]
    told = covenant(*base, "--out", name, folder=place)
    expected = {split["split"]: lines_of(split["file"]) for split in told["splits"]}
    check(f"{name}: load_dataset, JSONL", loaded(place / name) == expected)
    covenant(*base, "--format", "parquet", "--out", f"{name}-parquet", folder=place)
    check(f"{name}: load_dataset, Parquet", loaded(place / f"{name}-parquet") == expected)
    for split, rows in expected.items():
        table = pyarrow.parquet.read_table(place / f"{name}-parquet/data/{split}.parquet")
        check(f"{name}: pyarrow, {split}", [plain(row) for row in table.to_pylist()] == rows)
    covenant(*base, "--gzip", "--out", f"{name}-gzip", folder=place)
    check(f"{name}: load_dataset, JSONL packed", loaded(place / f"{name}-gzip") == expected)
    if style == "standard":
        covenant(*base, "--format", "csv", "--gzip", "--out", f"{name}-csv", folder=place)
        fields = LISTS if shape == "chain" else ("parents",)
        unpack = lambda row: {key: json.loads(value) if key in fields else value for key, value in row.items()}
        rows = {split: [unpack(row) for row in some] for split, some in loaded(place / f"{name}-csv").items()}
        check(f"{name}: load_dataset, CSV packed", rows == expected)
        for split, some in expected.items():
            with gzip.open(place / f"{name}-csv/data/{split}.csv.gz", "rt", encoding="utf-8", newline="") as file:
                read = list(csv.DictReader(file, strict=True))
            texts = [{key: value for key, value in row.items() if isinstance(value, str)} for row in some]
            same = all(row[key] == value for row, own in zip(read, texts) for key, value in own.items())
            check(f"{name}: Python's csv, {split}", len(read) == len(some) and same)
    return place / name


def check_trl(place: pathlib.Path, folders: dict[str, pathlib.Path]) -> None:
    import torch
    import transformers
    import trl

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    print(f"trl {trl.__version__}, torch {torch.__version__}", flush=True)
    common = dict(
        output_dir=str(place / "trained"), max_steps=1, per_device_train_batch_size=2, report_to=[], save_strategy="no",
        use_cpu=True, bf16=False, fp16=False, gradient_checkpointing=False, disable_tqdm=True, logging_steps=1,
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token

    def model(kind=transformers.AutoModelForCausalLM, **more):
        made = kind.from_pretrained(MODEL, dtype=torch.float32, **more)
        made.config.pad_token_id = tokenizer.pad_token_id
        return made

    def train(name: str, make) -> None:
        table = datasets.load_dataset(str(folders[name]), split="train", cache_dir=str(place / ".cache"))
        try:
            result = make(table).train()
            check(f"{name}: TRL takes a step (loss {result.training_loss:.3f})", result.training_loss == result.training_loss)
        except Exception as error:  # a table that TRL does not take
            check(f"{name}: {type(error).__name__}: {error}", False)

    for name in folders:
        shape = next(one for one in SHAPES if name.startswith(one))
        if shape in ("sft", "trl-prompt-completion", "trl-language-modeling"):
            train(name, lambda table: trl.SFTTrainer(model(), args=trl.SFTConfig(**common, max_length=512), train_dataset=table, processing_class=tokenizer))
        elif shape in ("preferences", "trl-preference"):
            train(name, lambda table: trl.DPOTrainer(model(), args=trl.DPOConfig(**common, max_length=512), train_dataset=table, processing_class=tokenizer))
            score = lambda: model(transformers.AutoModelForSequenceClassification, num_labels=1)
            train(name, lambda table: trl.RewardTrainer(score(), args=trl.RewardConfig(**common, max_length=512), train_dataset=table, processing_class=tokenizer))
        elif shape == "trl-unpaired":
            settings = trl.KTOConfig(**{**common, "per_device_train_batch_size": 4}, max_length=512)
            train(name, lambda table: trl.KTOTrainer(model(), ref_model=model(), args=settings, train_dataset=table, processing_class=tokenizer))
        elif shape == "trl-prompt-only":
            settings = trl.GRPOConfig(**common, num_generations=2, max_completion_length=4)
            reward = lambda completions, **more: [float(len(str(one))) for one in completions]
            train(name, lambda table: trl.GRPOTrainer(model(), reward_funcs=reward, args=settings, train_dataset=table, processing_class=tokenizer))


SHAPES = ["sft", "preferences", "trl-prompt-only", "trl-prompt-completion", "trl-language-modeling", "trl-preference", "trl-unpaired"]


def main() -> None:
    print(f"datasets {datasets.__version__}, pyarrow {pyarrow.__version__}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        covenant("revise", "--out", "runs/revise", "--set", "counts.harmless=6", folder=place)
        covenant("label", "--out", "runs/label", folder=place)
        check_formats(place, "revise", "chain", "standard")
        folders = {}
        for shape in SHAPES:
            for style in ("standard", "conversational"):
                run = "label" if shape in PAIRS else "revise"
                check_formats(place, run, shape, style)
                words = ["export", "dataset", f"runs/{run}", "--shape", shape, "--style", style]
                more = ["--margin"] if shape == "trl-preference" else []
                covenant(*words, *more, "--out", f"bare-{shape}-{style}", folder=place)
                folders[f"{shape}, {style}"] = place / f"bare-{shape}-{style}"
        if "--no-trl" not in sys.argv:
            check_trl(place, folders)
    if FAILED:
        sys.exit(f"{len(FAILED)} failed")


if __name__ == "__main__":
    main()
