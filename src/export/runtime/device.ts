/** The part of NAME.cu before everything else: one site a thread, memory that host and device share; and the header that runs the same file on a processor. */
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
enum { W = 1 };
typedef double V;
typedef int M;
#define restrict __restrict__
#define MICRO static __device__
#define PART static __device__
#define KERNEL static __global__
#define UNUSED __attribute__((unused))
#define LANE(v, l) (v)
#define ALL(x) (x)
#define choose(c, a, b) ((c) ? (a) : (b))
#define magnitude(a) fabs(a)
#define root(a) sqrt(a)
#define lane_max(a) (a)
/* The n components of an operand at a displaced site. */
#define across(base, n, entry, copy) ((void)(copy), (const V*)((base) + (int64_t)(entry) * (n)))

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

/** cuda_shim.h: the few words of CUDA that NAME.cu uses, one thread after the other. */
export const SHIM = `/* Compiles NAME.cu for the processor, without CUDA: threads run one after the other. The results are the oracle of those of a device. */
#ifndef CUDA_SHIM_H
#define CUDA_SHIM_H
#include <stdlib.h>
#define __device__
#define __global__
#define __grid_constant__
struct shim_index { unsigned x; };
static thread_local shim_index blockIdx, blockDim, threadIdx;
enum { cudaSuccess = 0, cudaMemAttachGlobal = 1 };
static inline int cudaMallocManaged(void** x, size_t bytes, int) { return (*x = aligned_alloc(64, bytes)) ? cudaSuccess : 2; }
static inline void cudaFree(void* x) { free(x); }
#define LAUNCH(k, count, ...) \\\\
  do { \\\\
    blockDim.x = 128; \\\\
    for (blockIdx.x = 0; blockIdx.x < (unsigned)(((count) + 127) / 128); blockIdx.x++) \\\\
      for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) k(__VA_ARGS__); \\\\
  } while (0)
#define FINISH() ((void)0)
#endif
`.replaceAll("\\\\", "\\");
