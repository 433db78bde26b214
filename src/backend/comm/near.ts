/**
 * Messages and sums between ranks of one machine through memory that they share. What one rank writes the others read; a number that is stored behind the data says that they are there, so that
 * a message costs two copies, and nobody is asked. From one rank to another leads a channel of two slots that take turns: one has what an exchange sends, and is written again
 * when the receiver has said that it is empty. On the board every rank has two such slots for what all are told; whoever writes there for the second time has read what all others wrote before
 * their first.
 */
import type { Message } from "./comm.ts";

/** Bytes of a file that several processes see. */
export interface SharedBytes {
  /** Has the system give the bytes, whose use could end the process otherwise; false where it has none. */
  reserve(at: number, bytes: number): boolean;
  /** `at` and `bytes` are multiples of PAGE. */
  map(at: number, bytes: number): Uint8Array;
}

/** A multiple of the pages of all systems. */
const PAGE = 1 << 16;
/** Words between two that different ranks write: no line of a cache has both. */
const LINE = 32;
/** Bytes of a channel: its two numbers, and two slots. */
const CHANNEL = 1 << 20;
/** Numbers of a slot of a channel, and of the board. */
const [SLOT, BOARD] = [(CHANNEL - 2 * 4 * LINE) / 16, 1 << 11];
/** A channel in the directory: not opened yet, open, or without memory. */
const [OPEN, REFUSED] = [1, 2];

/** Bytes of the board: turns of the ranks, directory of channels, slots. */
const boardBytes = (n: number): number => Math.ceil((4 * (LINE * n + n * n) + 2 * 8 * BOARD * n) / PAGE) * PAGE;

/** Reserves what all ranks of a machine with so many of them share from the start. */
export const reserveBoard = (bytes: SharedBytes, ranks: number): boolean => bytes.reserve(0, boardBytes(ranks));

/** One end of a channel. */
class Channel {
  /** How often a slot has been filled, and how often it has been emptied. */
  readonly #words: Int32Array;
  readonly #slots: readonly Float64Array[];
  /** Exchanges so far that used it, and whether the present one does. */
  #turn = 0;
  busy = false;
  /** Numbers of the present exchange. */
  #used = 0;

