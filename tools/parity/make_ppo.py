"""Golden numbers of PPO: TRL 0.24's own PPOTrainer.train(), one step on the replies of rollout.py, which stand in for
what the policy would sample. TRL's loop is looked into where each epoch asks for its random order, which is Covenant's.
TRL's value model is a model of its own; here its body is the policy's, as in Covenant.

0.24 is the last release with PPO, and wants an environment of its own:

    python3 -m venv ~/.venv-covenant-ppo && ~/.venv-covenant-ppo/bin/pip install -r requirements-ppo.txt
    ~/.venv-covenant-ppo/bin/python make_ppo.py [test/golden/ppo.json]
"""

import copy
import json
import os
import pathlib
import sys
import tempfile
from unittest import mock

os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"

import datasets
import numpy
import torch
import transformers
import trl
from trl.trainer import ppo_trainer

import rollout
from summary import changes, copies, numbers, short

ROOT = rollout.ROOT
SETTINGS = {"learningRate": 0.1, "epsilon": 1.0, "beta1": 0.9, "beta2": 0.999}
COUNT = len(rollout.PROMPTS)


def load(folder: str, kind: type = transformers.AutoModelForCausalLM):
    config = transformers.AutoConfig.from_pretrained(rollout.MODELS / folder)
    # where this version of transformers looks for what newer ones write elsewhere
    config.rope_theta = json.loads((rollout.MODELS / folder / "config.json").read_text())["rope_parameters"]["rope_theta"]
    return kind.from_pretrained(rollout.MODELS / folder, config=config, dtype=torch.float32, attn_implementation="eager")


def value_model(policy, head: torch.Tensor):
    """A sequence classifier on the policy's own body."""
    config = copy.deepcopy(policy.config)
    config.num_labels = 1
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    model.model = policy.model
    with torch.no_grad():
        model.score.weight.copy_(head)
    return model


class Watch:
    """What is put in place of sampling and of chance, and what is seen of TRL's loop through them."""

    def __init__(self, parts: list[list[list[int]]]):
        self.parts = parts
        self.replies = torch.tensor([r + [rollout.PAD] * (rollout.LIMIT - len(r)) for r in rollout.REPLIES])
        self.logits: list[torch.Tensor] = []
        self.norms: list[float] = []
        self.seen: dict = {}
        self.epoch = 0

    def sample(self, policy, queries, _batch, pad, _config):
        self.prompts = [rollout.PROMPTS.index([id for id in row if id != pad]) for row in queries.tolist()]
        whole = torch.cat([queries, self.replies[self.prompts]], 1)
        return whole, ppo_trainer.forward(policy, whole, pad).logits[:, queries.shape[1] - 1 : -1]

    def permute(self, count: int):
        assert count == COUNT
        if self.epoch == 0:
            self.seen = dict(sys._getframe(1).f_locals)
        order = [self.prompts.index(prompt) for part in self.parts[self.epoch] for prompt in part]
        self.epoch += 1
        return numpy.array(order)

    def forward(self, model, whole, pad):
        found = FORWARD(model, whole, pad)
        if isinstance(found, tuple):  # of policy and value model: an update
            context = whole.shape[1] - rollout.LIMIT
            mask = whole[:, context:] != pad
            self.logits.append(found[0].logits[:, context - 1 : -1].detach().clone()[mask])
        return found

    def step(self, optimizer, *_):
        squares = [(p.grad.double() ** 2).sum() for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        self.norms.append(float(torch.sqrt(sum(squares))))


FORWARD = ppo_trainer.forward


def entropy(logits: torch.Tensor) -> float:
    return (torch.logsumexp(logits, -1) - (torch.softmax(logits, -1) * logits).sum(-1)).mean().item()


def run(head: torch.Tensor, *, estimator: str, whiten: bool, minibatches: int, epochs: int, penalty: float | None) -> dict:
    policy = load("tied")
    values = value_model(policy, head)
    options = {"klCoefficient": 0.07, "klEstimator": estimator, "whitenRewards": whiten, "gamma": 0.97, "lambda": 0.9}
    loss = {"clip": 0.1, "valueClip": 0.1, "valueCoefficient": 0.1}
    # by its file alone: the folder names a class that newer versions of transformers have
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(rollout.MODELS / "tied/tokenizer.json"), padding_side="left")
    tokenizer.eos_token, tokenizer.pad_token = tokenizer.convert_ids_to_tokens([rollout.END, rollout.PAD])
    rows = datasets.Dataset.from_dict({"input_ids": rollout.PROMPTS})
    watch = Watch(rollout.order(COUNT, 1, minibatches, epochs))
    with tempfile.TemporaryDirectory() as scratch:
        arguments = trl.PPOConfig(
            output_dir=scratch,
            per_device_train_batch_size=COUNT,
            gradient_accumulation_steps=1,
            num_mini_batches=minibatches,
            num_ppo_epochs=epochs,
            total_episodes=COUNT,
            local_rollout_forward_batch_size=COUNT,
            response_length=rollout.LIMIT,
            stop_token="eos",
            missing_eos_penalty=penalty,
            temperature=1.0,
            kl_coef=options["klCoefficient"],
            kl_estimator=estimator,
            whiten_rewards=whiten,
            gamma=options["gamma"],
            lam=options["lambda"],
            cliprange=loss["clip"],
            cliprange_value=loss["valueClip"],
            vf_coef=loss["valueCoefficient"],
            learning_rate=SETTINGS["learningRate"],
            adam_epsilon=SETTINGS["epsilon"],
            adam_beta1=SETTINGS["beta1"],
            adam_beta2=SETTINGS["beta2"],
            optim="adamw_torch",
            num_sample_generations=0,
            save_strategy="no",
            logging_steps=1,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            report_to=[],
            disable_tqdm=True,
        )
        trainer = trl.PPOTrainer(
            args=arguments,
            processing_class=tokenizer,
            model=policy,
            ref_model=load("untied"),
            reward_model=load("scored", transformers.AutoModelForSequenceClassification),
            value_model=values,
            train_dataset=rows,
            eval_dataset=rows,
        )
        trainer.optimizer.optimizer.register_step_pre_hook(watch.step)
        before = {**copies(policy), **copies(values.score, "score.")}
        with (
            mock.patch.object(ppo_trainer, "batch_generation", watch.sample),
            mock.patch.object(ppo_trainer, "forward", watch.forward),
            mock.patch.object(numpy.random, "permutation", watch.permute),
        ):
            trainer.train()
    return {
        "options": {**options, "minibatches": minibatches, "epochs": epochs, "missingEndPenalty": penalty or 0},
        "loss": loss,
        **rolled(watch),
        "updates": updates(watch),
        "metrics": logged(trainer),
        "changes": changes(before, {**copies(policy), **copies(values.score, "score.")}),
    }


