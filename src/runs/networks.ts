/** Networks of run files: built by the registry of the models room, with their initial weights. */
import { ConfigurationError } from "../errors.ts";
import { type Layer, type Plain, buildNetwork, loadModel, networks, randomWeights } from "../models/index.ts";
import { parameterSpace } from "../util/index.ts";
import type { NetworkSection } from "./network-schema.ts";

/** A network with its weights and what a model file says about it. */
export interface RunNetwork {
  readonly layer: Layer<number, unknown>;
  /** Name in the registry. */
  readonly name: string;
  readonly declaration: Plain;
  /** Numbers that were trained with it, by the names of the effective action. */
  readonly others: { readonly [name: string]: number };
}

/** @throws ConfigurationError for options that do not fit, FileFormatError for a model file of another group or dimension. */
export function networkOf(section: NetworkSection, group: number, dimension: number): RunNetwork {
  if (section.kind === "model") {
    const { layer, network, declaration, others } = loadModel(section.file, { group, dimension, registry: networks });
    return { layer, name: network, declaration, others };
  }
  const { kind, weights, randomWidth, randomSeed, ...options } = section;
  const declaration = (kind === "chain" ? (options as { layers: unknown }).layers : { ...options, ...(kind === "convolution" ? { dim: dimension } : {}) }) as Plain;
  const layer = (kind === "chain" ? buildNetwork({ network: kind, layers: declaration }) : buildNetwork({ ...(declaration as { [key: string]: Plain }), network: kind })) as Layer<number, unknown>;
  if (weights !== undefined && randomWidth !== undefined) throw new ConfigurationError("network.weights: got weights and randomWidth, expected one of them");
  return { layer: withWeights(layer, weights, randomWidth, randomSeed), name: kind, declaration, others: {} };
}

function withWeights(layer: Layer<number, unknown>, weights: readonly number[] | undefined, width: number | undefined, seed: number): Layer<number, unknown> {
  if (width !== undefined) return randomWeights(layer, { seed, width });
  if (weights === undefined) return layer;
  const space = parameterSpace(layer.parameters);
  if (weights.length !== space.size) throw new ConfigurationError(`network.weights: got ${weights.length}, expected ${space.size} (${space.names.join(", ")})`);
  return layer.with(space.unflatten(weights));
}
