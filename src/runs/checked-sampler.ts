/**
 * A sampler that checks itself: every k-th trajectory is integrated forward and back, then computed twice, which must give the same bits; the
 * links are looked at for unitarity. The chain is the one without checks, as random numbers are functions of the trajectory.
 */
import type { LinkField } from "../autograd/index.ts";
import { NaNError, PhysicsCheckError, SolverError } from "../errors.ts";
import { unitarityDefect } from "../gauge/index.ts";
import type { Sampler, TrajectoryResult } from "../samplers/index.ts";
import type { CheckRecord } from "./records.ts";
import type { RunSampler } from "./registry/part.ts";
import type { RunConfiguration } from "./schema.ts";

/** Runs a part of a production, in which NaN and solvers that do not converge are failed checks. */
export function checking<T>(what: string, part: () => T): T {
  try {
    return part();
  } catch (error) {
    if (error instanceof NaNError || error instanceof SolverError) throw Object.assign(new PhysicsCheckError(`${what}: ${error.message}`), { cause: error });
    throw error;
  }
}

/** A sampler that checks itself; one without molecular dynamics has no reversibility to look at. */
export class CheckedSampler implements Sampler<number, TrajectoryResult> {
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
  step(U: LinkField): TrajectoryResult {
    const { trajectory } = this;
    return checking(`trajectory ${trajectory}`, () => (this.#limits.every > 0 && trajectory % this.#limits.every === 0 ? this.#checkedStep(U, trajectory) : this.#hmc.step(U)));
  }

  #checkedStep(U: LinkField, trajectory: number): TrajectoryResult {
    const { reversibility: limit, unitarity: unitarityLimit } = this.#limits;
    const back = this.#hmc.reversibility?.(U) ?? { maxDifference: 0, dH: 0 };
    if (!(back.maxDifference <= limit)) throw new PhysicsCheckError(`trajectory ${trajectory}: integrating forward and back changes the links by ${back.maxDifference}, expected at most ${limit} (checks.reversibility): the integration is unstable, use smaller steps`);
    using before = U.clone();
    const first = this.#hmc.step(U);
    using once = U.clone();
    U.copyFrom(before);
    this.#hmc.trajectory = trajectory;
    const result = this.#hmc.step(U);
    if (!sameBits(once, U) || !Object.is(first.dH, result.dH) || first.accepted !== result.accepted)
      throw new PhysicsCheckError(`trajectory ${trajectory}: repeating it gave other numbers (dH ${first.dH} and ${result.dH}), expected the same bits: memory or processor of this machine are not reliable, or the backend is not deterministic`);
    const { unitarity, determinant } = unitarityDefect(U);
    if (!(unitarity <= unitarityLimit && determinant <= unitarityLimit))
      throw new PhysicsCheckError(`trajectory ${trajectory}: the links are off the group by ${unitarity} (determinant ${determinant}), expected at most ${unitarityLimit} (checks.unitarity): set sampler.reunitarise`);
    this.#onCheck({ kind: "check", trajectory, repeated: true, reversibility: back.maxDifference, reversibilityDH: back.dH, unitarity, determinant });
    return result;
  }
}

function sameBits(a: LinkField, b: LinkField): boolean {
  return a.fields.every((field, mu) => bytesOf(field.toArray()).equals(bytesOf(b.toArray(mu))));
}

const bytesOf = (x: Float64Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
