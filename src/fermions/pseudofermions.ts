/**
 * Pseudofermions of any Dirac operator M: N_f flavours are det(M^+M)^p, p = N_f / (2 f) on all sites and N_f / f on even ones, where one |det M| has f
 * flavours. With a numerator V (Pauli-Villars fields, or a heavier mass, hep-lat/0107019) the weight is det[(M^+M)/(V^+V)]^p:
 *
 *     p = 1: S_f = phi^+ V (M^+M)^{-1} V^+ phi,   phi = V^{-+} M^+ xi;
 *     p < 1: S_f = phi^+ v(V^+V) r(M^+M) v(V^+V) phi with rational r ~ x^{-p}, v ~ x^{p/2} (hep-lat/0409133),   phi = (V^+V)^{-p/2} (M^+M)^{p/2} xi.
 *
 * Both have <S_f> = number of complex components of phi. The tape gives dS_f = -2 Re X^+ (dM^+M) X from the solve for the value.
 */
import { kind, type AlgebraField, Field, type Lattice, type LinkField, type Links, Plan, type Scalar, type Vector, type VectorType, add, dot, number, restrict, sampleOf, scaleBy, solve, sum } from "../autograd/index.ts";
import { ConfigurationError, PhysicsCheckError } from "../errors.ts";
import { GaugeAction, type Group } from "../gauge/index.ts";
import { type RationalFunction, rationalApproximation } from "../linalg/index.ts";
import type { RandomStream } from "../util/index.ts";
import { drawGaussian } from "./gaussian.ts";
import { ratioPower } from "./ratio.ts";
import { type DiracMaps, type DiracOperator, type OperatorParameters, anOperator, mapsOf, normalOf, typeOf } from "./operator.ts";
import { lowModes, normalSpectrum } from "./spectrum.ts";
import { guard, is } from "../util/index.ts";

/** Options of the pseudofermions of any operator: det[(M^+M)/(V^+V)]^p with p = N_f / (2 f), or N_f / f on even sites. */
export interface PseudofermionOptions<N extends number = number> {
  readonly lattice: Lattice;
  readonly group: Group<N>;
  /** Number of flavours N_f, with 0 < p <= 1: up to 8 staggered ones in four dimensions, up to 2 of the others. */
  readonly flavours: number;
  /** Sites of phi, for operators with an even block; default even where the power allows it. */
  readonly sites?: "even" | "all";
  /** V; default the operator's Pauli-Villars field. */
  readonly numerator?: DiracOperator;
  /**
   * For p < 1: interval of M^+M (and V^+V) on which the powers are approximated. Default: from the operator's bounds [a, b], [a/2, b + 3a]; an interval
   * of one's own is compared with the spectrum at each refresh.
   */
  readonly interval?: readonly [number, number];
  /** For p < 1: largest relative error of the rational approximations; default 1e-12. */
  readonly precision?: number;
  /** Relative residual of the solver for values (the Metropolis step) and refreshes; default 1e-12. */
  readonly tolerance?: number;
  /** The same for forces; default `tolerance`. The force stays a function of the links, so HMC stays exact; dH feels it. */
  readonly forceTolerance?: number;
  readonly maxIterations?: number;
  /**
   * For p = 1: "cg" (default), conjugate gradients on M^+M; "bicgstab", BiCGStab on M^+ and M one after the other, S_f = |M^{-+} V^+ phi|^2, where the value needs the first
   * only: for operators without an even block, best with well-conditioned ones; "mixed", conjugate gradients that iterate in single precision. Residuals are
   * those of float64 in any case.
   */
  readonly solver?: "cg" | "bicgstab" | "mixed";
  /**
   * For p = 1 and "cg": so many of the lowest modes of M^+M are found at each refresh and kept out of the search of every solve until the next one (default 0). Along a
   * trajectory they are fixed vectors, no function of the links that move: value, force and reversibility are those of plain solves, in fewer iterations.
   */
  readonly deflate?: number;
  /** Number of this field among the pseudofermions of a chain; without it `targetOf` numbers the fields in order. */
  readonly index?: number;
}

/** Inputs of a pseudofermion action: the operator's parameters and phi, and the vectors that are deflated, on which nothing depends. */
export type PseudofermionInputs<N extends number = number, P extends OperatorParameters = { readonly mass: number }> = P & { readonly phi: Field<VectorType<N>>; readonly modes?: readonly Field<VectorType<N>>[] };

