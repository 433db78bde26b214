/** Two flavours of Wilson or clover fermions: phi = D^+ xi, S_f = phi^+ (D^+D)^{-1} phi, weight det(D)^2. */
import { Field, type Lattice, type LinkField, type Links, Plan, type Scalar, type Vector, type VectorType, dot, solve, sum } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { RandomStream } from "../util/index.ts";
import { GaugeAction, type Group } from "../gauge/index.ts";
import { type Pseudofermions, RecordedPseudofermions, drawGaussian } from "./pseudofermions.ts";
import type { Boundary } from "./staggered.ts";
import { wilsonDdag, wilsonNormal, wilsonType } from "./wilson.ts";

export interface WilsonPseudofermionOptions<N extends number = number> {
  readonly lattice: Lattice;
  readonly group: Group<N>;
  /** Hopping parameter, 1/(2m + 8) in four dimensions. */
  readonly kappa: number;
  /** Clover coefficient c_SW; default 0. */
  readonly clover?: number;
  /** Default: antiperiodic in time. */
  readonly boundary?: Boundary;
  /** Relative residual of the solver; default 1e-12. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** Number of this field among the pseudofermions of a chain; without it `targetOf` numbers the fields in order. */
  readonly index?: number;
}

type Inputs<N extends number> = { readonly kappa: number; readonly phi: Field<VectorType<N>> };

/** Made by `wilsonPseudofermions`. */
class WilsonPseudofermions<N extends number> extends RecordedPseudofermions<N, Inputs<N>> {
  override readonly name: string;
  override readonly phi: Field<VectorType<N>>;
  override readonly action: GaugeAction<N, Inputs<N>>;
  readonly #clover: number;
  override readonly index: number | undefined;
  readonly #xi: Field<VectorType<N>>;
  #draw: Plan<[LinkField<N>, Field<VectorType<N>>, number], Vector<N>> | undefined;

  constructor(options: WilsonPseudofermionOptions<N>) {
    super();
    const { lattice, group, kappa, clover = 0, boundary, tolerance = 1e-12, maxIterations = 5000, index } = options;
    if (!Number.isFinite(kappa)) throw new ConfigurationError(`wilsonPseudofermions: got kappa = ${kappa}, expected a finite number`);
    this.name = `${clover === 0 ? "Wilson" : "clover"} Nf=2 kappa=${kappa}`;
    this.phi = new Field(lattice, wilsonType(lattice, group.N, { boundary }));
    this.#xi = new Field(lattice, this.phi.type);
    this.#clover = clover;
    this.index = index;
    this.action = new GaugeAction(this.name, { kappa, phi: this.phi }, (U: Links<N>, inputs) => {
      const { kappa: k, phi } = inputs as { kappa: Scalar; phi: Vector<N> };
      return sum(dot(phi, solve((x) => wilsonNormal(U, x, k, clover), phi, { tolerance, maxIterations })));
    });
  }

  /** phi = D^+ xi; then <S_f> is the number of its complex components. */
  override refresh(U: LinkField<N>, trajectory: number, random: RandomStream, index = 0): void {
    drawGaussian(this.#xi as Field as Field<VectorType>, random, trajectory, this.index ?? index);
    const { kappa } = this.action.inputs;
    this.#draw ??= new Plan(((V: Links<N>, xi: Vector<N>, k: Scalar) => wilsonDdag(V, xi, k, this.#clover)) as never, [U, this.#xi, kappa]);
    this.#draw.runInto(this.phi as never, U, this.#xi, kappa);
  }
}

/**
 * Pseudofermions of two degenerate Wilson (or clover) flavours. Value and force throw SolverError when the solver does not reach its tolerance.
 * @throws ConfigurationError for a kappa that is not finite, GeometryError in other than 2 or 4 dimensions.
 */
export function wilsonPseudofermions<N extends number>(options: WilsonPseudofermionOptions<N>): Pseudofermions<N, Inputs<N>> {
  return new WilsonPseudofermions(options);
}
