/**
 * Exchanges of one step of a program: all fields whose ghost blocks are stale go in one message to each neighbour. Fields that lie side by side, as the links do, go as
 * one. How fields lie is the same on all ranks; their addresses are not. While messages are under way the step's kernel works on the sites that read no ghost block.
 */
import { storedComponents } from "../../autograd/index.ts";
import { type ExchangeWork, type Message, type Move, type Reals, type Span, moveWithin, pack, unpack } from "../../backend/index.ts";
import type { Need } from "./halos.ts";
import type { HeapStorage, Machine } from "../machine.ts";
import type { ContractionStep, KernelStep, Schedule } from "../ir.ts";
import { interiorOf } from "./interior.ts";

/** What goes to one neighbour: a move for some of the step's fields. */
export interface Link {
  /** Absent for what stays in the box. */
  readonly message: Message | undefined;
  readonly moves: { readonly need: number; readonly move: Move }[];
  /** Where the message and its answer lie in the memory for messages, and most numbers of it; numbers of fields, of which a message has whole doubles. */
  at: number;
  most: number;
}

/** Where a program finds its buffers at present. */
export interface Places {
  readonly address: Float64Array;
  readonly stride: Float64Array;
  /** The caller's field that stands behind an input buffer. */
  input(buffer: number): HeapStorage | undefined;
}

export class StepExchange {
  readonly #engine: Machine;
  readonly #needs: readonly Need[];
  readonly links: readonly Link[];
  /** Those of this time, and which link each is packed from; a link that is sent as it lies has none. */
  readonly #messages: Message[] = [];
  readonly #packed: (Link | undefined)[] = [];
  /** Messages of runs that are sent as they lie: where they did so the last time. */
  readonly #direct: Direct[] = [];
  #directs = 0;
  readonly #work: ExchangeWork;
  readonly #spans: readonly Span[];
  /** Fields side by side. */
  readonly #joined: Span;
  /** Is a field of this step stale? */
  readonly #stale: Uint8Array;
  /** What `moved` found the last time. */
  readonly #asked: Float64Array;
  /** Chunks of the step's kernel, and those that need not wait. */
  readonly #chunks: number;
  /** Numbers of a field in a double: two in single precision. */
  readonly #dense: 1 | 2;
  readonly interior: readonly [number, number] | undefined;
  readonly #longRuns: ReturnType<typeof longRuns>;
  #compute: Chunks = none;
  /** Milliseconds of the kernel while messages were under way. */
  #computed = 0;
  /** The memory of which the messages are views: generation of the heap, place in it. */
  readonly #seen = { generation: -1, mail: -1 };

  constructor(engine: Machine, given: readonly Need[], { buffers }: Schedule, step: KernelStep | ContractionStep) {
    this.#engine = engine;
    const order = step.kind === "kernel" ? engine.order(step.domain) : undefined;
    this.#chunks = order ? order.copies * order.chunks : 0;
    this.#dense = engine.heap.realBytes === 8 ? 1 : 2;
    this.interior = step.kind === "kernel" ? interiorOf(step, engine) : undefined;
    this.#longRuns = longRuns(this.#dense * (engine.part!.comm.common ? LONG_NEAR : LONG), this.#dense);
    // fields that lie side by side follow each other
    const needs = (this.#needs = [...given].sort((a, b) => a.buffer - b.buffer));
    const { width } = engine.layout;
    this.#spans = needs.map((n) => ({ base: 0, stride: 0, reals: storedComponents(buffers[n.buffer]!.type) * width, width }));
    this.#joined = { base: 0, stride: 0, reals: 0, width };
    const links = new Map<string, Link>();
    needs.forEach((n, need) => {
      for (const move of n.moves) {
        const key = move.offset.join(",");
        let link = links.get(key);
        if (!link) links.set(key, (link = { message: move.offset.every((x) => x === 0) ? undefined : { to: move.to, from: move.from, send: EMPTY, receive: EMPTY, count: 0 }, moves: [], at: 0, most: 0 }));
        link.moves.push({ need, move });
        link.most += (move.sites * this.#spans[need]!.reals) / width;
      }
    });
    // all ranks have the same neighbours in the same order
    this.links = [...links].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, link]) => link);
    let at = 0;
    for (const link of this.links) {
      if (!link.message) continue;
      link.at = at;
      link.most = this.#dense * Math.ceil(link.most / this.#dense);
      at += 2 * link.most;
    }
    engine.halos!.reserveMail(engine.memory, at / this.#dense);
    this.#stale = new Uint8Array(needs.length);
    this.#asked = new Float64Array(2 * needs.length);
    this.#work = {
      fill: (k) => {
        const link = this.#packed[k];
        if (link) this.each(link, pack, this.#mail + link.at);
      },
      meanwhile: () => {
        for (const link of this.links) if (!link.message) this.each(link, within, 0);
        if (!this.interior) return;
        const begin = performance.now();
        this.#compute(this.interior[0], this.interior[1]);
        this.#computed = performance.now() - begin;
      },
    };
  }

