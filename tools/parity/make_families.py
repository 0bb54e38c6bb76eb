"""A very small random model of every family that Covenant reads, saved by transformers, and its golden numbers. Windows
are shorter than the chats, and rotary frequencies are stretched so that each part of the rule is met. The same versions
and seed give the same files.

    python make_families.py [test/golden/families]
"""

import json
import pathlib
import sys

import torch
import transformers

from golden import golden, write_golden
from make_llama_random import save

GREEDY_TOKENS = 64

COMMON = dict(
    vocab_size=288,
    hidden_size=32,
    intermediate_size=48,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=256,
    tie_word_embeddings=True,
    bos_token_id=None,
    eos_token_id=0,
    pad_token_id=1,
)
LLAMA3 = dict(
    rope_type="llama3",
    rope_theta=5000.0,
    factor=8.0,
    low_freq_factor=1.0,
    high_freq_factor=4.0,
    original_max_position_embeddings=32,
)
GEMMA_ROPE = dict(
    full_attention=dict(rope_type="linear", rope_theta=20000.0, factor=4.0),
    sliding_attention=dict(rope_type="default", rope_theta=500.0),
)


def configs() -> dict[str, transformers.PretrainedConfig]:
    return {
        "gpt2": transformers.GPT2Config(
            vocab_size=288,
            n_embd=32,
            n_layer=2,
            n_head=4,
            n_positions=256,
            bos_token_id=None,
            eos_token_id=0,
            pad_token_id=1,
        ),
        "llama3": transformers.LlamaConfig(
            **COMMON, num_hidden_layers=2, head_dim=16, rope_parameters=LLAMA3
        ),
        "mistral": transformers.MistralConfig(**COMMON, num_hidden_layers=2, sliding_window=8),
        "qwen2": transformers.Qwen2Config(
            **COMMON,
            num_hidden_layers=3,
            use_sliding_window=True,
            sliding_window=8,
            max_window_layers=1,
        ),
        "qwen3": transformers.Qwen3Config(**COMMON, num_hidden_layers=2, head_dim=16),
        "gemma3": transformers.Gemma3TextConfig(
            **COMMON,
            num_hidden_layers=3,
            head_dim=16,
            query_pre_attn_scalar=24,
            sliding_window=8,
            layer_types=["sliding_attention", "sliding_attention", "full_attention"],
            rope_parameters=GEMMA_ROPE,
        ),
    }


def make_model(config: transformers.PretrainedConfig, seed: int) -> transformers.PreTrainedModel:
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config)
    from_zero = config.model_type == "gemma3_text"
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Large enough that every part shows in the logits; norms away from one.
            is_norm = name.endswith("weight") and ("norm" in name or ".ln_" in name)
            parameter.copy_(torch.randn_like(parameter) * 0.2 + (1.0 if is_norm and not from_zero else 0.0))
    return model.to(torch.bfloat16)


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/golden/families"
    chats = json.loads((pathlib.Path(__file__).parent / "chats.json").read_text("utf-8"))
    for at, (name, config) in enumerate(configs().items()):
        save(target / name, make_model(config, 40 + at))
        write_golden(golden(target / name, chats, GREEDY_TOKENS), target / name / "golden.json")


if __name__ == "__main__":
    main()
