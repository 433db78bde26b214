/**
 * The index space of all fields: a periodic hypercubic lattice. Sites are numbered lexicographically with the first
 * coordinate fastest; the last direction is time. Two fields belong together when they hold the same Lattice object.
 */
import { GeometryError } from "../errors.ts";
import { describe } from "../util/index.ts";
import type { Engine } from "./engine.ts";

/** A displacement: one integer a direction, in lattice units. */
export type Displacement = readonly number[];

/** Sites on which a field lives: all of them, or those with even or odd coordinate sum. */
export type Domain = "all" | "even" | "odd";

const AXES = ["x", "y", "z", "t"];

/**
 * A periodic lattice together with the engine that stores its fields and runs its programs.
 * Use `lattice([8, 8, 8, 8])` of the gauge room to make one.
 */
export class Lattice {
  /** Extents L_mu >= 1, direction by direction; 2, 3 or 4 of them. */
  readonly extents: readonly number[];
  readonly dim: number;
  /** Number of sites, of one sample. */
  readonly volume: number;
  /** Independent samples that every field holds, one where none was asked for. Canonical arrays have them one after the other. */
  readonly batch: number;
  /** Stores fields and runs plans; chosen when the lattice is made. */
  readonly engine: Engine;
  /** Do plans check their results, and name op, site and layer of the first value that is not finite? */
  readonly debugNaN: boolean;
  /** Are SU(2) matrices stored as quaternions, four numbers a link? */
  readonly quaternions: boolean;
  readonly #makeEngine: (lattice: Lattice) => Engine;
  /** This lattice with other numbers of samples. */
  #family: Map<number, Lattice>;

  /** @throws GeometryError when an extent is not a positive integer or the dimension is not 1 to 4. */
  constructor(extents: readonly number[], makeEngine: (lattice: Lattice) => Engine, options: { readonly debugNaN?: boolean; readonly batch?: number; readonly quaternions?: boolean } = {}) {
    if (typeof options !== "object" || options === null) throw new GeometryError(`lattice: got ${describe(options)} as options, expected an object with backend, threads, ...`);
    const { debugNaN = false, batch = 1, quaternions = false } = options;
    if (!Array.isArray(extents)) throw new GeometryError(`lattice: got ${describe(extents)}, expected 2, 3 or 4 extents, for instance [8, 8, 8, 8]`);
    if (typeof makeEngine !== "function") throw new GeometryError(`lattice: got ${describe(makeEngine)} as engine, expected a function of the lattice: use lattice(extents, options)`);
    if (extents.length < 1 || extents.length > 4)
      throw new GeometryError(`lattice: got ${extents.length} extents, expected 2, 3 or 4: give one extent a direction, for instance [8, 8, 8, 8]`);
    for (const L of extents)
      if (!Number.isInteger(L) || L < 1)
        throw new GeometryError(`lattice: got the extent ${describe(L)} in [${extents.map(String).join(", ")}], expected positive integers`);
    this.extents = Object.freeze([...extents]);
    this.dim = extents.length;
    this.volume = extents.reduce((v, L) => v * L, 1);
    if (!Number.isInteger(batch) || batch < 1) throw new GeometryError(`lattice: got ${describe(batch)} as batch, expected a positive integer, the number of samples in every field`);
    this.batch = batch;
    if (batch * this.volume > 2 ** 31)
      throw new GeometryError(`lattice: ${batch * this.volume} sites do not fit, at most 2^31 are supported: use smaller extents${batch > 1 ? " or a smaller batch" : ""}`);
    this.debugNaN = debugNaN;
    this.quaternions = quaternions;
    this.#makeEngine = makeEngine;
    this.#family = new Map([[batch, this]]);
    this.engine = makeEngine(this);
  }

  /** The lattice of one sample, on the same backend: this one, or the same object at each call for a batch. */
  get single(): Lattice {
    return this.withBatch(1);
  }

  /** The lattice of so many samples on the same backend: the same object at each call, this one for its own number. @throws GeometryError unless it is a positive integer. */
  withBatch(batch: number): Lattice {
    const found = this.#family.get(batch) ?? new Lattice(this.extents, this.#makeEngine, { debugNaN: this.debugNaN, quaternions: this.quaternions, batch });
    found.#family = this.#family.set(batch, found);
    return found;
  }

