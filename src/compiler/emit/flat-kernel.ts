/**
 * One formula for every number of flat arrays, compiled once: steps of optimisers. Arrays pass through WebAssembly memory in tiles that stay in the first-level
 * cache, two numbers at a time. Products are rounded before they are added, so that the bits are those of plain JavaScript on every machine.
 */
import type { Site, V } from "../../autograd/index.ts";
import { Code, I32, Module, Wasm, hasSimd } from "../../backend/index.ts";
import { formulaOf } from "../interpret/numbers.ts";
import { microFormula } from "../scalar.ts";
import { MicroEmitter, type Place } from "./wasm-micro.ts";

/** Numbers of a tile. */
const TILE = 1024;
const PAGE = 65536;

/** Values of some arrays at a place, then numbers that are the same everywhere, to the values of the results there. */
export type FlatFormula = (b: Site, vectors: readonly V[], numbers: readonly V[]) => readonly V[];

/** What an array of numbers is read and written by. */
export class FlatKernel {
  readonly #vectors: number;
  readonly #numbers: number;
  readonly #results: number;
  /** Computes so many places of the tile; undefined without SIMD. */
  readonly #run: ((count: number) => void) | undefined;
  readonly #plain: (x: readonly number[]) => number[];
  readonly #memory = new Float64Array(0);
  readonly #x: number[];

  constructor(name: string, shape: { readonly vectors: number; readonly numbers: number }, formula: FlatFormula) {
    const { vectors, numbers } = shape;
    const whole = (b: Site, x: readonly V[]): readonly V[] => formula(b, x.slice(0, vectors), x.slice(vectors));
    const m = microFormula(name, vectors + numbers, whole);
    this.#vectors = vectors;
    this.#numbers = numbers;
    this.#results = m.results.length;
    this.#plain = formulaOf(whole);
    this.#x = Array.from({ length: vectors + numbers }, () => 0);
    if (!hasSimd()) return;
    const arrays = vectors + m.results.length;
    const pages = Math.ceil((8 * TILE * arrays + 16 * numbers) / PAGE);
    const memory = new Wasm.Memory({ initial: pages, maximum: pages });
    this.#memory = new Float64Array(memory.buffer as ArrayBuffer);
    const module = new Module();
    const c = new Code(1);
    const [count, at, end, zero] = [0, c.local(I32), c.local(I32), c.local(I32)];
    const emitter = new MicroEmitter(c, { width: 2, bytes: 8, fma: false, imports: new Map() });
    const array = (k: number): Place => ({ local: at, offset: 8 * TILE * k });
    const operands = [...Array.from({ length: vectors }, (_, k) => array(k)), ...Array.from({ length: numbers }, (_, k): Place => ({ local: zero, offset: 8 * TILE * arrays + 16 * k }))];
    c.get(count).i32(3).op(0x74).set(end);
    c.loop(
      () => void c.get(at).get(end).op(0x4f),
      () => {
        emitter.micro(m, false, operands, m.results.map((_, k) => array(vectors + k)));
        c.get(at).i32(16).op(0x6a).set(at);
      },
    );
    module.function([I32], [], c, "run");
    const instance = new Wasm.Instance(new Wasm.Module(module.finish(false)), { env: { memory } });
    this.#run = instance.exports["run"] as (count: number) => void;
  }

  /** Writes the places `from` to `to` - 1 of the results, which may be among the vectors. */
  run(from: number, to: number, vectors: readonly Float64Array[], numbers: readonly number[], results: readonly Float64Array[]): void {
    if (vectors.length !== this.#vectors || numbers.length !== this.#numbers || results.length !== this.#results) throw new Error(`internal: got ${vectors.length} arrays, ${numbers.length} numbers and ${results.length} results for a formula of ${this.#vectors}, ${this.#numbers} and ${this.#results}`);
    if (!this.#run || to - from < 8) {
      this.#few(from, to, vectors, numbers, results);
      return;
    }
    const f = this.#memory;
    const base = TILE * (vectors.length + results.length);
    for (let k = 0; k < numbers.length; k++) f.fill(numbers[k]!, base + 2 * k, base + 2 * k + 2);
    for (let first = from; first < to; first += TILE) {
      const last = Math.min(to, first + TILE);
      for (let k = 0; k < vectors.length; k++) f.set(vectors[k]!.subarray(first, last), TILE * k);
      this.#run(last - first);
      for (let k = 0; k < results.length; k++) results[k]!.set(f.subarray(TILE * (vectors.length + k), TILE * (vectors.length + k) + last - first), first);
    }
  }

  #few(from: number, to: number, vectors: readonly Float64Array[], numbers: readonly number[], results: readonly Float64Array[]): void {
    const x = this.#x;
    for (let j = 0; j < numbers.length; j++) x[vectors.length + j] = numbers[j]!;
    for (let n = from; n < to; n++) {
      for (let k = 0; k < vectors.length; k++) x[k] = vectors[k]![n]!;
      const y = this.#plain(x);
      for (let k = 0; k < results.length; k++) results[k]![n] = y[k]!;
    }
  }
}
