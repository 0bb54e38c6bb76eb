// bin/covenant.mjs and tools/setup.mjs in small folders of their own: which Node runs what, and what passes through.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { covenantVersion } from "../../src/core/index.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "covenant-launcher-"));
  mkdirSync(join(folder, "bin"));
  cpSync(join(root, "bin/covenant.mjs"), join(folder, "bin/covenant.mjs"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const write = (path: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text, { mode });
};

/** A pinned Node that is another file than the one that runs this test, and says so in the environment. */
const pin = (): void => {
  write("node_modules/node/bin/node", `#!/bin/sh\nPINNED=yes exec "${process.execPath}" "$@"\n`, 0o755);
};

const launcher = (): string => join(folder, "bin/covenant.mjs");

const covenant = (...words: string[]) =>
  spawnSync(process.execPath, [launcher(), ...words], { encoding: "utf8", input: "from stdin" });

const report =
  'process.stdout.write(JSON.stringify([process.env["PINNED"] ?? "no", process.argv.slice(2)])); process.exitCode = 7;';

describe("the covenant command", () => {
  beforeEach(({ skip }) => {
    skip(
      process.platform === "win32",
      "the pinned Node of these tests is a shell script, and signals are POSIX's",
    );
  });

  it("runs the sources on the pinned Node and passes words and exit status through", () => {
    pin();
    write("src/cli/main.ts", `const typed: number = 1; ${report}`);
    const { stdout, status } = covenant("run", "--set", "a=b c");
    expect(JSON.parse(stdout)).toEqual(["yes", ["run", "--set", "a=b c"]]);
    expect(status).toBe(7);
  });

  it.each(["this process", "the pinned Node's"])("tells which file was called, to %s", (where) => {
    if (where !== "this process") pin();
    else mkdirSync(join(folder, "node_modules"));
    write("src/cli/main.ts", 'process.stdout.write(process.env["COVENANT_CALLED"] ?? "");');
    symlinkSync(launcher(), join(folder, "covenant"));
    const stale = { ...process.env, COVENANT_CALLED: "another" };
    const { stdout } = spawnSync(process.execPath, [join(folder, "covenant")], {
      encoding: "utf8",
      env: stale,
    });
    expect(stdout).toBe(join(folder, "covenant"));
  });

  it("runs the built package where there are no sources", () => {
    write("package.json", '{"type":"module"}');
    write("dist/cli/main.js", report);
    expect(JSON.parse(covenant("x").stdout)).toEqual(["no", ["x"]]);
  });

  it("says what to do when nothing is installed", () => {
    write("src/cli/main.ts", report);
    const { stderr, status } = covenant("run");
    expect(stderr).toContain(`node tools/setup.mjs\` in ${folder}`);
    expect(status).toBe(1);
  });

  const ended = (child: ChildProcess): Promise<number | null> =>
    new Promise((resolve) => {
      child.on("exit", (code) => resolve(code));
    });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "passes %s on and waits for the command to end by itself",
    async (name) => {
      pin();
      const waits = `process.on("${name}", () => { process.stdout.write("stopped"); process.exit(130); });
      setInterval(() => undefined, 1000); process.stdout.write("ready");`;
      write("src/cli/main.ts", waits);
      const child = spawn(process.execPath, [launcher()], { stdio: ["ignore", "pipe", "inherit"] });
      let text = "";
      child.stdout.on("data", (part: Buffer) => {
        text += String(part);
        if (text === "ready") child.kill(name);
      });
      expect(await ended(child)).toBe(130);
      expect(text).toBe("readystopped");
    },
  );

  describe("whose parent ends first", () => {
    const npm = { npm_lifecycle_script: "'covenant'" };

    beforeEach(() => {
      mkdirSync(join(folder, "node_modules"));
      // counts the intervals that the launcher starts, and hastens them
      write(
        "hasten.mjs",
        "const start = setInterval; globalThis.intervals = 0; globalThis.setInterval = (work) => { globalThis.intervals++; return start(work, 10); };",
      );
      write(
        "src/cli/main.ts",
        `process.on("SIGTERM", () => { process.stdout.write(" stopped"); process.exit(130); });
        process.stdout.write(globalThis.intervals > 0 ? "watching" : "alone"); setTimeout(() => undefined, 60_000);`,
      );
    });

    /** Starts what starts the launcher, kills it at the command's first word, and gives all that the command said. */
    const said = (command: string, words: readonly string[], more: NodeJS.ProcessEnv): Promise<string> =>
      new Promise((resolve, reject) => {
        const { npm_lifecycle_script: _, ...inherited } = process.env;
        const hasten = `--import=${pathToFileURL(join(folder, "hasten.mjs")).href}`;
        const env = {
          ...inherited,
          NODE_OPTIONS: hasten,
          NODE: process.execPath,
          LAUNCHER: launcher(),
          ...more,
        };
        const child = spawn(command, words, { env, stdio: ["ignore", "pipe", "inherit"] });
        let text = "";
        child.stdout.on("data", (part: Buffer) => {
          if (text === "") child.kill("SIGKILL");
          text += String(part);
        });
        child.on("error", reject);
        // the command has this stream, too
        child.on("close", () => resolve(text));
      });

    const shell = ["-c", '"$NODE" "$LAUNCHER" serve; exit $?'];

    it.each(["this process", "the pinned Node's"])(
      "is stopped where npm's shell is killed, in %s",
      async (where) => {
        if (where !== "this process") pin();
        expect(await said("sh", shell, npm)).toBe("watching stopped");
      },
    );

    it("is stopped where npm is killed", async ({ skip }) => {
      skip(process.platform !== "linux", "elsewhere nothing tells who the shell's parent is");
      const words = [
        "-e",
        `require("node:child_process").spawnSync("sh", ${JSON.stringify(shell)}, { stdio: "inherit" })`,
      ];
      expect(await said(process.execPath, words, npm)).toBe("watching stopped");
    });

    it("is stopped where the launcher is killed that started it on the pinned Node", async () => {
      pin();
      expect(await said(process.execPath, [launcher(), "serve"], {})).toBe("watching stopped");
    });

    it("is stopped without a signal where it listens for its parent's end", async () => {
      write(
        "src/cli/main.ts",
        `process.on("parent-end", () => { process.stdout.write(" told"); process.exit(130); });
        process.on("SIGTERM", () => undefined); process.stdout.write("here"); setTimeout(() => undefined, 60_000);`,
      );
      expect(await said("sh", shell, npm)).toBe("here told");
    });

    it("is left running otherwise: nobody looks", () => {
      write("src/cli/main.ts", "process.stdout.write(String(globalThis.intervals));");
      const ends = (env: NodeJS.ProcessEnv) =>
        spawnSync(process.execPath, ["--import", join(folder, "hasten.mjs"), launcher()], {
          encoding: "utf8",
          env,
        }).stdout;
      expect(ends({ ...process.env, npm_lifecycle_script: "covenant serve ./model &" })).toBe("0");
      expect(ends({ ...process.env, npm_lifecycle_script: "bash" })).toBe("0");
      expect(ends({ ...process.env, ...npm })).toBe("1");
    });
  });

  it("ends with 128 and the signal's number when the command was killed", () => {
    pin();
    write("src/cli/main.ts", 'process.kill(process.pid, "SIGKILL");');
    expect(covenant().status).toBe(137);
  });
});

