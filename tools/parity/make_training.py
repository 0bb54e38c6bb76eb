"""Golden numbers of training: AdamW and Muon with clipping, learning-rate schedules, and the losses with their gradients.

    python make_training.py [test/golden/training.json]
"""

import json
import pathlib
import sys

import torch
import transformers
from torch.nn.functional import logsigmoid


def numbers(tensor: torch.Tensor) -> list:
    return [round(value, 9) for value in tensor.detach().double().flatten().tolist()]


def take_steps(parameters: dict, optimisers: list, x: torch.Tensor, y: torch.Tensor, options: dict) -> dict:
    """Five steps after clip_grad_norm_ on loss = mean((x Wᵀ (Vᵀ) · v - y)²), some clipped and some not."""
    start = {name: numbers(parameter) for name, parameter in parameters.items()}
    shapes = {name: list(parameter.shape) for name, parameter in parameters.items()}
    steps = []
    for rate in (0.3, 0.2, 0.1, 0.05, 0.01):
        for one in optimisers:
            for group in one.param_groups:
                group["lr"] = rate
            one.zero_grad()
        output = x @ parameters["matrix"].T
        if "tall" in parameters:
            output = output @ parameters["tall"].T
        loss = ((output * parameters["vector"] - y) ** 2).mean()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters.values(), options["maxGradientNorm"])
        for one in optimisers:
            one.step()
        after = {name: numbers(parameter) for name, parameter in parameters.items()}
        steps.append({"learningRate": rate, "loss": loss.item(), "norm": float(norm), "after": after})
    norms = [step["norm"] for step in steps]
    assert min(norms) < options["maxGradientNorm"] < max(norms), norms
    return {"options": options, "x": numbers(x), "y": numbers(y), "shapes": shapes, "start": start, "steps": steps}


def adamw_of(groups: list, options: dict) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, betas=(options["beta1"], options["beta2"]), eps=options["epsilon"])


