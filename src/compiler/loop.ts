/**
 * Runs a loop by programs of one step, forwards, or backwards from checkpoints. The states between are kept in a few places that take turns: what a
 * loop needs besides its operands and results does not grow with the number of steps, but for the checkpoints.
 */
import type { Executable, Storage, ValueType } from "../autograd/index.ts";
import type { SolverEngine } from "./solve/solver-programs.ts";
import type { LoopStep, Step } from "./ir.ts";

/** A state, member by member, in memory. */
type Place = readonly Storage[];

export class Loop {
  /** Bytes of states between the first and the last one, and of the checkpoints. */
  readonly ownBytes: number;
  /** Bytes of the intermediate fields of one step, which loops of the same programs share. */
  readonly programBytes: number;
  readonly #engine: SolverEngine;
  readonly #count: number;
  readonly #body: Executable;
  readonly #back: Executable | undefined;
  readonly #first: Place;
  readonly #captured: Place;
  readonly #step: Storage;
  readonly #states: readonly [Place, Place];
  readonly #kept: readonly Place[];
  /** The first w, those between, and the results: the last state or w. */
  readonly #seed: Place;
  readonly #turns: readonly [Place, Place];
  readonly #results: Place;
  readonly #owned: Storage[] = [];
  /** Where a run forwards leaves the states before some steps for a way back: places by number of the step. */
  readonly #saved = new Map<number, Place>();
  /** Does a loop that runs forwards on the same values leave the first checkpoints? */
  #found = false;

