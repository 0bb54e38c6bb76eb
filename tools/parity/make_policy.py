"""Golden numbers of policy gradients: one update of PPO, GRPO and RLOO on a fixed rollout of a very small random Llama.

    python make_policy.py TRL_0_24_WHEEL [test/golden/policy.json]

GRPO's and RLOO's losses are those of the installed trl, called on a trainer that only holds their settings. PPO left
trl after 0.24; its helpers come from that release's wheel (pip download --no-deps trl==0.24.0), and what its training
loop does between them is written out here.
"""

import collections
import importlib.util
import json
import pathlib
import sys
import types
import zipfile

import torch
import transformers
import trl
from trl.trainer.grpo_trainer import GRPOTrainer
from trl.trainer.rloo_trainer import RLOOTrainer
from trl.trainer.utils import nanstd, selective_log_softmax

ROOT = pathlib.Path(__file__).resolve().parents[2]
END, PAD, LIMIT, GROUP = 0, 1, 8, 4


def numbers(tensor: torch.Tensor) -> list:
    return [round(value, 9) for value in tensor.detach().double().flatten().tolist()]


def load_core(wheel: str) -> types.ModuleType:
    """trl/core.py of a wheel, as a module of its own."""
    source = zipfile.ZipFile(wheel).read("trl/core.py").decode()
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("trl_core", loader=None))
    exec(compile(source, "trl/core.py", "exec"), module.__dict__)
    return module


def load_model() -> transformers.PreTrainedModel:
    folder = ROOT / "test/golden/llama-random/tied"
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


class Rollout:
    """Two prompts with four replies each: some end early, one with the last token there is room for, two are cut."""

    def __init__(self, model):
        torch.manual_seed(23)
        some = lambda count: torch.randint(8, 288, (count,)).tolist()
        prompts = [[2, *some(4), 3], [2, *some(1), 3]]
        self.prompts = [prompt for prompt in prompts for _ in range(GROUP)]
        lengths = (4, 8, 6, 8, 1, 5, 8, 3)
        cut = (1, 6)
        self.replies = [some(n) if at in cut else [*some(n - 1), END] for at, n in enumerate(lengths)]
        self.ended = [at not in cut for at in range(len(lengths))]
        width = max(len(prompt) for prompt in self.prompts)
        self.context = width
        self.prompt_ids = torch.tensor([[PAD] * (width - len(p)) + p for p in self.prompts])
        self.prompt_mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in self.prompts])
        self.reply_ids = torch.tensor([r + [PAD] * (LIMIT - len(r)) for r in self.replies])
        self.reply_mask = torch.tensor([[1] * len(r) + [0] * (LIMIT - len(r)) for r in self.replies])
        with torch.no_grad():
            log_probabilities, _, _ = self.read(model)
        shape = self.reply_ids.shape
        # as if the policy had moved since it sampled, and the reference were further away
        self.policy = log_probabilities + 0.2 * torch.randn(shape)
        self.reference = log_probabilities + 0.5 * torch.randn(shape)
        self.values = 0.5 * torch.randn(shape)
        self.scores = torch.randn(len(self.replies))
        self.scores[4:] += 2

    def read(self, model):
        """Log-probabilities and logits of the replies' tokens, and the hidden states that gave them."""
        ids = torch.cat([self.prompt_ids, self.reply_ids], 1)
        mask = torch.cat([self.prompt_mask, self.reply_mask], 1)
        output = model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - mask).long(),
            output_hidden_states=True,
        )
        logits = output.logits[:, self.context - 1 : -1]
        hidden = output.hidden_states[-1][:, self.context - 1 : -1]
        return selective_log_softmax(logits, self.reply_ids), logits, hidden

    def tokens(self, tensor: torch.Tensor) -> list:
        return [numbers(row[: len(reply)]) for row, reply in zip(tensor, self.replies)]

    def json(self) -> dict:
        return {
            "prompts": self.prompts,
            "replies": self.replies,
            "ended": self.ended,
            "limit": LIMIT,
            "group": GROUP,
            "policy": self.tokens(self.policy),
            "reference": self.tokens(self.reference),
            "scores": numbers(self.scores),
        }


def gradient_norm(loss: torch.Tensor, parameters: list) -> float:
    gradients = torch.autograd.grad(loss, parameters)
    return float(torch.sqrt(sum((gradient.double() ** 2).sum() for gradient in gradients)))


