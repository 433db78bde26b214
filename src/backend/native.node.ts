/**
 * The system's C compiler as a back end: finds `cc`, compiles a source to a shared object that is kept in the user's cache folder under
 * the hash of its contents, and loads it with koffi. Nothing here is needed unless the native backend is asked for.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { BackendError } from "../errors.ts";
import type { Lanes } from "./layout.ts";
import { isOwn, safeFolder, synced } from "./native-cache.ts";

export { nativeLimit, nativeMemory } from "./native-memory.ts";

/** Where things are; the environment (CC, GAUGEGRAD_CACHE, XDG_CACHE_HOME) decides what is left out. */
export interface NativeOptions {
  /** C compiler: gcc, clang or anything that takes their options. */
  readonly cc?: string;
  /** Folder for compiled kernels. */
  readonly cache?: string;
}

type Foreign = (...args: (number | ArrayBufferLike | ArrayBufferView)[]) => number;
interface Library {
  func(prototype: string): Foreign;
}
interface Koffi {
  load(path: string): Library;
}

/** A compiler that works here, and what it compiles for. */
export interface Toolchain {
  readonly cc: string;
  readonly flags: readonly string[];
  /** Name and version. */
  readonly version: string;
  /** Doubles in the widest vector of this machine. */
  readonly lanes: Lanes;
  /** Everything the compiler predefines: compiler, version, and machine. */
  readonly fingerprint: string;
}

const toolchains = new Map<string, Toolchain>();

/** @throws BackendError when there is no compiler. */
export function findToolchain(options: NativeOptions = {}): Toolchain {
  const cc = options.cc ?? process.env["CC"] ?? "cc";
  const known = toolchains.get(cc);
  if (known) return known;
  for (const machine of [["-march=native"], ["-mcpu=native"], []]) {
    const probe = spawnSync(cc, [...machine, "-dM", "-E", "-x", "c", "/dev/null"], { encoding: "utf8" });
    if (probe.error) break;
    if (probe.status !== 0) continue;
    const macro = (name: string): string | undefined => new RegExp(`^#define ${name} (.*)$`, "m").exec(probe.stdout)?.[1];
    const found: Toolchain = {
      cc,
      flags: [...machine, "-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fno-strict-aliasing", "-fPIC", "-pthread"],
      version: (macro("__VERSION__") ?? "unknown").replaceAll('"', ""),
      lanes: macro("__AVX512F__") ? 8 : macro("__AVX__") ? 4 : 2,
      fingerprint: probe.stdout,
    };
    toolchains.set(cc, found);
    return found;
  }
  throw new BackendError(`backend native: got no C compiler "${cc}", expected gcc or clang: install one, name it in CC, or use backend wasm`);
}

/** The foreign function interface. @throws BackendError when koffi is not installed. */
export function loadKoffi(backend = "native"): Koffi {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (e) {
    const reason = (e as { code?: string }).code === "MODULE_NOT_FOUND" ? "it is not installed" : (e as Error).message.split("\n")[0];
    throw new BackendError(`backend ${backend}: cannot load the optional package koffi (${reason}), expected it next to gaugegrad: npm install koffi, or use backend wasm`);
  }
}

/** The folder that compiled kernels are kept in by whoever uses these options: looked at once, and said once where it is not the one asked for. */
export function openCache(options: NativeOptions = {}): string {
  return safeFolder(cacheFolder(options));
}

/** Folder of compiled kernels. */
export function cacheFolder(options: NativeOptions = {}): string {
  return options.cache ?? process.env["GAUGEGRAD_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "gaugegrad", "native");
}

/**
 * Compiles the files of a library, or finds them compiled, and loads it. Processes that start together do not meet: each builds under names of its
 * own, and a library gets its name when it is whole and has been loaded. @throws BackendError with the compiler's first error.
 */
export function loadNative(sources: readonly string[], extraFlags: readonly string[], options: NativeOptions = {}): Library {
  const koffi = loadKoffi();
  const tools = findToolchain(options);
  const flags = [...tools.flags, ...extraFlags];
  const folder = safeFolder(cacheFolder(options));
  const hash = createHash("sha256").update([...sources, tools.cc, flags.join(" "), tools.fingerprint].join("\0")).digest("hex").slice(0, 32);
  const file = join(folder, `${hash}.so`);
  if (isOwn(file)) {
    try {
      return koffi.load(file);
    } catch {
      // a damaged file: made again below
    }
  }
  return compiled(koffi, tools, flags, sources, folder, hash);
}

/** Builds in a new folder within `folder` and moves source and library to their names. */
function compiled(koffi: Koffi, tools: Toolchain, flags: readonly string[], sources: readonly string[], folder: string, hash: string): Library {
  let work: string | undefined;
  try {
    work = mkdtempSync(join(folder, `${hash}.`));
    const at = work;
    const texts = sources.map((_, k) => join(at, `${hash}${k > 0 ? `-${k}` : ""}.c`));
    const made = join(work, `${hash}.so`);
    texts.forEach((text, k) => writeFileSync(text, sources[k]!, { flag: "wx", mode: 0o600 }));
    const run = build(tools.cc, flags, texts, made);
    if (run.error || run.status !== 0) {
      const reason = run.error?.message ?? run.stderr.split("\n").find((line) => line.includes("error")) ?? run.stderr.split("\n")[0] ?? "";
      throw new BackendError(`backend native: ${tools.cc} (${tools.version}) failed on ${texts[0]!}: ${reason}: expected gcc or clang with vector extensions: name another compiler in CC, or use backend wasm`);
    }
    chmodSync(made, 0o700);
    synced(made);
    const library = koffi.load(made);
    for (const from of [...texts, made]) renameSync(from, join(folder, basename(from)));
    return library;
  } catch (e) {
    if (e instanceof BackendError) throw e;
    throw new BackendError(`backend native: cannot use the cache folder ${folder} (${(e as Error).message}): set GAUGEGRAD_CACHE to a writable folder, or use backend wasm`);
  } finally {
    if (work !== undefined) rmSync(work, { recursive: true, force: true });
  }
}

/** Compiles and links; several files at the same time where there is a shell. */
function build(cc: string, flags: readonly string[], texts: readonly string[], made: string): ReturnType<typeof spawnSync> & { readonly stderr: string } {
  const run = (command: string, args: readonly string[]) => spawnSync(command, args, { encoding: "utf8" });
  if (texts.length === 1) return run(cc, [...flags, "-shared", "-o", made, ...texts, "-lm"]);
  const objects = texts.map((_, k) => `${made}-${k}.o`);
  const jobs = texts.map((_, k) => `"$@" -c -o "$MADE-${k}.o" "$TEXT${k}" & p="$p $!"`);
  const env = { ...process.env, MADE: made, ...Object.fromEntries(texts.map((t, k) => [`TEXT${k}`, t])) };
  const parallel = spawnSync("sh", ["-c", `${jobs.join("\n")}\nfor i in $p; do wait $i || exit 1; done`, "sh", cc, ...flags], { encoding: "utf8", env });
  const compiled = parallel.error ? run(cc, [...flags, "-shared", "-o", made, ...texts, "-lm"]) : parallel;
  const linked = parallel.error || compiled.status !== 0 ? compiled : run(cc, [...flags, "-shared", "-o", made, ...objects, "-lm"]);
  for (const o of objects) rmSync(o, { force: true });
  return linked;
}
