/**
 * Weights on channels (autograd/ops/tensors.ts) as loops over blocks of sites, displacements, rows and columns: the numbers of a tensor are data of the
 * loop, not of the code, so that any number of them is compiled at once. Every sum has one order, that of the blocks in memory. Float64 blocks of two sites and more are
 * computed by compiled loops (contraction-kernel.ts, contraction-source.ts).
 */
import { type ChannelsType, type Role, type TensorType, type ValueType, components, domainOf, tapsOf, weightShape } from "../autograd/index.ts";
import { lanePermutation } from "../backend/index.ts";
import { BackendError } from "../errors.ts";
import { type ContractionLoops, inFours } from "./contraction-kernel.ts";
import type { ContractionStep } from "./ir.ts";
import type { HeapStorage, Machine } from "./machine.ts";

/** Where a value lies and what it is. */
interface Place {
  readonly at: HeapStorage;
  readonly type: ValueType;
}

/** Most blocks whose neighbours are listed together, and most bytes for those with their lanes permuted: they stay in the first caches. */
const CHUNK = 32;
const NEAR = 2 ** 16;

/**
 * Compiled loops, and what they have in the engine's memory: lanes of permutations, permuted neighbours and the list of a chunk of some blocks, flags of the blocks of both operands that are not
 * zero, zeros, and packed weights or pairs of blocks and sums of two lanes.
 */
interface Compiled extends ContractionLoops {
  readonly chunk: number;
  readonly lanes: number;
  readonly near: number;
  readonly list: number;
  readonly flags: number;
  readonly ownFlags: number;
  readonly nothing: number;
  readonly packed: number;
  readonly pairs: number;
  readonly sums: number;
}

/** Loops by engine: they are compiled once. */
const compiled = new WeakMap<Machine, ContractionLoops>();

/** A step on weights, ready to run. */
export class Contraction {
  readonly #engine: Machine;
  readonly #inputs: readonly Place[];
  readonly #output: Place;
  /** Heap index of each tap's neighbour table, -1 where a tap stays at its site. */
  readonly #tables: readonly number[];
  readonly #permutations: readonly (readonly number[])[];
  /** Channels of a neighbour with its lanes permuted, and the rows that are being summed. */
  readonly #moved: Float64Array;
  readonly #rows: Float64Array;
  readonly #compiled: Compiled | undefined;
  readonly #run: () => void;

  /** `allocate` gives memory of the engine for as long as the program lives. */
  constructor(engine: Machine, { op, attributes }: ContractionStep, inputs: readonly Place[], output: Place, allocate: (bytes: number) => number) {
    if (engine.part && engine.part.comm.size > 1) throw new BackendError(`${op.name}: got a lattice divided over ${engine.part.comm.size} ranks, expected one rank: weights on channels are not divided`);
    this.#engine = engine;
    this.#inputs = inputs;
    this.#output = output;
    const sign = attributes["transpose"] === true ? -1 : 1;
    const taps = attributes["displacements"] === undefined ? [] : tapsOf(attributes, engine.lattice);
    this.#tables = taps.map((d) => (engine.lattice.site(d) === 0 ? -1 : engine.table(d.map((x) => sign * x))));
    const { cuts, width } = engine.layout;
    this.#permutations = Array.from({ length: cuts.reduce((n, c) => n * c, 1) }, (_, k) => lanePermutation(cuts, k));
    const largest = [...inputs, output].reduce((n, { type }) => Math.max(n, components(type)), 1);
    this.#moved = new Float64Array(largest * width);
    this.#rows = new Float64Array(largest * width);
    const { of } = op.role as Role & { readonly is: "contraction" };
    this.#compiled = of === "sum" ? undefined : this.#compile(of, allocate);
    this.#run = { apply: () => this.#apply(sign < 0), correlate: () => this.#correlate(), sum: () => this.#sum() }[of];
  }

