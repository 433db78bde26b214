/** Inner products of complex rows, two with two, as a WebAssembly SIMD kernel: the inner loop of dense complex algebra. */
import { Code, I32, Module, V128, Wasm, type WasmMemory, hasRelaxedSimd } from "../backend/index.ts";

const PAGE = 65536;
const [LOAD, SPLAT, STORE, ADD, MUL, FMA] = [0x00, 0x0a, 0x0b, 0xf0, 0xf2, 0x107];
/** Complex numbers a turn of the loop. */
const UNROLL = 2;

/** Byte addresses of the rows, of the end of the first one, and of the sums. */
type Kernel = (a: number, b: number, end: number, strideA: number, strideB: number, out: number) => void;

/** Complex numbers, and the kernel that works on them. */
export class InnerProducts {
  /** (re, im) of `length` complex numbers, zero at first. */
  readonly data: Float64Array;
  readonly #products: Kernel;
  /** Eight accumulators of two numbers. */
  readonly #sums: Float64Array;

  constructor(length: number) {
    const bytes = 16 * length;
    const pages = Math.ceil((bytes + 128) / PAGE);
    const memory = new Wasm.Memory({ initial: pages, maximum: pages });
    this.data = new Float64Array(memory.buffer, 0, 2 * length);
    this.#sums = new Float64Array(memory.buffer, bytes, 16);
    this.#products = instantiate(memory);
  }

  /**
   * s <- sum_{k < count} a_ik conj(b_jk) for the rows i = 0, 1 that begin at a and a + strideA, j likewise: (re, im) of 00, 01, 10, 11. Positions
   * and strides are in complex numbers, `count` is even.
   */
  rows(a: number, strideA: number, b: number, strideB: number, count: number, s: Float64Array): void {
    this.#products(16 * a, 16 * b, 16 * (a + count), 16 * strideA, 16 * strideB, this.#sums.byteOffset);
    const t = this.#sums;
    for (let e = 0; e < 4; e++) {
      // a b_re and a b_im of a conj(b)
      s[2 * e] = t[4 * e]! + t[4 * e + 3]!;
      s[2 * e + 1] = t[4 * e + 1]! - t[4 * e + 2]!;
    }
  }
}

function instantiate(memory: WasmMemory): Kernel {
  const module = new Module();
  const [a, b, end, strideA, strideB, out] = [0, 1, 2, 3, 4, 5];
  const code = new Code(6);
  const rowsOfA = [a, code.local(I32)] as const;
  const rowsOfB = [b, code.local(I32)] as const;
  const x = [code.local(V128), code.local(V128)] as const;
  const y = code.local(V128);
  const sums = Array.from({ length: 8 }, () => code.local(V128));
  const plus = (n: number, m: number, to: number): Code => code.get(n).get(m).op(0x6a).set(to);
  plus(a, strideA, rowsOfA[1]);
  plus(b, strideB, rowsOfB[1]);
  const fused = hasRelaxedSimd();
  code.loop(
    () => code.get(a).get(end).op(0x4f),
    () => {
      for (let u = 0; u < UNROLL; u++) {
        rowsOfA.forEach((p, i) => code.get(p).simdMemory(LOAD, 3, 16 * u).set(x[i]!));
        rowsOfB.forEach((p, j) => {
          for (const part of [0, 1]) {
            code.get(p).simdMemory(SPLAT, 3, 16 * u + 8 * part).set(y);
            x.forEach((v, i) => {
              const sum = sums[2 * (2 * i + j) + part]!;
              if (fused) code.get(v).get(y).get(sum).simd(FMA).set(sum);
              else code.get(v).get(y).simd(MUL).get(sum).simd(ADD).set(sum);
            });
          }
        });
      }
      for (const p of [...rowsOfA, ...rowsOfB]) code.get(p).i32(16 * UNROLL).op(0x6a).set(p);
    },
  );
  sums.forEach((s, k) => code.get(out).get(s).simdMemory(STORE, 3, 16 * k));
  module.function([I32, I32, I32, I32, I32, I32], [], code, "products");
  return new Wasm.Instance(new Wasm.Module(module.finish(false)), { env: { memory } }).exports["products"] as Kernel;
}
