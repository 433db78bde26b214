/**
 * Who holds the bytes of a heap: programs and tables, which stay where they are, and fields, which may move. Fields that have not been
 * used for longest leave the heap for JavaScript arrays of their own when those on the heap exceed a budget, and come back when they are
 * used again. An array whose field has been dropped is garbage like any other, so a loop that drops its results stays flat although
 * finalizers never run inside synchronous code. The budget starts with room for two of the largest fields, as the memory of a field that
 * is on the heap would only be taken twice if it left for a smaller one, and grows by every field that had to come back: it settles at what
 * is really in use.
 */
import { BackendError, LifetimeError } from "../errors.ts";
import { Heap } from "./heap.ts";

/** Bytes of fields on the heap, besides two of the largest, before the first of them is moved out. */
const FIRST_BUDGET = 16 * 2 ** 20;
/** Part of the heap that fields may fill; the rest is left to programs. */
const LARGEST_PART = 3 / 4;

/** Fields that lie together: on the heap at `at`, or out of it in `saved`. */
class Piece {
  readonly memory: FieldMemory;
  readonly bytes: number;
  readonly label: string;
  at = 0;
  saved: Float64Array | undefined;
  /** Number of the last use. */
  used = 0;

  constructor(memory: FieldMemory, bytes: number, label: string) {
    this.memory = memory;
    this.bytes = bytes;
    this.label = label;
  }
}

/** What the storages of a group share; the piece goes with the last of them, or with the handle when it is collected. */
export class Handle {
  piece: Piece | undefined;
  live: number;

  constructor(piece: Piece, live: number) {
    this.piece = piece;
    this.live = live;
  }
}

const reclaim = new FinalizationRegistry<Piece>((piece) => piece.memory.drop(piece));

/**
 * Memory of one lattice: programs and tables stay in their place, fields that were not used for longest leave the heap when those on it exceed a
 * budget. Sizes in bytes.
 */
export class FieldMemory {
  readonly heap: Heap;
  /** Name of the lattice, for messages. */
  readonly #owner: string;
  readonly #largest: number;
  /** Pieces on the heap, the least recently arrived first. */
  readonly #resident = new Set<Piece>();
  readonly #fixed = new Map<string, { count: number; bytes: number }>();
  #bytes = 0;
  #budget = FIRST_BUDGET;
  /** Counts uses. */
  #now = 0;
  /** Counts changes of the place of what somebody may know the address of. */
  moves = 0;
  /** Programs and solves under way: nothing leaves before they are done. */
  #running = 0;

  constructor(heap: Heap, owner: string) {
    this.heap = heap;
    this.#owner = owner;
    this.#largest = LARGEST_PART * heap.limit;
  }

  /** Bytes of fields that are on the heap. */
  get resident(): number {
    return this.#bytes;
  }