  #compile(of: "apply" | "correlate", allocate: (bytes: number) => number): Compiled | undefined {
    const { emitter, heap, layout: { width } } = this.#engine;
    if (!emitter.contractions || emitter.single || width < 2) return undefined;
    let made = compiled.get(this.#engine);
    if (!made) compiled.set(this.#engine, (made = emitter.contractions(width)));
    const [first, x] = [components(this.#inputs[0]!.type), components(this.#inputs[1]!.type)];
    const taps = this.#tables.length;
    // a list has all taps of a block, or all blocks of a tap
    const listed = of === "apply" ? taps : 1;
    const bytes = 8 * width * x;
    const chunk = Math.max(1, Math.min(CHUNK, Math.floor(NEAR / (listed * bytes))));
    const { copies, copyBlocks } = this.#engine.layout;
    const [lanes, nothing, flags] = [allocate(4 * width * this.#permutations.length), allocate(bytes), allocate(4 * copies * copyBlocks)];
    this.#permutations.forEach((p, k) => p.forEach((lane, l) => (heap.i32[lanes / 4 + k * width + l] = 8 * lane)));
    heap.reals.fill(0, nothing / 8, (nothing + bytes) / 8);
    const own = of === "apply" ? { packed: allocate(8 * taps * x * components(this.#output.type)), ownFlags: 0, pairs: 0, sums: 0 } : { packed: 0, ownFlags: allocate(4 * copies * copyBlocks), pairs: allocate(16 * chunk), sums: allocate(16 * taps * first * x) };
    return { ...made, ...own, chunk, lanes, nothing, flags, near: allocate(chunk * listed * bytes), list: allocate(8 * chunk * listed) };
  }

  /** Notes which blocks of a value are not zero. */
  #flag({ flag }: Compiled, { at: { address, stride }, type }: Place, flags: number): void {
    const { copies, copyBlocks, width } = this.#engine.layout;
    const [first, last] = this.#engine.layout.range(domainOf(type));
    for (let copy = 0; copy < copies; copy++) flag(copy * copyBlocks + first, copy * copyBlocks + last, address, stride, 8 * width * components(type), flags);
  }

  /** Calls `body` for every chunk of blocks of the sites of `domain`. */
  #chunks({ chunk }: Compiled, domain: "all" | "even" | "odd", body: (block: number, count: number) => void): void {
    const { copies, copyBlocks } = this.#engine.layout;
    const [first, last] = this.#engine.layout.range(domain);
    for (let copy = 0; copy < copies; copy++)
      for (let b = copy * copyBlocks + first, end = copy * copyBlocks + last; b < end; b += chunk) body(b, Math.min(chunk, end - b));
  }

  /** Lists the neighbours of some blocks at tap k, the first of them at place `at` of every `of`. */
  #neighbours({ gather, lanes, near, list, flags, nothing }: Compiled, { at: { address, stride }, type }: Place, b: number, count: number, k: number, at: number, of: number): void {
    const { width, copyBlocks } = this.#engine.layout;
    const [low, high] = this.#engine.layout.range(domainOf(type));
    const bytes = 8 * width * components(type);
    const table = this.#tables[k]!;
    gather(b, count, table < 0 ? 0 : 4 * (table + b), address, stride, bytes, low, high, copyBlocks, lanes, near + at * bytes, of * bytes, flags, nothing, list + 8 * at, 8 * of);
  }

  /** The weights in the order in which they are multiplied: by rows that are taken together, taps, columns. */
  #pack({ packed }: Compiled, weights: number, made: number, given: number, alongMade: number, alongGiven: number): void {
    const { reals: f } = this.#engine.heap;
    let to = packed / 8;
    for (let m = 0, rows = 0; m < made; m += rows) {
      rows = m < inFours(made) ? 4 : made - m === 5 ? 5 : 1;
      for (let k = 0; k < this.#tables.length; k++) for (let g = 0; g < given; g++) for (let r = 0; r < rows; r++) f[to++] = f[weights + (m + r) * alongMade + g * alongGiven + k]!;
    }
  }

  run(): void {
    for (const { at, type } of this.#inputs) this.#engine.attend(at, type, false);
    this.#engine.attend(this.#output.at, this.#output.type, true);
    this.#run();
  }

  /** Calls `body` for every block of the sites of `domain` and every tap, with the index of the neighbour's channels in `from`; `end` after the last tap. */
  #blocks(domain: "all" | "even" | "odd", x: Place, body: (block: number, tap: number, from: Float64Array | Float32Array, at: number) => void, end: (block: number) => void): void {
    const { layout, heap } = this.#engine;
    const { width, copies, copyBlocks } = layout;
    const [first, last] = layout.range(domain);
    const parity = domainOf(x.type);
    const [low, high] = layout.range(parity);
    const [f, i32] = [heap.reals, heap.i32];
    const [address, stride] = [x.at.address / heap.realBytes, x.at.stride / heap.realBytes];
    const n = components(x.type);
    for (let copy = 0; copy < copies; copy++)
      for (let b = copy * copyBlocks + first; b < copy * copyBlocks + last; b++) {
        for (let k = 0; k < this.#tables.length; k++) {
          const table = this.#tables[k]!;
          const entry = table < 0 ? b * width : i32[table + b]!;
          const permutation = entry % width;
          const neighbour = (entry - permutation) / width;
          const inside = neighbour % copyBlocks;
          // on the other parity it is zero
          if (inside < low || inside >= high) continue;
          const at = address + neighbour * stride;
          if (permutation === 0) {
            body(b, k, f, at);
            continue;
          }
          const lanes = this.#permutations[permutation]!;
          for (let c = 0; c < n; c++) for (let l = 0; l < width; l++) this.#moved[c * width + l] = f[at + c * width + lanes[l]!]!;
          body(b, k, this.#moved, 0);
        }
        end(b);
      }
  }

  /** y_o(n) = sum w_oik x_i(n + d_k); transposed, the sum runs over o. */
  #apply(transpose: boolean): void {
    const [w, x] = this.#inputs as [Place, Place];
    const y = this.#output;
    const { heap, layout: { width } } = this.#engine;
    const shape = weightShape(w.type as TensorType);
    const [made, given] = [components(y.type), components(x.type)];
    const [alongMade, alongGiven] = transpose ? [shape.taps, shape.in * shape.taps] : [shape.in * shape.taps, shape.taps];
    const kernel = this.#compiled;
    if (kernel) {
      const taps = this.#tables.length;
      this.#pack(kernel, w.at.address / 8, made, given, alongMade, alongGiven);
      this.#flag(kernel, x, kernel.flags);
      this.#chunks(kernel, domainOf(y.type), (b, count) => {
        for (let k = 0; k < taps; k++) this.#neighbours(kernel, x, b, count, k, k, taps);
        kernel.apply(count, kernel.list, taps, y.at.address + b * y.at.stride, y.at.stride, kernel.packed, made, inFours(made), given, kernel.nothing);
      });
      return;
    }
    const f = heap.reals;
    const weights = w.at.address / heap.realBytes;
    const rows = this.#rows;
    rows.fill(0);
    const [address, stride] = [y.at.address / heap.realBytes, y.at.stride / heap.realBytes];
    this.#blocks(
      domainOf(y.type),
      x,
      (_b, k, from, at) => {
        for (let m = 0; m < made; m++)
          for (let l = 0; l < width; l++) {
            let s = rows[m * width + l]!;
            let row = weights + m * alongMade + k;
            for (let g = 0; g < given; g++, row += alongGiven) s += f[row]! * from[at + g * width + l]!;
            rows[m * width + l] = s;
          }
      },
      (b) => {
        for (let c = 0; c < made * width; c++) {
          f[address + b * stride + c] = rows[c]!;
          rows[c] = 0;
        }
      },
    );
  }

  /** G_oik = sum_n y_o(n) x_i(n + d_k). */
  #correlate(): void {
    const [y, x] = this.#inputs as [Place, Place];
    const { heap, layout: { width } } = this.#engine;
    const { taps } = weightShape(this.#output.type as TensorType);
    const [out, channels] = [(y.type as ChannelsType).count, (x.type as ChannelsType).count];
    const kernel = this.#compiled;
    const f = heap.reals;
    const to = this.#output.at.address / heap.realBytes;
    if (kernel) {
      const weights = out * channels;
      f.fill(0, kernel.sums / 8, kernel.sums / 8 + 2 * taps * weights);
      this.#flag(kernel, x, kernel.flags);
      this.#flag(kernel, y, kernel.ownFlags);
      this.#chunks(kernel, domainOf(y.type), (b, count) => {
        for (let k = 0; k < taps; k++) {
          this.#neighbours(kernel, x, b, count, k, 0, 1);
          kernel.correlate(count, kernel.list, kernel.ownFlags + 4 * b, y.at.address + b * y.at.stride, y.at.stride, kernel.sums + 16 * k * weights, out, inFours(out), channels, kernel.nothing, kernel.pairs);
        }
      });
      for (let k = 0; k < taps; k++) for (let n = 0, at = kernel.sums / 8 + 2 * k * weights; n < weights; n++, at += 2) f[to + n * taps + k] = f[at]! + f[at + 1]!;
      return;
    }
    f.fill(0, to, to + out * channels * taps);
    const [address, stride] = [y.at.address / heap.realBytes, y.at.stride / heap.realBytes];
    this.#blocks(
      domainOf(y.type),
      x,
      (b, k, from, at) => {
        const own = address + b * stride;
        for (let o = 0; o < out; o++)
          for (let i = 0; i < channels; i++) {
            let s = 0;
            for (let l = 0; l < width; l++) s += f[own + o * width + l]! * from[at + i * width + l]!;
            f[to + (o * channels + i) * taps + k]! += s;
          }
      },
      () => undefined,
    );
  }

  /** Sum of the numbers of a tensor, in pairs. */
  #sum(): void {
    const [t] = this.#inputs as [Place];
    const { heap, layout: { width } } = this.#engine;
    const n = (t.type as TensorType).shape.reduce((m, L) => m * L, 1);
    const to = this.#output.at.address / heap.realBytes;
    heap.reals.fill(pairwise(heap.reals, t.at.address / heap.realBytes, n), to, to + width);
  }
}

function pairwise(f: ArrayLike<number>, at: number, n: number): number {
  if (n <= 8) {
    let s = 0;
    for (let k = at; k < at + n; k++) s += f[k]!;
    return s;
  }
  const half = n >> 1;
  return pairwise(f, at, half) + pairwise(f, at + half, n - half);
}
