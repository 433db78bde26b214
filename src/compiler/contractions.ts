/**
 * Weights on channels (autograd/ops/tensors.ts) as loops over blocks of sites, displacements, rows and columns: the numbers of a tensor are data of the
 * loop, not of the code, so that any number of them is compiled at once. Sums over displacements and columns have one order, those over sites depend on none (correlation-sums.ts). Float64
 * blocks of two sites and more are computed by compiled loops (contraction-kernel.ts, contraction-source.ts).
 */
import { type Domain, type Role, type TensorType, type ValueType, components, domainOf, weightShape } from "../autograd/index.ts";
import { lanePermutation } from "../backend/index.ts";
import { type ContractionLoops, ENTRY, FLAG, type Neighbours, PAIR, togetherOf } from "./contraction/contraction-kernel.ts";
import { type Tap, tapReads } from "./contraction/contraction-reads.ts";
import { addParts, cellsOf, samplesTogether, unitsOf } from "./correlation-sums.ts";
import type { Places, StepExchange } from "#platform/compiler/divide/divided";
import type { ContractionStep } from "./ir.ts";
import type { HeapStorage, Machine } from "./machine.ts";

/** Where a value lies and what it is. */
export interface Place {
  readonly at: HeapStorage;
  readonly type: ValueType;
}

/** Compiled loops, and what they have in the engine's memory: their arguments. */
interface Compiled {
  readonly loops: ContractionLoops;
  readonly lanes: number;
  readonly near: number;
  /** Of both operands. */
  readonly flags: number;
  readonly ownFlags: number;
  readonly nothing: number;
  /** Packed weights, or sums of every lane. */
  readonly numbers: number;
  /** For the neighbours of two blocks, or the pairs of a cell. */
  readonly list: number;
  /** Largest number of every channel in each lane. */
  readonly peaks: number;
  readonly units: number;
}

/** A list of blocks with their neighbours in the engine's memory, for groups of samples. */
interface List {
  readonly at: number;
  readonly length: number;
  /** Of so many blocks each. */
  readonly cell: number;
}

/** The list is gone through for so many groups of samples, this far apart. */
interface Pass extends List {
  readonly group: number;
  readonly groups: number;
  readonly distance: number;
}

/** What the contractions of an engine have in common. */
interface Common {
  readonly loops: ContractionLoops | undefined;
  /** Address of the lanes of permutations. */
  readonly lanes: number;
  readonly lists: Map<string, List>;
}
const common = new WeakMap<Machine, Common>();

/** A step on weights, ready to run. */
export class Contraction {
  readonly #engine: Machine;
  readonly #inputs: readonly Place[];
  readonly #output: Place;
  readonly #taps: readonly Tap[];
  /** One after the other; products of a cell of one of them are added before a sum over sites is split. */
  readonly #passes: readonly Pass[];
  readonly #permutations: readonly (readonly number[])[];
  /** Ghost blocks that are read. */
  readonly #ghosts: number;
  readonly #compiled: Compiled | undefined;
  readonly #run: () => void;

