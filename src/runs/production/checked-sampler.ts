/**
 * A sampler that checks itself: every k-th trajectory is integrated forward and back, then computed twice, which must give the same bits; the
 * links are looked at for unitarity. The chain is the one without checks, as random numbers are functions of the trajectory.
 */
import { NaNError, PhysicsCheckError, SolverError } from "../../errors.ts";
import { unitarityDefect } from "../../gauge/index.ts";
import { unitarityLimit } from "../../io/index.ts";
import { type Movable, type Sampler, type TrajectoryResult, copyInto, copyOf, linksOf, valuesOf } from "../../samplers/index.ts";
import { freed } from "../moved.ts";
import type { CheckRecord } from "../records.ts";
import type { RunSampler } from "../parts/part.ts";
import type { RunConfiguration } from "../sections/sections.ts";

/** Runs a part of a production, in which NaN and solvers that do not converge are failed checks. */
export function checking<T>(what: string, part: () => T): T {
  try {
    return part();
  } catch (error) {
    throw asCheck(what, error);
  }
}

function asCheck(what: string, error: unknown): unknown {
  if (error instanceof NaNError || error instanceof SolverError) return Object.assign(new PhysicsCheckError(`${what}: ${error.message}`), { cause: error });
  return error;
}

/** A sampler that checks itself; one without molecular dynamics has no reversibility to look at. */
export class CheckedSampler implements Sampler<number, TrajectoryResult, Movable> {
  readonly name: string;
  readonly #hmc: RunSampler;
  readonly #limits: RunConfiguration["checks"];
  readonly #onCheck: (record: CheckRecord) => void;

  constructor(hmc: RunSampler, limits: RunConfiguration["checks"], onCheck: (record: CheckRecord) => void) {
    this.name = hmc.name;
    this.#hmc = hmc;
    this.#limits = limits;
    this.#onCheck = onCheck;
  }

  get trajectory(): number {
    return this.#hmc.trajectory;
  }

  set trajectory(t: number) {
    this.#hmc.trajectory = t;
  }

  /** @throws PhysicsCheckError when a check fails, or for NaN and solvers that do not converge; the caller's last checkpoint is good then. */
  step(U: Movable): TrajectoryResult {
    const pieces = this.steps(U);
    for (;;) {
      const next = pieces.next();
      if (next.done) return next.value;
    }
  }

  /** The same in pieces; a caller that gives up in between finds U and `trajectory` as they were. */
  *steps(U: Movable): Generator<void, TrajectoryResult, void> {
    const { trajectory } = this;
    try {
      return yield* this.#limits.every > 0 && trajectory % this.#limits.every === 0 ? this.#checkedStep(U, trajectory) : this.#pieces(U);
    } catch (error) {
      throw asCheck(`trajectory ${trajectory}`, error);
    }
  }

  /** One update, in pieces where the sampler has them. */
  *#pieces(U: Movable): Generator<void, TrajectoryResult, void> {
    return this.#hmc.steps ? yield* this.#hmc.steps(U as never) : this.#hmc.step(U as never);
  }

  *#checkedStep(U: Movable, trajectory: number): Generator<void, TrajectoryResult, void> {
    const { reversibility: limit } = this.#limits;
    const back = this.#hmc.reversing ? yield* this.#hmc.reversing(U as never) : (this.#hmc.reversibility?.(U as never) ?? { maxDifference: 0, dH: 0 });
    if (!(back.maxDifference <= limit)) throw new PhysicsCheckError(`trajectory ${trajectory}: integrating forward and back changes the links by ${back.maxDifference}, expected at most ${limit} (checks.reversibility): the integration is unstable, use smaller steps`);
    const before = copyOf(U);
    const carried = this.#hmc.memory?.take();
    const first = yield* this.#pieces(U);
    const once = copyOf(U);
    copyInto(U, before);
    this.#hmc.trajectory = trajectory;
    if (carried) this.#hmc.memory!.give(carried);
    const result = yield* this.#pieces(U);
    const equal = sameBits(once, U);
    for (const copy of [before, once]) freed(copy);
    if (!equal || !Object.is(first.dH, result.dH) || first.accepted !== result.accepted)
      throw new PhysicsCheckError(`trajectory ${trajectory}: repeating it gave other numbers (dH ${first.dH} and ${result.dH}), expected the same bits: memory or processor of this machine are not reliable, or the backend is not deterministic`);
    const links = linksOf(U);
    const { unitarity, determinant } = links ? unitarityDefect(links) : { unitarity: 0, determinant: 0 };
    if (links) this.#expectOnGroup(trajectory, unitarity, determinant, unitarityLimit(links.N));
    const solveError = this.#hmc.solveError?.(U as never) ?? 0;
    if (!(solveError <= this.#limits.solve))
      throw new PhysicsCheckError(`trajectory ${trajectory}: the solves of the Metropolis step leave an error of ${solveError} in the action, expected at most ${this.#limits.solve} (checks.solve): use a smaller tolerance of the fermions; forceTolerance may stay as it is`);
    this.#onCheck({ kind: "check", trajectory, repeated: true, reversibility: back.maxDifference, reversibilityDH: back.dH, unitarity, determinant, solveError });
    return result;
  }

  /** Rounding is mended by moving the links back to the group; a determinant of another sign, or anything as large, is no rounding. */
  #expectOnGroup(trajectory: number, unitarity: number, determinant: number, largest: number): void {
    const { unitarity: limit } = this.#limits;
    if (unitarity <= limit && determinant <= limit) return;
    const rounding = unitarity <= largest && determinant <= largest;
    const advice = rounding ? "set sampler.reunitarise" : "this is no rounding, and moving the links back to the group would change them: start from links of the group";
    throw new PhysicsCheckError(`trajectory ${trajectory}: the links are off the group by ${unitarity} (determinant ${determinant}), expected at most ${limit} (checks.unitarity): ${advice}`);
  }
}

function sameBits(a: Movable, b: Movable): boolean {
  const other = valuesOf(b);
  return valuesOf(a).every((x, k) => bytesOf(x).equals(bytesOf(other[k]!)));
}

const bytesOf = (x: Float64Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