  constructor(engine: SolverEngine, { count, body, back, checkpoints }: Pick<LoopStep, "count" | "body" | "back" | "checkpoints">, inputs: Place, outputs: readonly { readonly output: number; readonly to: Storage }[]) {
    this.#engine = engine;
    this.#count = count;
    this.#body = engine.operator(`loop ${body.key}`, () => body);
    this.#back = back && engine.operator(`loop ${back.key}`, () => back);
    const members = body.outputs.length;
    const at = body.inputs.length - 1;
    [this.#first, this.#captured, this.#seed] = [inputs.slice(0, members), inputs.slice(members, at), inputs.slice(at)];
    const stateTypes = body.inputs.slice(0, members).map((id) => body.nodes[id]!.type);
    const resultTypes = back ? back.inputs.slice(at + 1).map((id) => back.nodes[id]!.type) : stateTypes;
    const place = (types: readonly ValueType[], wanted = true): Storage[] => (wanted ? types.map((t) => this.#own(engine.allocate(t))) : []);
    this.#step = place([body.nodes[body.inputs[at]!]!.type])[0]!;
    const walks = !back || checkpoints < count;
    this.#states = [place(stateTypes, walks && count > (back ? 1 : 2)), place(stateTypes, walks && count > (back ? 2 : 1))];
    this.#turns = back ? [place(resultTypes, count > 2), place(resultTypes, count > 1)] : this.#states;
    // the first state is where it is
    this.#kept = back ? Array.from({ length: Math.min(checkpoints, count) - 1 }, () => place(stateTypes)) : [];
    this.#results = resultTypes.map((t, k) => outputs.find((o) => o.output === k)?.to ?? this.#own(engine.allocate(t)));
    this.ownBytes = this.#owned.reduce((n, s) => n + s.bytes, 0);
    this.programBytes = Math.max(this.#body.arenaBytes, this.#back?.arenaBytes ?? 0);
  }

  /** Lets a loop that runs forwards on the same values, before this one, leave the checkpoints to begin with. */
  follow(forwards: Loop): void {
    let at = 0;
    for (const [k, place] of this.#kept.entries()) {
      if (this.#count - at === 1) break;
      at += split(this.#count - at, this.#kept.length - k + 1);
      forwards.#saved.set(at, place);
    }
    this.#found = true;
  }

  run(): void {
    if (this.#back) this.#reverse(this.#first, 0, this.#count, 0, this.#found);
    else this.#advance(this.#first, 0, this.#count, this.#results);
  }

  describe(): string {
    return [this.#body, ...(this.#back ? [this.#back] : [])].map((p) => p.describe()).join("\n");
  }

  dispose(): void {
    for (const s of this.#owned) s.dispose();
    this.#owned.length = 0;
  }

  #own(s: Storage): Storage {
    this.#owned.push(s);
    return s;
  }

  /** State `to` from state `from`, which stands at x; the place of the result is none of those that take turns, or the one whose turn it is not. */
  #advance(x: Place, from: number, to: number, result: Place): void {
    const [even, odd] = this.#states;
    for (let s = from; s < to; s++) {
      const next = s === to - 1 ? result : (this.#saved.get(s + 1) ?? ((to - 1 - s) % 2 === 0 ? even : odd));
      this.#engine.writeScalar(this.#step, s);
      this.#body.run([...x, ...this.#captured, this.#step], next);
      x = next;
    }
  }

  /** Backwards over the steps from `from` to `to`, with the state before them at x and the checkpoints from number `used` on to spare, or `found` already. */
  #reverse(x: Place, from: number, to: number, used: number, found = false): void {
    for (;;) {
      if (to - from === 1) return this.#backStep(x, from);
      const spare = this.#kept.length - used;
      if (spare === 0) {
        const [even] = this.#states;
        for (let s = to - 1; s > from; s--) {
          this.#advance(x, from, s, even);
          this.#backStep(even, s);
        }
        return this.#backStep(x, from);
      }
      const middle = from + split(to - from, spare + 1);
      if (!found) this.#advance(x, from, middle, this.#kept[used]!);
      this.#reverse(this.#kept[used]!, middle, to, used + 1, found);
      to = middle;
      found = false;
    }
  }

  #backStep(x: Place, s: number): void {
    const [even, odd] = this.#turns;
    const turn = (n: number): Place => (n === 0 ? this.#results : n === this.#count ? this.#seed : n % 2 === 0 ? even : odd);
    this.#engine.writeScalar(this.#step, s);
    this.#back!.run([...x, ...this.#captured, this.#step, ...turn(s + 1)], turn(s));
  }
}

/** The loops among the steps, each of which backwards begins with the checkpoints of the one forwards on the same values. */
export function loopsOf(engine: SolverEngine, steps: readonly Step[], place: (buffer: number) => Storage): (Loop | undefined)[] {
  const forwards = new Map<string, Loop>();
  return steps.map((s) => {
    if (s.kind !== "loop") return undefined;
    const loop = new Loop(engine, s, s.inputs.map(place), s.outputs.map((o) => ({ output: o.output, to: place(o.buffer) })));
    const key = `${s.count} ${s.inputs.slice(0, s.body.inputs.length - 1).join()} ${s.body.key}`;
    const first = forwards.get(key);
    if (!s.back) forwards.set(key, loop);
    else if (first) {
      loop.follow(first);
      // its states stand in the places of one way back
      forwards.delete(key);
    }
    return loop;
  });
}

/** (c + t)! / (c! t!), the number of steps that c checkpoints allow with t evaluations of each; none for t < 0. */
function reach(c: number, t: number): number {
  if (t < 0) return 0;
  let n = 1;
  for (let k = 1; k <= t; k++) n = (n * (c + k)) / k;
  return n;
}

/**
 * Steps to the next checkpoint, for so many steps with c checkpoints, that at their beginning counted, to be evaluated least often: with t the least with
 * steps <= (c + t)! / (c! t!), any m with reach(c, t - 2) <= m <= reach(c, t - 1) and reach(c - 1, t - 1) <= steps - m <= reach(c - 1, t).
 */
export function split(steps: number, c: number): number {
  let t = 1;
  while (reach(c, t) < steps) t++;
  return Math.max(1, Math.min(reach(c, t - 1), steps - reach(c - 1, t - 1), steps - 1));
}
