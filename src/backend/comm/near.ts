/**
 * Messages and sums between ranks of one machine through memory that they share. What one rank writes the others read; a number that is stored behind the data says that they are there, so that
 * a message costs two copies, and nobody is asked. From one rank to another leads a channel of two slots that take turns. What an exchange sends there fills one after the other, and begins with a new one; a slot is written
 * again when the receiver has said that it is empty, and whoever waits for that takes what has come in the meantime. On the board every rank has two such slots for what all are told; whoever writes there for the second time has read what all others wrote before
 * their first.
 */
import type { CommonMemory, Message } from "./comm.ts";

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
export const LINE = 32;
/** Numbers of a slot of a channel. */
export const SLOT = 1 << 16;
/** Numbers of a slot of the board. */
export const BOARD = 1 << 11;
/** Bytes of a channel: its two numbers, and two slots. */
const CHANNEL = PAGE + 2 * 8 * SLOT;
/** A channel in the directory: not opened yet, open, or without memory. */
const [OPEN, REFUSED] = [1, 2];

/** Bytes of the board: turns of the ranks, directory of channels, slots. */
const boardBytes = (n: number): number => Math.ceil((4 * (LINE * n + n * n) + 2 * 8 * BOARD * n) / PAGE) * PAGE;

/** Reserves what all ranks of a machine with so many of them share from the start. */
export const reserveBoard = (bytes: SharedBytes, ranks: number): boolean => bytes.reserve(0, boardBytes(ranks));

/** One end of a channel. */
class Channel {
  readonly bytes: Uint8Array;
  /** How often a slot has been filled, and how often it has been emptied. */
  readonly #words: Int32Array;
  /** The one of them that this end writes, and nobody else. */
  readonly #own: 0 | typeof LINE;
  readonly #slots: readonly Float64Array[];
  /** Number of the slot that is being filled or emptied, while one is: one more than at this end have been used before, here or by compiled code. */
  #turn = 0;
  busy = false;
  /** Numbers of it that have been written or read. */
  #used = 0;
  /** Has a message found nothing that has arrived? Those behind it then do not look. */
  empty = false;
  /** Numbers that are still expected. */
  left = 0;

  constructor(bytes: Uint8Array, end: "sender" | "receiver") {
    this.bytes = bytes;
    this.#own = end === "sender" ? 0 : LINE;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset, 2 * LINE);
    this.#slots = [0, 1].map((k) => new Float64Array(bytes.buffer, bytes.byteOffset + 2 * 4 * LINE + 8 * SLOT * k, SLOT));
  }

