/**
 * Two flavours of domain-wall fermions with their Pauli-Villars fields, weight |det D(m) / det D(1)|^2: with M = D(m) and V = D(1),
 * S_f = phi^+ V (M^+M)^{-1} V^+ phi, phi = V (V^+V)^{-1} M^+ xi. The fifth dimension's bulk cancels, so that weight and force stay finite as Ls grows.
 */
import { Field, type Lattice, type LinkField, type Links, Plan, type Scalar, type Vector, type VectorType, dot, number, solve, sum } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { RandomStream } from "../util/index.ts";
import { GaugeAction, type Group } from "../gauge/index.ts";
import { type DomainWallShape, domainWallD, domainWallDdag, domainWallNormal, domainWallType } from "./domain-wall.ts";
import { type Pseudofermions, RecordedPseudofermions, drawGaussian } from "./pseudofermions.ts";
import type { Boundary } from "./staggered.ts";

export interface DomainWallPseudofermionOptions<N extends number = number> extends DomainWallShape {
  readonly lattice: Lattice;
  readonly group: Group<N>;
  /** Bare mass in lattice units, below 1, where the fermions and the Pauli-Villars fields are the same. */
  readonly mass: number;
  /** Extent of the fifth dimension. */
  readonly Ls: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Relative residual of the solver; default 1e-12. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** Number of this field among the pseudofermions of a chain; without it `targetOf` numbers the fields in order. */
  readonly index?: number;
}

/** Made by `domainWallPseudofermions`. */
class DomainWallPseudofermions<N extends number> extends RecordedPseudofermions<N, { readonly mass: number; readonly phi: Field<VectorType<N>> }> {
  override readonly name: string;
  override readonly phi: Field<VectorType<N>>;
  override readonly action: GaugeAction<N, { readonly mass: number; readonly phi: Field<VectorType<N>> }>;
  override readonly index: number | undefined;
  readonly #options: DomainWallPseudofermionOptions<N>;
  readonly #solver: { readonly tolerance: number; readonly maxIterations: number };
  readonly #xi: Field<VectorType<N>>;
  #draw: Plan<[LinkField<N>, Field<VectorType<N>>, number], Vector<N>> | undefined;

  constructor(options: DomainWallPseudofermionOptions<N>) {
    super();
    const { lattice, group, mass, Ls, boundary, tolerance = 1e-12, maxIterations = 5000 } = options;
    if (!Number.isFinite(mass)) throw new ConfigurationError(`domainWallPseudofermions: got mass = ${mass}, expected a finite number`);
    this.name = `domain wall Nf=2 m=${mass} Ls=${Ls}`;
    this.phi = new Field(lattice, domainWallType(lattice, group.N, { Ls, boundary }));
    this.#xi = new Field(lattice, this.phi.type);
    this.#options = options;
    this.index = options.index;
    this.#solver = { tolerance, maxIterations };
    this.action = new GaugeAction(this.name, { mass, phi: this.phi }, (U: Links<N>, inputs) => {
      const { mass: m, phi } = inputs as { mass: Scalar; phi: Vector<N> };
      const chi = domainWallDdag(U, phi, number(phi.tape, 1), options);
      return sum(dot(chi, solve((x) => domainWallNormal(U, x, m, options), chi, this.#solver)));
    });
  }

  /** phi = D(1)^{-+} D(m)^+ xi; then S_f = |xi|^2. */
  override refresh(U: LinkField<N>, trajectory: number, random: RandomStream, index = 0): void {
    drawGaussian(this.#xi as Field as Field<VectorType>, random, trajectory, this.index ?? index);
    const { mass } = this.action.inputs;
    this.#draw ??= new Plan(
      ((W: Links<N>, xi: Vector<N>, m: Scalar) => {
        const one = number(xi.tape, 1);
        const y = solve((x: Vector<N>) => domainWallNormal(W, x, one, this.#options), domainWallDdag(W, xi, m, this.#options), this.#solver);
        return domainWallD(W, y, one, this.#options);
      }) as never,
      [U, this.#xi, mass],
    );
    this.#draw.runInto(this.phi as never, U, this.#xi, mass);
  }
}

/**
 * Pseudofermions of two degenerate domain-wall flavours, Shamir or Moebius. Value and force throw SolverError when the solver does not reach its
 * tolerance.
 * @throws ConfigurationError for a mass that is not finite, GeometryError in other than 2 or 4 dimensions or for Ls < 2.
 */
export function domainWallPseudofermions<N extends number>(options: DomainWallPseudofermionOptions<N>): Pseudofermions<N> {
  return new DomainWallPseudofermions(options);
}
