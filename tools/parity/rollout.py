"""The replies that PPO, GRPO and RLOO learn from in golden runs, in place of what the policy would sample, and the order
in which Covenant takes them. The policy is llama-random's tied model, the reference its untied one."""

import json
import pathlib
import random
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "test/golden/llama-random"
END, PAD, LIMIT, GROUP, SEED = 0, 1, 8, 4, 9
# Some end early, some with the last token there is room for, two are cut.
LENGTHS = (4, 8, 6, 8, 1, 5, 8, 3)
CUT = (1, 6)

_random = random.Random(23)


def _some(count: int) -> list[int]:
    return [_random.randrange(8, 288) for _ in range(count)]


REPLIES = [_some(n) if at in CUT else [*_some(n - 1), END] for at, n in enumerate(LENGTHS)]
# PPO has a reply to each of these; GRPO and RLOO have GROUP replies to each of the first two.
PROMPTS = [[2, *_some(1 + (3 * at + 2) % 5), 3] for at in range(len(LENGTHS))]
SCORES = [round(_random.gauss(0, 1) + (2 if at >= GROUP else 0), 4) for at in range(len(LENGTHS))]
OTHER_SCORES = [round(_random.gauss(0, 1), 4) for _ in LENGTHS]

shared = {"prompts": PROMPTS, "replies": REPLIES, "limit": LIMIT, "group": GROUP, "seed": SEED}


def order(prompts: int, replies: int, parts: int, epochs: int) -> list[list[list[int]]]:
    """For each epoch the replies of each minibatch, as src/training/rollouts.ts draws them: by prompt, and within a
    prompt one after another."""
    code = (
        f"Promise.all(['training/rollouts.ts', 'core/index.ts'].map((path) => import('{ROOT}/src/' + path))).then("
        "([{ promptsOfStep, minibatches }, { deriveSeed }]) => {"
        f"const chosen = promptsOfStep({prompts}, {prompts}, {SEED}, 0)"
        f".flatMap((prompt) => Array.from({{ length: {replies} }}, (_, at) => prompt * {replies} + at));"
        f"const draw = (epoch) => minibatches(chosen.length, {parts}, deriveSeed({SEED}, 'minibatches', 0, epoch));"
        f"const drawn = Array.from({{ length: {epochs} }}, (_, epoch) => draw(epoch));"
        "console.log(JSON.stringify(drawn.map((epoch) => epoch.map((part) => part.map((at) => chosen[at])))));})"
    )
    return json.loads(subprocess.run([ROOT / "node_modules/.bin/node", "-e", code], capture_output=True, check=True, text=True).stdout)


def document(parts: dict) -> str:
    """JSON with a line for each part, and for each item of a list of parts."""
    lines = []
    for key, value in parts.items():
        whole = json.dumps(value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            whole = "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"
        lines.append(f"{json.dumps(key)}: {whole}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