def ppo(core, model, rollout: Rollout, head: torch.Tensor, *, estimator: str, whiten: bool) -> dict:
    """What TRL's PPOTrainer makes of a rollout, and one update on all of it."""
    options = {"klCoefficient": 0.07, "klEstimator": estimator, "whitenRewards": whiten, "gamma": 0.97, "lambda": 0.9}
    loss_options = {"clip": 0.2, "valueClip": 0.15, "valueCoefficient": 0.1}
    last = rollout.reply_mask.sum(1) - 1
    places = torch.arange(LIMIT).repeat(len(rollout.replies), 1)
    beyond = places > last.unsqueeze(1)
    beyond_closing = places > (last + 1).unsqueeze(1)
    invalid = 1.0
    policy = torch.masked_fill(rollout.policy, beyond, invalid)
    reference = torch.masked_fill(rollout.reference, beyond, invalid)
    values = torch.masked_fill(rollout.values, beyond_closing, 0)
    ratio = reference - policy
    kl = -ratio if estimator == "k1" else (ratio.exp() - 1) - ratio
    rewards = -options["klCoefficient"] * kl
    ends = torch.where(last + 1 < LIMIT, last + 1, last)
    rewards[torch.arange(len(ends)), ends] += rollout.scores
    if whiten:
        rewards = core.masked_whiten(rewards, mask=~beyond_closing, shift_mean=False)
        rewards = torch.masked_fill(rewards, beyond_closing, 0)
    found, ahead = [], torch.zeros(len(ends))
    for place in reversed(range(LIMIT)):
        following = values[:, place + 1] if place < LIMIT - 1 else 0.0
        delta = rewards[:, place] + options["gamma"] * following - values[:, place]
        ahead = delta + options["gamma"] * options["lambda"] * ahead
        found.append(ahead)
    advantages = torch.stack(found[::-1], 1)
    returns = advantages + values
    advantages = torch.masked_fill(core.masked_whiten(advantages, ~beyond), beyond, 0)

    parameters = [*model.parameters(), head]
    now, logits, hidden = rollout.read(model)
    now = torch.masked_fill(now, beyond, invalid)
    guessed = torch.masked_fill((hidden @ head.T).squeeze(-1), beyond_closing, 0)
    held = torch.clamp(guessed, values - loss_options["valueClip"], values + loss_options["valueClip"])
    value_losses, held_losses = (guessed - returns) ** 2, (held - returns) ** 2
    value_loss = 0.5 * core.masked_mean(torch.max(value_losses, held_losses), ~beyond_closing)
    change = now - policy
    ratio = change.exp()
    losses = -advantages * ratio
    cut_losses = -advantages * torch.clamp(ratio, 1 - loss_options["clip"], 1 + loss_options["clip"])
    policy_loss = core.masked_mean(torch.max(losses, cut_losses), ~beyond)
    norm = gradient_norm(policy_loss + loss_options["valueCoefficient"] * value_loss, parameters)
    entropies = torch.logsumexp(logits, -1) - (torch.softmax(logits, -1) * logits).sum(-1)
    per_place = lambda tensor: [numbers(row[: int(count)]) for row, count in zip(tensor, (~beyond_closing).sum(1))]
    mean = lambda tensor: core.masked_mean(tensor, ~beyond).item()
    return {
        "options": options,
        "loss": loss_options,
        "values": per_place(values),
        "rewards": per_place(rewards),
        "advantages": rollout.tokens(advantages),
        "returns": per_place(returns),
        "metrics": {
            "loss/policy_avg": policy_loss.item(),
            "loss/value_avg": value_loss.item(),
            "policy/clipfrac_avg": mean((cut_losses > losses).float()),
            "val/clipfrac_avg": float(core.masked_mean((held_losses > value_losses).float(), ~beyond_closing)),
            "gradient_norm": norm,
            "policy/approxkl_avg": mean(0.5 * change**2),
            "policy/entropy_avg": mean(entropies),
            "val/ratio": mean(ratio),
        },
        # as TRL's loop has them, padding included
        "padded": {
            "places": LIMIT * len(ends),
            "policy/approxkl_avg": (0.5 * change**2).mean().item(),
            "val/ratio": ratio.mean().item(),
        },
    }


def stub(kind: type, **settings):
    """A trainer that was never set up and only has what its loss reads; its metrics are kept."""
    trainer = kind.__new__(kind)
    same = lambda tensor, **_: tensor
    trainer.accelerator = types.SimpleNamespace(
        reduce=lambda tensor, reduction: tensor, gather=same, num_processes=1, unwrap_model=same, device="cpu"
    )
    trainer._metrics = {"train": collections.defaultdict(list)}
    for name, value in settings.items():
        setattr(trainer, name, value)
    return trainer


def reader(rollout: Rollout):
    """Stands in for the trainer's forward pass: log-probabilities and entropies of the rollout's own replies."""

    def read(model, *_args, **_options):
        log_probabilities, logits, _ = rollout.read(model)
        entropies = torch.logsumexp(logits, -1) - (torch.softmax(logits, -1) * logits).sum(-1)
        return log_probabilities, entropies, None

    return read


def group_statistics(rewards: torch.Tensor):
    grouped = rewards.view(-1, GROUP)
    return grouped.mean(1).repeat_interleave(GROUP), nanstd(grouped, dim=1).repeat_interleave(GROUP)


