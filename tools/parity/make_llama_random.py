"""Three very small random Llama models with a tokenizer, saved by transformers: tied and untied embeddings, and one with
a score head (a reward model), all with grouped-query attention. Then their golden numbers. The same versions and seed
give the same files.

    python make_llama_random.py [test/golden/llama-random]
"""

import json
import pathlib
import shutil
import sys

import tokenizers
import torch
import transformers

from golden import golden, write_golden

ROLES = ["<|end|>", "<|pad|>", "<|system|>", "<|user|>", "<|assistant|>"]
TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
TEXTS = [
    "How do I plant a tree in the garden? Dig a hole, set the tree, fill the hole and water it.",
    "The river is wide and slow. In spring the river is high, and in the summer it is low.",
    "Tell me about the garden, the river and the tree. Answer in one line, and answer briefly.",
]


def make_tokenizer() -> transformers.PreTrainedTokenizerFast:
    inner = tokenizers.Tokenizer(tokenizers.models.BPE())
    inner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=288,
        min_frequency=2,
        special_tokens=ROLES,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(TEXTS, trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<|end|>", pad_token="<|pad|>", clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def make_model(kind: type, seed: int, tied: bool) -> transformers.PreTrainedModel:
    torch.manual_seed(seed)
    labels = {"num_labels": 1} if kind is transformers.LlamaForSequenceClassification else {}
    config = transformers.LlamaConfig(
        **labels,
        vocab_size=288,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 5000.0},
        tie_word_embeddings=tied,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=1,
    )
    model = kind(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Large enough that every part shows in the logits; norms away from one.
            parameter.copy_(torch.randn_like(parameter) * 0.2 + (1.0 if "norm" in name else 0.0))
    return model.to(torch.bfloat16)


@torch.no_grad()
def scores(folder: pathlib.Path, chats: list[dict]) -> dict:
    """The score of each chat as it stands, one at a time and so without padding."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    rows = []
    for chat in chats:
        ids = tokenizer.apply_chat_template(chat["messages"], return_dict=False)
        rows.append({"ids": ids, "score": round(float(model(torch.tensor([ids])).logits[0, 0]), 7)})
    made = f"tools/parity/make_llama_random.py with transformers {transformers.__version__}, torch {torch.__version__}"
    return {"made": made, "scored": rows}


def save(folder: pathlib.Path, model: transformers.PreTrainedModel) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/golden/llama-random"
    chats = json.loads((pathlib.Path(__file__).parent / "chats.json").read_text("utf-8"))
    for name, tied in (("tied", True), ("untied", False)):
        folder = target / name
        save(folder, make_model(transformers.LlamaForCausalLM, 20 + tied, tied))
        write_golden(golden(folder, chats), folder / "golden.json")
    folder = target / "scored"
    save(folder, make_model(transformers.LlamaForSequenceClassification, 30, tied=False))
    (folder / "golden.json").write_text(json.dumps(scores(folder, chats)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
