// The safetensors format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}},
// then the tensors without gaps. Tensors are read one by one by position, straight into their final memory; the
// file is never held whole. Written files are deterministic: tensors by name, header padded to 8 bytes.
// Assumes a little-endian machine, as every platform Node runs this on is. Knows nothing of models.

import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import {
  CovenantError,
  type DiskWriter,
  fileError,
  parseJson,
  systemDisk,
  UserError,
} from "../core/index.ts";
import type { Shape, WeightFormat } from "./families/family.ts";
import { decodeBfloat16, decodeFloat16, toBfloat16Bits, toFloat16Bits } from "./number-formats.ts";
import { elementCount, type Weight, type Weights } from "./parameters.ts";

/** Where one tensor lies; begin and end are byte positions in the file. */
export type TensorEntry = {
  readonly dtype: string;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
};

/** An open file of tensors. Nothing but the header is in memory until a tensor is read. */
export type SafetensorsFile = AsyncDisposable & {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** One tensor as float32. Throws UserError when it is missing or not F32, F16 or BF16. */
  read(name: string): Promise<Weight>;
  /** Fills `target` with its numbers from `start` on, where a whole one would take too much memory. Throws like read. */
  readPart(name: string, start: number, target: Float32Array): Promise<void>;
  close(): Promise<void>;
};

// The reference implementation's limit.
const largestHeader = 100_000_000;
const bytesPerElement: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  U64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
};

const count = z.number().int().nonnegative();
const headerSchema = z.record(
  z.string(),
  z.union([
    z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) }),
    z.record(z.string(), z.string()),
  ]),
);

const broken = (path: string, what: string): UserError =>
  new UserError(
    "bad-safetensors",
    `${path} is not a whole safetensors file: ${what}. Fetch or write the file again.`,
    { path },
  );

const readFully = async (
  file: FileHandle,
  target: Uint8Array,
  position: number,
  path: string,
): Promise<void> => {
  // A single read call is limited to 2 GiB by the system.
  const largestRead = 1 << 30;
  let done = 0;
  while (done < target.length) {
    const length = Math.min(target.length - done, largestRead);
    const { bytesRead } = await file.read(target, done, length, position + done);
    if (bytesRead === 0) throw broken(path, `it ends at byte ${position + done}, inside a tensor`);
    done += bytesRead;
  }
};

const readHeaderBytes = async (file: FileHandle, fileSize: number, path: string): Promise<Uint8Array> => {
  if (fileSize < 8) throw broken(path, `it has ${fileSize} bytes, and the header length alone takes 8`);
  const prefix = new Uint8Array(8);
  await readFully(file, prefix, 0, path);
  // "version https://git-lfs..." is what Git has in place of a large file that was not fetched
  if (new TextDecoder().decode(prefix) === "version ")
    throw broken(path, "it is Git LFS's pointer to one (fetch the file itself with `git lfs pull`)");
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > largestHeader)
    throw broken(path, `its header claims ${length} bytes, and at most ${largestHeader} are allowed`);
  if (8 + length > fileSize)
    throw broken(path, `its header claims ${length} bytes, and the file has ${fileSize} in all`);
  const header = new Uint8Array(length);
  await readFully(file, header, 8, path);
  if (header[0] !== 0x7b) throw broken(path, 'its header does not begin with "{"');
  return header;
};

type Header = Pick<SafetensorsFile, "tensors" | "metadata">;

const parseHeader = (header: Uint8Array, dataStart: number, path: string): Header => {
  const text = new TextDecoder().decode(header);
  const parsed = headerSchema.safeParse(parseJson(text, { file: `${path} (header)` }));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw broken(path, `its header is wrong at ${issue?.path.join(".") || "the top"}: ${issue?.message}`);
  }
  const tensors = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(parsed.data)) {
    if (name === "__metadata__") {
      metadata = entry as Record<string, string>;
      continue;
    }
    if (!Array.isArray(entry.shape) || !Array.isArray(entry.data_offsets) || typeof entry.dtype !== "string")
      throw broken(path, `its header's entry ${name} lacks dtype, shape or data_offsets`);
    const [begin, end] = entry.data_offsets as [number, number];
    tensors.set(name, {
      dtype: entry.dtype,
      shape: entry.shape,
      begin: dataStart + begin,
      end: dataStart + end,
    });
  }
  return { tensors, metadata };
};

