/** The part of NAME.cu before everything else: one site a thread, memory that host and device share. */
import { CUDA_WORDS } from "../../backend/index.ts";
import { fill, prefixes } from "../template.ts";

const TEXT = `/* One site a thread: values are single doubles. Memory is shared by host and device (managed). */
#ifdef __CUDACC__
#define LAUNCH(k, count, ...) k<<<(unsigned)(((count) + 127) / 128), 128>>>(__VA_ARGS__)
#define FINISH() cudaDeviceSynchronize()
#else
#include "cuda_shim.h"
#endif
#include <atomic>
#include <cmath>
using std::atomic_flag;
using std::atomic_flag_clear;
using std::atomic_flag_clear_explicit;
using std::atomic_flag_test_and_set_explicit;
using std::isfinite;
using std::memory_order_acquire;
using std::memory_order_release;
${CUDA_WORDS}#define KERNEL static __global__
#define UNUSED __attribute__((unused))
#define APART static
#define transpose(x) ((void)0)
#define STREAM(to, x) memcpy(to, &(x), sizeof(V))
#define SETTLE() ((void)0)
#define PREFETCH(x) ((void)(x))

static void* allocate(int64_t bytes) {
  void* x = 0;
  const size_t room = (size_t)((bytes + 127) / 64 * 64);
  if (cudaMallocManaged(&x, room, cudaMemAttachGlobal) != cudaSuccess) return 0;
  memset(x, 0, room);
  return x;
}

static void deallocate(void* x) { cudaFree(x); }
`;

/** The prelude of a device's kernels. */
export const device = (name: string): string => fill(TEXT, prefixes(name));
