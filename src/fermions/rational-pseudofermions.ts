/**
 * Staggered pseudofermions for any number of flavours (RHMC): det(m^2 - D^2)^{p} by S_f = phi^+ r(m^2 - D^2) phi, where r is the best
 * rational approximation of x^{-p}; p = N_f / tastes on even sites or half of it on all sites. All shifted systems are solved together, and the
 * force is the derivative of the same r, so value and force belong to one function to the precision of the solver.
 */
import { Field, type Lattice, type LinkField, type Links, Plan, type Scalar, type Vector, type VectorType, add, dot, scaleBy, solve, sum } from "../autograd/index.ts";
import { ConfigurationError, PhysicsCheckError } from "../errors.ts";
import type { RandomStream } from "../util/index.ts";
import { GaugeAction, type Group } from "../gauge/index.ts";
import { RecordedPseudofermions, drawGaussian } from "./pseudofermions.ts";
import { type RationalFunction, rationalApproximation } from "../linalg/index.ts";
import { largestEigenvalue } from "./spectrum.ts";
import { type Boundary, type StaggeredOperator, massive, naive, staggeredType, tastes } from "./staggered.ts";

export interface RationalPseudofermionOptions<N extends number = number> {
  readonly lattice: Lattice;
  readonly group: Group<N>;
  /** Bare mass in lattice units, M = mass + D. */
  readonly mass: number;
  /** 1 to 7 (1 to 3 in two dimensions). */
  readonly flavours: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Default `naive`; another one, as `hisq()`, needs an interval. */
  readonly operator?: StaggeredOperator;
  /** Relative residual of the solver; default 1e-12. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** Number of this field among the pseudofermions of a chain; without it `targetOf` numbers the fields in order. */
  readonly index?: number;
  /** Sites of phi; default even where the power allows it, flavours < 4 (2). */
  readonly sites?: "even" | "all";
  /**
   * Interval of m^2 - D^2 on which x^{-p} is approximated. Default [m^2/2, 4m^2 + D^2] in D dimensions, which holds the spectrum of every field of unitary
   * links; with an interval of one's own the largest eigenvalue is measured at each refresh.
   */
  readonly interval?: readonly [number, number];
  /** Largest relative error of the rational approximations; default 1e-12. */
  readonly precision?: number;
}

/** r(A) b for a hermitian positive A, from one multi-shift solve. `options` as for `solve`. */
export function applyRational<N extends number>(
  r: RationalFunction,
  operator: (x: Vector<N>) => Vector<N>,
  b: Vector<N>,
  options: { readonly tolerance?: number; readonly maxIterations?: number } = {},
): Vector<N> {
  return add(scaleBy(r.constant, b), ...r.residues.map((a, j) => scaleBy(a, solve(operator, b, { ...options, shift: r.shifts[j]! }))));
}

/** Made by `rationalPseudofermions`. */
export class RationalPseudofermions<N extends number = number> extends RecordedPseudofermions<N, { readonly mass: number; readonly phi: Field<VectorType<N>> }> {
  override readonly name: string;
  override readonly phi: Field<VectorType<N>>;
  override readonly action: GaugeAction<N, { readonly mass: number; readonly phi: Field<VectorType<N>> }>;
  override readonly index: number | undefined;
  /** x^{-p} of the action, and x^{p/2} of the refresh. */
  readonly approximation: { readonly action: RationalFunction; readonly refresh: RationalFunction };
  readonly #options: RationalPseudofermionOptions<N>;
  readonly #solver: { readonly tolerance: number; readonly maxIterations: number };
  readonly #xi: Field<VectorType<N>>;
  #draw: Plan<[LinkField<N>, Field<VectorType<N>>, number], Vector<N>> | undefined;

