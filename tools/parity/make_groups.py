"""Golden numbers of GRPO and RLOO: TRL's own GRPOTrainer.train() and RLOOTrainer.train(), one step of sampling and all
its updates, on the replies of rollout.py, which stand in for what the policy would sample.

    python make_groups.py [test/golden/groups.json]
"""

import pathlib
import sys
import tempfile
from unittest import mock

import datasets
import torch
import transformers
import trl
from trl.trainer import grpo_trainer, rloo_trainer

import rollout
from summary import changes, copies, numbers, short

ROOT = rollout.ROOT
SETTINGS = {"epsilon": 1.0, "beta1": 0.9, "beta2": 0.999}
# RLOO's ratio is of whole replies, and moves further.
RATES = {"grpo": 0.02, "rloo": 0.0005}
WEIGHTS = [1.0, 0.5]
PROMPTS = len(rollout.REPLIES) // rollout.GROUP


def load(folder: str):
    options = {"dtype": torch.float32, "attn_implementation": "eager"}
    return transformers.AutoModelForCausalLM.from_pretrained(rollout.MODELS / folder, **options)


def first(completion_ids, **_):
    return [rollout.SCORES[rollout.REPLIES.index(ids)] for ids in completion_ids]


def second(completion_ids, **_):
    return [rollout.OTHER_SCORES[rollout.REPLIES.index(ids)] for ids in completion_ids]


def with_replies(trainer_class: type) -> type:
    """The trainer, with the golden replies for what it samples, and with what its updates begin from kept."""

    class WithReplies(trainer_class):
        def _tokenize_prompts(self, prompts):
            self.asked = [int(prompt) for prompt in prompts]
            return [rollout.PROMPTS[prompt] for prompt in self.asked], None, {}

        def _generate_single_turn(self, *_args, **_options):
            seen = [self.asked[:at].count(prompt) for at, prompt in enumerate(self.asked)]
            replies = [rollout.REPLIES[rollout.GROUP * prompt + at] for prompt, at in zip(self.asked, seen)]
            return (replies, None) if trainer_class is trl.GRPOTrainer else replies

        def _generate_and_score_completions(self, inputs):
            self.scored = super()._generate_and_score_completions(inputs)
            return self.scored

    return WithReplies


def in_order(minibatches: int):
    """Covenant's order of a step's replies in place of TRL's. Without minibatches there is none to be kept."""
    (parts,) = rollout.order(PROMPTS, rollout.GROUP, minibatches, 1)
    order = torch.tensor([reply for part in parts for reply in part])

    def shuffle(batch: dict) -> dict:
        return {
            name: value[order] if isinstance(value, torch.Tensor) and value.dim() > 0 else value
            for name, value in batch.items()
        }

    return shuffle


def run(trainer_class: type, config_class: type, module, options: dict, *, minibatches=1, iterations=1, **more) -> dict:
    policy = load("tied")
    # from where the trainers load their reference
    policy.config._name_or_path = str(rollout.MODELS / "untied")
    updates = minibatches * iterations
    rate = RATES[options["estimator"]]
    with tempfile.TemporaryDirectory() as scratch:
        arguments = config_class(
            output_dir=scratch,
            per_device_train_batch_size=len(rollout.REPLIES) // minibatches,
            gradient_accumulation_steps=1,
            steps_per_generation=minibatches,
            num_iterations=iterations,
            num_generations=rollout.GROUP,
            max_completion_length=rollout.LIMIT,
            max_steps=updates,
            shuffle_dataset=False,
            temperature=1.0,
            beta=options["beta"],
            epsilon=options["clipLow"],
            epsilon_high=options["clipHigh"],
            reward_weights=WEIGHTS,
            learning_rate=rate,
            lr_scheduler_type="constant",
            adam_epsilon=SETTINGS["epsilon"],
            adam_beta1=SETTINGS["beta1"],
            adam_beta2=SETTINGS["beta2"],
            max_grad_norm=0,
            optim="adamw_torch",
            save_strategy="no",
            logging_steps=1,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            dataloader_pin_memory=False,
            report_to=[],
            disable_tqdm=True,
            **more,
        )
        trainer = with_replies(trainer_class)(
            model=policy,
            reward_funcs=[first, second],
            args=arguments,
            train_dataset=datasets.Dataset.from_dict({"prompt": [str(at) for at in range(PROMPTS)]}),
            processing_class=transformers.AutoTokenizer.from_pretrained(rollout.MODELS / "tied"),
        )
        before = copies(policy)
        with mock.patch.object(module, "shuffle_sequence_dict", in_order(minibatches)):
            trainer.train()
    assert trainer.asked == [prompt for prompt in range(PROMPTS) for _ in range(rollout.GROUP)]
    logged = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert len(logged) == updates
    kept = lambda name: not name.endswith(("_time", "runtime")) and name not in ("epoch", "step", "num_tokens")
    return {
        "options": {**options, "minibatches": minibatches, "iterations": iterations, "learningRate": rate},
        "advantages": numbers(trainer.scored["advantages"]),
        "updates": [{name: short(value) for name, value in entry.items() if kept(name)} for entry in logged],
        "changes": changes(before, copies(policy)),
    }


def grpo(*, scale: str, loss_type: str, beta: float, corrected: bool, high: float, **more) -> dict:
    options = {"estimator": "grpo", "scale": scale, "lossType": loss_type, "beta": beta, "klCorrection": corrected}
    settings = {"scale_rewards": scale, "loss_type": loss_type, "use_bias_correction_kl": corrected, **more}
    clips = {"clipLow": 0.1, "clipHigh": high}
    return run(trl.GRPOTrainer, trl.GRPOConfig, grpo_trainer, {**options, **clips}, **settings)


def rloo(*, scale: str, beta: float, **more) -> dict:
    options = {"estimator": "rloo", "scale": scale, "lossType": "grpo", "beta": beta, "klCorrection": False}
    settings = {"normalize_advantages": scale == "batch", **more}
    clips = {"clipLow": 0.05, "clipHigh": 0.08}
    return run(trl.RLOOTrainer, trl.RLOOConfig, rloo_trainer, {**options, **clips}, **settings)


def main() -> None:
    torch.set_num_threads(1)
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "test/golden/groups.json"
    parts = {
        "made": f"tools/parity/make_groups.py with trl {trl.__version__}, transformers {transformers.__version__}, torch {torch.__version__}",
        "rollout": {**rollout.shared, "prompts": rollout.PROMPTS[:PROMPTS]},
        "settings": SETTINGS,
        "rewards": [
            {"name": name, "weight": weight, "scores": scores}
            for name, weight, scores in zip(("first", "second"), WEIGHTS, (rollout.SCORES, rollout.OTHER_SCORES))
        ],
        "runs": [
            grpo(scale="group", loss_type="dapo", beta=0.0, corrected=True, high=0.1, minibatches=2),
            grpo(scale="group", loss_type="grpo", beta=0.2, corrected=True, high=0.15, iterations=2),
            grpo(scale="none", loss_type="dr_grpo", beta=0.2, corrected=False, high=0.1, iterations=2),
            grpo(scale="batch", loss_type="bnpo", beta=0.1, corrected=False, high=0.1, minibatches=2),
            rloo(scale="none", beta=0.05, iterations=2),
            rloo(scale="batch", beta=0.0, minibatches=2),
        ],
    }
    text = rollout.document(parts)
    out.write_text(text, "utf-8")
    print(f"{out}: {len(text)} bytes")


if __name__ == "__main__":
    main()
