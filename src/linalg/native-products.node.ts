/** The kernel of products of blocks as C: what the system's compiler makes of it. */
import { loadNative } from "../backend/index.ts";
import type { Kernel } from "./products.ts";

/** Products of blocks of rows in C, on vectors as wide as the machine has them: sums of a b and of a swapped b. */
const SOURCE = `#include <stdint.h>
#if defined(__AVX512F__)
#define W 8
#define LANES 1, 0, 3, 2, 5, 4, 7, 6
#elif defined(__AVX__)
#define W 4
#define LANES 1, 0, 3, 2
#else
#define W 2
#define LANES 1, 0
#endif
typedef double v __attribute__((vector_size(8 * W), aligned(8)));
typedef int64_t lanes __attribute__((vector_size(8 * W)));
#ifdef __clang__
#define SWAP(x) __builtin_shufflevector(x, x, LANES)
#else
#define SWAP(x) __builtin_shuffle(x, (lanes){LANES})
#endif
static inline void put(double* c, v p, v q, double alpha, double beta) {
  double re = 0, im = 0;
  for (int l = 0; l < W; l += 2) re += p[l] + p[l + 1], im += q[l + 1] - q[l];
  c[0] = beta * c[0] + alpha * re;
  c[1] = beta * c[1] + alpha * im;
}
int64_t address(void* p) { return (int64_t)p; }
void multiply(int64_t memory, int64_t c, int64_t sc, int64_t a, int64_t sa, int64_t b, int64_t sb, int64_t m, int64_t n, int64_t k, double alpha, double beta) {
  double* base = (double*)memory;
  for (int64_t i = 0; i < m; i += 2)
    for (int64_t j = 0; j < n; j += 2) {
      const double *a0 = base + 2 * (a + i * sa), *a1 = a0 + 2 * sa, *b0 = base + 2 * (b + j * sb), *b1 = b0 + 2 * sb;
      v p00 = {0}, p01 = {0}, p10 = {0}, p11 = {0}, q00 = {0}, q01 = {0}, q10 = {0}, q11 = {0};
      for (int64_t t = 0; t < 2 * k; t += W) {
        v x0 = *(const v*)(a0 + t), x1 = *(const v*)(a1 + t), y0 = *(const v*)(b0 + t), y1 = *(const v*)(b1 + t);
        v z0 = SWAP(y0), z1 = SWAP(y1);
        p00 += x0 * y0, p01 += x0 * y1, p10 += x1 * y0, p11 += x1 * y1;
        q00 += x0 * z0, q01 += x0 * z1, q10 += x1 * z0, q11 += x1 * z1;
      }
      double *c0 = base + 2 * (c + i * sc + j), *c1 = c0 + 2 * sc;
      put(c0, p00, q00, alpha, beta), put(c0 + 2, p01, q01, alpha, beta);
      put(c1, p10, q10, alpha, beta), put(c1 + 2, p11, q11, alpha, beta);
    }
}
`;

let loaded: { readonly address: (memory: ArrayBufferLike) => number; readonly multiply: (...args: number[]) => number } | undefined;

/** Complex numbers that C reaches, and the kernel on them. @throws BackendError without a compiler. */
export function nativeKernel(length: number): [Float64Array, Kernel, undefined] {
  if (!loaded) {
    const library = loadNative([SOURCE], ["-ffp-contract=fast"]);
    loaded = {
      address: library.func("int64_t address(void* p)"),
      multiply: library.func("void multiply(int64_t memory, int64_t c, int64_t sc, int64_t a, int64_t sa, int64_t b, int64_t sb, int64_t m, int64_t n, int64_t k, double alpha, double beta)"),
    };
  }
  const data = new Float64Array(2 * length);
  const { address, multiply } = loaded;
  const memory = address(data.buffer);
  return [data, (...args) => void multiply(memory, ...args), undefined];
}
