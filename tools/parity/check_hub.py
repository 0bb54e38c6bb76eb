"""Holds the hub of the tests against huggingface_hub, the official client, and what `covenant export push` uploads to it
against what that client and `datasets` read back. Writes nothing but temporary files.

The hub of test/hub runs as a process of its own. Uploads go by Git LFS, in one part and in several: HF_HUB_DISABLE_XET is
set, since the hub of the tests does not speak Xet. Knows nothing of how either side does it.
"""

import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE = os.environ.get("NODE", str(ROOT / "node_modules/node/bin/node"))
PART = 5 * 1024 * 1024  # bytes: what the hub of the tests takes in one part

work = Path(tempfile.mkdtemp(prefix="covenant-check-hub-"))
hub = subprocess.Popen(
    [NODE, str(ROOT / "test/hub/serve.ts"), str(PART)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
address = hub.stdout.readline().strip()
# both libraries read these when they are loaded
os.environ |= {
    "HF_ENDPOINT": address,
    "HF_HOME": str(work / "home"),
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
os.environ.pop("HF_TOKEN", None)

import datasets  # noqa: E402
import huggingface_hub  # noqa: E402
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, hf_hub_download, snapshot_download  # noqa: E402
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError  # noqa: E402

datasets.disable_progress_bars()
WRITER, READER = "hf_secret", "hf_reader"
api = HfApi(endpoint=address, token=WRITER)
failed: list[str] = []


def check(what: str, holds: bool, seen: object = "") -> None:
    print(f"{'ok  ' if holds else 'NOT '} {what}{'' if holds else f': {seen}'}")
    if not holds:
        failed.append(what)


def refused(what: str, status: int, call: Callable[[], object], kind: type = HfHubHTTPError) -> None:
    """Checks that a call is refused with a status, as an error of a kind."""
    try:
        call()
        check(what, False, "it was not refused")
    except HfHubHTTPError as error:
        seen = error.response.status_code
        check(f"{what}: {status}, {kind.__name__}", seen == status and isinstance(error, kind), repr(error))


def same_files(one: Path, other: Path, ignored: tuple[str, ...] = (".gitattributes",)) -> bool:
    """Whether two folders hold the same files with the same bytes, hidden ones left out of both."""

    def names(folder: Path) -> list[str]:
        found = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        return sorted(name for name in found if name not in ignored and not name.startswith("."))

    return names(one) == names(other) and all(filecmp.cmp(one / name, other / name, shallow=False) for name in names(one))


def write_folder() -> Path:
    """Small texts, empty files, a small file that is binary by name, one that is so by its bytes, and a large one of three parts."""
    folder = work / "folder"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Rows\n")
    (folder / "data/rows.jsonl").write_text('{"prompt": "Why?"}\n' * 100)
    (folder / "data/empty.txt").write_text("")
    (folder / "data/none.parquet").write_bytes(b"")
    (folder / "data/small.parquet").write_bytes(os.urandom(3000))
    (folder / "data/unknown.xyz").write_bytes(b"\x00\x01" * 500)
    (folder / "data/large.bin").write_bytes(os.urandom(12 * 1024 * 1024 + 5))
    return folder


def check_client() -> None:
    """The official client alone: uploads, uploads again, reads back."""
    folder, name = write_folder(), "someone/rows"
    url = api.create_repo(name, repo_type="dataset")
    check("create_repo tells the kind and the name", (url.repo_type, url.repo_id) == ("dataset", name), url)
    again = api.create_repo(name, repo_type="dataset", exist_ok=True)
    check("create_repo of one that is there, with exist_ok", str(again) == str(url), again)
    refused("create_repo of one that is there", 409, lambda: api.create_repo(name, repo_type="dataset"))
    first = api.upload_folder(repo_id=name, repo_type="dataset", folder_path=folder)
    check("upload_folder makes a commit", api.repo_info(name, repo_type="dataset").sha == first.oid, first)
    again = api.upload_folder(repo_id=name, repo_type="dataset", folder_path=folder)
    check("upload_folder again has nothing new to commit", again.oid == first.oid, again)
    back = Path(snapshot_download(name, repo_type="dataset", token=WRITER))
    check("snapshot_download gives the same bytes", same_files(folder, back))
    tree = {entry.path: entry for entry in api.list_repo_tree(name, repo_type="dataset", recursive=True)}
    large = [path for path, entry in tree.items() if getattr(entry, "lfs", None)]
    expected = ["data/large.bin", "data/small.parquet", "data/unknown.xyz"]
    check("large are those that are so by name, size or bytes", sorted(large) == expected, large)
    (folder / "data/rows.jsonl").write_text('{"prompt": "What?"}\n')
    more = api.upload_folder(repo_id=name, repo_type="dataset", folder_path=folder)
    head = api.repo_info(name, repo_type="dataset").sha
    check("a changed file makes another", more.oid != first.oid and head == more.oid, (first.oid, more.oid, head))
    api.create_commit(
        name, [CommitOperationDelete("data/empty.txt")], commit_message="Without it", repo_type="dataset"
    )
    refused(
        "hf_hub_download of a file that is gone",
        404,
        lambda: hf_hub_download(name, "data/empty.txt", repo_type="dataset"),
        EntryNotFoundError,
    )


def check_refusals() -> None:
    """What is refused, and as what the official client takes it."""
    name = "someone/rows"
    small = [CommitOperationAdd("small.txt", b"small\n")]
    stranger = HfApi(endpoint=address, token="hf_stranger")
    reader = HfApi(endpoint=address, token=READER)
    refused("a token that is none, create_repo", 401, lambda: stranger.create_repo("someone/other"))
    refused("no token, create_repo", 401, lambda: HfApi(endpoint=address, token=False).create_repo("someone/other"))
    refused("a token that may only read, create_repo", 403, lambda: reader.create_repo("someone/other"))
    refused("a namespace of others, create_repo", 403, lambda: api.create_repo("stranger/other"))
    refused(
        "a token that may only read, commit",
        403,
        lambda: reader.create_commit(name, small, commit_message="Small", repo_type="dataset"),
    )
    refused(
        "a commit on another parent",
        412,
        lambda: api.create_commit(name, small, commit_message="Small", repo_type="dataset", parent_commit="0" * 40),
    )
    refused(
        "a repository that is not there",
        404,
        lambda: api.create_commit("someone/nowhere", small, commit_message="Small"),
        RepositoryNotFoundError,
    )
    private = api.create_repo("someone/private", private=True).repo_id
    api.upload_file(path_or_fileobj=b"own\n", path_in_repo="own.txt", repo_id=private)
    check("a private one is private", api.repo_info(private).private is True)
    read = Path(hf_hub_download(private, "own.txt", token=WRITER)).read_bytes()
    check("a private one is read with its owner's token", read == b"own\n", read)
    anyone = HfApi(endpoint=address, token=False)
    refused("a private one, without a token", 401, lambda: anyone.repo_info(private), RepositoryNotFoundError)
    broken = [CommitOperationAdd("README.md", b"---\na: [\n---\n")]
    try:
        api.create_commit(private, broken, commit_message="Broken")
        check("a card whose head is no YAML", False, "it was not refused")
    except ValueError as error:
        check("a card whose head is no YAML is refused", "Invalid metadata" in str(error), error)


def raw(method: str, path: str, token: str | None = WRITER, **request) -> tuple[int, dict]:
    """A call of its own, for what no client sends: its status and its JSON."""
    session = huggingface_hub.utils.get_session()
    url = path if path.startswith("http") else f"{address}{path}"
    headers = {**request.pop("headers", {}), **({} if token is None else {"authorization": f"Bearer {token}"})}
    answer = session.request(method, url, headers=headers, **request)
    is_json = answer.headers.get("content-type", "").startswith("application")
    try:
        return answer.status_code, answer.json() if is_json else {}
    except ValueError:
        return answer.status_code, {}


def check_strictness() -> None:
    """What the official client never sends is refused: the hub does not let wrong uploads through."""
    lfs = {"accept": "application/vnd.git-lfs+json", "content-type": "application/vnd.git-lfs+json"}
    oid = hashlib.sha256(b"right").hexdigest()
    ask = {"operation": "upload", "transfers": ["basic"], "hash_algo": "sha256", "objects": [{"oid": oid, "size": 5}]}
    status, batch = raw("POST", "/datasets/someone/rows.git/info/lfs/objects/batch", json=ask, headers=lfs)
    actions = batch["objects"][0]["actions"]
    href, verify = actions["upload"]["href"], actions["verify"]["href"]

    def commit(size: int) -> int:
        lines = [
            {"key": "header", "value": {"summary": "Large"}},
            {"key": "lfsFile", "value": {"path": "large.bin", "algo": "sha256", "oid": oid, "size": size}},
        ]
        body = "\n".join(json.dumps(line) for line in lines)
        as_lines = {"content-type": "application/x-ndjson"}
        return raw("POST", "/api/datasets/someone/rows/commit/main", content=body, headers=as_lines)[0]

    check("a commit of a large file that was not uploaded is refused", commit(5) == 400)
    check("verify of it: 404", raw("POST", verify, json={"oid": oid, "size": 5})[0] == 404)
    check("other bytes than announced are refused", raw("PUT", href, None, content=b"wrong")[0] == 400)
    check("more bytes than announced are refused", raw("PUT", href, None, content=b"right and more")[0] == 400)
    check("a token has no business at the storage", raw("PUT", href, content=b"right")[0] == 400)
    unsigned = href.split("?")[0]
    check("an address that is not signed is refused", raw("PUT", unsigned, None, content=b"right")[0] == 403)
    streamed = raw("PUT", href, None, content=iter([b"right"]))[0]
    check("bytes without their length are refused", streamed == 411, streamed)
    check("the right bytes are taken", raw("PUT", href, None, content=b"right")[0] == 200)
    check("verify with another size: 422", raw("POST", verify, json={"oid": oid, "size": 6})[0] == 422)
    check("verify: 200", raw("POST", verify, json={"oid": oid, "size": 5})[0] == 200)
    check("a commit of it with another size is refused", commit(6) == 400)
    check("a commit of it is taken", commit(5) == 200)


def covenant(*words: str, token: str = WRITER) -> subprocess.CompletedProcess:
    environment = {**os.environ, "HF_TOKEN": token}
    command = [NODE, str(ROOT / "src/cli/main.ts"), *words]
    return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)


def check_push() -> None:
    """`covenant export push`, read back by the official client and by `datasets`."""
    # over 10 MB as JSONL, so that its size alone makes it a large file, and three parts of it
    prompts = [json.dumps({"prompt": f"What is {os.urandom(150).hex()}?"}) for _ in range(40_000)]
    (work / "prompts.jsonl").write_text("\n".join(prompts) + "\n")
    for words in (["prompts", "load", "prompts.jsonl", "--out", "loaded"], ["export", "dataset", "loaded", "--out", "exported"]):
        made = covenant(*words)
        if made.returncode != 0:
            raise RuntimeError(made.stderr)
    exported = work / "exported"
    large = "data/train.jsonl"
    size = (exported / large).stat().st_size
    check("a file of it is large by its size, and of three parts", 2 * PART < size <= 3 * PART, size)
    pushed = covenant("export", "push", "exported", "--to", "someone/pushed", "--private")
    check("covenant export push", pushed.returncode == 0, pushed.stderr)
    back = Path(snapshot_download("someone/pushed", repo_type="dataset", token=WRITER))
    check("snapshot_download gives the bytes of the folder", same_files(exported, back))
    one = hf_hub_download("someone/pushed", large, repo_type="dataset", token=WRITER)
    check("hf_hub_download gives the bytes of the large file", filecmp.cmp(one, exported / large, shallow=False))
    check("it is private", api.repo_info("someone/pushed", repo_type="dataset").private is True)
    here = datasets.load_dataset(str(exported))
    there = datasets.load_dataset("someone/pushed", token=WRITER)
    equal = sorted(here) == sorted(there) and all(here[name].to_list() == there[name].to_list() for name in here)
    check("load_dataset gives the same rows from the hub as from the folder", equal, (here, there))
    card = huggingface_hub.DatasetCard.load("someone/pushed", repo_type="dataset", token=WRITER)
    check("its card is read", len(card.data.to_dict()) > 0, card)
    same = api.upload_folder(repo_id="someone/pushed", repo_type="dataset", folder_path=exported)
    head = api.repo_info("someone/pushed", repo_type="dataset").sha
    check("the official client finds nothing new in the folder", same.oid == head)
    model = work / "model"
    shutil.copytree(ROOT / "test/golden/families/gpt2", model)
    pushed = covenant("export", "push", "model", "--to", "group/model")
    check("covenant export push of a model", pushed.returncode == 0, pushed.stderr)
    back = Path(snapshot_download("group/model", token=False))
    check("it is read back, with a card", same_files(model, back, (".gitattributes", "README.md")))
    told = covenant("export", "push", "model", "--to", "group/other", token=READER)
    check("a token that may only read: told so", told.returncode != 0 and "403" in told.stderr, told.stderr)
    texts = [text for run in (pushed, told) for text in (run.stdout, run.stderr)]
    check("no token in what is said", not any(re.search("hf_(secret|reader)", text) for text in texts))


def end_hub() -> None:
    hub.stdin.close()
    said = hub.stdout.read().splitlines()
    hub.wait()
    unknown = [line.removeprefix("unknown: ") for line in said if line.startswith("unknown: ")]
    print("\n".join(line for line in said if not line.startswith("unknown: ")))
    check("the clients asked for nothing that the hub of the tests lacks", unknown == [], unknown)


print(f"huggingface_hub {huggingface_hub.__version__}, datasets {datasets.__version__}, {address}")
try:
    for part in (check_client, check_refusals, check_strictness, check_push):
        part()
finally:
    end_hub()
    shutil.rmtree(work)
print(f"{len(failed)} not as expected")
sys.exit(1 if failed else 0)
