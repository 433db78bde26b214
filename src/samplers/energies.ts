/**
 * Energies of a trajectory: computed where they belong, read when the last of them is known, so that an engine that computes elsewhere is waited for once.
 */
import { Field, type Lattice, type ScalarType, outside, perSample, readNumber, scalarType } from "../autograd/index.ts";
import { kineticEnergy, kineticInto } from "./molecular-dynamics.ts";
import type { Momenta } from "./movable.ts";
import type { FieldTarget } from "./sampler.ts";

/** The numbers of all samples, once they are wanted. */
export type Later = () => Float64Array;

export class Energies {
  readonly #lattice: Lattice;
  /** Numbers that are open at a time. */
  readonly #fields: readonly Field<ScalarType>[];

  constructor(lattice: Lattice, count: number) {
    this.#lattice = lattice;
    this.#fields = outside(() => Array.from({ length: lattice.batch === 1 ? count : 0 }, () => new Field(lattice, scalarType)));
  }

  /** S as number `at` of those that are open. */
  action<X>(at: number, action: Pick<FieldTarget<X>, "value" | "valueInto">, U: X): Later {
    return this.#later(at, action.valueInto && ((into) => action.valueInto!(U, into)), () => action.value(U));
  }

  /** K of the momenta. */
  kinetic(at: number, P: Momenta): Later {
    return this.#later(at, (into) => kineticInto(P, into), () => kineticEnergy(P));
  }

  #later(at: number, write: ((into: Field<ScalarType>) => void) | undefined, now: () => number): Later {
    if (!write || this.#lattice.batch > 1) {
      const numbers = perSample(now());
      return () => numbers;
    }
    const field = this.#fields[at]!;
    write(field);
    return () => Float64Array.of(readNumber(field));
  }
}
