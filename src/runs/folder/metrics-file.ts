/** metrics.jsonl: lines are appended as they come; a checkpoint remembers how far the file belongs to it, and a resumed run cuts off the rest. */
import { type Hash, createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { FileFormatError } from "../../errors.ts";
import { openRegularFile } from "../../util/index.ts";
import type { CheckpointState } from "../records.ts";

type Position = CheckpointState["metrics"];

/** Feeds the beginning of a file to a hash. @throws FileFormatError when the file is shorter or its beginning has changed. */
function hashBeginning(file: string, fd: number, at: Position, hash: Hash): void {
  const piece = Buffer.alloc(1 << 20);
  for (let done = 0; done < at.bytes; ) {
    const read = readSync(fd, piece, 0, Math.min(piece.length, at.bytes - done), done);
    if (read === 0) throw new FileFormatError(`${file}: got ${done} bytes, expected at least the ${at.bytes} that belong to the checkpoint: restore it from a copy`);
    hash.update(piece.subarray(0, read));
    done += read;
  }
  const found = hash.copy().digest("hex");
  if (at.bytes > 0 && found !== at.sha256) throw new FileFormatError(`${file}: got the SHA-256 ${found} of the first ${at.bytes} bytes, expected ${at.sha256}: the file was altered after the checkpoint, restore it from a copy`);
}

function expectPresent(file: string, at: Position): void {
  if (!existsSync(file) && at.bytes > 0) throw new FileFormatError(`${file}: is missing, expected ${at.lines} lines that belong to the checkpoint: restore it from a copy`);
}

/** Looks whether the lines of a finished run are all there, and changes nothing. @throws FileFormatError when they are missing or altered. */
export function expectMetrics(file: string, at: Position): void {
  expectPresent(file, at);
  if (at.bytes === 0) return;
  const { handle: fd } = openRegularFile(file, "the metrics of a run: restore them from a copy");
  try {
    hashBeginning(file, fd, at, createHash("sha256"));
  } finally {
    closeSync(fd);
  }
}

export class MetricsFile implements Disposable {
  readonly #file: string;
  readonly #fd: number;
  readonly #hash: Hash;
  #bytes: number;
  #lines: number;

  /**
   * Opens the file at a position and cuts off what was written after it.
   * @throws FileFormatError when the file is shorter or its beginning has changed.
   */
  constructor(file: string, at: Position) {
    this.#file = file;
    expectPresent(file, at);
    if (!(statSync(file, { throwIfNoEntry: false })?.isFile() ?? true)) throw new FileFormatError(`${file}: is no regular file, expected the metrics of a run: remove it`);
    try {
      this.#fd = openSync(file, existsSync(file) ? "r+" : "w+");
    } catch (error) {
      throw this.#failed(error);
    }
    this.#hash = createHash("sha256");
    this.#bytes = at.bytes;
    this.#lines = at.lines;
    try {
      hashBeginning(file, this.#fd, at, this.#hash);
      ftruncateSync(this.#fd, at.bytes);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Adds lines. @throws FileFormatError when the disk is full. */
  append(records: readonly object[]): void {
    const text = Buffer.from(records.map((r) => `${JSON.stringify(r)}\n`).join(""));
    try {
      for (let done = 0; done < text.length; ) done += writeSync(this.#fd, text, done, text.length - done, this.#bytes + done);
    } catch (error) {
      throw this.#failed(error);
    }
    this.#hash.update(text);
    this.#bytes += text.length;
    this.#lines += records.length;
  }

  /** Makes the lines durable and says how far the file goes. */
  sync(): Position {
    try {
      fsyncSync(this.#fd);
    } catch (error) {
      throw this.#failed(error);
    }
    return { bytes: this.#bytes, lines: this.#lines, sha256: this.#hash.copy().digest("hex") };
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #failed(error: unknown): FileFormatError {
    return new FileFormatError(`${this.#file}: cannot be written (${(error as Error).message.split(",")[0]}), expected a disk with room: the run resumes from its last checkpoint`);
  }
}