  constructor(options: RationalPseudofermionOptions<N>) {
    super();
    const { lattice, group, mass, flavours, boundary, tolerance = 1e-12, maxIterations = 5000, precision = 1e-12 } = options;
    const one = tastes(lattice);
    if (!Number.isInteger(flavours) || flavours < 1 || flavours >= 2 * one)
      throw new ConfigurationError(`rationalPseudofermions: got flavours = ${flavours}, expected an integer from 1 to ${2 * one - 1}: use several fields for more`);
    if (!Number.isFinite(mass) || mass === 0) throw new ConfigurationError(`rationalPseudofermions: got mass = ${mass}, expected a number that is not zero`);
    const { sites = flavours < one ? "even" : "all" } = options;
    const p = flavours / (sites === "even" ? one : 2 * one);
    if (p >= 1) throw new ConfigurationError(`rationalPseudofermions: ${flavours} flavours on even sites need the power -${p}, expected less than 1: use sites "all"`);
    if (options.operator && options.operator !== naive && !options.interval)
      throw new ConfigurationError("rationalPseudofermions: got an operator without an interval, expected one that holds the spectrum of m^2 - D^2: measure with largestEigenvalue");
    const { interval = [mass ** 2 / 2, 4 * mass ** 2 + lattice.dim ** 2] } = options;
    this.approximation = { action: rationalApproximation({ power: -p, interval, precision }), refresh: rationalApproximation({ power: p / 2, interval, precision }) };
    this.#options = options;
    this.index = options.index;
    this.#solver = { tolerance, maxIterations };
    this.name = `staggered Nf=${flavours} m=${mass} (rational)`;
    this.phi = new Field(lattice, staggeredType(lattice, group.N, { boundary, domain: sites }));
    this.#xi = new Field(lattice, this.phi.type);
    const evaluate = (U: Links<N>, inputs: unknown): Scalar => {
      const { mass: m, phi } = inputs as { mass: Scalar; phi: Vector<N> };
      return sum(dot(phi, this.#apply(this.approximation.action, U, phi, m)));
    };
    const accept = (inputs: { readonly mass: number }): void => {
      const highest = options.interval ? inputs.mass ** 2 : inputs.mass ** 2 + lattice.dim ** 2;
      if (!(inputs.mass ** 2 >= interval[0]) || !(highest <= interval[1]))
        throw new ConfigurationError(`rational pseudofermions: got mass ${inputs.mass}, expected one with [m^2, ${highest}] inside [${interval.join(", ")}], where the approximation holds: give a wider interval`);
    };
    this.action = new GaugeAction(this.name, { mass, phi: this.phi }, evaluate, { accept });
  }

  /**
   * phi = (m^2 - D^2)^{p/2} xi; then <S_f> is the number of its complex components.
   * @throws PhysicsCheckError when the spectrum leaves the interval that was given.
   */
  override refresh(U: LinkField<N>, trajectory: number, random: RandomStream, index = 0): void {
    const { mass, interval } = this.#options;
    if (interval) {
      const highest = mass ** 2 + largestEigenvalue(U as LinkField, this.#options) ** 2;
      if (highest > interval[1]) throw new PhysicsCheckError(`${this.name}: m^2 - D^2 has the eigenvalue ${highest}, expected at most ${interval[1]}: give a wider interval`);
    }
    drawGaussian(this.#xi as Field as Field<VectorType>, random, trajectory, this.index ?? index);
    this.drawFrom(U, this.#xi);
  }

  /** phi = (m^2 - D^2)^{p/2} xi for a given xi. */
  drawFrom(U: LinkField<N>, xi: Field<VectorType<N>>): void {
    const { mass } = this.action.inputs;
    this.#draw ??= new Plan(((V: Links<N>, x: Vector<N>, m: Scalar) => this.#apply(this.approximation.refresh, V, x, m)) as never, [U, xi, mass]);
    this.#draw.runInto(this.phi as never, U, xi, mass);
  }

  #apply(r: RationalFunction, U: Links<N>, b: Vector<N>, m: Scalar): Vector<N> {
    const D = (this.#options.operator ?? naive)(U);
    return applyRational(r, (x) => massive(D, x, m), b, this.#solver);
  }
}

/**
 * Staggered pseudofermions for 1 to 7 flavours (1 to 3 in two dimensions) by rational approximation. Value and force throw SolverError when
 * the solver does not reach its tolerance.
 * @throws ConfigurationError for other numbers of flavours, mass 0, an interval that does not hold m^2, or another operator without one; GeometryError when an extent is odd.
 */
export function rationalPseudofermions<N extends number>(options: RationalPseudofermionOptions<N>): RationalPseudofermions<N> {
  return new RationalPseudofermions(options);
}
