/**
 * Staggered pseudofermions without roots. One field M = m + D has 4 flavours (2 in two dimensions): phi on even sites,
 * S_f = phi_e^+ [(m^2 - D^2)_ee]^{-1} phi_e, weight det M. Twice as many: phi on all sites, S_f = phi^+ (M^+M)^{-1} phi, weight (det M)^2.
 * The tape gives dS_f = 2 Re X^+ (dD) D X with X = (m^2 - D^2)^{-1} phi, so value and force share one solve.
 */
import { Field, type Lattice, type LinkField, type Links, Plan, type Scalar, type Vector, type VectorType, dot, restrict, scale, solve, sub, sum } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { RandomStream } from "../util/index.ts";
import { GaugeAction, type Group } from "../gauge/index.ts";
import { type Pseudofermions, RecordedPseudofermions, drawGaussian } from "./pseudofermions.ts";
import { type Boundary, type StaggeredOperator, massive, naive, staggeredType, tastes } from "./staggered.ts";

export interface StaggeredPseudofermionOptions<N extends number = number> {
  readonly lattice: Lattice;
  readonly group: Group<N>;
  /** Bare mass in lattice units, M = mass + D. */
  readonly mass: number;
  /** Number of flavours: 4 or 8 (2 or 4 in two dimensions). */
  readonly flavours: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Default `naive`; `hisq()` for improved quarks. */
  readonly operator?: StaggeredOperator;
  /** Relative residual of the solver; default 1e-12. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** Number of this field among the pseudofermions of a chain; without it `targetOf` numbers the fields in order. */
  readonly index?: number;
}

/** Made by `staggeredPseudofermions`. */
class StaggeredPseudofermions<N extends number> extends RecordedPseudofermions<N, { readonly mass: number; readonly phi: Field<VectorType<N>> }> {
  override readonly name: string;
  override readonly phi: Field<VectorType<N>>;
  override readonly action: GaugeAction<N, { readonly mass: number; readonly phi: Field<VectorType<N>> }>;
  override readonly index: number | undefined;
  readonly #operator: StaggeredOperator;
  readonly #xi: Field<VectorType<N>>;
  #draw: Plan<[LinkField<N>, Field<VectorType<N>>, number], Vector<N>> | undefined;

  constructor(options: StaggeredPseudofermionOptions<N>) {
    super();
    const { lattice, group, mass, flavours, boundary, operator = naive, tolerance = 1e-12, maxIterations = 5000, index } = options;
    const one = tastes(lattice);
    if (flavours !== one && flavours !== 2 * one)
      throw new ConfigurationError(`staggeredPseudofermions: got flavours = ${flavours}, expected ${one} (even sites) or ${2 * one} (all sites): use rationalPseudofermions for other numbers`);
    if (!Number.isFinite(mass) || mass === 0) throw new ConfigurationError(`staggeredPseudofermions: got mass = ${mass}, expected a number that is not zero`);
    const domain = flavours === one ? "even" : "all";
    this.name = `staggered Nf=${flavours} m=${mass}`;
    this.phi = new Field(lattice, staggeredType(lattice, group.N, { boundary, domain }));
    this.#xi = new Field(lattice, staggeredType(lattice, group.N, { boundary }));
    this.index = index;
    this.#operator = operator;
    this.action = new GaugeAction(this.name, { mass, phi: this.phi }, (U: Links<N>, inputs) => {
      const { mass: m, phi } = inputs as { mass: Scalar; phi: Vector<N> };
      const D = operator(U);
      return sum(dot(phi, solve((x) => massive(D, x, m), phi, { tolerance, maxIterations })));
    });
  }

  /** phi = M^+ xi, its even part for the field on even sites; then <S_f> is the number of its complex components. */
  override refresh(U: LinkField<N>, trajectory: number, random: RandomStream, index = 0): void {
    drawGaussian(this.#xi as Field as Field<VectorType>, random, trajectory, this.index ?? index);
    const { mass } = this.action.inputs;
    const { domain } = this.phi.type;
    this.#draw ??= new Plan(
      ((V: Links<N>, xi: Vector<N>, m: Scalar) => {
        const phi = sub(scale(m, xi), this.#operator(V)(xi));
        return domain === "even" ? restrict(phi, "even") : phi;
      }) as never,
      [U, this.#xi, mass],
    );
    this.#draw.runInto(this.phi as never, U, this.#xi, mass);
  }
}

/**
 * Staggered pseudofermions with 4 flavours (phi on even sites, weight det M) or 8 (all sites, (det M)^2); half as many in two
 * dimensions. Value and force throw SolverError when the solver does not reach its tolerance.
 * @throws ConfigurationError for other numbers of flavours or mass 0, GeometryError when an extent is odd.
 */
export function staggeredPseudofermions<N extends number>(options: StaggeredPseudofermionOptions<N>): Pseudofermions<N> {
  return new StaggeredPseudofermions(options);
}