  constructor(bytes: Uint8Array) {
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, 2 * LINE);
    this.#slots = [0, 1].map((k) => new Float64Array(bytes.buffer, bytes.byteOffset + 2 * 4 * LINE + 8 * SLOT * k, SLOT));
  }

  /** Where the next `count` numbers of this exchange belong in the slot; negative when it has no room for them. Both ends find the same. */
  place(count: number): number {
    if ((this.busy ? this.#used : 0) + count > SLOT) return -1;
    if (!this.busy) {
      this.busy = true;
      this.#turn = (this.#turn + 1) | 0;
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += count;
    return at;
  }

  get slot(): Float64Array {
    return this.#slots[this.#turn & 1]!;
  }
  /** Has the receiver emptied the slot? */
  readonly empty = (): boolean => ((Atomics.load(this.#words, LINE) - this.#turn + 2) | 0) >= 0;
  /** Has the sender filled it? */
  readonly full = (): boolean => ((Atomics.load(this.#words, 0) - this.#turn) | 0) >= 0;

  /** The sender has filled the slot. */
  sent(): void {
    Atomics.store(this.#words, 0, this.#turn);
    this.busy = false;
  }

  /** The receiver has emptied it. */
  taken(): void {
    Atomics.store(this.#words, LINE, this.#turn);
    this.busy = false;
  }
}

/** What a message is to be read from. */
interface Awaited {
  channel: Channel;
  message: Message;
  at: number;
}

export interface NearOptions {
  readonly bytes: SharedBytes;
  /** The rank of this process, and all ranks of the machine in order. */
  readonly rank: number;
  readonly members: readonly number[];
  /** Waits until something is so. */
  readonly until: (done: () => boolean) => void;
}

/** The ranks of this machine, as one of them sees them. Ranks are those of the group; all make the same calls. */
export class NearRanks {
  readonly size: number;
  readonly #bytes: SharedBytes;
  readonly #until: NearOptions["until"];
  /** Place of a rank among the members. */
  readonly #place: ReadonlyMap<number, number>;
  readonly #own: number;
  readonly #turns: Int32Array;
  readonly #directory: Int32Array;
  /** Two slots of each member. */
  readonly #board: readonly (readonly Float64Array[])[];
  #turn = 0;
  /** Member that is waited for. */
  #late = 0;
  /** Channels to and from ranks; null for those that are elsewhere, or have none. */
  readonly #to: (Channel | null | undefined)[] = [];
  readonly #from: (Channel | null | undefined)[] = [];
  readonly #written: Channel[] = [];
  readonly #awaited: Awaited[] = [];
  #awaiting = 0;

  constructor({ bytes, rank, members, until }: NearOptions) {
    const n = (this.size = members.length);
    this.#bytes = bytes;
    this.#until = until;
    this.#place = new Map(members.map((r, k) => [r, k]));
    this.#own = members.indexOf(rank);
    const { buffer, byteOffset } = bytes.map(0, boardBytes(n));
    this.#turns = new Int32Array(buffer, byteOffset, LINE * n);
    this.#directory = new Int32Array(buffer, byteOffset + 4 * LINE * n, n * n);
    const slots = byteOffset + boardBytes(n) - 2 * 8 * BOARD * n;
    this.#board = members.map((_, k) => [0, 1].map((s) => new Float64Array(buffer, slots + 8 * BOARD * (2 * k + s), BOARD)));
  }

  /** Is there room on the board? */
  fits(numbers: number): boolean {
    return numbers <= BOARD;
  }

  /** All have come to this call; returns the turn of the slots. */
  #meet(): void {
    const T = this.#turns;
    const turn = this.#turn;
    Atomics.store(T, LINE * this.#own, turn);
    for (this.#late = 0; this.#late < this.size; this.#late++) if (!this.#come()) this.#until(this.#come);
  }

  readonly #come = (): boolean => ((Atomics.load(this.#turns, LINE * this.#late) - this.#turn) | 0) >= 0;

  /** Every rank's numbers, in the order of ranks, after all have written theirs. */
  reduce(x: Float64Array, add: (a: number, b: number) => number): void {
    const turn = (this.#turn = (this.#turn + 1) | 0) & 1;
    this.#board[this.#own]![turn]!.set(x);
    this.#meet();
    for (let r = 0; r < this.size; r++) {
      const y = this.#board[r]![turn]!;
      if (r === 0) for (let k = 0; k < x.length; k++) x[k] = y[k]!;
      else for (let k = 0; k < x.length; k++) x[k] = add(x[k]!, y[k]!);
    }
  }

  /** The bytes of one rank for all. */
  broadcast(bytes: Uint8Array, root: number): void {
    const turn = (this.#turn = (this.#turn + 1) | 0) & 1;
    const slot = this.#board[this.#place.get(root)!]![turn]!;
    const there = new Uint8Array(slot.buffer, slot.byteOffset, bytes.length);
    const own = this.#place.get(root) === this.#own;
    if (own) there.set(bytes);
    this.#meet();
    if (!own) bytes.set(there);
  }

  barrier(): void {
    this.#turn = (this.#turn + 1) | 0;
    this.#meet();
  }

  /** Begins an exchange: channels that are used for the first time are opened before any rank waits for one. */
  begin(messages: readonly Message[]): void {
    for (let k = 0; k < messages.length; k++) {
      const { to, count } = messages[k]!;
      if (count > 0 && this.#to[to] === undefined) this.#to[to] = this.#opened(to);
    }
  }

  /** A message that this rank receives; false where the library has to bring it. */
  expects(message: Message): boolean {
    const { from, count } = message;
    let channel = this.#from[from];
    if (channel === undefined) channel = this.#from[from] = this.#found(from);
    const at = channel?.place(count) ?? -1;
    if (!channel || at < 0) return false;
    const n = this.#awaiting++;
    const awaited = this.#awaited[n];
    if (awaited) [awaited.channel, awaited.message, awaited.at] = [channel, message, at];
    else this.#awaited[n] = { channel, message, at };
    return true;
  }

  /** Sends a message; false where the library has to do it. */
  sends({ to, send, count }: Message): boolean {
    const channel = this.#to[to];
    if (!channel) return false;
    const first = !channel.busy;
    const at = channel.place(count);
    if (at < 0) return false;
    if (first) this.#written.push(channel);
    if (!channel.empty()) this.#until(channel.empty);
    channel.slot.set(send.length === count ? send : send.subarray(0, count), at);
    return true;
  }

  /** All messages of this exchange have been sent. */
  sent(): void {
    for (const channel of this.#written) channel.sent();
    this.#written.length = 0;
  }

  /** Brings what is expected to where it belongs. */
  take(): void {
    const n = this.#awaiting;
    for (let k = 0; k < n; k++) {
      const { channel, message, at } = this.#awaited[k]!;
      if (!channel.full()) this.#until(channel.full);
      message.receive.set(channel.slot.subarray(at, at + message.count));
    }
    for (let k = 0; k < n; k++) {
      const { channel } = this.#awaited[k]!;
      if (channel.busy) channel.taken();
    }
    this.#awaiting = 0;
  }

  /** Bytes of the channel between two members begin here. */
  #at(from: number, to: number): number {
    return boardBytes(this.size) + CHANNEL * (from * this.size + to);
  }

  #opened(rank: number): Channel | null {
    const to = this.#place.get(rank);
    if (to === undefined) return null;
    const at = this.#at(this.#own, to);
    const room = this.#bytes.reserve(at, CHANNEL);
    Atomics.store(this.#directory, this.#own * this.size + to, room ? OPEN : REFUSED);
    return room ? new Channel(this.#bytes.map(at, CHANNEL)) : null;
  }

  #found(rank: number): Channel | null {
    const from = this.#place.get(rank);
    if (from === undefined) return null;
    const entry = from * this.size + this.#own;
    this.#until(() => Atomics.load(this.#directory, entry) !== 0);
    return Atomics.load(this.#directory, entry) === OPEN ? new Channel(this.#bytes.map(this.#at(from, this.#own), CHANNEL)) : null;
  }
}
