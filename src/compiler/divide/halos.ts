/**
 * Which ghost blocks a schedule reads, and when they have to be filled. A kernel that loads a field at a displacement reads, near the faces of a divided
 * lattice, ghost blocks (backend/local-layout.ts). They hold the neighbours' values as of the last exchange; whatever writes the field makes them stale.
 * As every displaced load of a value that a program computes waits for the next stage, an exchange at the start of a step finds it whole. The reverse pass is
 * made of shifts like the forward one, and needs nothing of its own.
 */
import { type Displacement, type Domain, type Lattice, domainOf } from "../../autograd/index.ts";
import type { FieldMemory, Halo, Move } from "../../backend/index.ts";
import { sha256Hex } from "../../util/index.ts";
import { type Tap, tapReads } from "../contraction/contraction-reads.ts";
import { type Argument, type Buffer, type ContractionStep, type KernelStep, type Schedule, type Step, denseReads, tensorLength } from "../ir.ts";
import { atHome } from "../kernels.ts";
import { copyOp, lifetimes } from "../analysis/schedule.ts";

/** A field that is read through its ghost blocks from a step on, until it is written. */
export interface Need {
  readonly buffer: number;
  /** What is read: numbers of displacements with domains. */
  readonly reads: readonly number[];
  readonly moves: readonly Move[];
}

/** Reads of ghost blocks on one lattice, by displacement of a load and domain of its loop. */
export class Halos {
  readonly halo: Halo;
  readonly lattice: Lattice;
  readonly #numbers = new Map<string, number>();
  readonly #ghosts: (ReadonlySet<number> | undefined)[] = [];
  readonly #beyond: (Int32Array | undefined)[] = [];
  readonly #moves = new Map<string, readonly Move[]>();
  #mail = { address: 0, bytes: 0 };
  /** Moves by content: equal ones of several fields are one. */
  readonly #distinct = new Map<string, Move>();

  constructor(halo: Halo, lattice: Lattice) {
    this.halo = halo;
    this.lattice = lattice;
  }