  /** True when every extent is even, so that parity is well defined across the boundary. */
  get bipartite(): boolean {
    return this.extents.every((L) => L % 2 === 0);
  }

  /** Name of a direction: x, y, z, t, the last one always t. */
  axis(mu: number): string {
    return mu === this.dim - 1 && this.dim > 1 ? "t" : AXES[mu]!;
  }

  /** Lexicographic number of a site; coordinates are taken modulo the extents. */
  site(x: readonly number[]): number {
    if (!Array.isArray(x)) throw new GeometryError(`site: got ${describe(x)}, expected ${this.dim} coordinates`);
    let n = 0;
    for (let mu = this.dim - 1; mu >= 0; mu--) {
      const L = this.extents[mu]!;
      n = n * L + ((((x[mu] ?? 0) % L) + L) % L);
    }
    return n;
  }

  /** Coordinates of a lexicographic site number. */
  coordinates(n: number): number[] {
    return this.extents.map((L) => {
      const x = n % L;
      n = (n - x) / L;
      return x;
    });
  }

  /** Sum of the coordinates modulo 2. */
  parity(n: number): 0 | 1 {
    let s = 0;
    for (const L of this.extents) {
      const x = n % L;
      n = (n - x) / L;
      s += x;
    }
    return (s & 1) as 0 | 1;
  }

  /** Number of sites of a domain. */
  sites(domain: Domain): number {
    return domain === "all" ? this.volume : this.volume / 2;
  }

  /** Unit displacement along mu times `steps`. */
  step(mu: number, steps = 1): Displacement {
    if (!Number.isInteger(mu) || mu < 0 || mu >= this.dim)
      throw new GeometryError(`direction ${mu} does not exist: got a ${this.dim}-dimensional lattice, expected 0 <= mu < ${this.dim}`);
    return this.extents.map((_, nu) => (nu === mu ? steps : 0));
  }

  /** The displacement with every component in [0, L). */
  wrap(d: Displacement): Displacement {
    if (!Array.isArray(d)) throw new GeometryError(`wrap: got ${describe(d)}, expected ${this.dim} integers, one a direction`);
    return this.extents.map((L, mu) => ((((d[mu] ?? 0) % L) + L) % L));
  }

  toString(): string {
    return `${this.batch > 1 ? `${this.batch} samples of ` : ""}${this.extents.join("x")}`;
  }
}

/** Component-wise sum of two displacements. @throws GeometryError for displacements of different dimensions. */
export function addDisplacements(a: Displacement, b: Displacement): Displacement {
  for (const d of [a, b]) if (!Array.isArray(d) || d.length !== a.length) throw new GeometryError(`addDisplacements: got ${describe(d)}, expected two displacements of as many integers`);
  return a.map((x, mu) => x + b[mu]!);
}

/** `+x -2t`, or `0`: the shortest way round the torus. */
export function displacementText(lattice: Lattice, d: Displacement): string {
  if (!(lattice instanceof Lattice)) throw new GeometryError(`displacementText: got ${describe(lattice)}, expected a lattice`);
  const parts = lattice.wrap(d).flatMap((x, mu) => {
    const L = lattice.extents[mu]!;
    const y = x > L / 2 ? x - L : x;
    if (y === 0) return [];
    return [`${y > 0 ? "+" : "-"}${Math.abs(y) === 1 ? "" : Math.abs(y)}${lattice.axis(mu)}`];
  });
  return parts.length === 0 ? "0" : parts.join("");
}

/** The call that moves `name` from one site to another: `shift(B, 0)`, `shift(B, 1, -2)`, `shift(B, [1, -1, 0, 0])`. */
export function shiftText(lattice: Lattice, name: string, from: Displacement, to: Displacement): string {
  const d = lattice.wrap(to.map((x, mu) => x - from[mu]!)).map((x, mu) => (x > lattice.extents[mu]! / 2 ? x - lattice.extents[mu]! : x));
  const moved = d.flatMap((x, mu) => (x === 0 ? [] : [mu]));
  if (moved.length !== 1) return `shift(${name}, [${d.join(", ")}])`;
  const steps = d[moved[0]!]!;
  return `shift(${name}, ${moved[0]}${steps === 1 ? "" : `, ${steps}`})`;
}
