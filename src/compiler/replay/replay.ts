/** Launches that run in one call of compiled code: those of a program between steps of other kinds, and the iteration of conjugate gradient (backend/replay.ts). */
import type { Executable, Storage } from "../../autograd/index.ts";
import { GRADIENT, LAUNCH, STATE, Wasm, type WasmMemory, replayModule } from "../../backend/index.ts";
import { type Crossing, type Places, type StepExchange, crossingOf, ranksOf } from "#platform/compiler/divide/divided";
import type { CompiledKernels, Replay } from "../emitter.ts";
import type { Schedule } from "../ir.ts";
import type { KernelPlan } from "../kernels.ts";
import type { HeapStorage, Machine } from "../machine.ts";
import type { GradientLoop } from "../solve/solver-programs.ts";
import { ofSamples, runsOf } from "./tiles.ts";

/** Consecutive launches of a program: their list, and the step of the last of them. */
export interface Stretch {
  readonly list: number;
  readonly launches: number;
  readonly last: number;
  /** Exchanges in it, which are to be prepared before the list is run. */
  readonly crossings: readonly Crossing[];
  run(places: Places): void;
}

/** What a stretch needs to know of a launch; addresses in bytes, the table as an index of 32-bit words. */
export interface Launched {
  readonly plan: KernelPlan;
  readonly kernel: number;
  readonly table: number;
  readonly chunks: number;
  readonly each: number;
  readonly partials: readonly number[];
  /** Are there sums that are added over ranks? */
  readonly over: object | undefined;
}

/** Where a program finds memory, what writes the address of a buffer and keeps it up to date, and where a buffer is. */
export interface ListMemory {
  allocate(bytes: number): number;
  enter(entry: number, buffer: number): void;
  place(buffer: number): HeapStorage;
}

/** For each step the stretch that begins with it. Between ranks of several machines, and where compiled code does not reach what they share, it ends before each exchange and with each sum. */
export function stretchesOf(engine: Machine, { steps, buffers }: Schedule, given: readonly (Launched | undefined)[], exchanges: readonly (StepExchange | undefined)[], compiled: CompiledKernels, { allocate, enter, place }: ListMemory): (Stretch | undefined)[] {
  const { emitter: { addressUnit: unit, parameterWords: words }, lattice: { batch }, layout: { scalarLanes, scalarBlocks, copiesPerScalar }, replay, tile } = engine;
  if (!replay) return [];
  const ranks = engine.part && ranksOf(engine, replay);
  const crossings = given.map((_, s) => (ranks && exchanges[s] ? crossingOf(engine, exchanges[s]!, ranks, allocate) : undefined));
  const launches = given.map((l, s) => (l && (!exchanges[s] || crossings[s]) && (!l.over || (batch === 1 && ranks?.adds(l.partials.length))) ? l : undefined));
  const stretches: (Stretch | undefined)[] = [];
  const names = compiled.names!();
  const runs = tile < scalarBlocks ? runsOf(steps) : undefined;
  /** Table entries of fields that hold one tile: their numbers, and the buffers. */
  const small = ({ parameters }: KernelPlan): (readonly [number, number])[] => parameters.flatMap((p, k) => (p.kind === "buffer" && buffers[p.buffer]!.blocks !== undefined ? [[k, p.buffer] as const] : []));
  for (let s = 0; s < launches.length; s++) {
    if (!launches[s]) continue;
    let last = s;
    while (launches[last + 1] && (!runs || runs[last + 1] === runs[s])) last++;
    const part = launches.slice(s, last + 1) as readonly Launched[];
    const across = crossings.slice(s, last + 1);
    const at = allocate(4 * words * part.reduce((n, l) => n + LAUNCH.size + 2 * l.partials.length + 3 * small(l.plan).length, 0));
    let entry = at / 4;
    const next = (x: number): void => {
      engine.enter(entry, x);
      entry += words;
    };
    part.forEach(({ plan, kernel, table, chunks, each, partials }, k) => {
      const { step } = plan;
      const { first, last: end, copies, chunks: ofCopy } = engine.order(step.domain);
      // numbers of samples are a chunk a tile
      const inTile = !runs || !ofSamples(step) ? chunks : copies > 1 ? tile * copiesPerScalar * ofCopy : 1;
      const locals = small(plan);
      for (const x of [names[kernel]!, inUnit(engine, table), first, end, chunks, inTile, each, across[k]?.at ?? 0, partials.length, locals.length]) next(x);
      step.reductions.forEach(({ buffer }, k) => {
        next(partials[k]! / unit);
        enter(entry, buffer);
        entry += words;
      });
      for (const [n, buffer] of locals) {
        const { address, stride } = place(buffer);
        for (const x of [inUnit(engine, table + words * n), address / unit, (engine.tileBlocks * stride) / unit]) next(x);
      }
    });
    const list = inUnit(engine, at / 4);
    const here = across.filter((c) => c !== undefined);
    const name = ranks?.name ?? 0;
    const samples = ofSamples(steps[s]!) ? (batch * tile) / scalarBlocks : batch;
    stretches[s] = {
      list,
      launches: part.length,
      last,
      crossings: here,
      run(places) {
        for (let k = 0; k < here.length; k++) here[k]!.prepare(places);
        const waited = replay.run(list, part.length, engine.scratch.address / unit, engine.scratch.bytes, batch, scalarLanes, samples, name);
        engine.exchangeTime += waited / 1e6;
      },
    };
    s = last;
  }
  return stretches;
}