/**
 * exp(-S_f[U, phi]) as a sampling target. `phi` belongs to this object and is written by `refresh`; an action that is made from
 * `action.with({ mass, phi })` (another mass, after a network) follows the same phi.
 */
export interface Pseudofermions<N extends number = number, P extends OperatorParameters = { readonly mass: number }> {
  readonly name: string;
  readonly phi: Field<VectorType<N>>;
  readonly action: GaugeAction<N, PseudofermionInputs<N, P>>;
  /** The same action with the solver tolerance of forces: what molecular dynamics follows. */
  readonly forceAction: GaugeAction<N, PseudofermionInputs<N, P>>;
  /** For p < 1: x^{-p} of the action and x^{p/2} of the refresh. */
  readonly approximation?: { readonly action: RationalFunction; readonly refresh: RationalFunction };
  value(U: LinkField<N>): number;
  force(U: LinkField<N>, into?: AlgebraField<N>): AlgebraField<N>;
  valueAndForce(U: LinkField<N>, into: AlgebraField<N>): number;
  /** Number of this field among the pseudofermions of a chain, where it was given one. */
  readonly index: number | undefined;
  /**
   * Draws phi from its distribution on the links U. Fields with different numbers draw different random numbers; `index` (default 0) counts where
   * `this.index` is not given. @throws PhysicsCheckError when the spectrum leaves an interval that was given.
   */
  refresh(U: LinkField<N>, trajectory: number, random: RandomStream, index?: number): void;
  /** phi for a given xi. */
  drawFrom(U: LinkField<N>, xi: Field<VectorType<N>>): void;
  /** |S_f - S_f of a tighter solve| on these links: what the solver's tolerance does to a Metropolis step. 0 for tolerances whose square is below rounding. */
  solveError(U: LinkField<N>): number;
}

interface Solver {
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly mixed?: boolean;
}

/** A solver, and the space that it deflates. */
interface DeflatedSolver<N extends number> extends Solver {
  readonly deflation?: readonly Vector<N>[];
}

/** r(A) b for a hermitian positive A, from one multi-shift solve. `options` as for `solve`. */
export function applyRational<N extends number>(
  r: RationalFunction,
  operator: (x: Vector<N>) => Vector<N>,
  b: Vector<N>,
  options: { readonly tolerance?: number; readonly maxIterations?: number } = {},
): Vector<N> {
  guard("applyRational", { r: [r, is.withFields("a rational function", "constant", "residues", "shifts")], operator: [operator, is.callable], b: [b, kind.vector], options: [options, is.object] });
  return add(scaleBy(r.constant, b), ...r.residues.map((a, j) => scaleBy(a, solve(operator, b, { ...options, shift: r.shifts[j]! }))));
}

/** S_f and the map from xi to phi, as recorded functions. */
interface Form<N extends number> {
  readonly power: number;
  readonly approximation?: { readonly action: RationalFunction; readonly refresh: RationalFunction };
  energy(M: DiracMaps<N>, V: DiracMaps<N> | undefined, phi: Vector<N>, solver: DeflatedSolver<N>): Scalar;
  draw(M: DiracMaps<N>, V: DiracMaps<N> | undefined, xi: Vector<N>, solver: Solver): Vector<N>;
}

/** p = 1, without roots. On the even block M^+M and V^+V commute, and V^+ leads off the even sites: V (M^+M)^{-1} V^+ is V^+V (M^+M)^{-1}. */
function exact<N extends number>(even: boolean): Form<N> {
  return {
    power: 1,
    energy(M, V, phi, solver) {
      if (V && even) return sum(dot(normalOf(V, even)(phi), solve(normalOf(M, even), phi, solver)));
      const chi = V ? V.Ddag(phi) : phi;
      return sum(dot(chi, solve(normalOf(M, even), chi, solver)));
    },
    draw(M, V, xi, solver) {
      const chi = M.Ddag(xi);
      const phi = V ? V.D(solve(normalOf(V, even), chi, solver)) : chi;
      return even ? restrict(phi, "even") : phi;
    },
  };
}

