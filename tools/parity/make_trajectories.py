"""Trajectories of training: loss and gradient norm of every one of 50 steps with TRL's SFTTrainer, RewardTrainer and
DPOTrainer (and PEFT), on the small random models of make_llama_random.py in float32, with the rows in Covenant's own
order. With them what the first steps began from that no fixture holds: PEFT's first adapters.

    python make_trajectories.py [test/golden/trajectories.json]
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import datasets
import peft
import torch
import transformers
import trl

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "test/golden/llama-random"
ORDER = {"rows": 20, "batch": 4, "epochs": 10, "seed": 11}
STEPS = ORDER["rows"] // ORDER["batch"] * ORDER["epochs"]
SETTINGS = {
    "learningRate": 2e-3,
    "schedule": "cosine",
    "warmupSteps": 5,
    "weightDecay": 0.05,
    "maxGradientNorm": 1.0,
}
LORA = {"rank": 4, "alpha": 8, "targets": ["q_proj", "v_proj"]}
DPO_BETA = 0.3
SMOOTHING = 0.2
# The model's own template, with TRL's marks of what an assistant says.
TRAINING_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

PLACES = ["garden", "river", "tree", "hole", "spring"]
ASKED = ["How do I find the {}?", "Tell me about the {}.", "Is the {} low in the summer?", "Plant the {}!"]
SAID = ["The {} is wide and slow.", "Dig, and water the {} briefly; it is high in spring.", "No.", "Ask the {} — twice 🌳."]


def text(patterns: list[str], at: int) -> str:
    return patterns[at % len(patterns)].format(PLACES[(at // len(patterns)) % len(PLACES)])


def user(content: str) -> dict:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict:
    return {"role": "assistant", "content": content}


def chats() -> list[dict]:
    """One to three turns each, some under a system message."""
    rows = []
    for at in range(ORDER["rows"]):
        system = [{"role": "system", "content": "Answer in one line."}] if at % 3 == 0 else []
        turns = [turn for k in range(1 + at % 3) for turn in (user(text(ASKED, at + k)), assistant(text(SAID, at + 2 * k)))]
        rows.append({"messages": system + turns})
    return rows


def completions() -> list[dict]:
    return [
        {"prompt": chat["messages"][:-1], "completion": chat["messages"][-1:]} for chat in chats()
    ]


def texts() -> list[dict]:
    return [{"text": f"{text(SAID, at)} {text(ASKED, at + 3)}"} for at in range(ORDER["rows"])]


def pairs() -> list[dict]:
    rows = []
    for at, chat in enumerate(chats()):
        rejected = f"{text(SAID, at + 1)} {text(SAID, at + 5)}" if at % 2 else text(SAID, at + 7)
        rows.append({"prompt": chat["messages"][:-1], "chosen": chat["messages"][-1:], "rejected": [assistant(rejected)]})
    return rows


def with_margins() -> list[dict]:
    return [{**row, "margin": (at % 5) / 4} for at, row in enumerate(pairs())]


def order() -> list[int]:
    """The rows of all steps one after another, as src/training/epochs.ts puts them."""
    code = (
        f"import('{ROOT / 'src/training/epochs.ts'}').then(({{ rowsOfStep }}) => console.log(JSON.stringify("
        f"Array.from({{ length: {STEPS} }}, (_, step) => rowsOfStep({json.dumps(ORDER)}, step)).flat())))"
    )
    return json.loads(subprocess.run(["node", "-e", code], capture_output=True, check=True, text=True).stdout)


def recorded(trainer_class: type) -> type:
    """The trainer, with every step's loss and gradient norm kept unrounded, and rows taken as they stand."""

    class Recorded(trainer_class):
        losses: list[float]
        norms: list[float]

        def _get_train_sampler(self, *_):
            return torch.utils.data.SequentialSampler(self.train_dataset)

        def training_step(self, *args, **kwargs):
            loss = super().training_step(*args, **kwargs)
            self.losses.append(float(loss))
            return loss

        def _clip_grad_norm(self, model):
            norm = super()._clip_grad_norm(model)
            self.norms.append(float(norm))
            return norm

    Recorded.losses, Recorded.norms = [], []
    return Recorded


def arguments(kind: type, folder: str, **more):
    return kind(
        output_dir=folder,
        per_device_train_batch_size=ORDER["batch"],
        num_train_epochs=1,
        learning_rate=SETTINGS["learningRate"],
        lr_scheduler_type=SETTINGS["schedule"],
        warmup_steps=SETTINGS["warmupSteps"],
        weight_decay=SETTINGS["weightDecay"],
        max_grad_norm=SETTINGS["maxGradientNorm"],
        optim="adamw_torch",
        train_sampling_strategy="sequential",
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=False,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        logging_steps=1000,
        seed=3,
        **more,
    )


