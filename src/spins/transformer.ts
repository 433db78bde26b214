/** The equivariant transformer as an effective weight of spins: ln W_eff = -H_eff[S^NN] / T, with any number of attention blocks. */
import { Field, type Lattice, Plan, type Scalar, type Spin, grad, neg, recordOnce, spinType, valueAndGrad } from "../autograd/index.ts";
import { ConfigurationError, GeometryError } from "../errors.ts";
import { type GaugeAction, action } from "../gauge/index.ts";
import { PURPOSE, type ParameterSpace, parameterSpace, randomStream } from "../util/index.ts";
import { type AttentionWeights, type TransformerParameters, effectiveLogWeight, transformed } from "./attention.ts";
import { type Shell, distanceShells } from "./shells.ts";
import { type SpinField, expectUnitSpins, ferromagnet } from "./spin-field.ts";
import { FullChain, type LocalChain, type SpinWeight } from "./weights.ts";

/** Temperature and shape of the transformer; distances are numbers of shells. */
export interface TransformerOptions {
  /** Temperature, above 0. */
  readonly T: number;
  /** Coupled shells of H_eff: J_1 to J_n. Default 6. */
  readonly shells?: number;
  /** Attention blocks; 0 is the linear model. Default 1. */
  readonly layers?: number;
  /** Last shell of the averaged spins (0 is the site itself); default 6. */
  readonly reach?: number;
  /** Factor c of the Gram matrix; default 1. */
  readonly gram?: number;
}

type Parameters<S = number> = TransformerParameters<S>;

/** Recorded programs, shared by models that differ in the parameters only. */
class Recordings {
  readonly shells: { readonly energy: readonly Shell[]; readonly attention: readonly Shell[] };
  readonly #options: Required<TransformerOptions>;
  #value: Plan<readonly unknown[], Scalar> | undefined;
  #parameterGradient: Plan<readonly unknown[], { value: Scalar; grad: Parameters<Scalar> }> | undefined;
  #spinGradient: Plan<readonly unknown[], Spin> | undefined;
  #transformed: Plan<readonly unknown[], Spin> | undefined;

  constructor(lattice: Lattice, options: Required<TransformerOptions>) {
    this.#options = options;
    this.shells = { energy: distanceShells(lattice, options.shells), attention: distanceShells(lattice, options.reach) };
  }

  readonly #logWeight = recordOnce((S: Spin, p: Parameters<Scalar>): Scalar => effectiveLogWeight(S, p, this.shells, this.#options.gram, this.#options.T));

  value(S: SpinField, p: Parameters): number {
    this.#value ??= new Plan(this.#logWeight as never, [S, p]);
    return this.#value.run(S, p);
  }

