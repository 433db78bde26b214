/** Files: regular ones only, read without waiting for pipes, written so that no reader and no crash ever sees half of one. */
import { closeSync, constants, existsSync, fchmodSync, fstatSync, fsyncSync, lstatSync, mkdirSync, openSync, readSync, readdirSync, realpathSync, renameSync, rmSync, statSync, type Stats, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { FileFormatError, GaugegradError } from "../errors.ts";
import { unguessable } from "#platform/util/host";

/** What something is that is no regular file. */
function kindOf(s: Stats): string {
  return s.isDirectory() ? "a folder" : s.isFIFO() ? "a pipe" : s.isSocket() ? "a socket" : s.isSymbolicLink() ? "a link" : "a device";
}

/** The first clause of an operating system's message: "ENOENT: no such file or directory". */
const reason = (error: unknown): string => (error as Error).message.split(",")[0]!;

/** A file that is open for reading; close the handle when done. */
export interface OpenFile {
  readonly handle: number;
  readonly size: number;
}

/**
 * Opens a regular file (or a link to one) for reading. Folders, pipes, sockets and devices are refused before anything waits for them.
 * @param what what the caller expects, for the message: "a model file".
 * @throws FileFormatError with the file's name.
 */
export function openRegularFile(file: string, what = "a readable file"): OpenFile {
  let handle: number | undefined;
  try {
    // a device may act on being opened, so the name is looked at first; the handle is looked at again, as names change
    expectRegular(file, statSync(file), what);
    handle = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const s = fstatSync(handle);
    expectRegular(file, s, what);
    return { handle, size: s.size };
  } catch (error) {
    if (handle !== undefined) closeSync(handle);
    if (error instanceof FileFormatError) throw error;
    throw new FileFormatError(`${file}: cannot be opened (${reason(error)}), expected ${what}`);
  }
}

function expectRegular(file: string, s: Stats, what: string): void {
  if (!s.isFile()) throw new FileFormatError(`${file}: got ${kindOf(s)}, not a regular file, expected ${what}${s.isDirectory() ? "" : ": copy it to a file first"}`);
}

/** Reads `into.length` bytes at position `at` of an open file. @throws FileFormatError when they are not there. */
export function readFully(file: string, handle: number, at: number, into: Uint8Array): void {
  for (let done = 0; done < into.length; ) {
    let n: number;
    try {
      n = readSync(handle, into, done, into.length - done, at + done);
    } catch (error) {
      throw new FileFormatError(`${file}: reading failed (${reason(error)})`);
    }
    if (n === 0) throw new FileFormatError(`${file}: ended at byte ${at + done}, expected ${into.length - done} bytes more: the file shrank while it was read`);
    done += n;
  }
}

/**
 * All bytes of a regular file.
 * @param limit largest size that is accepted, in bytes.
 * @throws FileFormatError as `openRegularFile`, and for larger files.
 */
export function readRegularFile(file: string, what?: string, limit = 2 ** 31): Buffer {
  const { handle, size } = openRegularFile(file, what);
  try {
    if (size > limit) throw new FileFormatError(`${file}: got ${size} bytes, expected at most ${limit}: another file is meant`);
    const bytes = Buffer.alloc(size);
    readFully(file, handle, 0, bytes);
    return bytes;
  } finally {
    closeSync(handle);
  }
}

/** Where a writer puts its bytes. Of several processes that write a file together one appends; all put what is theirs. */
export interface WriteTarget {
  /** Appends. */
  write(bytes: Uint8Array): void;
  /** Replaces bytes written before. */
  overwrite(at: number, bytes: Uint8Array): void;
  /** Leaves room for so many bytes at the end, and says where it begins. */
  reserve(bytes: number): number;
  /** Fills a part of what was reserved. */
  put(at: number, bytes: Uint8Array): void;
}

/**
 * Makes a folder and its parents, where they are not there, one by one: the recursive mkdir of Node 20 never returns where the system answers ENOENT to mkdir, as in /proc.
 * @throws the error of the system, for instance EACCES, or EEXIST where a file stands there.
 */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    // another process may have made it
    if (!isFolder(folder)) throw error;
  }
}

/** Writes a file in one piece: `writeFileAtomically` for data that are in memory. */
export function writeFileAtomic(file: string, data: Uint8Array | string): void {
  writeFileAtomically(file, (target) => target.write(typeof data === "string" ? Buffer.from(data) : data));
}

/**
 * Writes a regular file through `fill`: a new temporary file in the same folder, fsync, rename, fsync of the folder. A link stays and its target is
 * written; devices, pipes and folders are never replaced. A file that was there keeps its permissions.
 * @throws FileFormatError when the folder is not there or cannot be written, the disk is full, or `file` is no regular file; whatever `fill` throws. An older
 * file is then unchanged.
 */
export function writeFileAtomically(file: string, fill: (target: WriteTarget) => void): void {
  const draft = beginDraft(file);
  try {
    fill(draft.target);
    draft.close();
    draft.keep();
  } catch (error) {
    draft.drop();
    throw writeFailure(file, error);
  }
}

