/** Exchanges as lists of launches hold them (backend/near-source.ts): what goes where, in the memory of the engine, written anew when other fields are stale or lie elsewhere than the last time. */
import { BOARD, CROSSING, type Move, PART, type Reals, STREAM, SUM_PARTS, type Span } from "../../backend/index.ts";
import type { Replay } from "../emitter.ts";
import type { Link, Places, StepExchange } from "./exchange.ts";
import type { HeapStorage, Machine } from "../machine.ts";

/** The other ranks, for compiled code. */
export interface Ranks {
  /** What it knows them by; 0 for none. */
  readonly name: number;
  /** Addresses of the channels to and from a rank; undefined where there is none. */
  sending(rank: number): number | undefined;
  receiving(rank: number): number | undefined;
  /** Can a kernel with so many sums add them? */
  adds(sums: number): boolean;
}

const known = new WeakMap<Machine, Ranks>();

/** Undefined where some rank is on another machine, or the emitter's lists have no exchanges. */
export function ranksOf(engine: Machine, { ranks }: Replay): Ranks | undefined {
  const { comm } = engine.part!;
  if (!ranks || (comm.size > 1 && !comm.common)) return undefined;
  let made = known.get(engine);
  if (!made) known.set(engine, (made = comm.common ? joined(comm.rank, comm.size, comm.common, ranks) : alone));
  return made;
}

const alone: Ranks = { name: 0, sending: () => undefined, receiving: () => undefined, adds: () => true };

function joined(rank: number, size: number, common: NonNullable<Machine["part"]>["comm"]["common"] & object, ranks: NonNullable<Replay["ranks"]>): Ranks {
  const address = (bytes: Uint8Array | undefined): number | undefined => bytes && ranks.address(bytes);
  return {
    name: ranks.join(rank, size, common),
    sending: (r) => address(common.sending(r)),
    receiving: (r) => address(common.receiving(r)),
    adds: (sums) => (SUM_PARTS + 2) * sums <= BOARD,
  };
}

/** Messages between two ranks. */
interface Stream {
  readonly channel: number;
  readonly links: readonly Link[];
}

/** An exchange in the memory of an engine. */
export interface Crossing {
  /** Index of its entries in 32-bit words. */
  readonly at: number;
  /** Before every run: what is stale now, and where. */
  prepare(places: Places): void;
  /** The callers' fields that are stale. */
  waiting(places: Places): readonly HeapStorage[];
}

/** Undefined where a channel is missing. All ranks ask for the same exchanges in the same order. */
export function crossingOf(engine: Machine, exchange: StepExchange, ranks: Ranks, allocate: (bytes: number) => number): Crossing | undefined {
  const messages = exchange.links.filter((l) => l.message);
  const outgoing = streamsOf(messages, (l) => l.message!.to, ranks.sending);
  const incoming = outgoing && streamsOf(messages, (l) => l.message!.from, ranks.receiving);
  if (!incoming) return undefined;
  const within = exchange.links.filter((l) => !l.message);
  const streams = [...outgoing, ...incoming];
  const parts = [...streams.flatMap((s) => s.links), ...within].reduce((n, l) => n + l.moves.length, 0);
  const { parameterWords: words } = engine.emitter;
  const at = allocate(4 * words * (CROSSING.size + STREAM.size * streams.length + PART.size * parts)) / 4;
  let entry = at;
  const next = (x: number): void => {
    engine.enter(entry, x);
    entry += words;
  };
  const part = (_f: Reals, { base, stride, reals, width }: Span, move: Move, n: number): number => {
    const lists = listsOf(engine, move);
    for (const x of [base, stride, reals, width, lists.runs, move.runs.length / 3, lists.lanes, move.lanes.length / 2]) next(x);
    return n + 1;
  };
  const write = (): void => {
    entry = at + words * (CROSSING.size + STREAM.size * streams.length);
    const counts = streams.map(({ links }) => links.reduce((n, l) => exchange.each(l, part, n), 0));
    const inside = within.reduce((n, l) => exchange.each(l, part, n), 0);
    entry = at + words;
    for (const x of [...(exchange.interior ?? [0, 0]), outgoing.length, incoming.length, inside]) next(x);
    streams.forEach(({ channel, links }, k) => {
      for (const x of [channel, links.reduce((n, l) => exchange.each(l, numbers, n), 0), counts[k]!]) next(x);
    });
  };
  return {
    at,
    waiting: (places) => exchange.waiting(places),
    prepare(places) {
      const stale = exchange.find(places);
      engine.enter(at, stale ? 1 : 0);
      if (stale && exchange.moved()) write();
    },
  };
}

/** Links by rank, in the order of ranks; each rank's in the order that its messages have on both ends. */
function streamsOf(links: readonly Link[], rankOf: (l: Link) => number, channelOf: (rank: number) => number | undefined): Stream[] | undefined {
  const ranks = [...new Set(links.map(rankOf))].sort((a, b) => a - b);
  const channels = ranks.map(channelOf);
  return channels.includes(undefined) ? undefined : ranks.map((rank, k) => ({ channel: channels[k]!, links: links.filter((l) => rankOf(l) === rank) }));
}

const numbers = (_f: Reals, { reals, width }: Span, { sites }: Move, n: number): number => n + (sites * reals) / width;

const lists = new WeakMap<Machine, Map<Move, { readonly runs: number; readonly lanes: number }>>();

/** Indices of the runs and lanes of a move in the memory of an engine. */
function listsOf(engine: Machine, move: Move): { readonly runs: number; readonly lanes: number } {
  let known = lists.get(engine);
  if (!known) lists.set(engine, (known = new Map()));
  let found = known.get(move);
  if (!found) {
    const copy = (list: Int32Array): number => {
      if (list.length === 0) return 0;
      const at = engine.memory.allocate(4 * list.length, "neighbour tables") / 4;
      engine.heap.i32.set(list, at);
      return at;
    };
    known.set(move, (found = { runs: copy(move.runs), lanes: copy(move.lanes) }));
  }
  return found;
}