const checkLayout = (
  tensors: SafetensorsFile["tensors"],
  dataStart: number,
  fileSize: number,
  path: string,
) => {
  const sorted = [...tensors].sort(
    ([, first], [, second]) => first.begin - second.begin || first.end - second.end,
  );
  let position = dataStart;
  for (const [name, { dtype, shape, begin, end }] of sorted) {
    if (begin < position)
      throw broken(path, `tensor ${name} overlaps the one before it (or lies inside the header)`);
    if (begin > position)
      throw broken(path, `${begin - position} bytes before tensor ${name} belong to no tensor`);
    const width = bytesPerElement[dtype];
    if (end < begin || (width !== undefined && end - begin !== elementCount(shape) * width))
      throw broken(
        path,
        `tensor ${name} takes ${end - begin} bytes, which ${dtype} of shape [${shape.join(", ")}] does not`,
      );
    position = end;
  }
  if (position > fileSize)
    throw broken(path, `its tensors need ${position} bytes and it has ${fileSize}: it is cut off`);
  if (position < fileSize) throw broken(path, `${fileSize - position} bytes at its end belong to no tensor`);
};

const readHalves = async (
  file: FileHandle,
  { begin, end, dtype }: Pick<TensorEntry, "begin" | "end" | "dtype">,
  target: Float32Array,
  path: string,
): Promise<void> => {
  const decode = dtype === "F16" ? decodeFloat16 : decodeBfloat16;
  const chunk = new Uint16Array(Math.min(1 << 17, (end - begin) / 2));
  for (let at = begin, offset = 0; at < end; ) {
    const part = chunk.subarray(0, Math.min(chunk.length, (end - at) / 2));
    await readFully(file, new Uint8Array(part.buffer, 0, part.byteLength), at, path);
    decode(part, target, offset);
    at += part.byteLength;
    offset += part.length;
  }
};

/** The entry of a tensor that can be read, with the bytes of one of its numbers. Throws UserError. */
const readableEntry = (name: string, source: SafetensorsFile): TensorEntry & { readonly width: number } => {
  const entry = source.tensors.get(name);
  if (!entry)
    throw new UserError(
      "missing-tensor",
      `${source.path} has no tensor ${name} (it has ${source.tensors.size}). Point to the file or folder of the right model.`,
      { path: source.path, name },
    );
  const { dtype } = entry;
  if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16")
    throw new UserError(
      "unsupported-tensor",
      `${source.path}: tensor ${name} is ${dtype}; expected F32, F16 or BF16. Use the model's unquantised weights.`,
      { path: source.path, name, dtype },
    );
  return { ...entry, width: bytesPerElement[dtype]! };
};

const readPart = async (
  file: FileHandle,
  { dtype, begin: first, width }: ReturnType<typeof readableEntry>,
  start: number,
  target: Float32Array,
  path: string,
): Promise<void> => {
  const [begin, end] = [first + start * width, first + (start + target.length) * width];
  const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
  if (dtype === "F32") await readFully(file, bytes, begin, path);
  else await readHalves(file, { dtype, begin, end }, target, path);
};

const readTensor = async (file: FileHandle, name: string, source: SafetensorsFile): Promise<Weight> => {
  const entry = readableEntry(name, source);
  const data = new Float32Array(elementCount(entry.shape));
  await readPart(file, entry, 0, data, source.path);
  return { shape: entry.shape, data };
};

/** Opens a file and checks its header against its size. Throws UserError for a missing, cut or lying file. */
export const openSafetensors = async (path: string): Promise<SafetensorsFile> => {
  const file = await open(path, "r").catch((thrown) => {
    throw fileError(thrown, "read", path);
  });
  try {
    const { size } = await file.stat();
    const bytes = await readHeaderBytes(file, size, path);
    const dataStart = 8 + bytes.length;
    const header = parseHeader(bytes, dataStart, path);
    checkLayout(header.tensors, dataStart, size, path);
    const source: SafetensorsFile = {
      path,
      ...header,
      read: (name) => readTensor(file, name, source),
      readPart: async (name, start, target) =>
        readPart(file, readableEntry(name, source), start, target, path),
      close: () => file.close(),
      [Symbol.asyncDispose]: () => file.close(),
    };
    return source;
  } catch (thrown) {
    await file.close();
    throw fileError(thrown, "read", path);
  }
};

const requireFinite = (file: SafetensorsFile, name: string, data: Float32Array, start: number): void => {
  for (let at = 0; at < data.length; at++) {
    if (Number.isFinite(data[at])) continue;
    throw new UserError(
      "weights-not-finite",
      `${file.path}: tensor ${name} holds ${data[at]} at position ${start + at}; expected finite numbers. The model was damaged in training or on the way: use an earlier checkpoint.`,
      { path: file.path, name },
    );
  }
};

/**
 * One tensor whose numbers are all finite. Throws UserError for NaN and infinities too: a model that holds them was
 * damaged and would answer nonsense without a word.
 */