/** A file that is written under another name first, by one process or by several that share the folder. */
export interface Draft {
  /** The other name. */
  readonly temporary: string;
  readonly target: WriteTarget;
  /** The bytes of this process are on the disk from here on. */
  close(): void;
  /** Gives the file its name, when all have closed it. */
  keep(): void;
  /** Removes it. */
  drop(): void;
}

/** Begins a file in the folder of `file`. @throws FileFormatError as `writeFileAtomically`. */
export function beginDraft(file: string): Draft {
  const { path, mode } = destination(file);
  // random and exclusive: nobody can have put a link there
  const draft = draftOf(file, path, `${path}.${unguessable()}.tmp`, "wx");
  try {
    if (mode !== undefined) draft.permit(mode);
  } catch (error) {
    draft.drop();
    throw cannotWrite(file, error);
  }
  return draft;
}

/** A file that another process has begun: this one only puts. @throws FileFormatError when it cannot be opened. */
export function joinDraft(file: string, temporary: string): Draft {
  const draft = draftOf(file, file, temporary, "r+");
  const { reserve, put } = draft.target;
  return { ...draft, target: { write: (bytes) => void reserve(bytes.length), overwrite: () => undefined, reserve, put }, keep: () => undefined };
}

function draftOf(file: string, path: string, temporary: string, flags: "wx" | "r+"): Draft & { permit(mode: number): void } {
  let handle: number | undefined;
  try {
    handle = openSync(temporary, flags);
  } catch (error) {
    throw cannotWrite(file, error);
  }
  const target = targetOf(handle);
  const end = (): void => {
    if (handle !== undefined) closeSync(handle);
    handle = undefined;
  };
  return {
    temporary,
    target,
    permit: (mode) => fchmodSync(handle!, mode),
    close() {
      fsyncSync(handle!);
      end();
    },
    keep() {
      renameSync(temporary, path);
      if (process.platform !== "win32") syncFolder(dirname(path));
    },
    drop() {
      end();
      rmSync(temporary, { force: true });
    },
  };
}

/** What a writer throws, an error of the system as one that says what cannot be written. */
export function writeFailure(file: string, error: unknown): unknown {
  return error instanceof GaugegradError || (error as NodeJS.ErrnoException).syscall === undefined ? error : cannotWrite(file, error);
}

function cannotWrite(file: string, error: unknown): FileFormatError {
  return Object.assign(new FileFormatError(`${file}: cannot be written (${reason(error)}), expected a folder with room that may be written to`), { cause: error });
}

/** Where the bytes go: the file, or what the link of that name points to. */
function destination(file: string): { readonly path: string; readonly mode?: number } {
  try {
    const link = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
    const s = statSync(file, { throwIfNoEntry: false });
    if (link && !s) throw new FileFormatError(`${file}: is a link to nothing, expected a file or a new name: remove the link or make its target`);
    if (!s) return { path: file };
    if (!s.isFile()) throw new FileFormatError(`${file}: is ${kindOf(s)}, expected a regular file or a new name: outputs never replace anything else`);
    return { path: link ? realpathSync(file) : file, mode: s.mode & 0o777 };
  } catch (error) {
    throw error instanceof FileFormatError ? error : cannotWrite(file, error);
  }
}

function targetOf(handle: number): WriteTarget {
  let end = 0;
  const put = (bytes: Uint8Array, at: number): void => {
    for (let done = 0; done < bytes.length; ) {
      const n = writeSync(handle, bytes, done, bytes.length - done, at + done);
      // a disk may take a part of what it is given, and nothing more
      if (n === 0) throw Object.assign(new Error("ENOSPC: nothing more is written"), { code: "ENOSPC", syscall: "write" });
      done += n;
    }
  };
  const reserve = (bytes: number): number => {
    end += bytes;
    return end - bytes;
  };
  return {
    write: (bytes) => put(bytes, reserve(bytes.length)),
    overwrite: (at, bytes) => put(bytes, at),
    reserve,
    put: (at, bytes) => put(bytes, at),
  };
}

/** Makes the rename itself durable. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Ends what `openRegularFile` began. */
export function closeFile(handle: number): void {
  closeSync(handle);
}

/** True for a folder, or a link to one. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** True when something of that name is there. */
export function isThere(path: string): boolean {
  return existsSync(path);
}

/** Names in a folder. @throws FileFormatError for a folder that cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new FileFormatError(`${folder}: cannot be read (${reason(error)}), expected the folder of a run`);
  }
}

/** Removes a file that may be there. */
export function removeFile(file: string): void {
  rmSync(file, { force: true });
}

/** One path of several parts. */
export function joined(...parts: readonly string[]): string {
  return join(...parts);
}

/** The folder that a path leads to. */
export function folderOf(path: string): string {
  return dirname(path);
}

/** A path as it is seen from a folder. */
export function absolutePath(folder: string, path: string): string {
  return resolve(folder, path);
}