/** p = 1 by solves of M^+ and, for forces, of M. */
function direct<N extends number>(): Form<N> {
  const inverse = (M: DiracMaps<N>, chi: Vector<N>, solver: Solver): Vector<N> => solve(M.Ddag, chi, { ...solver, method: "bicgstab" });
  return {
    power: 1,
    energy(M, V, phi, solver) {
      const y = inverse(M, V ? V.Ddag(phi) : phi, solver);
      return sum(dot(y, y));
    },
    draw(M, V, xi, solver) {
      const chi = M.Ddag(xi);
      return V ? inverse(V, chi, solver) : chi;
    },
  };
}

/** p < 1. */
function rational<N extends number>(p: number, even: boolean, interval: readonly [number, number], precision: number): Form<N> {
  const root = (power: number): RationalFunction => rationalApproximation({ power, interval, precision });
  const [action, refresh] = [root(-p), root(p / 2)];
  return {
    power: p,
    approximation: { action, refresh },
    energy(M, V, phi, solver) {
      const chi = V ? applyRational(refresh, normalOf(V, even), phi, solver) : phi;
      return sum(dot(chi, applyRational(action, normalOf(M, even), chi, solver)));
    },
    draw(M, V, xi, solver) {
      const chi = applyRational(refresh, normalOf(M, even), xi, solver);
      return V ? applyRational(root(-p / 2), normalOf(V, even), chi, solver) : chi;
    },
  };
}

/** p < 1 with a numerator that differs from M^+M by a number c on even sites: powers of their ratio, without any application of the numerator. */
function ratio<N extends number>(p: number, c: number, low: number, precision: number): Form<N> {
  const root = (power: number): RationalFunction => ratioPower(power, { c, low, precision });
  const [action, refresh] = [root(-p), root(p / 2)];
  return {
    power: p,
    approximation: { action, refresh },
    energy: (M, _V, phi, solver) => sum(dot(phi, applyRational(action, normalOf(M, true), phi, solver))),
    draw: (M, _V, xi, solver) => applyRational(refresh, normalOf(M, true), xi, solver),
  };
}

/** c with V^+V = M^+M + c > M^+M, and a bound of M^+M; undefined where they do not differ by a number. */
function commuting(operator: DiracOperator, numerator: DiracOperator | undefined, lattice: Lattice): { readonly c: number; readonly low: number } | undefined {
  if (numerator?.on !== operator.on || !operator.normalShift || !numerator.normalShift) return undefined;
  const c = numerator.normalShift(numerator.parameters) - operator.normalShift(operator.parameters);
  const low = operator.spectrum?.(lattice, operator.parameters).low;
  return c > 0 && low !== undefined && low > 0 ? { c, low } : undefined;
}

/** Power and sites of N_f flavours. @throws ConfigurationError when one field does not have them. */
function powerOf<P extends OperatorParameters>(operator: DiracOperator<P>, { lattice, flavours, sites }: PseudofermionOptions): { p: number; even: boolean } {
  const one = operator.flavours(lattice);
  if (!(flavours > 0 && flavours <= 2 * one)) throw new ConfigurationError(`pseudofermions: got ${flavours} flavours of ${operator.name} fermions, expected more than 0 and at most ${2 * one}: use several fields for more`);
  if (sites === "even" && !operator.evenBlock) throw new ConfigurationError(`pseudofermions: got sites "even" for ${operator.name} fermions, expected "all": their D^+D joins even and odd sites`);
  const even = operator.evenBlock === true && (sites ?? (flavours <= one ? "even" : "all")) === "even";
  const p = flavours / (even ? one : 2 * one);
  if (p > 1) throw new ConfigurationError(`pseudofermions: ${flavours} flavours on even sites need the power -${p}, expected at most 1: use sites "all"`);
  return { p, even };
}

const within = (x: { readonly low?: number; readonly high?: number }, [a, b]: readonly [number, number]): boolean => !(x.low !== undefined && x.low < a) && !(x.high !== undefined && x.high > b);

function intervalOf<P extends OperatorParameters>(operator: DiracOperator<P>, { lattice, interval }: PseudofermionOptions): readonly [number, number] {
  if (interval) return interval;
  const { low, high } = operator.spectrum?.(lattice, operator.parameters) ?? {};
  if (low === undefined || high === undefined || operator.pauliVillars)
    throw new ConfigurationError(`pseudofermions: got ${operator.name} fermions to a rational power without an interval, expected one that holds the spectrum of D^+D: measure it with normalSpectrum`);
  return [low / 2, high + 3 * low];
}