  /** Makes room for messages of so many doubles: one exchange is under way at a time. */
  reserveMail(memory: FieldMemory, reals: number): void {
    const bytes = 8 * reals;
    if (bytes <= this.#mail.bytes) return;
    if (this.#mail.bytes > 0) memory.free(this.#mail.address, this.#mail.bytes, "messages");
    this.#mail = { address: memory.allocate(bytes, "messages"), bytes };
  }

  /** Index of the first double for messages. */
  get mail(): number {
    return this.#mail.address / 8;
  }

  /** Number of a read; undefined when it stays within the box. */
  read(d: Displacement, domain: Domain): number | undefined {
    const key = `${domain} ${d.join(",")}`;
    let n = this.#numbers.get(key);
    if (n === undefined) {
      const reads = this.halo.reads(d, domain);
      n = this.#ghosts.push(reads?.ghosts) - 1;
      this.#beyond.push(reads?.blocks);
      this.#numbers.set(key, n);
    }
    return this.#ghosts[n] ? n : undefined;
  }

  /** Numbers of what a contraction reads. */
  taps(taps: readonly Tap[]): number[] {
    return taps.flatMap(({ displacement, domain }) => (domain && this.read(displacement, domain)) ?? []);
  }

  /** Blocks whose load of this read is of a ghost block, counted from the first of the loop's domain. */
  beyond(n: number): Int32Array {
    return this.#beyond[n]!;
  }

  /** Ghost blocks that a field must have for these reads. */
  room(reads: Iterable<number>): number {
    let most = 0;
    for (const n of reads) for (const g of this.#ghosts[n]!) most = Math.max(most, g + 1);
    return most;
  }

  /** What fills the ghost blocks of these reads. */
  moves(reads: readonly number[]): readonly Move[] {
    const key = reads.join(",");
    let made = this.#moves.get(key);
    if (!made) {
      const ghosts = new Set<number>();
      for (const n of reads) for (const g of this.#ghosts[n]!) ghosts.add(g);
      this.#moves.set(key, (made = this.halo.moves(ghosts).map((m) => this.#one(m))));
    }
    return made;
  }

  #one(move: Move): Move {
    const key = sha256Hex([move.offset.join(), bytesOf(move.runs), bytesOf(move.lanes)]);
    const known = this.#distinct.get(key);
    if (!known) this.#distinct.set(key, move);
    return known ?? move;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** Reads of ghost blocks in a step, by buffer. */
export function readsOf(s: Step, buffers: readonly Buffer[], halos: Halos): Map<number, Set<number>> {
  const found = new Map<number, Set<number>>();
  if (s.kind === "contraction") {
    const reads = halos.taps(tapReads(s, buffers[s.output]!.type, halos.lattice));
    if (reads.length > 0) found.set(s.inputs.at(-1)!, new Set(reads));
  }
  if (s.kind !== "kernel" || s.domain === "one" || s.domain === "shared" || tensorLength(s.domain) !== undefined) return found;
  const { domain } = s;
  const argument = (a: Argument): void => {
    if (a.kind !== "field" || atHome(a.displacement)) return;
    const n = halos.read(a.displacement, domain as Domain);
    if (n === undefined) return;
    const known = found.get(a.buffer);
    if (known) known.add(n);
    else found.set(a.buffer, new Set([n]));
  };
  for (const i of s.instructions) i.args.forEach(argument);
  for (const r of s.reductions) argument(r.value);
  return found;
}

function writesOf(s: Step): readonly number[] {
  if (s.kind === "zero") return [s.buffer];
  if (s.kind === "samples") return [s.to];
  if (s.kind === "contraction") return [s.output];
  if (s.kind === "solve") return s.solutions;
  if (s.kind === "loop") return s.outputs.map((o) => o.buffer);
  if (s.kind === "dense") return s.outputs.map((o) => o.buffer);
  return s.instructions.flatMap((i) => (i.target.kind === "buffer" ? [i.target.buffer] : []));
}

/**
 * The schedule with room for ghost blocks in its own buffers. A caller's field has room for the nearest neighbours only: where it is read further
 * away, it is copied to a buffer of the program first.
 */
export function withHalos(given: Schedule, halos: Halos): Schedule {
  const buffers: Buffer[] = given.buffers.map((b) => ({ ...b }));
  const steps: Step[] = [];
  /** Copies of callers' fields that hold their present values. */
  const copies = new Map<number, number>();
  for (const s of given.steps) {
    const wide = new Map<number, number>();
    for (const [b, reads] of readsOf(s, buffers, halos)) {
      if (!buffers[b]!.external || halos.room(reads) <= halos.halo.standard) continue;
      let copy = copies.get(b);
      if (copy === undefined) {
        copy = buffers.push({ type: buffers[b]!.type, first: -1, last: -1 }) - 1;
        copies.set(b, copy);
        steps.push(copyStep(b, copy, buffers[b]!, halos.halo.part.extents.length));
      }
      wide.set(b, copy);
    }
    steps.push(wide.size > 0 ? redirected(s as KernelStep | ContractionStep, wide) : s);
    for (const b of writesOf(s)) copies.delete(b);
  }
  for (const b of buffers) [b.first, b.last] = [-1, -1];
  lifetimes(steps, buffers);
  const room = (b: number, ghosts: number): void => void (buffers[b]!.ghosts = Math.max(buffers[b]!.ghosts ?? 0, ghosts));
  for (const s of steps) {
    for (const [b, reads] of readsOf(s, buffers, halos)) room(b, halos.room(reads));
    // a solver's programs take them for callers' fields
    if (s.kind === "solve") for (const b of [...s.captured, s.rhs, ...s.solutions]) room(b, halos.halo.standard);
    if (s.kind === "loop") for (const b of [...s.inputs, ...s.outputs.map((o) => o.buffer)]) room(b, halos.halo.standard);
    if (s.kind === "dense") for (const b of denseReads(s)) room(b, halos.halo.standard);
  }
  return { ...given, buffers, steps };
}

function copyStep(from: number, to: number, { type }: Buffer, dim: number): KernelStep {
  const home = { kind: "field" as const, buffer: from, displacement: Array.from({ length: dim }, () => 0), dagger: false, type };
  return { kind: "kernel", domain: domainOf(type), instructions: [{ op: copyOp, attributes: {}, args: [home], type, target: { kind: "buffer", buffer: to } }], reductions: [], slots: [] };
}

/** The step with displaced loads from the copies. */
function redirected(s: KernelStep | ContractionStep, copies: ReadonlyMap<number, number>): Step {
  if (s.kind === "contraction") return { ...s, inputs: [...s.inputs.slice(0, -1), copies.get(s.inputs.at(-1)!)!] };
  const other = <A extends Argument>(a: A): A => (a.kind === "field" && !atHome(a.displacement) && copies.has(a.buffer) ? { ...a, buffer: copies.get(a.buffer)! } : a);
  return { ...s, instructions: s.instructions.map((i) => ({ ...i, args: i.args.map(other) })), reductions: s.reductions.map((r) => ({ ...r, value: other(r.value) })) };
}

/** Exchanges before each step: fields whose ghost blocks it reads and that are stale, filled at once for all reads up to the next write. */
export function needsOf({ steps, buffers }: Schedule, halos: Halos): (readonly Need[])[] {
  const reads = steps.map((s) => readsOf(s, buffers, halos));
  const fresh = new Map<number, ReadonlySet<number>>();
  return steps.map((s, k) => {
    const needs: Need[] = [];
    for (const [b, here] of reads[k]!) {
      // constants have their ghost blocks filled when they are placed
      if (buffers[b]!.data) continue;
      const known = fresh.get(b);
      if (known && [...here].every((n) => known.has(n))) continue;
      const all = new Set(here);
      for (let j = k; j < steps.length; j++) {
        for (const n of reads[j]!.get(b) ?? []) all.add(n);
        if (writesOf(steps[j]!).includes(b)) break;
      }
      fresh.set(b, all);
      const list = [...all].sort((x, y) => x - y);
      needs.push({ buffer: b, reads: list, moves: halos.moves(list) });
    }
    for (const b of writesOf(s)) fresh.delete(b);
    return needs;
  });
}
