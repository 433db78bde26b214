/**
 * Weights on channels (autograd/ops/tensors.ts) as loops over blocks of sites, displacements, rows and columns: the numbers of a tensor are data of the
 * loop, not of the code, so that any number of them is compiled at once. Every sum has one order, that of the blocks in memory. Float64 blocks of two sites and more are
 * computed by compiled loops (contraction-kernel.ts, contraction-source.ts).
 */
import { type ChannelsType, type Role, type TensorType, type ValueType, components, domainOf, tapsOf, weightShape } from "../autograd/index.ts";
import { lanePermutation } from "../backend/index.ts";
import { BackendError } from "../errors.ts";
import { type ContractionLoops, ENTRY, FLAG, PAIR, togetherOf } from "./contraction-kernel.ts";
import type { ContractionStep } from "./ir.ts";
import type { HeapStorage, Machine } from "./machine.ts";

/** Where a value lies and what it is. */
interface Place {
  readonly at: HeapStorage;
  readonly type: ValueType;
}

/** Most blocks whose pairs are listed together, and most bytes for those with their lanes permuted: they stay in the first caches. */
const CHUNK = 32;
const NEAR = 2 ** 16;

/** Compiled loops, and what they have in the engine's memory: their arguments. */
interface Compiled {
  readonly loops: ContractionLoops;
  readonly neighbours: readonly [number, number, number, number, number];
  readonly lanes: number;
  readonly near: number;
  /** Of both operands. */
  readonly flags: number;
  readonly ownFlags: number;
  readonly nothing: number;
  /** Packed weights, or sums of every lane. */
  readonly numbers: number;
  /** For the neighbours of two blocks, or the pairs of a chunk. */
  readonly list: number;
  readonly chunk: number;
}

/** A list of blocks with their neighbours in the engine's memory. */
interface Neighbours {
  readonly at: number;
  readonly length: number;
}

/** What the contractions of an engine have in common. */
interface Common {
  readonly loops: ContractionLoops | undefined;
  /** Address of the lanes of permutations. */
  readonly lanes: number;
  readonly lists: Map<string, Neighbours>;
}
const common = new WeakMap<Machine, Common>();

/** A step on weights, ready to run. */
export class Contraction {
  readonly #engine: Machine;
  readonly #inputs: readonly Place[];
  readonly #output: Place;
  /** Displacements of the taps. */
  readonly #taps: readonly (readonly number[])[];
  readonly #neighbours: Neighbours;
  readonly #permutations: readonly (readonly number[])[];
  /** Channels of a neighbour with its lanes permuted, and the rows that are being summed. */
  readonly #moved: Float64Array;
  readonly #rows: Float64Array;
  readonly #compiled: Compiled | undefined;
  readonly #run: () => void;

  /** `allocate` gives memory of the engine for as long as the program lives. */
  constructor(engine: Machine, { op, attributes }: ContractionStep, inputs: readonly Place[], output: Place, allocate: (bytes: number) => number) {
    if (engine.part) throw new BackendError(`${op.name}: got a lattice divided over ${engine.part.comm.size} ranks${engine.part.comm.size > 1 ? "" : ", with ghosts"}, expected an undivided one: weights on channels are not divided`);
    this.#engine = engine;
    this.#inputs = inputs;
    this.#output = output;
    const sign = attributes["transpose"] === true ? -1 : 1;
    this.#taps = attributes["displacements"] === undefined ? [] : tapsOf(attributes, engine.lattice).map((d) => d.map((x) => sign * x));
    const { cuts, width } = engine.layout;
    this.#permutations = Array.from({ length: cuts.reduce((n, c) => n * c, 1) }, (_, k) => lanePermutation(cuts, k));
    const largest = [...inputs, output].reduce((n, { type }) => Math.max(n, components(type)), 1);
    this.#moved = new Float64Array(largest * width);
    this.#rows = new Float64Array(largest * width);
    const { of } = op.role as Role & { readonly is: "contraction" };
    const made = this.#common();
    this.#neighbours = this.#list(made, domainOf((of === "apply" ? output : inputs[0]!).type), domainOf(inputs.at(-1)!.type));
    this.#compiled = of === "sum" || !made.loops ? undefined : this.#compile(of, made.loops, made.lanes, allocate);
    this.#run = { apply: () => this.#apply(sign < 0), correlate: () => this.#correlate(), sum: () => this.#sum() }[of];
  }

