/**
 * The networks of this package by name, built from plain data: what run files and model files contain. Options are those of the layer's
 * function; unknown names, unknown options and values of the wrong kind are errors.
 */
import { ConfigurationError } from "../errors.ts";
import { type AnyLayer, chain } from "./layer.ts";
import { type ApeOptions, ape } from "./layers/ape.ts";
import { type CaskOptions } from "./layers/cask.ts";
import { type ConvolutionOptions, convolution } from "./layers/convolution.ts";
import { type FlowLayerOptions, flowLayer } from "./layers/flow-layer.ts";
import { type HypercubicParameters, hex, hyp, nhyp } from "./layers/hypercubic.ts";
import { type LoopSet, type Weights } from "./layers/loop-weights.ts";
import { stout } from "./layers/stout.ts";
import type { NetworkRegistry, Plain, TrainableLayer } from "./model-file.ts";
import { caskNetwork, covariantNetwork } from "./networks.ts";

/** What an option may be. */
interface Kind {
  readonly expected: string;
  accepts(x: Plain): boolean;
}

const isRecord = (x: Plain): x is { readonly [key: string]: Plain } => typeof x === "object" && x !== null && !Array.isArray(x);
const isNumber = (x: Plain): boolean => typeof x === "number" && Number.isFinite(x);
const isListOf = (x: Plain, f: (y: Plain) => boolean): boolean => Array.isArray(x) && x.length > 0 && x.every(f);
const isRecordOf = (x: Plain, f: (y: Plain) => boolean): boolean => isRecord(x) && Object.keys(x).length > 0 && Object.values(x).every(f);
const isWeights = (x: Plain): boolean => isNumber(x) || isRecordOf(x, isNumber);
const isDirections = (x: Plain): boolean => x === "all" || x === "spatial" || x === "temporal" || isListOf(x, isNumber);
const isLoop = (x: Plain): boolean =>
  typeof x === "string" || (isRecord(x) && typeof x["loop"] === "string" && Object.entries(x).every(([k, y]) => k === "loop" || ((k === "links" || k === "through") && isDirections(y))));

const number: Kind = { expected: "a finite number", accepts: isNumber };
const flag: Kind = { expected: "true or false", accepts: (x) => typeof x === "boolean" };
const weights: Kind = { expected: "a number, or a number for each named loop", accepts: isWeights };
const heads: Kind = { expected: "weights, or a list of weights, one a head", accepts: (x) => isWeights(x) || isListOf(x, isWeights) };
const loops: Kind = { expected: "a loop (name, path, or { loop, links, through }), or a loop for each weight", accepts: (x) => isLoop(x) || isRecordOf(x, isLoop) };
const numbers: Kind = { expected: "a list of numbers", accepts: (x) => isListOf(x, isNumber) };
const timeWeights: Kind = { expected: "a list of numbers, or one for each named loop", accepts: (x) => isListOf(x, isNumber) || isRecordOf(x, (y) => isListOf(y, isNumber)) };
const covariantLayers: Kind = {
  expected: "a number of layers, or for each layer [plaq, poly4, polys] or { plaq, poly4, polys }",
  accepts: (x) => isNumber(x) || isListOf(x, (y) => (isListOf(y, isNumber) && (y as readonly Plain[]).length === 3) || (isRecordOf(y, isNumber) && Object.keys(y as object).sort().join() === "plaq,poly4,polys")),
};
const oneOf = (...names: readonly string[]): Kind => ({ expected: `one of ${names.join(", ")}`, accepts: (x) => names.includes(x as string) });

type Options = { readonly [key: string]: Plain };
interface Entry {
  readonly options: { readonly [key: string]: Kind };
  readonly build: (options: never) => TrainableLayer & AnyLayer;
}

const hypercubic = { alpha1: number, alpha2: number, alpha3: number };
/** Weights of a hypercubic layer: all three, or the customary ones. */
const alphas = (options: Partial<HypercubicParameters>, f: (p?: HypercubicParameters) => TrainableLayer & AnyLayer): TrainableLayer & AnyLayer => {
  if (Object.keys(options).length === 0) return f();
  const { alpha1, alpha2, alpha3 } = options;
  if (alpha1 === undefined || alpha2 === undefined || alpha3 === undefined) throw new ConfigurationError(`network: got ${Object.keys(options).join(", ")}, expected alpha1, alpha2 and alpha3, or none of them`);
  return f({ alpha1, alpha2, alpha3 });
};

