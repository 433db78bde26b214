/** What ranks say to each other. Every rank makes the same calls in the same order. */

/** One message to a rank and one from a rank, of `count` doubles each. */
export interface Message {
  readonly to: number;
  readonly from: number;
  send: Float64Array;
  receive: Float64Array;
  count: number;
}

/** What a rank does while an exchange is under way. */
export interface ExchangeWork {
  /** Writes what message k sends; its counts are known before. */
  fill(k: number): void;
  /** What neither reads what is received nor writes what is sent. */
  meanwhile(): void;
}

/** How a group ends: exit code, and the rank that has something to say. */
export interface Ending {
  readonly code: number;
  readonly speaker: number;
}

/** Memory that all ranks of a group have in common, for compiled code that sends and adds by itself: see near.ts. */
export interface CommonMemory {
  readonly turns: Int32Array;
  readonly board: Float64Array;
  /** Channel to a rank, and from one; undefined where the system had no memory for it, at both ends. */
  sending(rank: number): Uint8Array | undefined;
  receiving(rank: number): Uint8Array | undefined;
  /** Waits so far, and whether one is under way, for the watchdog. */
  readonly beat: Int32Array;
  /** Nanoseconds of looking before the first sleep and after each, and those of a sleep. */
  readonly patience: readonly [spin: number, again: number, sleep: number];
}

/** A group of ranks that run the same program. Calls return when the data are there; they are collective. */
export interface Comm {
  /** What carries the messages: self, threads, or the library. */
  readonly name: string;
  readonly rank: number;
  readonly size: number;
  /** How many ranks, this one among them, have memory in common, through which their messages go. */
  readonly near: number;
  /** Where they are all of the group's. */
  readonly common?: CommonMemory | undefined;
  /** Adds the ranks' arrays element by element, in place; the caller sees to it that the order does not matter. */
  sum(x: Float64Array): void;
  max(x: Float64Array): void;
  /** The bytes of rank `root` for all, in place. */
  broadcast(bytes: Uint8Array, root: number): void;
  barrier(): void;
  /**
   * All messages at once; message k of a rank is message k of the other one. Where the library can do so, everything is under way before anything is waited for: receives
   * first, then each message as soon as it is filled, then what is to be done meanwhile.
   */
  exchange(messages: readonly Message[], work?: ExchangeWork): void;
  /** The ranks with the same colour as a group of their own, in the order of their ranks. */
  split(color: number): Comm;
  /**
   * Says that this rank is at its end, with this exit code; resolves when all are: with the code of the lowest rank that failed (75, stopped early, is no failure),
   * else 75 where one stopped, else 0. Undefined when others do not come within `patience` seconds.
   */
  leave(code: number, patience: number): Promise<Ending | undefined>;
  /** Ends all ranks with this exit code. */
  abort(code: number): never;
  /** Ends the use of the group; no calls after it. */
  close(): void;
}

/** One rank: needs no library. */
export const selfComm: Comm = Object.freeze({
  name: "self",
  rank: 0,
  size: 1,
  near: 1,
  sum: () => undefined,
  max: () => undefined,
  broadcast: () => undefined,
  barrier: () => undefined,
  exchange(messages: readonly Message[], work?: ExchangeWork) {
    if (work) messages.forEach((_, k) => work.fill(k));
    work?.meanwhile();
    for (const m of messages) m.receive.set(m.send.subarray(0, m.count));
  },
  split: () => selfComm,
  leave: (code: number) => Promise.resolve({ code, speaker: 0 }),
  abort: (code: number): never => process.exit(code),
  close: () => undefined,
});
