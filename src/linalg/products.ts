/**
 * Products of blocks of complex rows, C <- beta C + alpha A B^+: the one kernel of dense complex algebra, as WebAssembly SIMD or as C. An inner product of
 * two rows with two rows keeps eight sums in registers; rows are taken in pieces that stay in the cache.
 */
import { Code, F64, I32, Module, V128, Wasm, hasRelaxedSimd, loadNative } from "../backend/index.ts";

const PAGE = 65536;
const [LOAD, SHUFFLE, SPLAT_LOAD, STORE, SPLAT, ADD, MUL, FMA] = [0x00, 0x0d, 0x0a, 0x0b, 0x14, 0xf0, 0xf2, 0x107];
/** Numbers of a row, and rows of B, that are worked on together: 64 KB. */
const [DEPTH, WIDTH] = [128, 32];

/** Where kernels of dense algebra run. */
export type DenseBackend = "wasm" | "native";

/** Positions and strides in complex numbers, all extents multiples of 4. */
type Kernel = (c: number, strideC: number, a: number, strideA: number, b: number, strideB: number, m: number, n: number, k: number, alpha: number, beta: number) => void;

/** Complex numbers (re, im) in memory of their own, and the products of blocks of them. */
export class Products {
  readonly data: Float64Array;
  /** Where `data` lies, for further WebAssembly kernels on it; none for native. */
  readonly memory: InstanceType<typeof Wasm.Memory> | undefined;
  readonly #kernel: Kernel;

  /** `length` complex numbers, zero at first. @throws BackendError for native without a compiler. */
  constructor(length: number, backend: DenseBackend = "wasm") {
    [this.data, this.#kernel, this.memory] = backend === "native" ? nativeKernel(length) : wasmKernel(length);
  }

  /** C_ij <- beta C_ij + alpha sum_{t < k} A_it conj(B_jt) for i < m, j < n; C may not overlap A or B. */
  multiply(c: number, strideC: number, a: number, strideA: number, b: number, strideB: number, m: number, n: number, k: number, alpha: number, beta: number): void {
    for (let j = 0; j < n; j += WIDTH)
      for (let t = 0; t < k || t === 0; t += DEPTH)
        this.#kernel(c + j, strideC, a + t, strideA, b + j * strideB + t, strideB, m, Math.min(WIDTH, n - j), Math.min(DEPTH, k - t), alpha, t === 0 ? beta : 1);
  }
}

/** Modules are compiled once a process; instances belong to their memory. */
let compiled: InstanceType<typeof Wasm.Module> | undefined;

function wasmKernel(length: number): [Float64Array, Kernel, InstanceType<typeof Wasm.Memory>] {
  const pages = Math.ceil((16 * length) / PAGE);
  const memory = new Wasm.Memory({ initial: Math.max(1, pages), maximum: Math.max(1, pages) });
  compiled ??= new Wasm.Module(wasmModule());
  const run = new Wasm.Instance(compiled, { env: { memory } }).exports["multiply"] as Kernel;
  return [
    new Float64Array(memory.buffer, 0, 2 * length),
    (c, sc, a, sa, b, sb, m, n, k, alpha, beta) => run(16 * c, 16 * sc, 16 * a, 16 * sa, 16 * b, 16 * sb, m, n, 16 * k, alpha, beta),
    memory,
  ];
}

/** The kernel in bytes: rows of two with rows of two, two numbers a turn. */
function wasmModule(): Uint8Array<ArrayBuffer> {
  const module = new Module();
  const [c, strideC, a, strideA, b, strideB, m, n, k, alpha, beta] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const code = new Code(11);
  const local = (type: typeof I32 | typeof V128): number => code.local(type);
  const [i, j, pc, pb, end] = [local(I32), local(I32), local(I32), local(I32), local(I32)];
  const rowsOfA = [local(I32), local(I32)];
  const rowsOfB = [local(I32), local(I32)];
  const x = [local(V128), local(V128)];
  const [y, va, vb, conjugate] = [local(V128), local(V128), local(V128), local(V128)];
  const sums = Array.from({ length: 8 }, () => local(V128));
  const fused = hasRelaxedSimd();
  const plus = (p: number, q: number, to: number): Code => code.get(p).get(q).op(0x6a).set(to);
  code.get(alpha).simd(SPLAT).set(va).get(beta).simd(SPLAT).set(vb);
  code.simd(0x0c, ...new Uint8Array(Float64Array.of(1, -1).buffer)).set(conjugate);
  const inner = (): void => {
    for (let u = 0; u < 2; u++) {
      rowsOfA.forEach((p, r) => code.get(p).simdMemory(LOAD, 3, 16 * u).set(x[r]!));
      rowsOfB.forEach((p, q) => {
        for (const part of [0, 1]) {
          code.get(p).simdMemory(SPLAT_LOAD, 3, 16 * u + 8 * part).set(y);
          x.forEach((v, r) => {
            const sum = sums[2 * (2 * r + q) + part]!;
            if (fused) code.get(v).get(y).get(sum).simd(FMA).set(sum);
            else code.get(v).get(y).simd(MUL).get(sum).simd(ADD).set(sum);
          });
        }
      });
    }
    for (const p of [...rowsOfA, ...rowsOfB]) code.get(p).i32(32).op(0x6a).set(p);
  };
  // a conj(b) = a b_re + (im, -re) of a b_im
  const store = (r: number, q: number): void => {
    const [re, im] = [sums[2 * (2 * r + q)]!, sums[2 * (2 * r + q) + 1]!];
    const at = (): Code => (r === 0 ? code.get(pc) : code.get(pc).get(strideC).op(0x6a));
    at();
    at().simdMemory(LOAD, 3, 16 * q).get(vb).simd(MUL);
    code.get(im).get(im).simd(SHUFFLE, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7).get(conjugate).simd(MUL).get(re).simd(ADD);
    code.get(va).simd(MUL).simd(ADD).simdMemory(STORE, 3, 16 * q);
  };
  code.i32(0).set(i);
  code.loop(() => code.get(i).get(m).op(0x4f), () => {
    code.i32(0).set(j).get(b).set(pb).get(c).set(pc);
    code.loop(() => code.get(j).get(n).op(0x4f), () => {
      code.get(a).set(rowsOfA[0]!).get(pb).set(rowsOfB[0]!);
      plus(a, strideA, rowsOfA[1]!);
      plus(pb, strideB, rowsOfB[1]!);
      plus(a, k, end);
      for (const s of sums) code.f64(0).simd(SPLAT).set(s);
      code.loop(() => code.get(rowsOfA[0]!).get(end).op(0x4f), inner);
      for (const r of [0, 1]) for (const q of [0, 1]) store(r, q);
      code.get(j).i32(2).op(0x6a).set(j).get(pc).i32(32).op(0x6a).set(pc);
      for (let turn = 0; turn < 2; turn++) plus(pb, strideB, pb);
    });
    code.get(i).i32(2).op(0x6a).set(i);
    for (let turn = 0; turn < 2; turn++) {
      plus(a, strideA, a);
      plus(c, strideC, c);
    }
  });
  module.function([I32, I32, I32, I32, I32, I32, I32, I32, I32, F64, F64], [], code, "multiply");
  return module.finish(false);
}

/** The same in C, on vectors as wide as the machine has them: sums of a b and of a swapped b. */
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

function nativeKernel(length: number): [Float64Array, Kernel, undefined] {
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