const constantsOf = <N extends number>(U: Links<N>, { parameters }: DiracOperator): { [name: string]: Scalar } => Object.fromEntries(Object.entries(parameters).map(([name, x]) => [name, number(U[0]!.tape, x)]));

/** Relative precision of the modes: they only have to be close to what a solver finds hard. */
const MODES = 1e-2;

/** Number k of the unit vectors of a field, on its own sites. */
function unit({ lattice, type, length }: Field<VectorType>, k: number): Float64Array {
  const components = length / (2 * lattice.volume);
  const sites = Array.from({ length: lattice.volume }, (_, n) => n).filter((n) => type.domain === "all" || lattice.parity(n) === Number(type.domain === "odd"));
  const [site, out] = [sites[Math.floor(k / components)], new Float64Array(length)];
  if (site === undefined) throw new ConfigurationError(`pseudofermions: got deflate = ${k + 1}, expected at most ${sites.length * components}, the components of the field`);
  out[2 * (site * components + (k % components))] = 1;
  return out;
}

/** Made by `pseudofermions`. */
class PseudofermionField<N extends number, P extends OperatorParameters> implements Pseudofermions<N, P> {
  readonly name: string;
  readonly phi: Field<VectorType<N>>;
  readonly action: GaugeAction<N, PseudofermionInputs<N, P>>;
  readonly forceAction: GaugeAction<N, PseudofermionInputs<N, P>>;
  readonly index: number | undefined;
  readonly #operator: DiracOperator<P>;
  readonly #options: PseudofermionOptions<N>;
  readonly #numerator: DiracOperator<OperatorParameters> | undefined;
  readonly #form: Form<N>;
  readonly #solver: Solver;
  readonly #even: boolean;
  readonly #modes: readonly Field<VectorType<N>>[];
  readonly #xi: Field<VectorType<N>>;
  readonly #make: (solver: Solver) => GaugeAction<N, PseudofermionInputs<N, P>>;
  #draw: Plan<readonly unknown[], Vector<N>> | undefined;
  #tight: GaugeAction<N, PseudofermionInputs<N, P>> | undefined;