  /** `allocate` gives memory of the engine for as long as the program lives. */
  constructor(engine: Machine, step: ContractionStep, inputs: readonly Place[], output: Place, allocate: (bytes: number) => number) {
    this.#engine = engine;
    this.#inputs = inputs;
    this.#output = output;
    this.#taps = tapReads(step, output.type, engine.lattice);
    const { cuts, width, sampleLanes } = engine.layout;
    // lanes that are samples keep their places
    this.#permutations = sampleLanes > 1 ? [Array.from({ length: width }, (_, l) => l)] : Array.from({ length: width }, (_, k) => lanePermutation(cuts, k));
    const { of } = step.op.role as Role & { readonly is: "contraction" };
    const made = this.#common();
    this.#passes = this.#passesOf(made, domainOf((of === "apply" ? output : inputs[0]!).type), of === "apply");
    this.#ghosts = engine.halos?.room(engine.halos.taps(this.#taps)) ?? 0;
    this.#compiled = of === "sum" || !made.loops ? undefined : this.#compile(of, made.loops, made.lanes, allocate);
    this.#run = { apply: () => this.#apply(step.attributes["transpose"] === true), correlate: () => this.#correlate(), sum: () => this.#sum() }[of];
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
    const { heap, layout: { width, blocks } } = this.#engine;
    const [first, x] = [components(this.#inputs[0]!.type), components(this.#inputs[1]!.type)];
    const taps = this.#taps.length;
    const bytes = 8 * width * x;
    const [nothing, flags] = [allocate(bytes), allocate(FLAG * (blocks + this.#ghosts))];
    heap.reals.fill(0, nothing / 8, (nothing + bytes) / 8);
    const most = this.#passes.reduce((n, { cell, groups }) => Math.max(n, cell * groups), 1);
    const own = of === "apply"
      ? { ownFlags: 0, numbers: allocate(8 * taps * x * components(this.#output.type)), list: allocate(2 * ENTRY * (taps + 1)), near: allocate(2 * taps * bytes), units: 0 }
      : { ownFlags: allocate(FLAG * blocks), numbers: allocate(16 * width * taps * first * x), list: allocate(PAIR * (most + 1)), near: allocate(most * bytes), units: allocate(8 * (1 + first + x)) };
    return { ...own, loops, lanes, nothing, flags, peaks: allocate(8 * width * Math.max(first, x)) };
  }

  /** On a divided lattice ghost blocks of a sample stand with those of others, so that every sample has lists of its own, in the order in which a list for all is gone through. */
  #passesOf(made: Common, domain: Domain, apply: boolean): Pass[] {
    const engine = this.#engine;
    const { scalarBlocks, copiesPerScalar, copyBlocks } = engine.layout;
    const { blocks, cell } = cellsOf(engine, domain);
    if (!engine.part) {
      const all = this.#list(made, domain, blocks, cell);
      const samples = apply ? [[0, scalarBlocks, 1] as const] : samplesTogether(engine, cell);
      return samples.map(([group, groups, distance]) => ({ ...all, group: group * copiesPerScalar * copyBlocks, groups, distance: distance * copiesPerScalar * copyBlocks }));
    }
    return samplesTogether(engine, cell).map(([group, groups, distance]) => {
      const copies = Array.from({ length: groups }, (_, g) => (group + g * distance) * copyBlocks);
      const ofCell = (c: number): number[] => copies.flatMap((first) => blocks.slice(c * cell, (c + 1) * cell).map((b) => first + b));
      const list = Array.from({ length: blocks.length / cell }, (_, c) => ofCell(c)).flat();
      return { ...this.#list(made, domain, list, cell * groups), group: 0, groups: 1, distance: 0 };
    });
  }

  /** For these blocks: the block, then for every tap its neighbour's times the width, plus the number of a permutation; -1 where x is zero, on the other parity. */
  #list({ lists }: Common, domain: Domain, blocks: readonly number[], cell: number): List {
    const { layout, memory, heap } = this.#engine;
    const { copyBlocks } = layout;
    const key = [domain, blocks[0], cell, ...this.#taps.map((t) => [t.displacement, t.domain].join())].join(" ");
    let made = lists.get(key);
    if (made) return made;
    const each = this.#taps.length + 1;
    lists.set(key, (made = { at: memory.allocate(4 * each * blocks.length, "neighbour tables"), length: blocks.length, cell }));
    const row = made.at / 4;
    heap.mirror?.host(made.at, 4 * each * blocks.length, true);
    blocks.forEach((block, n) => (heap.i32[row + n * each] = block));
    this.#taps.forEach((tap, k) => {
      const table = layout.table(tap.displacement);
      const [low, high] = tap.domain ? layout.range(tap.domain) : [0, 0];
      blocks.forEach((block, n) => (heap.i32[row + n * each + k + 1] = block % copyBlocks < low || block % copyBlocks >= high ? -1 : table[block]!));
    });
    return made;
  }

  /** Notes which channels of the blocks of a value are not zero. */
  #flag({ loops: { flag } }: Compiled, { at: { address, stride }, type }: Place, flags: number, ghosts: number): void {
    const { blocks } = this.#engine.layout;
    this.#ranges(type, (first, end) => flag(first, end, address, stride, components(type), flags));
    if (ghosts > 0) flag(blocks, blocks + ghosts, address, stride, components(type), flags);
  }

  /** Calls `body` for the blocks of a value's domain. */
  #ranges(type: ValueType, body: (first: number, end: number) => void): void {
    const { copies, copyBlocks } = this.#engine.layout;
    const [first, last] = this.#engine.layout.range(domainOf(type));
    if (last - first === copyBlocks) body(0, copies * copyBlocks);
    else for (let copy = 0; copy < copies; copy++) body(copy * copyBlocks + first, copy * copyBlocks + last);
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

  /** `exchange`: what fills the ghost blocks that it reads. */
  run(exchange: StepExchange | undefined, places: Places): void {
    if (exchange) exchange.run(places, this.#now);
    else this.#now();
  }

  readonly #now = (): void => {
    for (const { at, type } of this.#inputs) this.#engine.attend(at, type, false);
    this.#engine.attend(this.#output.at, this.#output.type, true);
    this.#run();
  };

  /** Calls `body` for every block in rows of the list of a pass, for every tap and lane, with the index of the neighbour's first channel; `end` after the last tap. */
  #lanes(x: Place, { at: list, group, groups, distance }: Pass, [low, high]: readonly [number, number], body: (block: number, tap: number, lane: number, from: number) => void, end: (block: number) => void): void {
    const { layout: { width }, heap: { i32, realBytes } } = this.#engine;
    const [address, stride] = [x.at.address / realBytes, x.at.stride / realBytes];
    const taps = this.#taps.length;
    for (let g = 0; g < groups; g++) {
      const before = group + g * distance;
      for (let n = low; n < high; n++) {
        const row = list / 4 + n * (taps + 1);
        for (let k = 0; k < taps; k++) {
          const entry = i32[row + k + 1]!;
          // on the other parity it is zero
          if (entry < 0) continue;
          const lanes = this.#permutations[entry % width]!;
          const at = address + (Math.floor(entry / width) + before) * stride;
          for (let l = 0; l < width; l++) body(i32[row]! + before, k, l, at + lanes[l]!);
        }
        end(i32[row]! + before);
      }
    }
  }

  /** What the compiled loops begin with. */
  #neighbours({ at, length, group, groups, distance }: Pass, { at: { address, stride }, type }: Place, { flags, lanes, near }: Compiled): Neighbours {
    return [at, length, groups, distance, this.#taps.length, address + group * stride, stride, components(type), flags + FLAG * group, lanes, near];
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
      const { loops, flags, numbers, nothing, list } = kernel;
      this.#pack(kernel, w.at.address / 8, made, given, alongMade, alongGiven);
      this.#flag(kernel, x, flags, this.#ghosts);
      for (const pass of this.#passes) loops.apply(...this.#neighbours(pass, x, kernel), y.at.address + pass.group * y.at.stride, y.at.stride, numbers, made, ...togetherOf(made, loops.wide), nothing, list);
      return;
    }
    const f = heap.reals;
    const weights = w.at.address / heap.realBytes;
    const rows = new Float64Array(made * width);
    const [address, stride] = [y.at.address / heap.realBytes, y.at.stride / heap.realBytes];
    const add = (_b: number, k: number, l: number, from: number): void => {
      for (let m = 0; m < made; m++)
        for (let g = 0; g < given; g++) rows[m * width + l]! += f[weights + m * alongMade + g * alongGiven + k]! * f[from + g * width]!;
    };
    for (const pass of this.#passes)
      this.#lanes(x, pass, [0, pass.length], add, (b) => {
        for (let c = 0; c < made * width; c++) {
          f[address + b * stride + c] = rows[c]!;
          rows[c] = 0;
        }
      });
  }

  /** G_oik = sum_n y_o(n) x_i(n + d_k), of which the rank has its part. */
  #correlate(): void {
    const [y, x] = this.#inputs as [Place, Place];
    const { heap, part } = this.#engine;
    const taps = this.#taps.length;
    const [out, channels] = [components(y.type), components(x.type)];
    const parts = new Float64Array(2 * taps * out * channels);
    const units = new Float64Array(1 + out + channels);
    const kernel = this.#compiled;
    if (kernel) {
      this.#flag(kernel, x, kernel.flags, this.#ghosts);
      this.#flag(kernel, y, kernel.ownFlags, 0);
    }
    const peaks = Float64Array.from([...this.#peaks(y, kernel?.ownFlags), ...this.#peaks(x, kernel?.flags)]);
    part?.comm.max(peaks);
    unitsOf(this.#engine, out, peaks, units);
    if (kernel) this.#correlateCompiled(kernel, x, y, units, parts);
    else this.#correlatePlain(x, y, units, parts);
    part?.comm.sum(parts);
    const to = this.#output.at.address / heap.realBytes;
    for (let k = 0, at = 0; k < taps; k++) for (let n = 0; n < out * channels; n++, at += 2) heap.reals[to + n * taps + k] = parts[at]! + parts[at + 1]!;
  }

  /** The largest number of every channel; compiled loops know by their flags where there is none. */
  #peaks({ at: { address, stride }, type }: Place, flags = 0): number[] {
    const { heap: { reals: f, realBytes }, layout: { width } } = this.#engine;
    const peaks = Array.from({ length: components(type) }, () => 0);
    const kernel = this.#compiled;
    const look = (at: number): void => peaks.forEach((p, c) => {
      for (let l = 0; l < width; l++) peaks[c] = p = Math.max(p, Math.abs(f[at + c * width + l]!));
    });
    if (kernel) f.fill(0, kernel.peaks / 8, kernel.peaks / 8 + peaks.length * width);
    this.#ranges(type, (first, end) => {
      if (kernel) kernel.loops.peaks(first, end, address, stride, peaks.length, flags, kernel.peaks);
      else for (let b = first; b < end; b++) look((address + b * stride) / realBytes);
    });
    if (kernel) look(kernel.peaks / 8);
    return peaks;
  }

  #correlateCompiled(kernel: Compiled, x: Place, y: Place, units: Float64Array, parts: Float64Array): void {
    const { heap: { reals: f }, layout: { width } } = this.#engine;
    const { loops, ownFlags, numbers, list } = kernel;
    const out = components(y.type);
    f.set(units, kernel.units / 8);
    f.fill(0, numbers / 8, numbers / 8 + width * parts.length);
    for (const pass of this.#passes) {
      const { group, cell } = pass;
      loops.correlate(...this.#neighbours(pass, x, kernel), y.at.address + group * y.at.stride, y.at.stride, numbers, out, ...togetherOf(out, loops.wide), ownFlags + FLAG * group, cell, list, kernel.units);
    }
    for (let n = 0, at = numbers / 8; n < parts.length; n += 2, at += 2 * width)
      for (let l = 0; l < width; l++) {
        parts[n]! += f[at + l]!;
        parts[n + 1]! += f[at + width + l]!;
      }
  }

  #correlatePlain(x: Place, y: Place, units: Float64Array, parts: Float64Array): void {
    const { heap: { reals: f, realBytes }, layout: { width } } = this.#engine;
    const [out, channels] = [components(y.type), components(x.type)];
    const sums = new Float64Array((parts.length / 2) * width);
    const add = (b: number, k: number, l: number, from: number): void => {
      const own = (y.at.address + b * y.at.stride) / realBytes + l;
      for (let o = 0, to = k * out * channels * width + l; o < out; o++)
        for (let i = 0; i < channels; i++, to += width) sums[to]! += f[own + o * width]! * f[from + i * width]!;
    };
    for (const pass of this.#passes)
      for (let first = 0, { cell } = pass; first < pass.length; first += cell) {
        this.#lanes(x, pass, [first, first + cell], add, () => undefined);
        sums.forEach((s, k) => {
          const n = Math.floor(k / width);
          addParts(s, units[1 + (Math.floor(n / channels) % out)]! * units[1 + out + (n % channels)]!, units[0]!, parts, 2 * n);
        });
        sums.fill(0);
      }
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
