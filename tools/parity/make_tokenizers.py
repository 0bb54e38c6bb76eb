"""Golden token ids from Hugging Face's tokenizers.

byte-level: trained here by its BpeTrainer on texts that are written along, so that our own training can be held
against it; plus the ids of nasty texts. sequence: the same vocabulary behind a normaliser, a split pattern and a
begin token, as larger models have them.

    python make_tokenizers.py [test/golden/tokenizers]
"""

import json
import pathlib
import random
import sys

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

SPECIAL = ["<|end|>", "<|pad|>", "<|user|>", "<|user|>s", "<|begin|>"]
NASTY = [
    "",
    " ",
    "  two  spaces  ",
    "It's we'll THEY'RE don't 'tis",
    "tabs\tand\r\nlines\n\n\nend \n ",
    "naïve façade Ærøskøbing ﬁ e\u0301",
    "😀👩‍👩‍👧‍👦🏳️‍🌈 flags 🇦🇺",
    "שלום עולם مرحبا \u202eabc\u202c",
    "zero\u200bwidth\u200djoin \ufeffmark \u0085next\u00a0space\u3000wide",
    "12345 1²³ ½ Ⅷ ٣ 一二三",
    "a<|end|>b <|user|>s<|user|><|use <|begin|><|pad|>",
    "<|user|> spaced <|end|> ",
    "\x00\x01\x7f control",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 ﷽",
    "!!!???...---___###$$$ (a)[b]{c}<d> http://x.y/z?q=1&r=2",
]


def training_texts() -> list[str]:
    draw = random.Random(7)
    syllables = ["ka", "lo", "mi", "ter", "an", "gri", "po", "shu", "el", "ing", "ed", "s", "o", "é", "aaa", "7"]
    words = ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(150)]
    return [" ".join(draw.choices(words, k=12)) + draw.choice([".", "!", " 42?", "\n"]) for _ in range(80)]


def byte_level(texts: list[str]) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        min_frequency=2,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def sequence(base: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer.from_str(base.to_str())
    tokenizer.normalizer = normalizers.NFC()
    pattern = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|begin|> $A", special_tokens=[("<|begin|>", tokenizer.token_to_id("<|begin|>"))]
    )
    return tokenizer


def encodings(tokenizer: tokenizers.Tokenizer) -> list[dict]:
    rows = []
    for text in NASTY:
        tokenizer.encode_special_tokens = False
        parsed = tokenizer.encode(text).ids
        bare = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = True
        literal = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        rows.append(
            {
                "text": text,
                "withSpecialTokens": parsed,
                "ids": bare,
                "literal": literal,
                "decoded": tokenizer.decode(bare, skip_special_tokens=False),
                "decodedWithoutSpecial": tokenizer.decode(bare, skip_special_tokens=True),
                # Cut inside a character, as generation can be.
                "decodedCut": tokenizer.decode(bare[: len(bare) // 2], skip_special_tokens=False),
            }
        )
    return rows


def main() -> None:
    root = pathlib.Path(__file__).resolve().parents[2]
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/golden/tokenizers"
    target.mkdir(parents=True, exist_ok=True)
    texts = training_texts()
    base = byte_level(texts)
    made = f"tools/parity/make_tokenizers.py with tokenizers {tokenizers.__version__}"
    (target / "training.json").write_text(
        json.dumps({"made": made, "special": SPECIAL, "texts": texts}, ensure_ascii=False, indent=0) + "\n", "utf-8"
    )
    for name, tokenizer in (("byte-level", base), ("sequence", sequence(base))):
        (target / f"{name}.tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n", "utf-8")
        rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in encodings(tokenizer))
        (target / f"{name}.golden.json").write_text(f'{{"made": "{made}",\n"rows": [\n{rows}\n]}}\n', "utf-8")


if __name__ == "__main__":
    main()
