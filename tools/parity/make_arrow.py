"""Data sets as the Python library datasets saves them (save_to_disk): pairs in one file, chats in two splits, and pairs in
two files, for src/tables and `--data FOLDER`. Writes test/golden/arrow.

    python make_arrow.py ../../test/golden/arrow
"""

import pathlib
import shutil
import sys

import datasets

PAIRS = [
    {"prompt": "How do I plant a tree?", "chosen": "Dig a hole.", "rejected": "No.", "probability": 0.75, "votes": 3, "note": None},
    {"prompt": "Zweite \u2713\nZeile \U0001f333", "chosen": "Ja.", "rejected": "Nein.", "probability": 1.0, "votes": 2**53 - 1, "note": None},
]
CHATS = [
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}], "tags": ["a", "b"], "labels": [1, 0]},
    {"messages": [{"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Bye."}], "tags": [], "labels": []},
]


def main(folder: pathlib.Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    pairs, chats = datasets.Dataset.from_list(PAIRS), datasets.Dataset.from_list(CHATS)
    pairs.save_to_disk(folder / "pairs")
    pairs.save_to_disk(folder / "shards", num_shards=2)
    datasets.DatasetDict({"train": chats, "test": chats.select([1])}).save_to_disk(folder / "splits")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
