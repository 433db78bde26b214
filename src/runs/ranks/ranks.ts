/** Ranks that make one run together: one of them writes, all of them know what became of it. */
import { type Comm, selfComm } from "../../backend/index.ts";
import { ConfigurationError, GaugegradError } from "../../errors.ts";
import { decode, encode } from "../../util/index.ts";

/** What a rank tells the others. */
type Told = { readonly value: unknown } | { readonly error: { readonly code: string; readonly message: string; readonly exitCode: number } };

const toldOf = (error: unknown): Told => {
  const { code, message, exitCode } = error instanceof GaugegradError ? error : { code: "E_RANK", message: (error as Error).message, exitCode: 1 };
  return { error: { code, message, exitCode } };
};

export class Ranks {
  readonly comm: Comm;

  constructor(comm: Comm = selfComm) {
    this.comm = comm;
  }

  get several(): boolean {
    return this.comm.size > 1;
  }

  /** True for the rank that writes files. */
  get writes(): boolean {
    return this.comm.rank === 0;
  }

  /** What `f` gives on rank 0, as plain data, for all; an error of it is one of all. */
  together<T>(f: () => T): T {
    if (!this.several) return f();
    let [told, mine, own]: [Told, unknown, T | undefined] = [{ value: undefined }, undefined, undefined];
    if (this.writes) {
      try {
        own = f();
        told = { value: own };
      } catch (error) {
        mine = error;
        told = toldOf(error);
      }
    }
    told = this.tell(told);
    if (!("error" in told)) return this.writes ? own! : (told.value as T);
    throw this.writes ? mine : new GaugegradError(told.error.code, told.error.message, told.error.exitCode);
  }

  /** What `f` gives on each rank, as plain data, for all of them; the error of the lowest rank that has one is one of all. */
  all<T>(f: () => T): T[] {
    if (!this.several) return [f()];
    let [mine, own]: [unknown, Told] = [undefined, { value: undefined }];
    try {
      own = { value: f() };
    } catch (error) {
      [mine, own] = [error, toldOf(error)];
    }
    const { rank, size } = this.comm;
    const told = Array.from({ length: size }, (_, root) => this.tell(rank === root ? own : { value: undefined }, root));
    const bad = told.findIndex((t) => "error" in t);
    if (bad < 0) return told.map((t) => (t as { value: T }).value);
    const { code, message, exitCode } = (told[bad] as Extract<Told, { error: unknown }>).error;
    throw bad === rank ? mine : new GaugegradError(code, message, exitCode);
  }

  /** Plain data of a rank for all. */
  tell<T>(x: T, root = 0): T {
    if (!this.several) return x;
    const bytes = this.comm.rank === root ? Uint8Array.from(encode(x)) : new Uint8Array(0);
    const length = Float64Array.of(bytes.length);
    this.comm.broadcast(new Uint8Array(length.buffer), root);
    const all = this.comm.rank === root ? bytes : new Uint8Array(length[0]!);
    this.comm.broadcast(all, root);
    return this.comm.rank === root ? x : (decode(all) as T);
  }

  /** The text of the lowest rank that has one; undefined when none has. */
  first(text: string | undefined): { readonly text: string; readonly rank: number } | undefined {
    if (!this.several) return text === undefined ? undefined : { text, rank: 0 };
    const { rank, size } = this.comm;
    const x = Float64Array.of(text === undefined ? 0 : size - rank);
    this.comm.max(x);
    if (x[0] === 0) return undefined;
    const root = size - x[0]!;
    return { text: this.tell(text ?? "", root), rank: root };
  }

  /** @throws ConfigurationError on all ranks with the first thing in which one differs from rank 0. */
  expectSame(own: Readonly<Record<string, string>>): void {
    if (!this.several) return;
    const first = this.tell(own);
    const differs = Object.keys(first).find((key) => first[key] !== own[key]);
    const found = this.first(differs === undefined ? undefined : `${differs} ${own[differs]}, rank 0 has ${first[differs]}`);
    if (found) throw new ConfigurationError(`ranks: rank ${found.rank} has the ${found.text}, expected the same on all ranks: one run file, one installation, and --strict where processors differ`);
  }
}
