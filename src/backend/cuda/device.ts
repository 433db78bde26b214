/** One CUDA device: its memory, its compiled kernels, and what was asked of it. Every call is checked; the first failure is a BackendError with the name of the error. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BackendError } from "../../errors.ts";
import { isOwn, safeFolder } from "../native-cache.ts";
import { cacheFolder } from "../native.node.ts";
import { type Compiler, type Driver, openCompiler, openDriver } from "./driver.ts";
import { BLOCK } from "./words.ts";

/** What a device was asked to do. */
export interface CudaCounts {
  launches: number;
  uploads: number;
  downloads: number;
  /** Bytes of all transfers. */
  bytes: number;
}

/** Functions of a compiled file, by name. */
export type CudaModule = (name: string) => bigint;

/** Attributes of a device: compute capability. */
const [MAJOR, MINOR] = [75, 76];
const OUT_OF_MEMORY = 2;

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replace(/\0.*$/s, "");

/** The first device of the driver. Calls are checked: each failure is a BackendError of one line. */
export class CudaDevice {
  /** Name of the card. */
  readonly name: string;
  /** `sm_90`, driver and compiler. */
  readonly detail: string;
  readonly counts: CudaCounts = { launches: 0, uploads: 0, downloads: 0, bytes: 0 };
  readonly #driver: Driver;
  readonly #compiler: Compiler;
  readonly #architecture: number;
  readonly #version: string;
  readonly #context: bigint;
  readonly #modules = new Map<string, CudaModule>();
  readonly #word = new BigUint64Array(1);
  readonly #half = new Int32Array(1);
  #work = { at: 0, bytes: 0 };

  /** The first device that the driver shows (CUDA_VISIBLE_DEVICES chooses). @throws BackendError without libraries or without a device. */
  constructor() {
    this.#driver = openDriver();
    const d = this.#driver;
    const status = d.cuInit(0);
    if (status !== 0) throw new BackendError(`backend cuda: the driver does not start (${this.#error(status)}), expected a card that this user may use: see nvidia-smi, or use backend wasm`);
    const count = this.#int((x) => d.cuDeviceGetCount(x), "cuDeviceGetCount");
    if (count < 1) throw new BackendError("backend cuda: the driver shows no device, expected one: see nvidia-smi and CUDA_VISIBLE_DEVICES, or use backend wasm");
    this.#compiler = openCompiler();
    const device = this.#int((x) => d.cuDeviceGet(x, 0), "cuDeviceGet");
    const name = new Uint8Array(256);
    this.#check(d.cuDeviceGetName(name, 256, device), "cuDeviceGetName");
    this.name = textOf(name);
    this.#architecture = 10 * this.#int((x) => d.cuDeviceGetAttribute(x, MAJOR, device), "cuDeviceGetAttribute") + this.#int((x) => d.cuDeviceGetAttribute(x, MINOR, device), "cuDeviceGetAttribute");
    const driver = this.#int((x) => d.cuDriverGetVersion(x), "cuDriverGetVersion");
    const [major, minor] = [new Int32Array(1), new Int32Array(1)];
    this.#compiler.nvrtcVersion(major, minor);
    this.#version = `${major[0]!}.${minor[0]!}`;
    this.detail = `sm_${this.#architecture}, driver for CUDA ${Math.floor(driver / 1000)}.${Math.floor((driver % 1000) / 10)}, NVRTC ${this.#version}`;
    this.#context = this.#long((x) => d.cuDevicePrimaryCtxRetain(x, device), "cuDevicePrimaryCtxRetain");
    this.#check(d.cuCtxSetCurrent(this.#context), "cuCtxSetCurrent");
  }

  /** Bytes of memory: free, and in all. */
  memory(): { readonly free: number; readonly total: number } {
    const [free, total] = [new BigUint64Array(1), new BigUint64Array(1)];
    this.#check(this.#driver.cuMemGetInfo(free, total), "cuMemGetInfo");
    return { free: Number(free[0]), total: Number(total[0]) };
  }