def grpo(model, rollout: Rollout, *, scale: str, loss_type: str, beta: float, corrected: bool, high: float) -> dict:
    """Advantages by TRL's formula (as written in _generate_and_score_completions), then its own loss."""
    mean, deviation = group_statistics(rollout.scores)
    if scale == "batch":
        deviation = nanstd(rollout.scores).expand_as(rollout.scores)
    advantages = rollout.scores - mean
    if scale != "none":
        advantages = advantages / (deviation + 1e-4)
    trainer = stub(
        GRPOTrainer,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        importance_sampling_level="token",
        beta=beta,
        loss_type=loss_type,
        epsilon_low=0.2,
        epsilon_high=high,
        use_vllm=False,
        vllm_importance_sampling_correction=False,
        _entropy_bonus_enabled=False,
        aux_loss_enabled=False,
        max_completion_length=LIMIT,
        current_gradient_accumulation_steps=1,
        args=types.SimpleNamespace(use_bias_correction_kl=corrected, delta=None, steps_per_generation=1),
        model=types.SimpleNamespace(training=True),
        _get_per_token_logps_and_entropies=reader(rollout),
    )
    inputs = {
        "prompt_ids": rollout.prompt_ids,
        "prompt_mask": rollout.prompt_mask,
        "completion_ids": rollout.reply_ids,
        "completion_mask": rollout.reply_mask,
        "advantages": advantages,
        "old_per_token_logps": rollout.policy,
        "ref_per_token_logps": rollout.reference,
        "num_items_in_batch": rollout.reply_mask.sum(),
    }
    loss = trainer._compute_loss(model, inputs)
    metrics = {name: values[0] for name, values in trainer._metrics["train"].items()}
    return {
        "options": {
            "estimator": "grpo",
            "scale": scale,
            "lossType": loss_type,
            "beta": beta,
            "klCorrection": corrected,
            "clipLow": 0.2,
            "clipHigh": high,
        },
        "advantages": numbers(advantages),
        "metrics": {"loss": loss.item(), "gradient_norm": gradient_norm(loss, list(model.parameters())), **metrics},
    }


def rloo(model, rollout: Rollout, *, scale: str, beta: float) -> dict:
    """Advantages by TRL's formula, with the divergence of whole replies taken from their rewards, then its own loss."""
    mask = rollout.reply_mask
    rewards = rollout.scores - beta * ((rollout.policy - rollout.reference) * mask).sum(-1)
    grouped = rewards.view(-1, GROUP)
    advantages = (grouped - (grouped.sum(1, keepdim=True) - grouped) / (GROUP - 1)).view(-1)
    if scale == "batch":
        advantages = (advantages - advantages.mean()) / (nanstd(advantages) + 1e-4)
    trainer = stub(
        RLOOTrainer,
        epsilon_low=0.05,
        epsilon_high=0.08,
        aux_loss_enabled=False,
        model=types.SimpleNamespace(training=True),
        _get_per_token_logps_and_entropies=reader(rollout),
    )
    inputs = {
        "prompt_ids": rollout.prompt_ids,
        "prompt_mask": rollout.prompt_mask,
        "completion_ids": rollout.reply_ids,
        "completion_mask": mask,
        "advantages": advantages,
        "old_logps": (rollout.policy * mask).sum(1),
    }
    loss = trainer._compute_loss(model, inputs)
    metrics = {name: values[0] for name, values in trainer._metrics["train"].items()}
    options = {"estimator": "rloo", "scale": scale, "beta": beta, "clipLow": 0.05, "clipHigh": 0.08}
    return {
        "options": {**options, "lossType": "grpo", "klCorrection": False},
        "advantages": numbers(advantages),
        "metrics": {"loss": loss.item(), "gradient_norm": gradient_norm(loss, list(model.parameters())), **metrics},
    }


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "test/golden/policy.json"
    core, model = load_core(sys.argv[1]), load_model()
    rollout = Rollout(model)
    head = (0.3 * torch.randn(1, model.config.hidden_size)).requires_grad_()
    group = lambda **options: grpo(model, rollout, **options)
    parts = {
        "made": f"tools/parity/make_policy.py with trl {trl.__version__} (PPO: 0.24.0), torch {torch.__version__}",
        "rollout": rollout.json(),
        "head": numbers(head),
        "ppo": [
            ppo(core, model, rollout, head, estimator="k1", whiten=False),
            ppo(core, model, rollout, head, estimator="k3", whiten=True),
        ],
        "groups": [
            group(scale="group", loss_type="dapo", beta=0.0, corrected=True, high=0.2),
            group(scale="group", loss_type="grpo", beta=0.2, corrected=True, high=0.28),
            group(scale="none", loss_type="dr_grpo", beta=0.2, corrected=False, high=0.2),
            group(scale="batch", loss_type="bnpo", beta=0.1, corrected=False, high=0.2),
            rloo(model, rollout, scale="none", beta=0.05),
            rloo(model, rollout, scale="batch", beta=0.0),
        ],
    }
    text = "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in parts.items()) + "\n}\n"
    out.write_text(text, "utf-8")
    print(f"{out}: {len(text)} bytes")


if __name__ == "__main__":
    main()
