"""What golden files hold of a tensor that is too large to be kept whole."""

import torch

ENTRIES = 4


def short(value: float) -> float:
    return float(f"{value:.8g}")


def numbers(tensor: torch.Tensor) -> list[float]:
    return [short(value) for value in tensor.detach().double().flatten().tolist()]


def summary(tensor: torch.Tensor) -> dict:
    """The norm, the product with a fixed direction (cos of the place, in row-major order), the largest magnitude, and
    some entries with their places, the largest among them."""
    flat = tensor.detach().double().flatten()
    largest = int(flat.abs().argmax())
    places = sorted({largest, *(at * (len(flat) - 1) // (ENTRIES - 1) for at in range(ENTRIES))})
    direction = torch.cos(torch.arange(len(flat), dtype=torch.float64))
    return {
        "norm": short(flat.norm().item()),
        "product": short((flat * direction).sum().item()),
        "largest": short(flat[largest].abs().item()),
        "entries": [[place, short(flat[place].item())] for place in places],
    }


def copies(model: torch.nn.Module, prefix: str = "") -> dict[str, torch.Tensor]:
    return {prefix + name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def changes(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> dict:
    """How far every parameter has moved."""
    return {name: summary(after[name] - tensor) for name, tensor in before.items()}