  /** Fills what is stale, and runs the step's kernel. */
  run(places: Places, compute: Chunks): void {
    const chunks = this.#chunks;
    const { interior } = this;
    this.#compute = compute;
    if (!this.#fill(places) || !interior) return compute(0, chunks);
    if (interior[0] > 0) compute(0, interior[0]);
    if (interior[1] < chunks) compute(interior[1], chunks);
  }

  /** The callers' fields that are stale. */
  waiting({ input }: Places): HeapStorage[] {
    return this.#needs.flatMap(({ buffer, reads }) => {
      const field = input(buffer);
      return field?.fresh && reads.some((n) => !field.fresh!.has(n)) ? [field] : [];
    });
  }

  /** Finds what is stale, which from now on is not, and where it lies; false where nothing is. */
  find(places: Places): boolean {
    let any = false;
    for (let k = 0; k < this.#needs.length; k++) {
      const need = this.#needs[k]!;
      const field = places.input(need.buffer);
      const stale = !field?.fresh || need.reads.some((n) => !field.fresh!.has(n));
      this.#stale[k] = stale ? 1 : 0;
      if (!stale) continue;
      any = true;
      const { realBytes } = this.#engine.heap;
      this.#spans[k]!.base = places.address[need.buffer]! / realBytes;
      this.#spans[k]!.stride = places.stride[need.buffer]! / realBytes;
      for (let r = 0; field?.fresh && r < need.reads.length; r++) field.fresh.add(need.reads[r]!);
    }
    return any;
  }

  /** Is it another field that is stale, or does one lie elsewhere, than when this was asked the last time? */
  moved(): boolean {
    let moved = false;
    for (let k = 0; k < this.#needs.length; k++) {
      const { base, stride } = this.#spans[k]!;
      const at = this.#stale[k] ? base : -1;
      moved ||= this.#asked[2 * k] !== at || this.#asked[2 * k + 1] !== stride;
      this.#asked[2 * k] = at;
      this.#asked[2 * k + 1] = stride;
    }
    return moved;
  }

  /** False where nothing was stale; otherwise the interior has been worked on. */
  #fill(places: Places): boolean {
    if (!this.find(places)) return false;
    const begin = performance.now();
    this.#computed = 0;
    this.#views();
    this.#messages.length = this.#packed.length = this.#directs = 0;
    for (const link of this.links) {
      if (!link.message) continue;
      if (this.each(link, this.#longRuns, 0) <= MOST_RUNS) {
        this.each(link, this.#asItLies, link.message.to * RANKS + link.message.from);
        continue;
      }
      link.message.count = Math.ceil(this.each(link, counted, 0) / this.#dense);
      this.#messages.push(link.message);
      this.#packed.push(link);
    }
    if (this.#messages.length > 0) this.#engine.part!.comm.exchange(this.#messages, this.#work);
    else this.#work.meanwhile();
    for (let k = 0; k < this.#packed.length; k++) {
      const link = this.#packed[k];
      if (link) this.each(link, unpack, this.#mail + link.at + link.most);
    }
    this.#engine.exchangeTime += performance.now() - begin - this.#computed;
    return true;
  }

  /** A message for each run of blocks, from where it lies to where it belongs; `ranks`: to and from. */
  readonly #asItLies = (_f: Reals, { base, reals }: Span, { runs }: Move, ranks: number): number => {
    const { generation, f64 } = this.#engine.heap;
    const dense = this.#dense;
    for (let r = 0; r < runs.length; r += 3) {
      const [from, to, count] = [(base + runs[r]! * reals) / dense, (base + runs[r + 1]! * reals) / dense, (runs[r + 2]! * reals) / dense];
      const k = this.#directs++;
      let known = this.#direct[k];
      if (!known || known.at !== from || known.into !== to || known.message.count !== count || known.generation !== generation) {
        const message = { to: Math.floor(ranks / RANKS), from: ranks % RANKS, send: f64.subarray(from, from + count), receive: f64.subarray(to, to + count), count };
        this.#direct[k] = known = { at: from, into: to, generation, message };
      }
      this.#messages.push(known.message);
      this.#packed.push(undefined);
    }
    return ranks;
  };

  /** Index of the first number for messages. */
  get #mail(): number {
    return this.#dense * this.#engine.halos!.mail;
  }

  /** Messages as views of the heap as it is now. */
  #views(): void {
    const { heap, halos } = this.#engine;
    const { mail } = halos!;
    if (this.#seen.generation === heap.generation && this.#seen.mail === mail) return;
    for (const { message, at, most } of this.links) {
      if (!message) continue;
      const [from, count] = [mail + at / this.#dense, most / this.#dense];
      message.send = heap.f64.subarray(from, from + count);
      message.receive = heap.f64.subarray(from + count, from + 2 * count);
    }
    this.#seen.generation = heap.generation;
    this.#seen.mail = mail;
  }

  /** Each move of stale fields, those of fields side by side at once; `at`: index in the message, from one to the next. */
  each({ moves }: Link, act: (f: Reals, span: Span, move: Move, at: number) => number, at: number): number {
    const f = this.#engine.heap.reals;
    const joined = this.#joined;
    for (let k = 0; k < moves.length; ) {
      const { need, move } = moves[k++]!;
      if (!this.#stale[need]) continue;
      const { base, stride, reals } = this.#spans[need]!;
      joined.base = base;
      joined.stride = stride;
      joined.reals = reals;
      for (; k < moves.length; k++) {
        const next = this.#spans[moves[k]!.need]!;
        if (!this.#stale[moves[k]!.need] || moves[k]!.move !== move || next.stride !== stride || next.base !== base + joined.reals || joined.reals + next.reals > stride) break;
        joined.reals += next.reals;
      }
      at = act(f, joined, move, at);
    }
    return at;
  }
}

/** Runs chunks `first` to before `last` of a kernel. */
export type Chunks = (first: number, last: number) => void;

const none: Chunks = () => undefined;
const EMPTY = new Float64Array(0);
/** Numbers of a run from which on it is sent as it lies, through the library and through memory in common: a message costs less than two copies of them. At most so many runs of a link. */
const [LONG, LONG_NEAR, MOST_RUNS] = [2048, 192, 16];
/** More than there are ranks. */
const RANKS = 2 ** 24;

/** A run of blocks as a message, and where it lies. */
interface Direct {
  readonly at: number;
  readonly into: number;
  readonly generation: number;
  readonly message: Message;
}

/** How many runs there are so far; infinite when one of them has less than so many numbers, or has gaps, or does not begin and end with a double. */
const longRuns = (least: number, dense: 1 | 2) => (_f: Reals, { base, stride, reals }: Span, { runs, lanes }: Move, at: number): number => {
  if (lanes.length > 0 || stride !== reals || base % dense !== 0 || reals % dense !== 0) return Number.POSITIVE_INFINITY;
  for (let r = 2; r < runs.length; r += 3) if (runs[r]! * reals < least) return Number.POSITIVE_INFINITY;
  return at + runs.length / 3;
};

/** Numbers of a message so far. */
function counted(_f: Reals, { reals, width }: Span, { sites }: Move, at: number): number {
  return at + (sites * reals) / width;
}

function within(f: Reals, span: Span, move: Move, at: number): number {
  moveWithin(f, span, move);
  return at;
}
