/**
 * Exchanges of one step of a program: all fields whose ghost blocks are stale go in one message to each neighbour. Fields that lie side by side, as the links do, go as
 * one. How fields lie is the same on all ranks; their addresses are not.
 */
import { storedComponents } from "../autograd/index.ts";
import { type Message, type Move, type Span, moveWithin, pack, unpack } from "../backend/index.ts";
import type { Need } from "./halos.ts";
import type { HeapStorage, Machine } from "./machine.ts";
import type { Schedule } from "./ir.ts";

/** What goes to one neighbour: a move for some of the step's fields. */
interface Link {
  /** Absent for what stays in the box. */
  readonly message: Message | undefined;
  readonly moves: { readonly need: number; readonly move: Move }[];
  /** Where the message and its answer lie in the memory for messages, and most numbers of it. */
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
  readonly #links: readonly Link[];
  readonly #messages: readonly Message[];
  readonly #spans: readonly Span[];
  /** Fields side by side. */
  readonly #joined: Span;
  /** Is a field of this step stale? */
  readonly #stale: Uint8Array;
  /** The memory of which the messages are views: generation of the heap, place in it. */
  readonly #seen = { generation: -1, mail: -1 };

  constructor(engine: Machine, given: readonly Need[], { buffers }: Schedule) {
    this.#engine = engine;
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
    this.#links = [...links].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, link]) => link);
    let at = 0;
    for (const link of this.#links) {
      if (!link.message) continue;
      link.at = at;
      at += 2 * link.most;
    }
    engine.halos!.reserveMail(engine.memory, at);
    this.#messages = this.#links.flatMap((l) => (l.message ? [l.message] : []));
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
    this.#views();
    const { mail } = this.#engine.halos!;
    for (const link of this.#links) if (link.message) link.message.count = this.#each(link, pack, mail + link.at) - mail - link.at;
    if (this.#messages.length > 0) this.#engine.part!.comm.exchange(this.#messages);
    for (const link of this.#links) this.#each(link, link.message ? unpack : within, mail + link.at + link.most);
    this.#engine.exchangeTime += performance.now() - begin;
  }

  /** Messages as views of the heap as it is now. */
  #views(): void {
    const { heap, halos } = this.#engine;
    const { mail } = halos!;
    if (this.#seen.generation === heap.generation && this.#seen.mail === mail) return;
    for (const { message, at, most } of this.#links) {
      if (!message) continue;
      message.send = heap.f64.subarray(mail + at, mail + at + most);
      message.receive = heap.f64.subarray(mail + at + most, mail + at + 2 * most);
    }
    this.#seen.generation = heap.generation;
    this.#seen.mail = mail;
  }

  /** Each move of stale fields, those of fields side by side at once; `at`: index in the message, from one to the next. */
  #each({ moves }: Link, act: (f: Float64Array, span: Span, move: Move, at: number) => number, at: number): number {
    const { f64 } = this.#engine.heap;
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
      at = act(f64, joined, move, at);
    }
    return at;
  }
}

const EMPTY = new Float64Array(0);

function within(f: Float64Array, span: Span, move: Move, at: number): number {
  moveWithin(f, span, move);
  return at;
}