def rolled(watch: Watch) -> dict:
    """What the loop made of the replies before its first update, by prompt."""
    seen = watch.seen
    rows = [watch.prompts.index(prompt) for prompt in range(COUNT)]
    tokens = lambda name: [numbers(seen[name][row][~seen["padding_mask"][row]]) for row in rows]
    places = lambda name: [numbers(seen[name][row][~seen["padding_mask_p1"][row]]) for row in rows]
    return {
        "policy": tokens("logprobs"),
        "reference": tokens("ref_logprobs"),
        "scores": [short(float(seen["scores"][row])) for row in rows],
        "values": places("values"),
        "rewards": places("rewards"),
        "advantages": tokens("advantages"),
        "returns": places("returns"),
    }


def updates(watch: Watch) -> list[dict]:
    """TRL's numbers of every update, and the entropy of tokens alone and the gradient's norm beside them."""
    stats = {
        "policy/approxkl_avg": "approxkl_stats",
        "policy/clipfrac_avg": "pg_clipfrac_stats",
        "loss/policy_avg": "pg_loss_stats",
        "loss/value_avg": "vf_loss_stats",
        "val/clipfrac_avg": "vf_clipfrac_stats",
        "val/ratio": "ratio_stats",
    }
    flat = {name: watch.seen[local][..., 0].flatten() for name, local in stats.items()}
    parts = [part for epoch in watch.parts for part in epoch]
    assert len(parts) == len(watch.norms) == len(watch.logits)
    return [
        {
            "tokens": sum(len(rollout.REPLIES[prompt]) for prompt in part),
            "places": rollout.LIMIT * len(part),
            "gradient_norm": watch.norms[at],
            "policy/entropy_avg": entropy(watch.logits[at]),
            **{name: short(float(values[at])) for name, values in flat.items()},
        }
        for at, part in enumerate(parts)
    ]


def logged(trainer) -> dict:
    (metrics,) = [entry for entry in trainer.state.log_history if "objective/kl" in entry]
    return {name: value for name, value in metrics.items() if name not in ("eps", "epoch", "step")}


def main() -> None:
    torch.set_num_threads(1)
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "test/golden/ppo.json"
    torch.manual_seed(29)
    head = torch.tensor(numbers(0.3 * torch.randn(1, 32))).reshape(1, 32)
    parts = {
        "made": f"tools/parity/make_ppo.py with trl {trl.__version__}, transformers {transformers.__version__}, torch {torch.__version__}",
        "rollout": rollout.shared,
        "settings": SETTINGS,
        "head": numbers(head),
        "runs": [
            run(head, estimator="k1", whiten=False, minibatches=2, epochs=2, penalty=None),
            run(head, estimator="k3", whiten=True, minibatches=1, epochs=2, penalty=0.7),
        ],
    }
    text = rollout.document(parts)
    out.write_text(text, "utf-8")
    print(f"{out}: {len(text)} bytes")


if __name__ == "__main__":
    main()