describe("the command line", () => {
  it("loads no recipe's parts for words that need none, so that it answers at once", () => {
    const hook =
      "import { registerHooks } from 'node:module'; registerHooks({ load(url, context, next) { process.stderr.write(url + String.fromCharCode(10)); return next(url, context); } });";
    const main = join(root, "src/cli/main.ts");
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, main, "--version"],
      { encoding: "utf8" },
    );
    const loaded = stderr.split("\n").map((url) => url.replace(/^.*\/(?=src\/)/, ""));
    expect([stdout, loaded.includes("src/recipes/index.ts")]).toEqual([`${covenantVersion()}\n`, true]);
    expect(
      loaded.filter((path) => /^src\/(engine|feedback|models|sandbox|training|transformer)\//.test(path)),
    ).toEqual([]);
  });
});

describe("setting up", () => {
  it("comes before `npm start` and `npm test`, so that a fresh clone needs nothing else", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Readonly<Record<string, string>>;
    };
    expect([scripts["prestart"], scripts["pretest"]]).toEqual(Array(2).fill("node tools/setup.mjs"));
  });

  type Setup = { isInstalled(folder: string): boolean };

  it("finds out from the lock file and npm's copy of it whether anything is to be installed", async () => {
    const setup = (await import(join(root, "tools/setup.mjs"))) as Setup;
    const lock = (packages: object): string => JSON.stringify({ packages });
    const one = { version: "1.0.0", integrity: "sha512-a" };
    write(
      "package-lock.json",
      lock({ "": { name: "x" }, "node_modules/one": one, "node_modules/two": { ...one, optional: true } }),
    );
    expect(setup.isInstalled(folder)).toBe(false);
    write("node_modules/.package-lock.json", lock({ "node_modules/one": one }));
    expect(setup.isInstalled(folder)).toBe(true);
    write("node_modules/.package-lock.json", lock({ "node_modules/one": { ...one, version: "0.9.0" } }));
    expect(setup.isInstalled(folder)).toBe(false);
    write("node_modules/.package-lock.json", lock({ "node_modules/one": one, "node_modules/three": one }));
    expect(setup.isInstalled(folder)).toBe(false);
    write("node_modules/.package-lock.json", "torn");
    expect(setup.isInstalled(folder)).toBe(false);
  });
});
