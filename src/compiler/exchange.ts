/** Exchanges of one step of a program: all fields whose ghost blocks are stale go in one message to each neighbour. */
import { components } from "../autograd/index.ts";
import { type Message, type Move, type Span, pack, unpack } from "../backend/index.ts";
import type { Need } from "./halos.ts";
import type { HeapStorage, Machine } from "./machine.ts";
import type { Schedule } from "./ir.ts";

/** What goes to one neighbour: a move for some of the step's fields. */
interface Link {
  readonly message: Message | undefined;
  readonly moves: readonly { readonly need: number; readonly move: Move }[];
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
  readonly #reals: readonly number[];
  readonly #links: readonly Link[];
  readonly #messages: readonly Message[];
  readonly #spans: { base: number; stride: number; reals: number; width: number }[];
  /** Is a field of this step stale? */
  readonly #stale: Uint8Array;

  constructor(engine: Machine, needs: readonly Need[], { buffers }: Schedule) {
    this.#engine = engine;
    this.#needs = needs;
    this.#reals = needs.map((n) => components(buffers[n.buffer]!.type) * engine.layout.width);
    const links = new Map<string, { message: Message | undefined; moves: { need: number; move: Move }[] }>();
    needs.forEach((n, need) => {
      for (const move of n.moves) {
        const key = move.offset.join(",");
        const link = links.get(key);
        if (link) link.moves.push({ need, move });
        else links.set(key, { message: move.offset.every((x) => x === 0) ? undefined : { to: move.to, from: move.from, send: EMPTY, receive: EMPTY, count: 0 }, moves: [{ need, move }] });
      }
    });
    // all ranks have the same neighbours in the same order
    this.#links = [...links].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, link]) => link);
    this.#messages = this.#links.flatMap((l) => (l.message ? [l.message] : []));
    this.#spans = this.#reals.map((reals) => ({ base: 0, stride: 0, reals, width: engine.layout.width }));
    this.#stale = new Uint8Array(needs.length);
  }

  /** Fills what is stale. */
  run(places: Places): void {
    let any = false;
    for (let k = 0; k < this.#needs.length; k++) {
      const need = this.#needs[k]!;
      const field = places.input(need.buffer);
      const stale = !field?.fresh || need.reads.some((n) => !field.fresh!.has(n));
      this.#stale[k] = stale ? 1 : 0;
      if (!stale) continue;
      any = true;
      this.#spans[k]!.base = places.address[need.buffer]! / 8;
      this.#spans[k]!.stride = places.stride[need.buffer]! / 8;
      for (let r = 0; field?.fresh && r < need.reads.length; r++) field.fresh.add(need.reads[r]!);
    }
    if (!any) return;
    const begin = performance.now();
    for (const link of this.#links) this.#pack(link);
    if (this.#messages.length > 0) this.#engine.part!.comm.exchange(this.#messages);
    for (const link of this.#links) this.#unpack(link);
    this.#engine.exchangeTime += performance.now() - begin;
  }

  #pack({ message, moves }: Link): void {
    if (!message) return;
    const { heap } = this.#engine;
    let count = 0;
    for (const { need, move } of moves) if (this.#stale[need]) count += move.sites * (this.#reals[need]! / this.#engine.layout.width);
    message.count = count;
    if (message.send.length < count) {
      message.send = new Float64Array(count);
      message.receive = new Float64Array(count);
    }
    let at = 0;
    for (const { need, move } of moves) if (this.#stale[need]) at = pack(heap.f64, this.#spans[need]!, move, message.send, at);
  }

  #unpack({ message, moves }: Link): void {
    const { f64 } = this.#engine.heap;
    let at = 0;
    for (const { need, move } of moves) {
      if (!this.#stale[need]) continue;
      if (message) at = unpack(f64, this.#spans[need]!, move, message.receive, at);
      else within(f64, this.#spans[need]!, move);
    }
  }
}

const EMPTY = new Float64Array(0);

/** A move inside of the box. */
function within(f: Float64Array, span: Span, move: Move): void {
  const between = new Float64Array((move.sites * span.reals) / span.width);
  pack(f, span, move, between, 0);
  unpack(f, span, move, between, 0);
}
