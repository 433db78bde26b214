/** The words that kernels for devices are written in, one site a thread, and the header that makes a processor understand them. */

/** Head of a file of kernels: values are single doubles, memory is addressed in doubles. */
export const CUDA_WORDS = `enum { W = 1 };
typedef double V;
typedef int M;
#define restrict __restrict__
#define MICRO static __device__
#define PART static __device__
#define LANE(v, l) (v)
#define ALL(x) (x)
#define choose(c, a, b) ((c) ? (a) : (b))
#define magnitude(a) fabs(a)
#define root(a) sqrt(a)
#define lane_max(a) (a)
/* The operand at a displaced site; n: doubles from one site to the next. */
#define across(base, n, entry, copy) ((void)(copy), (const V*)((base) + (int64_t)(entry) * (n)))
`;

/** cuda_shim.h: the few words of CUDA that kernels and NAME.cu use, one thread after the other. */
export const CUDA_SHIM = `/* Compiles kernels for the processor, without CUDA: threads run one after the other. The results are the oracle of those of a device. */
#ifndef CUDA_SHIM_H
#define CUDA_SHIM_H
#include <stdlib.h>
#include <string.h>
#define __device__
#define __global__
#define __grid_constant__
struct shim_index { unsigned x; };
static thread_local shim_index blockIdx, blockDim, threadIdx;
enum { cudaSuccess = 0, cudaMemAttachGlobal = 1 };
static inline int cudaMallocManaged(void** x, size_t bytes, int) { return (*x = aligned_alloc(64, bytes)) ? cudaSuccess : 2; }
static inline void cudaFree(void* x) { free(x); }
static inline long long __double_as_longlong(double x) { long long y; memcpy(&y, &x, 8); return y; }
static inline double __longlong_as_double(long long x) { double y; memcpy(&y, &x, 8); return y; }
#define LAUNCH(k, count, ...) \\
  do { \\
    blockDim.x = 128; \\
    for (blockIdx.x = 0; blockIdx.x < (unsigned)(((count) + 127) / 128); blockIdx.x++) \\
      for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) k(__VA_ARGS__); \\
  } while (0)
#define FINISH() ((void)0)
#endif
`;

/** Threads of a block. */
export const BLOCK = 128;

/** Head of the files that the engine compiles: by NVRTC, or with the shim. A kernel has one argument, a structure that it sees as \`a\`. */
export const ENGINE_WORDS = `#ifdef __CUDACC__
#define ENTRY(name, type) extern "C" __global__ void __launch_bounds__(${BLOCK}) name(const __grid_constant__ type a)
#else
#include "cuda_shim.h"
#define ENTRY(name, type) extern "C" void name(const type& a)
#endif
#ifdef __CUDACC_RTC__
typedef int int32_t;
typedef long long int64_t;
#else
#include <math.h>
#include <stdint.h>
#endif
#ifndef NAN
#define NAN __longlong_as_double(0x7ff8000000000000ll)
#endif
#ifndef INFINITY
#define INFINITY __longlong_as_double(0x7ff0000000000000ll)
#endif
#define HIDDEN
#define THREAD ((int64_t)blockIdx.x * blockDim.x + threadIdx.x)
${CUDA_WORDS}`;