const entries: { readonly [name: string]: Entry } = {
  stout: { options: { rho: weights, loops }, build: ({ rho = 0, ...o }: { rho?: Weights; loops?: LoopSet }) => stout({ rho, ...o }) },
  ape: { options: { alpha: number, w1: number, w2: weights, loops, projection: oneOf("SU", "U"), spatial: flag }, build: (o: ApeOptions) => ape(o) },
  hyp: { options: hypercubic, build: (o: Partial<HypercubicParameters>) => alphas(o, hyp) },
  nhyp: { options: hypercubic, build: (o: Partial<HypercubicParameters>) => alphas(o, nhyp) },
  hex: { options: hypercubic, build: (o: Partial<HypercubicParameters>) => alphas(o, hex) },
  flow: { options: { time: number, steps: number, rho: timeWeights, basis: oneOf("pieces", "legendre"), loops, recompute: flag }, build: (o: FlowLayerOptions) => flowLayer(o) },
  cask: {
    options: {
      rho: weights, rhoQ: heads, rhoK: heads, rhoV: heads, relay: number, loops, length: number, variant: oneOf("symmetric", "code"), finalStep: flag,
      activation: oneOf("tan", "tanh", "relu", "softmax"), pattern: oneOf("full", "sparse", "star"), blocks: number, recompute: flag,
    },
    build: (o: CaskOptions) => caskNetwork(o),
  },
  covariant: { options: { layers: covariantLayers }, build: (o: Parameters<typeof covariantNetwork>[0]) => covariantNetwork(o) },
  convolution: { options: { dim: number, channels: numbers, reach: number, polyakov: flag, gate: oneOf("relu", "sigmoid", "tanh", "none"), skip: flag, seed: number }, build: (o: ConvolutionOptions) => convolution(o) },
};

function checkedOptions(name: string, { options }: Entry, declaration: Plain): Options {
  const given = declaration ?? {};
  if (!isRecord(given)) throw new ConfigurationError(`network ${name}: got ${JSON.stringify(given)}, expected options by name: ${Object.keys(options).join(", ")}`);
  for (const [key, x] of Object.entries(given)) {
    const kind = Object.hasOwn(options, key) ? options[key]! : undefined;
    if (!kind) throw new ConfigurationError(`network ${name}: got the option "${key}", expected ${Object.keys(options).join(", ")}`);
    if (!kind.accepts(x)) throw new ConfigurationError(`network ${name}: got ${key} = ${JSON.stringify(x)}, expected ${kind.expected}`);
  }
  return given;
}

/**
 * Builders by name: `stout`, `ape`, `hyp`, `nhyp`, `hex`, `flow`, `cask` (a network of `blocks`), `covariant`, `convolution`, and `chain`, whose
 * declaration is a list of `{ network: NAME, ...options }`. Builders throw ConfigurationError for options that do not fit.
 */
export const networks: NetworkRegistry = Object.freeze({
  ...Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, (declaration: Plain) => entry.build(checkedOptions(name, entry, declaration) as never)])),
  chain: (declaration: Plain) => {
    if (!Array.isArray(declaration) || declaration.length === 0) throw new ConfigurationError("network chain: expected a list of layers, each { network: NAME, ...options }");
    return chain(...declaration.map((d: Plain) => buildNetwork(d) as TrainableLayer & AnyLayer));
  },
});

/** Builds `{ network: NAME, ...options }`, or `{ network: "chain", layers: [...] }`. @throws ConfigurationError for unknown names and options that do not fit. */
export function buildNetwork(declaration: Plain): TrainableLayer {
  const name = isRecord(declaration) ? declaration["network"] : undefined;
  if (typeof name !== "string" || !Object.hasOwn(networks, name)) throw new ConfigurationError(`network: got the name ${JSON.stringify(name ?? null)}, expected one of ${Object.keys(networks).join(", ")}`);
  const { network: _, ...options } = declaration as Options;
  return networks[name]!(name === "chain" ? (options["layers"] ?? null) : options);
}