/** An index of 32-bit words, or the byte address where addresses count bytes. */
const inUnit = ({ emitter }: Machine, word: number): number => (emitter.addressUnit === 1 ? 4 * word : word);

/** Kernels of WebAssembly by their numbers in one table, which all modules of an emitter share, and what calls them. */
export interface KernelTable {
  readonly replay: Replay;
  named(kernels: readonly unknown[]): Required<Pick<CompiledKernels, "names" | "drop">>;
}

export function kernelTable(single: boolean, memory: () => WasmMemory): KernelTable {
  const table = new Wasm.Table({ element: "anyfunc", initial: 0 });
  const free: number[] = [];
  let walker: Readonly<Record<string, (...args: number[]) => unknown>> | undefined;
  const ready = (): NonNullable<typeof walker> => (walker ??= new Wasm.Instance(new Wasm.Module(replayModule(single)), { env: { memory: memory(), table } }).exports);
  return {
    replay: {
      run(list, launches, scratch, _bytes, samples, lanes, tile) {
        ready()["replay"]!(list, launches, scratch, samples, lanes, tile);
        return 0;
      },
      gradient(entries, scratch) {
        ready()["gradient"]!(entries, scratch);
        return 0;
      },
    },
    named(kernels) {
      let names: number[] | undefined;
      return {
        names: () =>
          (names ??= kernels.map((f) => {
            const k = free.pop() ?? table.grow(1);
            table.set(k, f);
            return k;
          })),
        drop() {
          for (const k of names ?? []) {
            table.set(k, null);
            free.push(k);
          }
          names = undefined;
        },
      };
    },
  };
}

/** A program that may be one stretch. */
interface Stretched extends Executable {
  /** The stretch, and where it finds the storages. */
  bind(inputs: readonly Storage[], outputs: readonly Storage[]): { readonly stretch: Stretch; readonly places: Places } | undefined;
}

/** Where an engine has a way to run it. */
export function gradientLoop(engine: Machine, scalars: readonly [Storage, Storage, Storage, Storage]): GradientLoop | undefined {
  const { emitter: { addressUnit: unit, parameterWords: words }, lattice: { batch }, layout, memory, heap, replay, tile } = engine;
  if (!replay || (engine.part && batch > 1)) return undefined;
  const ranks = engine.part && ranksOf(engine, replay);
  const bytes = { entries: 4 * words * GRADIENT.size, state: 8 * (STATE.samples + STATE.size * batch) };
  const entries = memory.allocate(bytes.entries, "work fields");
  const state = memory.allocate(bytes.state, "work fields");
  const enter = (k: number, x: number): void => engine.enter(entries / 4 + words * k, x);
  scalars.forEach((s, k) => enter(GRADIENT.pq + k, (s as HeapStorage).address / unit));
  enter(GRADIENT.state, state / unit);
  enter(GRADIENT.batch, batch);
  enter(GRADIENT.lanes, layout.scalarLanes);
  enter(GRADIENT.tile, (batch * tile) / layout.scalarBlocks);
  let last: Parameters<GradientLoop["run"]>[0] | undefined;
  let written: readonly HeapStorage[] = [];
  const entered = [-1, -1, -1];
  return {
    run(programs, samples, iterations, most) {
      if (programs !== last) written = programs.flatMap(([, [, outputs]]) => outputs as readonly HeapStorage[]);
      last = programs;
      const stale = (): void => written.forEach((f) => f.fresh?.clear());
      stale();
      for (let k = 0; k < programs.length; k++) {
        const [program, [inputs, outputs]] = programs[k]!;
        const bound = (program as Partial<Stretched>).bind?.(inputs, outputs);
        // a field that no iteration writes is exchanged once, before
        if (!bound || bound.stretch.crossings.some((c) => c.waiting(bound.places).some((f) => !written.includes(f)))) return undefined;
        const { stretch, places } = bound;
        for (const c of stretch.crossings) c.prepare(places);
        if (entered[k] === stretch.list) continue;
        entered[k] = stretch.list;
        enter(GRADIENT.lists + 2 * k, stretch.list);
        enter(GRADIENT.lists + 2 * k + 1, stretch.launches);
      }
      enter(GRADIENT.most, most);
      const [f, at] = [heap.f64, state / 8];
      f[at] = iterations;
      for (let b = 0; b < batch; b++) for (let k = 0; k < 2; k++) f[at + STATE.samples + STATE.size * b + k] = samples[2 * b + k]!;
      const { scratch } = engine;
      engine.exchangeTime += replay.gradient(inUnit(engine, entries / 4), scratch.address / unit, scratch.bytes, ranks?.name ?? 0) / 1e6;
      stale();
      const g = heap.f64;
      for (let b = 0; b < batch; b++) samples[2 * b] = g[at + STATE.samples + STATE.size * b]!;
      return g[at]!;
    },
    dispose() {
      memory.free(entries, bytes.entries, "work fields");
      memory.free(state, bytes.state, "work fields");
    },
  };
}