  /** Address of so many bytes. @throws BackendError when the device has not so many. */
  allocate(bytes: number): number {
    const status = this.#driver.cuMemAlloc(this.#word, bytes);
    if (status === OUT_OF_MEMORY) {
      const { free, total } = this.memory();
      throw new BackendError(`memory: the device ${this.name} refused ${bytes} bytes, ${free} of ${total} are free: use a smaller lattice, fewer fields, or checkpoint`);
    }
    this.#check(status, "cuMemAlloc");
    return Number(this.#word[0]);
  }

  free(at: number): void {
    this.#check(this.#driver.cuMemFree(at), "cuMemFree");
  }

  upload(to: number, from: Uint8Array): void {
    this.counts.uploads++;
    this.counts.bytes += from.byteLength;
    this.#check(this.#driver.cuMemcpyHtoD(to, from, from.byteLength), "cuMemcpyHtoD");
  }

  /** Waits for what was launched before. */
  download(from: number, to: Uint8Array): void {
    this.counts.downloads++;
    this.counts.bytes += to.byteLength;
    this.#check(this.#driver.cuMemcpyDtoH(to, from, to.byteLength), "cuMemcpyDtoH");
  }

  copy(from: number, to: number, bytes: number): void {
    this.#check(this.#driver.cuMemcpyDtoD(to, from, bytes), "cuMemcpyDtoD");
  }

  clear(at: number, bytes: number): void {
    this.#check(this.#driver.cuMemsetD8(at, 0, bytes), "cuMemsetD8");
  }

  /** Runs a kernel of one argument on at least so many threads. */
  launch(kernel: bigint, threads: number, argument: Uint8Array): void {
    this.counts.launches++;
    this.#check(this.#driver.cuLaunchKernel(kernel, Math.ceil(threads / BLOCK), 1, 1, BLOCK, 1, 1, 0, 0, [argument], null), "cuLaunchKernel");
  }

  finish(): void {
    this.#check(this.#driver.cuCtxSynchronize(), "cuCtxSynchronize");
  }

  /** Address of memory that holds nothing from one launch to the next but one of the same step. */
  work(bytes: number): number {
    if (bytes > this.#work.bytes) {
      this.finish();
      if (this.#work.bytes > 0) this.free(this.#work.at);
      this.#work = { at: 0, bytes: 0 };
      this.#work = { at: this.allocate(bytes), bytes };
    }
    return this.#work.at;
  }

  /** Compiles a file of kernels for this device, once: its PTX is kept in the folder of compiled kernels, or that of CUDA_CACHE_PATH. `strict`: multiply then add. @throws BackendError with the compiler's first error. */
  module(source: string, strict: boolean): CudaModule {
    const options = [`--gpu-architecture=compute_${this.#architecture}`, "--std=c++17", `--fmad=${!strict}`];
    const hash = createHash("sha256").update([source, this.#compiler.file, this.#version, ...options].join("\0")).digest("hex").slice(0, 32);
    let made = this.#modules.get(hash);
    if (made) return made;
    const file = join(safeFolder(process.env["CUDA_CACHE_PATH"] || cacheFolder()), `${hash}.ptx`);
    const known = existsSync(file) && isOwn(file) ? new Uint8Array(readFileSync(file)) : undefined;
    const image = known ?? this.#compile(source, options);
    if (!known) keep(file, image);
    const module = this.#long((x) => this.#driver.cuModuleLoadData(x, image), "cuModuleLoadData");
    const functions = new Map<string, bigint>();
    made = (name) => {
      let f = functions.get(name);
      if (f === undefined) functions.set(name, (f = this.#long((x) => this.#driver.cuModuleGetFunction(x, module, name), "cuModuleGetFunction")));
      return f;
    };
    this.#modules.set(hash, made);
    return made;
  }

  #compile(source: string, options: readonly string[]): Uint8Array {
    const c = this.#compiler;
    const program = new BigUint64Array(1);
    const expect = (status: number, what: string): void => {
      if (status !== 0) throw new BackendError(`backend cuda: NVRTC ${this.#version} failed in ${what} (${c.nvrtcGetErrorString(status) as unknown as string}), expected PTX for ${this.name} (sm_${this.#architecture}): install an NVRTC that knows this card, or use backend wasm`);
    };
    expect(c.nvrtcCreateProgram(program, source, "gaugegrad.cu", 0, null, null), "nvrtcCreateProgram");
    try {
      const status = c.nvrtcCompileProgram(program[0]!, options.length, options);
      if (status !== 0) {
        const log = this.#bytes((x) => c.nvrtcGetProgramLogSize(program[0]!, x), (x) => c.nvrtcGetProgramLog(program[0]!, x));
        const lines = textOf(log).split("\n").filter((l) => l.trim() !== "");
        expect(status, `nvrtcCompileProgram: ${lines.find((l) => l.includes("error")) ?? lines[0] ?? "no log"}`);
      }
      return this.#bytes((x) => c.nvrtcGetPTXSize(program[0]!, x), (x) => c.nvrtcGetPTX(program[0]!, x));
    } finally {
      c.nvrtcDestroyProgram(program);
    }
  }

  #bytes(size: (to: BigUint64Array) => number, get: (to: Uint8Array) => number): Uint8Array {
    const n = new BigUint64Array(1);
    size(n);
    const bytes = new Uint8Array(Number(n[0]));
    get(bytes);
    return bytes;
  }

  #int(call: (to: Int32Array) => number, name: string): number {
    this.#check(call(this.#half), name);
    return this.#half[0]!;
  }

  #long(call: (to: BigUint64Array) => number, name: string): bigint {
    this.#check(call(this.#word), name);
    return this.#word[0]!;
  }

  #check(status: number, call: string): void {
    if (status !== 0) throw new BackendError(`backend cuda: ${call} failed on ${this.name ?? "the device"} (${this.#error(status)}), expected success: results since the last read are lost; run again from the last checkpoint, see gaugegrad doctor, or use backend wasm`);
  }

  /** `CUDA_ERROR_LAUNCH_FAILED, 719` */
  #error(status: number): string {
    const text: (string | null)[] = [null];
    return this.#driver.cuGetErrorName(status, text) === 0 && text[0] !== null ? `${text[0]}, ${status}` : `error ${status}`;
  }
}

/** Writes a file whole or not at all; a folder that takes none leaves it to the next process. */
function keep(file: string, image: Uint8Array): void {
  const part = `${file}.${process.pid}`;
  try {
    writeFileSync(part, image, { flag: "wx", mode: 0o600 });
    renameSync(part, file);
  } catch {
    rmSync(part, { force: true });
  }
}