  /** May the next slot be written, or read? Begins it if so. */
  readonly opened = (): boolean => {
    if (this.busy) return true;
    const turn = (Atomics.load(this.#words, this.#own) + 1) | 0;
    const there = this.#own === 0 ? ((Atomics.load(this.#words, LINE) - turn + 2) | 0) >= 0 : ((Atomics.load(this.#words, 0) - turn) | 0) >= 0;
    if (!there) return false;
    [this.#turn, this.#used, this.busy] = [turn, 0, true];
    return true;
  };

  /** Brings numbers from index `at` of a message on to the open slot, or from it; returns how many there was room for. */
  carry(message: Float64Array, at: number, count: number): number {
    const slot = this.#slots[this.#turn & 1]!;
    const used = this.#used;
    const n = Math.min(count - at, SLOT - used);
    if (this.#own !== 0) message.set(slot.subarray(used, used + n), at);
    else slot.set(n === message.length ? message : message.subarray(at, at + n), used);
    this.#used += n;
    if (this.#used === SLOT) this.done();
    return n;
  }

  /** The slot, if one is open, has been filled, or emptied. */
  done(): void {
    if (this.busy) Atomics.store(this.#words, this.#own, this.#turn);
    this.busy = false;
  }
}

/** What a message is to be read from, and how much of it has arrived. */
interface Awaited {
  channel: Channel;
  message: Message;
  here: number;
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
  readonly #slots: Float64Array;
  /** Turn of the present call, and the member that is waited for. */
  #turn = 0;
  #late = 0;
  /** Channels to and from ranks; null for those that are elsewhere, or have none. */
  readonly #to: (Channel | null | undefined)[] = [];
  readonly #from: (Channel | null | undefined)[] = [];
  readonly #written: Channel[] = [];
  #sending: Channel | undefined;
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
    this.#slots = new Float64Array(buffer, slots, 2 * BOARD * n);
    this.#board = members.map((_, k) => [0, 1].map((s) => new Float64Array(buffer, slots + 8 * BOARD * (2 * k + s), BOARD)));
  }

  /** Is there room on the board? */
  fits(numbers: number): boolean {
    return numbers <= BOARD;
  }

  /** The memory itself, for compiled code (near-source.ts), which makes the same calls in it. A channel is opened by the rank that sends, before any rank asks for one that it receives from. */
  get memory(): Pick<CommonMemory, "turns" | "board" | "sending" | "receiving"> {
    return {
      turns: this.#turns,
      board: this.#slots,
      sending: (rank) => this.#outgoing(rank)?.bytes,
      receiving: (rank) => this.#incoming(rank)?.bytes,
    };
  }

  /** Which of the two slots of a member the next call uses. */
  #next(): 0 | 1 {
    this.#turn = (Atomics.load(this.#turns, LINE * this.#own) + 1) | 0;
    return (this.#turn & 1) as 0 | 1;
  }

  /** All have come to this call. */
  #meet(): void {
    const T = this.#turns;
    const turn = this.#turn;
    Atomics.store(T, LINE * this.#own, turn);
    for (this.#late = 0; this.#late < this.size; this.#late++) if (!this.#come()) this.#until(this.#come);
  }

  readonly #come = (): boolean => ((Atomics.load(this.#turns, LINE * this.#late) - this.#turn) | 0) >= 0;

  /** Every rank's numbers, in the order of ranks, after all have written theirs. */
  reduce(x: Float64Array, add: (a: number, b: number) => number): void {
    const turn = this.#next();
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
    const turn = this.#next();
    const slot = this.#board[this.#place.get(root)!]![turn]!;
    const there = new Uint8Array(slot.buffer, slot.byteOffset, bytes.length);
    const own = this.#place.get(root) === this.#own;
    if (own) there.set(bytes);
    this.#meet();
    if (!own) bytes.set(there);
  }

  barrier(): void {
    this.#next();
    this.#meet();
  }

  /** Begins an exchange: channels that are used for the first time are opened before any rank waits for one. */
  begin(messages: readonly Message[]): void {
    for (let k = 0; k < messages.length; k++) {
      const { to, count } = messages[k]!;
      if (count > 0) this.#outgoing(to);
    }
  }

  #outgoing(rank: number): Channel | null {
    return (this.#to[rank] ??= this.#to[rank] === null ? null : this.#opened(rank));
  }

  #incoming(rank: number): Channel | null {
    return (this.#from[rank] ??= this.#from[rank] === null ? null : this.#found(rank));
  }

  /** A message that this rank receives; false where the library has to bring it. */
  expects(message: Message): boolean {
    const channel = this.#incoming(message.from);
    if (!channel) return false;
    const n = this.#awaiting++;
    const awaited = this.#awaited[n];
    if (awaited) [awaited.channel, awaited.message, awaited.here] = [channel, message, 0];
    else this.#awaited[n] = { channel, message, here: 0 };
    return true;
  }

  /** Sends a message, and takes what has arrived while slots are full; false where the library has to do it. */
  sends({ to, send, count }: Message): boolean {
    const channel = this.#to[to];
    if (!channel) return false;
    this.#sending = channel;
    this.#written.push(channel);
    for (let at = 0; at < count; at += channel.carry(send, at, count)) if (!channel.opened()) this.#until(this.#room);
    return true;
  }

  readonly #room = (): boolean => {
    if (this.#sending!.opened()) return true;
    this.#arrived();
    return this.#sending!.opened();
  };

  /** All messages of this exchange have been sent. */
  sent(): void {
    for (const channel of this.#written) channel.done();
    this.#written.length = 0;
  }

  /** Takes what arrives until the rest has room in the slots: who sends it need not wait while this rank computes. */
  clear(): void {
    if (!this.#roomy()) this.#until(this.#roomy);
  }

  readonly #roomy = (): boolean => {
    if (this.#arrived()) return true;
    const n = this.#awaiting;
    for (let k = 0; k < n; k++) this.#awaited[k]!.channel.left = 0;
    for (let k = 0; k < n; k++) {
      const { channel, message, here } = this.#awaited[k]!;
      channel.left += message.count - here;
      if (channel.left > 2 * SLOT) return false;
    }
    return true;
  };

  /** Brings what is expected to where it belongs. */
  take(): void {
    if (!this.#arrived()) this.#until(this.#arrived);
    this.#awaiting = 0;
  }

  /** Takes what has arrived; is that all? */
  readonly #arrived = (): boolean => {
    const n = this.#awaiting;
    let left = 0;
    for (let k = 0; k < n; k++) this.#awaited[k]!.channel.empty = false;
    for (let k = 0; k < n; k++) {
      const awaited = this.#awaited[k]!;
      const { channel, message: { receive, count } } = awaited;
      while (awaited.here < count && !channel.empty) {
        if (channel.opened()) awaited.here += channel.carry(receive, awaited.here, count);
        else channel.empty = true;
      }
      if (awaited.here < count) left++;
    }
    if (left > 0) return false;
    for (let k = 0; k < n; k++) this.#awaited[k]!.channel.done();
    return true;
  };

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
    return room ? new Channel(this.#bytes.map(at, CHANNEL), "sender") : null;
  }

  #found(rank: number): Channel | null {
    const from = this.#place.get(rank);
    if (from === undefined) return null;
    const entry = from * this.size + this.#own;
    this.#until(() => Atomics.load(this.#directory, entry) !== 0);
    return Atomics.load(this.#directory, entry) === OPEN ? new Channel(this.#bytes.map(this.#at(from, this.#own), CHANNEL), "receiver") : null;
  }
}