def load(kind: type, folder: str):
    options = {"dtype": torch.float32, "attn_implementation": "eager"}
    return kind.from_pretrained(MODELS / folder, **options)


def round_adapters(model) -> dict:
    """The first adapters, as the golden file holds them."""
    rounded = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(".lora_A.default.weight"):
                values = [round(value, 8) for value in parameter.flatten().tolist()]
                parameter.copy_(torch.tensor(values).reshape(parameter.shape))
                rounded[name.removeprefix("base_model.model.").replace(".default.weight", ".weight")] = values
    return rounded


def trajectory(trainer_class: type, config_class: type, rows: list[dict], lora: bool = False, **more) -> dict:
    rewards = trainer_class is trl.RewardTrainer
    kind = transformers.AutoModelForSequenceClassification if rewards else transformers.AutoModelForCausalLM
    folder = "scored" if rewards else "untied"
    model = load(kind, folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(MODELS / folder)
    if more.get("assistant_only_loss"):
        tokenizer.chat_template = TRAINING_TEMPLATE
    torch.manual_seed(13)
    # A new adapter over the model as it is: DPO's reference is then the model with the adapter switched off.
    lora_config = peft.LoraConfig(
        r=LORA["rank"], lora_alpha=LORA["alpha"], target_modules=LORA["targets"], lora_dropout=0.0, task_type="CAUSAL_LM"
    )
    with tempfile.TemporaryDirectory() as scratch:
        dataset = datasets.Dataset.from_list([rows[row] for row in order()])
        args = arguments(config_class, scratch, **more)
        trainer = recorded(trainer_class)(
            model=model,
            args=args,
            train_dataset=dataset,
            processing_class=tokenizer,
            peft_config=lora_config if lora else None,
        )
        first = round_adapters(trainer.model)
        trainer.train()
    assert len(trainer.losses) == len(trainer.norms) == STEPS, (len(trainer.losses), len(trainer.norms))
    found = {"losses": trainer.losses, "norms": trainer.norms}
    return {**found, "adapters": first} if lora else found


def main() -> None:
    torch.set_num_threads(1)
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "test/golden/trajectories.json"
    smoothed = {
        # (1 - e) A + e B, A and B being the losses of a pair and of its inverse, in terms of TRL's two loss types
        "loss_type": ["sigmoid", "robust"],
        "loss_weights": [2 * (1 - SMOOTHING), -(1 - 2 * SMOOTHING)],
        "label_smoothing": SMOOTHING,
    }
    sft = (trl.SFTTrainer, trl.SFTConfig)
    reward = (trl.RewardTrainer, trl.RewardConfig)
    dpo = (trl.DPOTrainer, trl.DPOConfig)
    runs = {
        "sft-chats": trajectory(*sft, chats(), assistant_only_loss=True),
        "sft-completions": trajectory(*sft, completions()),
        "sft-texts": trajectory(*sft, texts()),
        "sft-lora": trajectory(*sft, chats(), lora=True, assistant_only_loss=True),
        "reward-centred": trajectory(*reward, pairs(), center_rewards_coefficient=0.05),
        "reward-margin": trajectory(*reward, with_margins(), center_rewards_coefficient=0.01),
        "dpo": trajectory(*dpo, pairs(), beta=DPO_BETA),
        "dpo-smoothed": trajectory(*dpo, pairs(), beta=DPO_BETA, **smoothed),
        "dpo-ipo": trajectory(*dpo, pairs(), beta=DPO_BETA, loss_type=["ipo"]),
        "dpo-lora": trajectory(*dpo, pairs(), beta=DPO_BETA, lora=True),
    }
    parts = {
        "made": f"tools/parity/make_trajectories.py with trl {trl.__version__}, peft {peft.__version__}, "
        f"transformers {transformers.__version__}, torch {torch.__version__}",
        "order": ORDER,
        "settings": SETTINGS,
        "lora": LORA,
        "beta": DPO_BETA,
        "smoothing": SMOOTHING,
        "chats": chats(),
        "texts": texts(),
        "pairs": with_margins(),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in parts.items()]
    kept = {}
    for name, run in runs.items():
        kept[name] = {key: value if key == "adapters" else [float(f"{one:.8g}") for one in value] for key, value in run.items()}
        print(name, [round(value, 4) for value in (run["losses"][0], run["losses"][-1], run["norms"][0], run["norms"][-1])])
    lines.append('"runs": {\n' + ",\n".join(f"{json.dumps(name)}: {json.dumps(run)}" for name, run in kept.items()) + "\n}")
    document = "{\n" + ",\n".join(lines) + "\n}\n"
    json.loads(document)
    out.write_text(document, "utf-8")
    print(f"{out}: {len(document)} bytes")


if __name__ == "__main__":
    main()
