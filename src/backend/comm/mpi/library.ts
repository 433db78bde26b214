/** The site's MPI library, loaded with the optional package koffi: nothing is compiled. */
import { createRequire } from "node:module";
import { BackendError } from "../../../errors.ts";
import type { Foreign, InterfaceName, MpiLibrary } from "./abi.ts";

type Environment = Readonly<Record<string, string | undefined>>;
interface Koffi {
  load(path: string | null, options?: { readonly lazy?: boolean; readonly global?: boolean }): { func(prototype: string): Foreign; symbol(name: string, type: string): unknown };
  address(value: unknown): bigint;
  view(pointer: unknown, bytes: number): ArrayBuffer;
}

/** Files by interface, the most common first. */
const FILES: Readonly<Record<InterfaceName, readonly string[]>> = {
  ompi: ["libmpi.so.40", "libmpi.so.80"],
  mpich: ["libmpich.so.12", "libmpi.so.12", "libmpi_intel.so.12", "libmpi_cray.so.12"],
  abi: ["libmpi_abi.so.1", "libmpi_abi.so.0"],
};

function koffi(): Koffi {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (e) {
    const reason = (e as { code?: string }).code === "MODULE_NOT_FOUND" ? "it is not installed" : (e as Error).message.split("\n")[0];
    throw new BackendError(`MPI: cannot load the optional package koffi (${reason}), expected it next to gaugegrad: npm install koffi, or start one process without a launcher`);
  }
}

/** Library files in the order in which they are tried: one that is asked for, or those that suit the launcher. */
export function librariesFor(environment: Environment): readonly string[] {
  const asked = environment["GAUGEGRAD_MPI"];
  if (asked === undefined || asked === "") return orderOf(environment).flatMap((name) => FILES[name]);
  return asked in FILES ? FILES[asked as InterfaceName] : [asked];
}

function orderOf(environment: Environment): InterfaceName[] {
  if (environment["OMPI_COMM_WORLD_SIZE"] !== undefined) return ["ompi", "abi", "mpich"];
  if (environment["PMI_FD"] !== undefined || (environment["PMI_RANK"] !== undefined && environment["PMIX_RANK"] === undefined)) return ["mpich", "abi", "ompi"];
  return ["ompi", "mpich", "abi"];
}

/**
 * The library that GAUGEGRAD_MPI names (ompi, mpich, abi, or a file), or the first that loads of those that suit the launcher.
 * @throws BackendError without koffi, and when no library loads.
 */
export function loadMpi(environment: Environment): MpiLibrary {
  const ffi = koffi();
  // UCX would take SIGSEGV from the engine, and a WebAssembly trap would end the process instead of being an exception
  process.env["UCX_ERROR_SIGNALS"] ??= "";
  // and it would replace malloc and rewrite mmap while threads of the engine run in them, to know of memory that network cards have registered
  process.env["UCX_MEM_EVENTS"] ??= "n";
  const failures: string[] = [];
  for (const file of librariesFor(environment)) {
    try {
      return opened(ffi, file);
    } catch (e) {
      failures.push(`${file}: ${(e as Error).message.split("\n")[0]}`);
    }
  }
  throw new BackendError(
    `MPI: got no library that loads (${failures[0] ?? "none tried"}), expected that of the launcher: install it (apt install libopenmpi-dev, or libmpich-dev), load its module, or name its file in GAUGEGRAD_MPI`,
  );
}

function opened(ffi: Koffi, file: string): MpiLibrary {
  const library = ffi.load(file, { lazy: true, global: true });
  const text = new Uint8Array(8192);
  const length = new Int32Array(1);
  library.func("int MPI_Get_library_version(void* text, void* length)")(text, length);
  const version = new TextDecoder().decode(text.subarray(0, length[0])).replace(/\0.*$/s, "").split("\n")[0]!.trim();
  const name = /libmpi_abi/.test(file) ? "abi" : /Open MPI/.test(version) ? "ompi" : "mpich";
  return {
    file,
    interface: name,
    version,
    func: (prototype) => library.func(prototype),
    address: (symbol) => ffi.address(library.symbol(symbol, "void*")),
    map: mapping(ffi),
  };
}

/** mmap of the C library: pages to be read and written, and shared. */
function mapping(ffi: Koffi): MpiLibrary["map"] {
  const [READ_WRITE, MAP_SHARED, REFUSED] = [3, 1, 2n ** 64n - 1n];
  const mmap = ffi.load(null).func("void* mmap(void* address, size_t bytes, int protection, int flags, int file, int64_t at)");
  return (file, at, bytes) => {
    const pointer: unknown = mmap(null, bytes, READ_WRITE, MAP_SHARED, file, at);
    if (ffi.address(pointer) === REFUSED) throw new BackendError(`MPI: the system refused to map ${bytes} bytes of memory that ranks share: set GAUGEGRAD_MPI_SHARED=off`);
    return new Uint8Array(ffi.view(pointer, bytes));
  };
}