export const readFiniteTensor = async (file: SafetensorsFile, name: string): Promise<Weight> => {
  const weight = await file.read(name);
  requireFinite(file, name, weight.data, 0);
  return weight;
};

/** Numbers of a tensor, from position `start` on. */
export type TensorPart = { readonly start: number; readonly data: Float32Array };

/**
 * A tensor in parts of `size` numbers, one after another, all in the same buffer: a part is gone when the next one is
 * asked for. Throws like readFiniteTensor.
 */
export async function* readFiniteParts(
  file: SafetensorsFile,
  name: string,
  size: number,
): AsyncGenerator<TensorPart> {
  const total = elementCount(file.tensors.get(name)?.shape ?? []);
  const buffer = new Float32Array(Math.min(size, total));
  for (let start = 0; start < total; start += size) {
    const data = buffer.subarray(0, Math.min(size, total - start));
    await file.readPart(name, start, data);
    requireFinite(file, name, data, start);
    yield { start, data };
  }
}

/** All tensors of a file as float32. */
export const readSafetensors = async (path: string): Promise<Weights> => {
  await using file = await openSafetensors(path);
  const weights: Weights = {};
  for (const name of file.tensors.keys()) weights[name] = await file.read(name);
  return weights;
};

const formats = {
  float32: { dtype: "F32", width: 4 },
  float16: { dtype: "F16", width: 2 },
  bfloat16: { dtype: "BF16", width: 2 },
} as const satisfies Record<WeightFormat, { dtype: string; width: number }>;

const headerBytes = (names: readonly string[], weights: Weights, format: WeightFormat): Uint8Array => {
  const { dtype, width } = formats[format];
  // A list of lines instead of an object: an object would put integer-like names first.
  const entries = ['"__metadata__":{"format":"pt"}'];
  let offset = 0;
  for (const name of names) {
    const { shape, data } = weights[name] as Weight;
    if (data.length !== elementCount(shape))
      throw new CovenantError(
        "tensor-shape",
        `${name}: ${data.length} values do not fill shape [${shape}].`,
        { name },
      );
    const end = offset + data.length * width;
    const entry = { dtype, shape, data_offsets: [offset, end] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    offset = end;
  }
  const json = Buffer.from(`{${entries.join(",")}}`, "utf8");
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, 0x20);
  padded.writeBigUInt64LE(BigInt(padded.length - 8), 0);
  json.copy(padded, 8);
  return padded;
};

type Target = { readonly file: FileHandle; readonly disk: DiskWriter };

/** In pieces, between which a signal is heard. */
const writeFully = async ({ file, disk }: Target, bytes: Uint8Array): Promise<void> => {
  const largestWrite = 1 << 24;
  for (let done = 0; done < bytes.length; ) {
    const taken = disk.write(file.fd, bytes.subarray(done, done + largestWrite));
    if (taken <= 0) throw Object.assign(new Error("the disk took no bytes"), { code: "ENOSPC" });
    done += taken;
    if (done < bytes.length) await setImmediate();
  }
};

const writeTensor = async (target: Target, data: Float32Array, format: WeightFormat): Promise<void> => {
  if (format === "float32") {
    await writeFully(target, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return;
  }
  const encode = format === "float16" ? toFloat16Bits : toBfloat16Bits;
  const chunk = new Uint16Array(Math.min(1 << 19, data.length));
  for (let start = 0; start < data.length; start += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, data.length - start));
    for (let index = 0; index < part.length; index++) part[index] = encode(data[start + index] as number);
    await writeFully(target, new Uint8Array(part.buffer, 0, part.byteLength));
  }
};

/**
 * Writes tensors whole or not at all (beside, flushed, renamed); the same weights give the same bytes. The folder must
 * exist. Throws UserError when the disk is full or the place is not writable; then nothing is left behind.
 */
export const writeSafetensors = async (
  path: string,
  weights: Weights,
  format: WeightFormat = "float32",
  disk: DiskWriter = systemDisk,
): Promise<void> => {
  const names = Object.keys(weights).sort((first, second) =>
    Buffer.compare(Buffer.from(first), Buffer.from(second)),
  );
  const header = headerBytes(names, weights, format);
  // The name of a temporary file as core names them, so that what a killed process leaves is known as such.
  const unfinished = join(dirname(path), `.covenant-${basename(path)}-${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(unfinished, "wx");
    try {
      await writeFully({ file, disk }, header);
      for (const name of names) await writeTensor({ file, disk }, (weights[name] as Weight).data, format);
      await disk.sync(file.fd);
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (thrown) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw fileError(thrown, "write", path);
  }
};