  parameterGradient(S: SpinField, p: Parameters): { readonly value: number; readonly grad: Parameters } {
    const f = (x: Spin, q: Parameters<Scalar>): unknown => valueAndGrad((r: Parameters<Scalar>) => this.#logWeight(x, r))(q);
    this.#parameterGradient ??= new Plan(f as never, [S, p]);
    return this.#parameterGradient.run(S, p) as unknown as { value: number; grad: Parameters };
  }

  spinGradient(S: SpinField, p: Parameters): SpinField {
    const f = (x: Spin, q: Parameters<Scalar>): unknown => grad((y: Spin) => this.#logWeight(y, q))(x);
    this.#spinGradient ??= new Plan(f as never, [S, p]);
    return this.#spinGradient.fresh(S, p);
  }

  transformed(S: SpinField, p: Parameters): SpinField {
    const f = (x: Spin, q: Parameters<Scalar>): Spin => transformed(x, q.layers, this.shells.attention, this.#options.gram);
    this.#transformed ??= new Plan(f as never, [S, p]);
    return this.#transformed.fresh(S, p);
  }
}

/**
 * Equivariant transformer as an effective weight of unit spins (arXiv:2306.11527): ln W_eff = -H_eff[S^NN] / T, in the energy units of T.
 * Construction @throws ConfigurationError, calls GeometryError for spins that are no unit vectors.
 */
export class SpinTransformer implements SpinWeight {
  readonly name: string;
  readonly lattice: Lattice;
  readonly options: Required<TransformerOptions>;
  readonly parameters: Parameters;
  readonly space: ParameterSpace<Parameters>;
  readonly #recordings: Recordings;
  readonly #spins: SpinField;

  /**
   * Parameters default to zero couplings and zero weights.
   * @throws ConfigurationError for T <= 0, a number of layers that is no integer, more shells than the lattice has, or other parameters.
   */
  constructor(lattice: Lattice, options: TransformerOptions, parameters?: Parameters, recordings?: unknown) {
    const { T, shells = 6, layers = 1, reach = 6, gram = 1 } = options;
    if (!(T > 0) || !Number.isFinite(T)) throw new ConfigurationError(`transformer: got T = ${T}, expected a temperature above 0`);
    if (!Number.isInteger(layers) || layers < 0) throw new ConfigurationError(`transformer: got ${layers} layers, expected an integer of at least 0`);
    if (!Number.isFinite(gram)) throw new ConfigurationError(`transformer: got gram = ${gram}, expected a number`);
    this.name = layers === 0 ? "linear" : `attention, ${layers} ${layers === 1 ? "layer" : "layers"}`;
    this.lattice = lattice;
    this.options = { T, shells, layers, reach, gram };
    this.#recordings = recordings instanceof Recordings ? recordings : new Recordings(lattice, this.options);
    const zeros = (n: number): number[] => Array.from({ length: n }, () => 0);
    const block = (): AttentionWeights => ({ Q: zeros(reach + 1), K: zeros(reach + 1), V: zeros(reach + 1) });
    const template: Parameters = { J: zeros(shells), E0: 0, layers: Array.from({ length: layers }, block) };
    this.space = parameterSpace(template);
    this.parameters = parameters ? this.space.unflatten(this.space.flatten(parameters)) : template;
    this.#spins = new Field(lattice, spinType(true));
  }

  /** The same model with other parameters; recorded programs are shared. */
  with(parameters: Parameters | Float64Array): SpinTransformer {
    return new SpinTransformer(this.lattice, this.options, parameters instanceof Float64Array ? this.space.unflatten(parameters) : parameters, this.#recordings);
  }

  /** The model with independent normal weights of this width in the attention blocks (blocks of zeros learn nothing), couplings kept. */
  randomised({ seed, width }: { readonly seed: number; readonly width: number }): SpinTransformer {
    const random = randomStream(seed).sequence(PURPOSE.initialisation);
    const draw = (w: readonly number[]): number[] => w.map(() => width * random.normal());
    return this.with({ ...this.parameters, layers: this.parameters.layers.map(({ Q, K, V }) => ({ Q: draw(Q), K: draw(K), V: draw(V) })) });
  }

  /** Number of parameters. */
  get size(): number {
    return this.space.size;
  }

  /** The parameters as a flat vector, in the order of `space.names`. */
  get theta(): Float64Array {
    return this.space.flatten(this.parameters);
  }

  /** ln W_eff. @throws GeometryError unless the spins are unit vectors. */
  value(S: SpinField): number {
    expectUnitSpins(this.lattice, S.toArray());
    return this.#recordings.value(S, this.parameters);
  }

  /** H_eff = -T ln W_eff. */
  energy(S: SpinField): number {
    return -this.options.T * this.value(S);
  }

  /** d ln W_eff / dS on the sphere: tangent to each spin. */
  gradient(S: SpinField): SpinField {
    expectUnitSpins(this.lattice, S.toArray());
    return this.#recordings.spinGradient(S, this.parameters);
  }

  /** S^NN: the spins after the attention blocks. */
  transformed(S: SpinField): SpinField {
    return this.#recordings.transformed(S, this.parameters);
  }

  logWeight(spins: Float64Array): number {
    return this.#recordings.value(this.#spins.set(spins), this.parameters);
  }

  /** ln W_eff and its derivative with respect to theta. */
  valueAndGradient(spins: Float64Array): { readonly value: number; readonly gradient: Float64Array } {
    const { value, grad } = this.#recordings.parameterGradient(this.#spins.set(spins), this.parameters);
    return { value, gradient: this.space.flatten(grad) };
  }

  /** -ln W_eff as a recorded action of the spins, which are its input `S` beside the parameters: what `gaugegrad export` writes as a library. It is no function of links, and holds on this lattice. */
  get action(): GaugeAction<number, { readonly S: SpinField } & Parameters> {
    const { lattice, options } = this;
    const shells = this.#recordings.shells;
    return action({
      name: this.name,
      inputs: { S: ferromagnet(lattice), ...this.parameters },
      evaluate: (_U, { S, ...p }) => {
        if (S.lattice.extents.join() !== lattice.extents.join()) throw new GeometryError(`${this.name}: got spins on ${S.lattice}, expected ${lattice}, whose shells the model has`);
        return neg(effectiveLogWeight(S as Spin, p as unknown as Parameters<Scalar>, shells, options.gram, options.T));
      },
    }) as never;
  }

  chain(spins: Float64Array): LocalChain {
    return new FullChain(spins, (s) => this.logWeight(s));
  }
}

/** The effective model: `spinTransformer(lattice([6, 6]), { T: 0.05, layers: 2 })`. @throws as the class. */
export function spinTransformer(lattice: Lattice, options: TransformerOptions, parameters?: TransformerParameters): SpinTransformer {
  return new SpinTransformer(lattice, options, parameters);
}