  #common(): Common {
    const { emitter, layout: { width }, memory, heap } = this.#engine;
    let made = common.get(this.#engine);
    if (!made) {
      const lanes = memory.allocate(4 * width * this.#permutations.length, "neighbour tables");
      common.set(this.#engine, (made = { loops: emitter.single || width < 2 ? undefined : emitter.contractions?.(width), lanes, lists: new Map() }));
      this.#permutations.forEach((p, k) => heap.i32.set(p, lanes / 4 + k * width));
    }
    return made;
  }

  #compile(of: "apply" | "correlate", loops: ContractionLoops, lanes: number, allocate: (bytes: number) => number): Compiled {
    const { heap, layout: { width, blocks, copyBlocks, copiesPerScalar, scalarBlocks } } = this.#engine;
    const [first, x] = [components(this.#inputs[0]!.type), components(this.#inputs[1]!.type)];
    const taps = this.#taps.length;
    const bytes = 8 * width * x;
    const chunk = Math.max(1, Math.min(CHUNK, Math.floor(NEAR / bytes)));
    const [nothing, flags] = [allocate(bytes), allocate(FLAG * blocks)];
    heap.reals.fill(0, nothing / 8, (nothing + bytes) / 8);
    const { at, length } = this.#neighbours;
    const own = of === "apply"
      ? { ownFlags: 0, numbers: allocate(8 * taps * x * components(this.#output.type)), list: allocate(2 * ENTRY * (taps + 1)), near: allocate(2 * taps * bytes) }
      : { ownFlags: allocate(FLAG * blocks), numbers: allocate(8 * width * taps * first * x), list: allocate(PAIR * (chunk + 1)), near: allocate(chunk * bytes) };
    return { ...own, loops, lanes, neighbours: [at, length, scalarBlocks, copiesPerScalar * copyBlocks, taps], nothing, flags, chunk };
  }

  /** For the blocks of `domain` in a group of copies: the block, then for every tap its neighbour's times the width, plus the number of a permutation; -1 where x is zero, on the other parity. */
  #list({ lists }: Common, domain: "all" | "even" | "odd", parity: "all" | "even" | "odd"): Neighbours {
    const { layout, memory, heap } = this.#engine;
    const { width, copyBlocks, copiesPerScalar } = layout;
    const key = `${domain} ${parity} ${this.#taps.join(" ")}`;
    let made = lists.get(key);
    if (made) return made;
    const [first, last] = layout.range(domain);
    const [low, high] = layout.range(parity);
    const each = this.#taps.length + 1;
    const length = copiesPerScalar * (last - first);
    lists.set(key, (made = { at: memory.allocate(4 * each * length, "neighbour tables"), length }));
    const { at } = made;
    heap.mirror?.host(at, 4 * each * length, true);
    const tables = this.#taps.map((d) => layout.table(d));
    for (let n = 0, row = at / 4; n < length; n++, row += each) {
      const block = Math.floor(n / (last - first)) * copyBlocks + first + (n % (last - first));
      heap.i32[row] = block;
      tables.forEach((table, k) => {
        const inside = Math.floor(table[block]! / width) % copyBlocks;
        heap.i32[row + k + 1] = inside < low || inside >= high ? -1 : table[block]!;
      });
    }
    return made;
  }

  /** Notes which channels of the blocks of a value are not zero. */
  #flag({ loops: { flag } }: Compiled, { at: { address, stride }, type }: Place, flags: number): void {
    const { copies, copyBlocks } = this.#engine.layout;
    const [first, last] = this.#engine.layout.range(domainOf(type));
    if (last - first === copyBlocks) flag(0, copies * copyBlocks, address, stride, components(type), flags);
    else for (let copy = 0; copy < copies; copy++) flag(copy * copyBlocks + first, copy * copyBlocks + last, address, stride, components(type), flags);
  }

  /** The weights in the order in which they are multiplied: by rows that are taken together, taps, columns. */
  #pack({ numbers, loops: { wide } }: Compiled, weights: number, made: number, given: number, alongMade: number, alongGiven: number): void {
    const { reals: f } = this.#engine.heap;
    const [eights, fours] = togetherOf(made, wide);
    let to = numbers / 8;
    for (let m = 0, rows = 0; m < made; m += rows) {
      rows = m < eights ? 8 : m < fours ? 4 : Math.min(3, made - m);
      for (let k = 0; k < this.#taps.length; k++) for (let g = 0; g < given; g++) for (let r = 0; r < rows; r++) f[to++] = f[weights + (m + r) * alongMade + g * alongGiven + k]!;
    }
  }

  run(): void {
    for (const { at, type } of this.#inputs) this.#engine.attend(at, type, false);
    this.#engine.attend(this.#output.at, this.#output.type, true);
    this.#run();
  }

  /** Calls `body` for every block of the list and every tap, with the index of the neighbour's channels in `from`; `end` after the last tap. */
  #blocks(x: Place, body: (block: number, tap: number, from: Float64Array | Float32Array, at: number) => void, end: (block: number) => void): void {
    const { layout: { width, copyBlocks, copiesPerScalar, scalarBlocks }, heap: { reals: f, i32, realBytes } } = this.#engine;
    const { at: first, length } = this.#neighbours;
    const [address, stride] = [x.at.address / realBytes, x.at.stride / realBytes];
    const n = components(x.type);
    const each = this.#taps.length + 1;
    for (let group = 0; group < scalarBlocks; group++) {
      const before = group * copiesPerScalar * copyBlocks;
      for (let row = first / 4; row < first / 4 + each * length; row += each) {
        const b = i32[row]! + before;
        for (let k = 0; k < each - 1; k++) {
          const entry = i32[row + k + 1]!;
          // on the other parity it is zero
          if (entry < 0) continue;
          const permutation = entry % width;
          const at = address + ((entry - permutation) / width + before) * stride;
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
      const { loops, neighbours, flags, lanes, near, numbers, nothing, list } = kernel;
      this.#pack(kernel, w.at.address / 8, made, given, alongMade, alongGiven);
      this.#flag(kernel, x, flags);
      loops.apply(...neighbours, x.at.address, x.at.stride, given, flags, lanes, near, y.at.address, y.at.stride, numbers, made, ...togetherOf(made, loops.wide), nothing, list);
      return;
    }
    const f = heap.reals;
    const weights = w.at.address / heap.realBytes;
    const rows = this.#rows;
    rows.fill(0);
    const [address, stride] = [y.at.address / heap.realBytes, y.at.stride / heap.realBytes];
    this.#blocks(
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
      const { loops, neighbours, flags, ownFlags, lanes, near, numbers, chunk, list } = kernel;
      const weights = out * channels;
      f.fill(0, numbers / 8, numbers / 8 + width * taps * weights);
      this.#flag(kernel, x, flags);
      this.#flag(kernel, y, ownFlags);
      loops.correlate(...neighbours, x.at.address, x.at.stride, channels, flags, lanes, near, y.at.address, y.at.stride, numbers, out, ...togetherOf(out, loops.wide), ownFlags, chunk, list);
      for (let k = 0; k < taps; k++) for (let n = 0, at = numbers / 8 + width * k * weights; n < weights; n++, at += width) f[to + n * taps + k] = lanesSum(f, at, width);
      return;
    }
    f.fill(0, to, to + out * channels * taps);
    const [address, stride] = [y.at.address / heap.realBytes, y.at.stride / heap.realBytes];
    this.#blocks(
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

/** The sum of so many lanes, those of the second half on those of the first. */
function lanesSum(f: ArrayLike<number>, at: number, width: number): number {
  return width === 1 ? f[at]! : lanesSum(f, at, width / 2) + lanesSum(f, at + width / 2, width / 2);
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
