// How this program was called, for the commands that it names: `npx covenant` where npx finds this very installation, which
// elsewhere would fetch a package of that name from the registry; `covenant` where that is on the path; else the file.

import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { quotedWord } from "../core/index.ts";
import { usualProgram } from "../recipes/index.ts";

/** The environment's name for the file that was called, where the launcher started another process. */
const calledName = "COVENANT_CALLED";

/**
 * file: that was called; folder: where; path: of the environment; prefix: the folder of npm, where npx called it; root: of the
 * installation, default this one's.
 */
export type Called = {
  readonly file: string;
  readonly folder: string;
  readonly path: string;
  readonly prefix?: string | undefined;
  readonly root?: string;
};

const realPath = (path: string): string | null => (existsSync(path) ? realpathSync(path) : null);

const packageRoot = dirname(fileURLToPath(new URL("../../package.json", import.meta.url)));

/** A folder and all above it. */
const upwards = (folder: string): string[] => {
  const above = dirname(folder);
  return [folder, ...(above === folder ? [] : upwards(above))];
};

/** What the environment of a process says of how it was called from a folder. file: that was called. */
export const calledIn = (
  environment: Readonly<Record<string, string | undefined>>,
  file: string,
  folder: string,
): Called => ({
  file: environment[calledName] ?? file,
  folder,
  path: environment["PATH"] ?? "",
  prefix: environment["npm_command"] === "exec" ? environment["npm_config_local_prefix"] : undefined,
});

/** The words by which a person calls this program again from the same folder. */
export const calledAs = ({ file, folder, path, prefix, root = packageRoot }: Called): string => {
  const own = realPath(root);
  const isOwn = (command: string): boolean => realPath(command)?.startsWith(`${own}${sep}`) ?? false;
  const folders = upwards(folder);
  const project = folders.find((one) =>
    ["package.json", "node_modules"].some((name) => existsSync(join(one, name))),
  );
  const bins = join("node_modules", ".bin");
  const byNpx =
    (project !== undefined && realPath(project) === own) ||
    folders.some((one) => isOwn(join(one, bins, "covenant")));
  if (byNpx) return usualProgram;
  if (prefix !== undefined && realPath(prefix) === own) return `npx --prefix ${quotedWord(prefix)} covenant`;
  // npx itself puts such folders on the path, for the time of the command
  const onPath = path.split(delimiter).filter((one) => one !== "" && !one.endsWith(bins));
  if (onPath.some((one) => isOwn(join(one, "covenant")))) return "covenant";
  const near = relative(folder, file);
  const shown = quotedWord(near.length < file.length ? near : file);
  return /\.\w+$/.test(basename(file)) ? `node ${shown}` : shown;
};