  /** Bytes that stay in their place. */
  get fixed(): number {
    let sum = 0;
    for (const { bytes } of this.#fixed.values()) sum += bytes;
    return sum;
  }

  /** Zero bytes that stay in their place until `free`. `what` names their holder in messages. @throws BackendError when memory ends. */
  allocate(bytes: number, what: string): number {
    const at = this.#take(bytes);
    const entry = this.#fixed.get(what) ?? { count: 0, bytes: 0 };
    entry.count++;
    entry.bytes += bytes;
    this.#fixed.set(what, entry);
    return at;
  }

  free(at: number, bytes: number, what: string): void {
    const entry = this.#fixed.get(what)!;
    entry.count--;
    entry.bytes -= bytes;
    this.heap.free(at, bytes);
  }

  /** Zero bytes for a group of `fields` storages. @throws BackendError when memory ends. */
  group(bytes: number, fields: number, label: string): Handle {
    this.#now++;
    const piece = new Piece(this, bytes, label);
    this.#settle(piece);
    const handle = new Handle(piece, fields);
    reclaim.register(handle, piece, piece);
    return handle;
  }

  /** Begins a use of several groups: those that are touched from here on stay until the next one begins. */
  begin(): void {
    this.#now++;
  }

  /** Brings a group to the heap, where it stays during this use, and returns its address. @throws LifetimeError after `release`. */
  touch(handle: Handle): number {
    const { piece } = handle;
    if (!piece) throw new LifetimeError("memory: got a field that has been disposed, expected one in use: keep it until its last use");
    piece.used = this.#now;
    if (piece.saved) {
      const { saved } = piece;
      this.#budget = Math.min(this.#largest, this.#budget + piece.bytes);
      this.#settle(piece);
      this.heap.mirror?.host(piece.at, piece.bytes, true);
      this.heap.f64.set(saved, piece.at / 8);
      piece.saved = undefined;
      this.moves++;
      reclaim.register(handle, piece, piece);
    }
    return piece.at;
  }

  /** One storage of the group is not needed any more. */
  release(handle: Handle): void {
    if (--handle.live > 0 || !handle.piece) return;
    const { piece } = handle;
    handle.piece = undefined;
    reclaim.unregister(piece);
    this.drop(piece);
  }

  /** Frees a piece that nobody can reach any more. */
  drop(piece: Piece): void {
    if (this.#resident.delete(piece)) {
      this.#bytes -= piece.bytes;
      this.heap.free(piece.at, piece.bytes);
    }
    piece.saved = undefined;
  }

  /** From here to the matching `letGo` everything stays in its place. */
  hold(): void {
    this.#running++;
  }

  letGo(): void {
    this.#running--;
  }

  /** `12 matrix N=3 (226.5 MB), 3 programs (1.2 GB)`. */
  holders(): string {
    const all = new Map([...this.#fixed].map(([what, { count, bytes }]) => [what, { count, bytes }]));
    for (const { label, bytes } of this.#resident) {
      const entry = all.get(label) ?? { count: 0, bytes: 0 };
      all.set(label, { count: entry.count + 1, bytes: entry.bytes + bytes });
    }
    const parts = [...all].filter(([, e]) => e.bytes > 0).sort(([, a], [, b]) => b.bytes - a.bytes).map(([what, e]) => `${e.count} ${what} (${e.bytes} bytes)`);
    return parts.length === 0 ? "nothing" : parts.join(", ");
  }

  /** Puts a piece on the heap, after as many idle ones have left as the budget asks for. */
  #settle(piece: Piece): void {
    this.#budget = Math.max(this.#budget, Math.min(this.#largest, FIRST_BUDGET + 2 * piece.bytes));
    if (this.#bytes + piece.bytes > this.#budget) this.#moveOut(this.#bytes + piece.bytes - this.#budget + this.#budget / 8);
    piece.at = this.#take(piece.bytes);
    piece.used = this.#now;
    this.#resident.add(piece);
    this.#bytes += piece.bytes;
  }

  #take(bytes: number): number {
    try {
      return this.heap.allocate(bytes);
    } catch (error) {
      if (this.#moveOut(Infinity) > 0) return this.#take(bytes);
      throw error instanceof BackendError ? new BackendError(`${error.message}; the memory of lattice ${this.#owner} is held by ${this.holders()}: dispose fields and plans, or make them inside scope(() => ...)`) : error;
    }
  }

  /** Moves at least so many bytes of idle fields out, the longest unused first, if there are any. Returns how many it moved. */
  #moveOut(bytes: number): number {
    if (this.#running > 0) return 0;
    const idle = [...this.#resident].filter((p) => p.used < this.#now).sort((a, b) => a.used - b.used);
    let moved = 0;
    for (const piece of idle) {
      if (moved >= bytes) break;
      this.heap.mirror?.host(piece.at, piece.bytes, false);
      piece.saved = this.heap.f64.slice(piece.at / 8, (piece.at + piece.bytes) / 8);
      // from now on the garbage collector alone decides about it
      reclaim.unregister(piece);
      this.#resident.delete(piece);
      this.#bytes -= piece.bytes;
      this.heap.free(piece.at, piece.bytes);
      moved += piece.bytes;
    }
    return moved;
  }
}