  constructor(operator: DiracOperator<P>, options: PseudofermionOptions<N>) {
    const { lattice, group, flavours, tolerance = 1e-12, forceTolerance = tolerance, maxIterations = 5000, precision = 1e-12, solver = "cg", deflate = 0 } = options;
    const { p, even } = powerOf(operator, options);
    if (solver !== "cg" && p < 1) throw new ConfigurationError(`pseudofermions: got the solver "${solver}" for the power -${p}, expected "cg": roots are many shifted systems`);
    if (solver === "bicgstab" && even) throw new ConfigurationError(`pseudofermions: got the solver "bicgstab" for ${operator.name} fermions on even sites, expected "cg" or "mixed": D^+D is hermitian there`);
    if (deflate > 0 && (p < 1 || solver !== "cg" || lattice.batch > 1)) throw new ConfigurationError(`pseudofermions: got deflate = ${deflate} with ${p < 1 ? `the power -${p}` : solver !== "cg" ? `the solver "${solver}"` : `a batch of ${lattice.batch}`}, expected 0: modes are those of one system, solved by "cg"`);
    const { pauliVillars } = operator;
    this.index = options.index;
    this.#operator = operator;
    this.#options = options;
    this.#numerator = options.numerator ?? (pauliVillars && ({ ...operator, parameters: pauliVillars } as DiracOperator as DiracOperator<OperatorParameters>));
    const shifted = p < 1 && even && !options.interval ? commuting(operator as DiracOperator, this.#numerator, lattice) : undefined;
    const interval = p < 1 && !shifted ? intervalOf(operator, options) : undefined;
    this.#form = shifted ? ratio(p, shifted.c, shifted.low, precision) : interval ? rational(p, even, interval, precision) : solver === "bicgstab" ? direct() : exact(even);
    const more = { maxIterations, ...(solver === "mixed" ? { mixed: true } : {}) };
    this.#solver = { tolerance, ...more };
    const parameters = Object.entries(operator.parameters).map(([k, x]) => `${k === "mass" ? "m" : k}=${x}`);
    this.name = `${[operator.name, `Nf=${flavours}`, ...parameters].join(" ")}${p < 1 ? " (rational)" : ""}`;
    const all = typeOf(operator, lattice, group.N);
    this.phi = new Field(lattice, even ? { ...all, domain: "even" } : all);
    this.#xi = new Field(lattice, p < 1 ? this.phi.type : all);
    this.#even = even;
    // until the first refresh any vectors that are independent
    this.#modes = Array.from({ length: deflate }, (_, k) => new Field(lattice, this.phi.type).set(unit(this.phi, k)));
    const accept = shifted ? (inputs: P): void => this.#keep(inputs) : interval && ((inputs: P): void => this.#accept(inputs, interval));
    this.#make = (solver) =>
      new GaugeAction(
        this.name,
        { ...operator.parameters, phi: this.phi, ...(deflate > 0 ? { modes: this.#modes } : {}) },
        ((U: Links<N>, { phi, modes, ...inputs }: { phi: Vector<N>; modes?: readonly Vector<N>[] } & { [name: string]: Scalar }) =>
          this.#withEliminated(U, inputs as never, this.#form.energy(mapsOf(operator, U, inputs as never), this.#over(U), phi, modes ? { ...solver, deflation: modes } : solver))) as never,
        accept ? { accept } : {},
      );
    this.action = this.#make(this.#solver);
    this.forceAction = forceTolerance === tolerance ? this.action : this.#make({ tolerance: forceTolerance, ...more });
  }

  get approximation(): { readonly action: RationalFunction; readonly refresh: RationalFunction } {
    return this.#form.approximation!;
  }

  value(U: LinkField<N>): number {
    return this.action.value(U);
  }

  force(U: LinkField<N>, into?: AlgebraField<N>): AlgebraField<N> {
    return this.forceAction.force(U, into);
  }

  valueAndForce(U: LinkField<N>, into: AlgebraField<N>): number {
    return this.action.valueAndForce(U, into);
  }

  refresh(U: LinkField<N>, trajectory: number, random: RandomStream, index = 0): void {
    const { interval } = this.#options;
    if (interval && this.#form.power < 1) for (const operator of [this.#operator, this.#numerator]) if (operator) this.#checkSpectrum(U, operator as DiracOperator, interval);
    drawGaussian(this.#xi as Field as Field<VectorType>, random, trajectory, this.index ?? index);
    this.drawFrom(U, this.#xi);
    this.#findModes(U);
  }

  drawFrom(U: LinkField<N>, xi: Field<VectorType<N>>): void {
    const { phi: _, modes: _modes, ...parameters } = this.action.inputs;
    this.#draw ??= new Plan(((V: Links<N>, x: Vector<N>, inputs: never) => this.#form.draw(mapsOf(this.#operator, V, inputs), this.#over(V), x, this.#solver)) as never, [U, xi, parameters]);
    this.#draw.runInto(this.phi as never, U, xi, parameters);
  }

  solveError(U: LinkField<N>): number {
    // conjugate gradients from zero: the error of b^+ x is of second order in the residual; that of |y|^2 of first order
    const { tolerance } = this.#solver;
    if (tolerance <= (this.#options.solver === "bicgstab" ? 1e-11 : 1e-8)) return 0;
    this.#tight ??= this.#make({ ...this.#solver, tolerance: Math.max(1e-4 * tolerance, 1e-11) });
    return Math.abs(this.action.value(U) - this.#tight.value(U));
  }

  /** The numerator on these links, with its parameters as constants. */
  #over(U: Links<N>): DiracMaps<N> | undefined {
    const V = this.#numerator;
    return V && V.on(U, constantsOf(U, V));
  }

  /** The energy and what the eliminated parts of operator and numerator add to it, as functions of the links. */
  #withEliminated(U: Links<N>, inputs: { readonly [K in keyof P]: Scalar }, energy: Scalar): Scalar {
    const [M, V] = [this.#operator, this.#numerator];
    const weight = (operator: { flavours(lattice: Lattice): number }): number => this.#options.flavours / operator.flavours(U.lattice);
    const terms = [...(M.eliminated ? [scaleBy(-weight(M), M.eliminated(U, inputs))] : []), ...(V?.eliminated ? [scaleBy(weight(V), V.eliminated(U, constantsOf(U, V)))] : [])];
    return add(energy, ...terms);
  }

  /** The lowest modes on these links. */
  #findModes(U: LinkField<N>): void {
    const count = this.#modes.length;
    if (count === 0) return;
    // a field on all sites has the modes of both parities
    const operator = (this.#even ? this.#operator : { ...this.#operator, evenBlock: false }) as DiracOperator;
    lowModes(U as LinkField, operator, { count, precision: MODES }).vectors.forEach((v, k) => {
      this.#modes[k]!.copyFrom(v as never);
      v[Symbol.dispose]();
    });
  }

  #accept(inputs: P, interval: readonly [number, number]): void {
    const bounds = this.#operator.spectrum?.(this.#options.lattice, inputs) ?? {};
    // the upper bound of all fields may be far above the spectrum of those at hand, which is measured when the interval was given
    const { low, high } = this.#options.interval ? { low: bounds.low } as { low?: number; high?: number } : bounds;
    if (!within({ ...(low !== undefined && { low }), ...(high !== undefined && { high }) }, interval))
      throw new ConfigurationError(`${this.name}: got ${JSON.stringify(this.#numbers(inputs))} with D^+D in [${low}, ${high ?? "measured"}], expected parameters with a spectrum inside [${interval.join(", ")}], where the approximation holds: give a wider interval`);
  }

  /** The coefficients of a ratio belong to its parameters. */
  #keep(inputs: P): void {
    const [given, own] = [this.#numbers(inputs), this.#operator.parameters as { readonly [name: string]: number }];
    const other = Object.keys(own).find((key) => given[key] !== own[key]);
    if (other !== undefined) throw new ConfigurationError(`${this.name}: got ${other} = ${given[other]}, expected ${own[other]}: the power of a ratio is approximated for these parameters, make another field`);
  }

  #numbers(inputs: P): { [name: string]: number } {
    return Object.fromEntries(Object.entries(inputs).filter(([, x]) => typeof x === "number"));
  }

  #checkSpectrum(U: LinkField<N>, operator: DiracOperator, interval: readonly [number, number]): void {
    const { batch } = U.lattice;
    for (let b = 0; b < batch; b++) {
      const { low, high } = normalSpectrum((batch === 1 ? U : sampleOf(U, b)) as LinkField, operator, { precision: 1e-3 });
      if (!within({ low, high }, interval)) throw new PhysicsCheckError(`${this.name}: D^+D of ${operator.name} fermions${batch === 1 ? "" : ` on sample ${b}`} has eigenvalues from ${low} to ${high}, expected them inside [${interval.join(", ")}]: give a wider interval`);
    }
  }
}

/**
 * Pseudofermions of an operator, `pseudofermions(staggered({ mass: 0.3 }), { lattice, group, flavours: 4 })`: without roots where N_f allows it, by
 * rational approximation else (RHMC). Odd powers of Wilson's determinant are those of its modulus. Value and force throw SolverError when the solver
 * does not reach its tolerance.
 * @throws ConfigurationError for numbers of flavours that one field does not have, or an interval that does not hold the spectrum; GeometryError when
 * the operator does not fit the lattice.
 */
export function pseudofermions<N extends number, P extends OperatorParameters>(operator: DiracOperator<P>, options: PseudofermionOptions<N>): Pseudofermions<N, P> {
  guard("pseudofermions", { operator: [operator, anOperator], options: [options, is.keysOf("lattice", "group", "flavours", "sites", "numerator", "interval", "precision", "tolerance", "forceTolerance", "maxIterations", "solver", "deflate", "index")] });
  guard("pseudofermions", { tolerance: [options.tolerance, is.optional(is.tolerance)], forceTolerance: [options.forceTolerance, is.optional(is.tolerance)], maxIterations: [options.maxIterations, is.optional(is.count)] });
  guard("pseudofermions", { numerator: [options.numerator, is.optional(anOperator)], solver: [options.solver, is.optional(is.oneOf("cg", "bicgstab", "mixed"))], deflate: [options.deflate, is.optional(is.natural)] });
  return new PseudofermionField(operator, options);
}
