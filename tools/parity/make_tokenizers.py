"""Golden token ids from Hugging Face's tokenizers.

byte-level: trained here by its BpeTrainer on texts that are written along, so that our own training can be held
against it; plus the ids of nasty texts. sequence: the same vocabulary behind a normaliser, a split pattern and a
begin token, as larger models have them. gpt2, llama3, qwen2, llama2, llama2-metaspace and gemma: trained here on the
same texts, each with the parts (normaliser, splits, byte fallback, decoder, begin token) that the family's files have.

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

NASTIER = [
    "a" + " " * 17 + "b" + " " * 64,
    "   three before <|user|>   three after",
    "▁typed ▁▁ by <0x41> a user <s>and</s> <bos><eos>",
    "\r\n\r\n \t\t \n\v\f\x1c\x85 lines",
    "I'M HE'S we'Ve ’s ſ İstanbul ǅ ß",
    "1234567 3.14159 1,000,000 ٣٤٥٦ ⅧⅨ ½",
    "👨🏽‍🚀🏳️‍⚧️ 🇦🇺🇳🇿 ✌🏿 \U0001f9d1\u200d\U0001f91d\u200d\U0001f9d1",
    "עִבְרִית ١٢٣ العربية\u200f \u2067mixed\u2069 ไทย हिन्दी বাংলা",
    "\u200b\u200c\u200d\u2060\ufeff zero widths \u00ad\u034f\u180e",
    "e\u0301 \u1100\u1161\u11a8 \u0041\u030a ﬁ Å ① ｆｕｌｌ　ｗｉｄｔｈ",
    "\x00\x07\x1b[31mred\x1b[0m\x7f\x80\x9f",
    "x" * 300,
    "ka" * 60 + "lo mi" * 20,
    "中文字符，日本語テキスト。한국어 텍스트!",
    "<|end|><|end|> <|begin|>\n<|pad|>\t<|user|>s <|user|>ss",
    "{% raw %}{{ x }}{% endraw %} ${y} %s \\n \\u0041",
    "\ud7ff\ue000\uf8ff\ufffd\ufffe\U0010ffff",
    " leading",
    "trailing ",
    "\n",
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


LLAMA3_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def of_bytes(texts: list[str], split: str | None, begin: bool, **parts) -> tokenizers.Tokenizer:
    """Byte-level BPE: words by GPT-2's pattern or by `split`; whole words that are tokens are not cut (Llama 3)."""
    tokenizer = tokenizers.Tokenizer(models.BPE(ignore_merges=parts.get("ignore_merges", False)))
    if parts.get("nfc"):
        tokenizer.normalizer = normalizers.NFC()
    if split is None:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(tokenizers.Regex(split), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    with_begin(tokenizer, "<|begin|>" if begin else None)
    return tokenizer


def with_begin(tokenizer: tokenizers.Tokenizer, begin: str | None) -> None:
    if begin is None:
        return
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", pair=f"{begin} $A {begin}:1 $B:1", special_tokens=[(begin, tokenizer.token_to_id(begin))]
    )


def of_pieces(texts: list[str], kind: str) -> tokenizers.Tokenizer:
    """BPE over characters with a fallback to bytes, as SentencePiece's models are converted."""
    trained = tokenizers.Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trained.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=200, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    control = ["<unk>", "<s>", "</s>", *SPECIAL] if kind != "gemma" else ["<pad>", "<eos>", "<bos>", "<unk>", *SPECIAL]
    names = [*control, *(f"<0x{byte:02X}>" for byte in range(256)), *sorted(model["vocab"], key=model["vocab"].get)]
    # runs of spaces are tokens of these models
    runs = [] if kind != "gemma" else ["▁" * length for length in range(2, 9)]
    vocabulary = {name: at for at, name in enumerate([*names, *(run for run in runs if run not in names)])}
    merges = [tuple(merge) if isinstance(merge, list) else tuple(merge.split(" ")) for merge in model["merges"]]
    merges += [("▁" * (length - 1), "▁") for length in range(2, 9)] if kind == "gemma" else []
    tokenizer = tokenizers.Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    )
    strip = [decoders.Strip(" ", 1, 0)] if kind == "llama2" else []
    if kind == "llama2":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    elif kind == "gemma":
        tokenizer.normalizer = normalizers.Replace(" ", "▁")
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
        strip = [decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    )
    tokenizer.add_special_tokens([tokenizers.AddedToken(name, normalized=False, special=True) for name in control])
    with_begin(tokenizer, "<bos>" if kind == "gemma" else "<s>")
    return tokenizer


def families(texts: list[str]) -> dict[str, tokenizers.Tokenizer]:
    return {
        "gpt2": of_bytes(texts, None, begin=False),
        "llama3": of_bytes(texts, LLAMA3_SPLIT, begin=True, ignore_merges=True),
        "qwen2": of_bytes(texts, QWEN2_SPLIT, begin=False, nfc=True),
        "llama2": of_pieces(texts, "llama2"),
        "llama2-metaspace": of_pieces(texts, "llama2-metaspace"),
        "gemma": of_pieces(texts, "gemma"),
    }


def encodings(tokenizer: tokenizers.Tokenizer, texts: list[str]) -> list[dict]:
    rows = []
    for text in texts:
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
    for name, tokenizer in (("byte-level", base), ("sequence", sequence(base)), *families(texts).items()):
        (target / f"{name}.tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n", "utf-8")
        texts_of = NASTY if name in ("byte-level", "sequence") else NASTY + NASTIER
        rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in encodings(tokenizer, texts_of))
        (target / f"{name}.golden.json").write_text(f'{{"made": "{made}",\n"rows": [\n{rows}\n]}}\n', "utf-8")


if __name__ == "__main__":
    main()
