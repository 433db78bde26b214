/** The optional package h5wasm: the HDF5 library as WebAssembly. Nothing here is needed unless HDF5 files are read. */
import { BackendError } from "../errors.ts";
import { Buffer, closeFile, openRegularFile, readFully } from "../util/index.ts";

/** The part of the type of a dataset that links can have. */
export interface Hdf5Metadata {
  readonly type: number;
  readonly size: number;
  readonly shape: readonly number[] | null;
  readonly compound_type?: { readonly members: readonly { readonly name: string; readonly type: number; readonly size: number }[] };
}

export interface Hdf5Dataset {
  readonly metadata: Hdf5Metadata;
  /** Values of a part: [first, end) of each leading axis. */
  slice(ranges: readonly (readonly [number, number])[]): unknown;
}

export interface Hdf5Group {
  keys(): string[];
  get(path: string): Hdf5Group | Hdf5Dataset | object | null;
  readonly attrs: Readonly<Record<string, { readonly value: unknown }>>;
}

export interface Hdf5File extends Hdf5Group {
  close(): unknown;
}

/** The loaded library. */
export interface Hdf5 {
  open(file: string): Hdf5File;
}

interface Module {
  readonly ready: Promise<{ activate_throwing_error_handler?(): unknown }>;
  readonly File: new (file: string, mode: "r") => Hdf5File;
}

/** Loads h5wasm. @throws BackendError that says how to install it. */
export async function loadHdf5(): Promise<Hdf5> {
  const specifier = "h5wasm/node";
  try {
    const module = (await import(specifier)) as Module;
    const library = await module.ready;
    // errors are thrown instead of printed
    library.activate_throwing_error_handler?.();
    return { open: (file) => new module.File(file, "r") };
  } catch (error) {
    throw new BackendError(`HDF5: the optional package h5wasm cannot be loaded (${(error as Error).message.split("\n")[0]}), expected it to be installed: npm install h5wasm`);
  }
}

const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");

/** Where the signature of HDF5 stands: at the beginning, or after a user block (JLD2 files have one). */
export function signatureAt(size: number, bytesAt: (at: number) => Uint8Array): number | undefined {
  return [0, 512, 1024, 2048, 4096].find((at) => at + SIGNATURE.length <= size && SIGNATURE.equals(bytesAt(at)));
}

/** True for an HDF5 file; false for everything else, missing files included. */
export function isHdf5(file: string): boolean {
  try {
    const { handle, size } = openRegularFile(file);
    try {
      return signatureAt(size, (at) => {
        const bytes = Buffer.alloc(SIGNATURE.length);
        readFully(file, handle, at, bytes);
        return bytes;
      }) !== undefined;
    } finally {
      closeFile(handle);
    }
  } catch {
    return false;
  }
}