def optimiser() -> dict:
    """torch.optim.AdamW; only the matrix decays."""
    torch.manual_seed(7)
    matrix = torch.nn.Parameter(torch.randn(3, 4))
    vector = torch.nn.Parameter(torch.randn(3))
    x, y = torch.randn(6, 4), torch.randn(6, 3) * 2
    options = {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weightDecay": 0.1, "maxGradientNorm": 1.5}
    groups = [{"params": [matrix], "weight_decay": options["weightDecay"]}, {"params": [vector], "weight_decay": 0.0}]
    return take_steps({"matrix": matrix, "vector": vector}, [adamw_of(groups, options)], x, y, options)


class SinglePrecision:
    """torch for torch.optim._muon, which orthogonalises in bfloat16: here in float32, as Covenant does."""

    bfloat16 = torch.float32

    def __getattr__(self, name: str):
        return getattr(torch, name)


def muon() -> dict:
    """torch.optim.Muon for a wide and a tall matrix, torch.optim.AdamW for the vector."""
    torch.optim._muon.torch = SinglePrecision()
    torch.manual_seed(19)
    matrix = torch.nn.Parameter(torch.randn(3, 4))
    tall = torch.nn.Parameter(torch.randn(5, 3))
    vector = torch.nn.Parameter(torch.randn(5))
    x, y = torch.randn(6, 4), torch.randn(6, 5) * 2
    options = {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weightDecay": 0.1, "maxGradientNorm": 20.0}
    muon_part = torch.optim.Muon(
        [matrix, tall], weight_decay=options["weightDecay"], adjust_lr_fn="match_rms_adamw", eps=1e-7
    )
    vectors = [{"params": [vector], "weight_decay": 0.0}]
    parameters = {"matrix": matrix, "tall": tall, "vector": vector}
    return take_steps(parameters, [muon_part, adamw_of(vectors, options)], x, y, options)


def schedules() -> list[dict]:
    """transformers.get_scheduler: the rate each of the optimiser's steps is taken with."""
    names = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}
    found = []
    for kind, name in names.items():
        for warmup in (0, 1, 3):
            adamw = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
            schedule = transformers.get_scheduler(name, adamw, num_warmup_steps=warmup, num_training_steps=10)
            rates = []
            for _ in range(11):
                rates.append(adamw.param_groups[0]["lr"])
                adamw.step()
                schedule.step()
            found.append({"kind": kind, "peak": 0.5, "warmupSteps": warmup, "totalSteps": 10, "rates": rates})
    return found


def with_gradients(loss: torch.Tensor, leaves: dict[str, torch.Tensor]) -> dict:
    loss.backward()
    return {"loss": loss.item(), "gradients": {name: numbers(leaf.grad) for name, leaf in leaves.items()}}


def preference() -> list[dict]:
    """Binary cross-entropy of the margins' logits against soft labels; and DPO's sigmoid loss with label smoothing."""
    torch.manual_seed(3)
    found = []
    for name, labels in (("soft", torch.rand(6)), ("hard", torch.ones(6)), ("smoothed", torch.full((6,), 0.9))):
        margins = (torch.randn(6) * 4).requires_grad_()
        if name == "smoothed":
            loss = (-logsigmoid(margins) * (1 - 0.1) - logsigmoid(-margins) * 0.1).mean()
        elif name == "hard":
            loss = -logsigmoid(margins).mean()
        else:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(margins, labels)
        inputs = {"margins": numbers(margins), "probabilities": numbers(labels)}
        found.append({"name": name, **inputs, **with_gradients(loss, {"margins": margins})})
    return found


def direct_preference() -> dict:
    """DPO with soft labels on summed token log-probabilities, plus a weight times the chosen reply's mean negative
    log-likelihood, averaged over pairs (Pang et al. 2024, eq. 1 and 2); chosen and rejected of different lengths."""
    torch.manual_seed(17)
    options = {"beta": 0.3, "sftWeight": 0.7}
    lengths = {"chosen": (2, 5, 1, 4), "rejected": (3, 1, 4, 2)}
    labels = torch.tensor([1.0, 0.9, 0.65, 0.5])
    tokens = {side: [(-torch.rand(n) * 3).requires_grad_() for n in counts] for side, counts in lengths.items()}
    references = {side: torch.stack([one.detach().sum() for one in some]) + torch.randn(4) for side, some in tokens.items()}
    gains = {side: torch.stack([one.sum() for one in some]) - references[side] for side, some in tokens.items()}
    margins = options["beta"] * (gains["chosen"] - gains["rejected"])
    preference_loss = torch.nn.functional.binary_cross_entropy_with_logits(margins, labels)
    likelihood_loss = torch.stack([-one.mean() for one in tokens["chosen"]]).mean()
    (preference_loss + options["sftWeight"] * likelihood_loss).backward()
    sides = {
        side: {
            "tokens": [numbers(one) for one in some],
            "reference": numbers(references[side]),
            "gradients": [numbers(one.grad) for one in some],
        }
        for side, some in tokens.items()
    }
    losses = {
        "loss": (preference_loss + options["sftWeight"] * likelihood_loss).item(),
        "preferenceLoss": preference_loss.item(),
        "likelihoodLoss": likelihood_loss.item(),
    }
    return {"options": options, "probabilities": numbers(labels), **sides, **losses}


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (values * mask).sum() / mask.sum()


def clipped() -> dict:
    """PPO's clipped losses over masked tokens, as TRL's PPOTrainer wrote them (up to 0.x)."""
    torch.manual_seed(11)
    count, clip, value_clip = 24, 0.2, 0.15
    mask = (torch.arange(count) < 18).float()
    before, advantages = -torch.rand(count) * 3, torch.randn(count)
    now = (before + torch.randn(count) * 0.3).requires_grad_()
    old_values, returns = torch.randn(count), torch.randn(count)
    values = (old_values + torch.randn(count) * 0.3).requires_grad_()
    change = now - before
    ratio = torch.exp(change)
    losses = -advantages * ratio
    clipped_losses = -advantages * torch.clamp(ratio, 1 - clip, 1 + clip)
    policy = masked_mean(torch.max(losses, clipped_losses), mask)
    held = torch.clamp(values, old_values - value_clip, old_values + value_clip)
    value = 0.5 * masked_mean(torch.max((values - returns) ** 2, (held - returns) ** 2), mask)
    inputs = {
        "clip": clip,
        "valueClip": value_clip,
        "mask": numbers(mask),
        "before": numbers(before),
        "now": numbers(now),
        "advantages": numbers(advantages),
        "oldValues": numbers(old_values),
        "values": numbers(values),
        "returns": numbers(returns),
        "clipShare": float(masked_mean((clipped_losses > losses).float(), mask)),
        "kl": (0.5 * masked_mean(change**2, mask)).item(),
    }
    return {
        **inputs,
        "policy": with_gradients(policy, {"now": now}),
        "value": with_gradients(value, {"values": values}),
    }


def advantages() -> dict:
    """KL-shaped rewards, generalised advantages and returns, and whitening over all tokens together."""
    torch.manual_seed(5)
    options = {"klCoefficient": 0.05, "gamma": 0.97, "lambda": 0.9}
    replies, all_advantages = [], []
    for length in (1, 4, 7):
        policy, reference, values = -torch.rand(length) * 3, -torch.rand(length) * 3, torch.randn(length)
        score = float(torch.randn(()))
        rewards = -options["klCoefficient"] * (policy - reference)
        rewards[-1] += score
        # by the definition, as a sum over all later steps
        following = torch.cat([values[1:], torch.zeros(1)])
        deltas = rewards + options["gamma"] * following - values
        decay = options["gamma"] * options["lambda"]
        found = torch.stack([sum(decay ** (k - t) * deltas[k] for k in range(t, length)) for t in range(length)])
        all_advantages.append(found)
        replies.append(
            {
                "policy": numbers(policy),
                "reference": numbers(reference),
                "values": numbers(values),
                "score": score,
                "advantages": numbers(found),
                "returns": numbers(found + values),
            }
        )
    together = torch.cat(all_advantages)
    whitened = (together - together.mean()) * torch.rsqrt(together.var() + 1e-8)
    return {"options": options, "replies": replies, "whitened": numbers(whitened)}


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/golden/training.json"
    parts = {
        "made": f"tools/parity/make_training.py with transformers {transformers.__version__}, torch {torch.__version__}",
        "optimiser": optimiser(),
        "muon": muon(),
        "schedules": schedules(),
        "preference": preference(),
        "directPreference": direct_preference(),
        "clipped": clipped(),
        "advantages": advantages(),
    }
    text = "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in parts.items()) + "\n}\n"
    json.loads(text)
    out.write_text(text, "utf-8")
    print(f"{out}: {len(text)} bytes")


if __name__ == "__main__":
    main()
