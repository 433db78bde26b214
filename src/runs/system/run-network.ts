/** Networks of run files and model files: built by the registry, with their weights. */
import type { Lattice } from "../../autograd/index.ts";
import { ConfigurationError } from "../../errors.ts";
import { type Group, groupOf } from "../../gauge/index.ts";
import { Layer, type NetworkRegistry, type Plain, loadModel, randomWeights } from "../../models/index.ts";
import { parameterSpace } from "../../util/index.ts";
import { type Registry, checkedOptions, describe, guarded } from "../parts/registry.ts";
import { optionsOf } from "../schema.ts";
import { type NetworkSection, own } from "../sections/sections.ts";
import type { RunNetwork } from "../system-types.ts";

/** Where networks are built: a lattice and its group. */
interface Place {
  readonly lattice: Lattice;
  readonly group: Group;
}

/** Builds `{ network: NAME, ...options }`. @throws ConfigurationError for unknown names and options that do not fit. */
export function buildNetwork(declaration: Plain, place: Place, registry: Registry): Layer<number, unknown> {
  const { network: name, ...rest } = (typeof declaration === "object" && declaration !== null && !Array.isArray(declaration) ? declaration : {}) as { readonly [key: string]: Plain };
  const part = registry.get("network", String(name ?? null));
  // where the layer of a chain comes from is no option of it
  const options = part.fromModule ? Object.fromEntries(Object.entries(rest).filter(([key]) => !Object.hasOwn(own, key))) : rest;
  const built = guarded(part, "builder", () => part.build(checkedOptions(part, options), { ...place, network: (inner) => buildNetwork(inner, place, registry) })) as unknown;
  if (!(built instanceof Layer)) throw new ConfigurationError(`network ${part.name}: got ${describe(built)} from its builder, expected a layer: return what layer({ ... }) or chain(...) makes`);
  if (!part.fromModule || Object.getPrototypeOf(built) !== Layer.prototype) return built as Layer<number, unknown>;
  const { name: title, parameters, forward } = built as Layer<number, unknown>;
  return new Layer(title, parameters, (U, p) => guarded(part, "forward map", () => forward(U, p)));
}

/** Builders by name, as `loadModel` takes them; the declaration of a chain may be its list of layers alone. */
export function networkBuilders(place: Place, registry: Registry): NetworkRegistry {
  return Object.fromEntries(
    registry.list("network").map(({ name }) => [name, (declaration: Plain) => buildNetwork({ ...(Array.isArray(declaration) ? { layers: declaration } : (declaration as object)), network: name }, place, registry)]),
  );
}

/** @throws ConfigurationError for options that do not fit, FileFormatError for a model file of another group or dimension. */
export function networkOf(section: NetworkSection, lattice: Lattice, N: number, registry: Registry): RunNetwork {
  const place = { lattice, group: groupOf(N) };
  if (section.kind === "model") {
    const { layer, network, declaration, others } = loadModel(String(section["file"]), { group: N, dimension: lattice.dim, registry: networkBuilders(place, registry) });
    return { layer, name: network, declaration, others };
  }
  const { kind, weights, randomWidth, randomSeed } = section;
  if (weights !== undefined && randomWidth !== undefined) throw new ConfigurationError("network.weights: got weights and randomWidth, expected one of them");
  const declaration = optionsOf(registry.get("network", kind), section) as Plain;
  const layer = buildNetwork({ ...(declaration as object), network: kind }, place, registry);
  return { layer: withWeights(layer, weights, randomWidth, randomSeed), name: kind, declaration, others: {} };
}

function withWeights(layer: Layer<number, unknown>, weights: readonly number[] | undefined, width: number | undefined, seed = 0): Layer<number, unknown> {
  if (width !== undefined) return randomWeights(layer, { seed, width });
  if (weights === undefined) return layer;
  const space = parameterSpace(layer.parameters);
  if (weights.length !== space.size) throw new ConfigurationError(`network.weights: got ${weights.length}, expected ${space.size} (${space.names.join(", ")})`);
  return layer.with(space.unflatten(weights));
}
