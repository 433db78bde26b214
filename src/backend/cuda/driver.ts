/** The CUDA driver and its run-time compiler as libraries of the system, loaded with koffi: nothing is linked and nothing is compiled at install. */
import { readdirSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { BackendError } from "../../errors.ts";
import { loadKoffi } from "../native.node.ts";

type Argument = number | bigint | string | null | ArrayBufferView | readonly (ArrayBufferView | string | null)[];
type Foreign = (...args: Argument[]) => number;

/** What is used of the driver API. */
const DRIVER = {
  cuInit: "int cuInit(unsigned int flags)",
  cuDriverGetVersion: "int cuDriverGetVersion(void* version)",
  cuDeviceGetCount: "int cuDeviceGetCount(void* count)",
  cuDeviceGet: "int cuDeviceGet(void* device, int ordinal)",
  cuDeviceGetName: "int cuDeviceGetName(void* name, int length, int device)",
  cuDeviceGetAttribute: "int cuDeviceGetAttribute(void* value, int attribute, int device)",
  cuDevicePrimaryCtxRetain: "int cuDevicePrimaryCtxRetain(void* context, int device)",
  cuCtxSetCurrent: "int cuCtxSetCurrent(uint64_t context)",
  cuCtxSynchronize: "int cuCtxSynchronize()",
  cuGetErrorName: "int cuGetErrorName(int error, _Out_ const char** text)",
  cuMemGetInfo: "int cuMemGetInfo_v2(void* free, void* total)",
  cuMemAlloc: "int cuMemAlloc_v2(void* pointer, size_t bytes)",
  cuMemFree: "int cuMemFree_v2(uint64_t pointer)",
  cuMemcpyHtoD: "int cuMemcpyHtoD_v2(uint64_t to, const void* from, size_t bytes)",
  cuMemcpyDtoH: "int cuMemcpyDtoH_v2(void* to, uint64_t from, size_t bytes)",
  cuMemcpyDtoD: "int cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t bytes)",
  cuMemsetD8: "int cuMemsetD8_v2(uint64_t at, uint8_t byte, size_t bytes)",
  cuModuleLoadData: "int cuModuleLoadData(void* module, const void* image)",
  cuModuleGetFunction: "int cuModuleGetFunction(void* function, uint64_t module, const char* name)",
  cuLaunchKernel: "int cuLaunchKernel(uint64_t function, unsigned int gridX, unsigned int gridY, unsigned int gridZ, unsigned int blockX, unsigned int blockY, unsigned int blockZ, unsigned int shared, uint64_t stream, const void** parameters, const void** extra)",
} as const;

/** What is used of NVRTC. */
const COMPILER = {
  nvrtcVersion: "int nvrtcVersion(void* major, void* minor)",
  nvrtcGetErrorString: "const char* nvrtcGetErrorString(int result)",
  nvrtcCreateProgram: "int nvrtcCreateProgram(void* program, const char* source, const char* name, int headers, const void* texts, const void* names)",
  nvrtcDestroyProgram: "int nvrtcDestroyProgram(void* program)",
  nvrtcCompileProgram: "int nvrtcCompileProgram(uint64_t program, int options, const char** texts)",
  nvrtcGetProgramLogSize: "int nvrtcGetProgramLogSize(uint64_t program, void* size)",
  nvrtcGetProgramLog: "int nvrtcGetProgramLog(uint64_t program, void* log)",
  nvrtcGetPTXSize: "int nvrtcGetPTXSize(uint64_t program, void* size)",
  nvrtcGetPTX: "int nvrtcGetPTX(uint64_t program, void* ptx)",
} as const;

export type Driver = Readonly<Record<keyof typeof DRIVER, Foreign>>;
export type Compiler = Readonly<Record<keyof typeof COMPILER, Foreign>> & { readonly file: string };

/** Names of the libraries that a system may have, the newest compiler first. */
const [DRIVER_FILES, COMPILER_FILES] = process.platform === "win32"
  ? [["nvcuda.dll"], ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll"]]
  : [["libcuda.so.1"], ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"]];

/** The first of the files that loads, with its functions. @throws BackendError when none does, or one lacks a function. */
function opened<T extends Readonly<Record<string, string>>>(files: readonly string[], prototypes: T, what: string, remedy: string): Record<keyof T, Foreign> & { file: string } {
  const koffi = loadKoffi("cuda");
  const failures: string[] = [];
  for (const file of files)
    try {
      const library = koffi.load(file);
      for (const part of builtins(file)) koffi.load(part);
      return { ...(Object.fromEntries(Object.entries(prototypes).map(([name, text]) => [name, library.func(text)])) as Record<keyof T, Foreign>), file };
    } catch (e) {
      failures.push((e as Error).message.split("\n")[0]!);
    }
  throw new BackendError(`backend cuda: got no ${what} that loads (${failures[0]!.trim()}), expected ${files.join(" or ")}: ${remedy}, or use backend wasm`);
}

/** What NVRTC opens by its name alone: found where it is loaded already, and otherwise on the library path only. */
function builtins(file: string): readonly string[] {
  if (!isAbsolute(file) || !file.includes("nvrtc")) return [];
  const folder = dirname(file);
  return readdirSync(folder).filter((f) => /^(lib)?nvrtc-builtins(?!.*alt)/.test(f)).map((f) => join(folder, f));
}

/** The driver, at the place that GAUGEGRAD_CUDA_DRIVER names or the system's. @throws BackendError without koffi or without a driver. */
export function openDriver(environment: NodeJS.ProcessEnv = process.env): Driver {
  const named = environment["GAUGEGRAD_CUDA_DRIVER"];
  return opened(named ? [named] : DRIVER_FILES, DRIVER, "CUDA driver library", "install the driver of the NVIDIA card, or name the file in GAUGEGRAD_CUDA_DRIVER");
}

/** The compiler, at the place that GAUGEGRAD_NVRTC names or the system's; that of CUDA_HOME is tried too. @throws BackendError without one. */
export function openCompiler(environment: NodeJS.ProcessEnv = process.env): Compiler {
  const named = environment["GAUGEGRAD_NVRTC"];
  const home = environment["CUDA_HOME"] ?? environment["CUDA_PATH"];
  const files = named ? [named] : [...COMPILER_FILES, ...(home ? [`${home}/lib64/libnvrtc.so`] : [])];
  return opened(files, COMPILER, "NVRTC library", "install it (CUDA toolkit, or pip install nvidia-cuda-nvrtc), or name the file in GAUGEGRAD_NVRTC");
}
