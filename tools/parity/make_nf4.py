"""NF4 as bitsandbytes computes it on the CPU: a random matrix, its packed levels and scales, and what they stand for; and
the first layer of the GPT-2 of test/golden/families as transformers loads it in 4 bits.

    python make_nf4.py [test/golden/nf4.json]
"""

import base64
import json
import pathlib
import sys

import bitsandbytes
import torch
import transformers
from bitsandbytes import functional


def first_layer(folder: pathlib.Path) -> dict:
    """Packed levels (base64) and scales of the projections of the first layer."""
    four_bits = transformers.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, quantization_config=four_bits, dtype=torch.float32, device_map="cpu"
    )
    return {
        name: {
            "packed": base64.b64encode(weight.data.flatten().numpy().tobytes()).decode(),
            "scales": [float(x) for x in weight.quant_state.absmax],
        }
        for name, weight in model.named_parameters()
        if ".h.0." in name and isinstance(weight, bitsandbytes.nn.Params4bit)
    }


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/golden/nf4.json"
    torch.manual_seed(5)
    # bfloat16 values, so that they are written in few digits; rows of different sizes
    values = (torch.randn(16, 64) * torch.logspace(-3, 1, 16)[:, None]).to(torch.bfloat16).float()
    values[3, :] = 0
    packed, state = functional.quantize_4bit(values, blocksize=64, quant_type="nf4")
    restored = functional.dequantize_4bit(packed, state)
    result = {
        "made": f"tools/parity/make_nf4.py with bitsandbytes {bitsandbytes.__version__}, torch {torch.__version__}, transformers {transformers.__version__}",
        "shape": list(values.shape),
        "levels": [float(x) for x in state.code],
        "values": [float(x) for x in values.flatten()],
        "packed": packed.flatten().tolist(),
        "scales": [float(x) for x in state.absmax],
        "restored": [float(x) for x in restored.flatten()],
        "gpt2": first_layer(root / "test/golden/families/gpt2"),
    }
    out.write_text(json.dumps(result) + "\n", "utf-8")


if __name__ == "__main__":
    main()
