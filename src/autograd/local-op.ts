/**
 * Ops from site functions: the forward map at one site is all there is to write. The rule of y = f(x_1, ..., x_n) is the op
 * (x_1, ..., x_n, y') -> sum_i y'_i df_i/dx_k, which is such an op again, so that derivatives exist to every order.
 */
import { CovarianceError } from "../errors.ts";
import { guard, is, unguessable } from "../util/index.ts";
import type { Lattice } from "./lattice.ts";
import type { Op } from "./op.ts";
import { jointDomain } from "./ops/domain.ts";
import { SiteGraph } from "./site-graph.ts";
import type { Operand, Site, V } from "./site.ts";
import type { Attributes, Traced } from "./tape.ts";
import { type ValueType, components, realType } from "./types.ts";

/** A function of the values at one site, invariant or covariant by construction: `infer` says what it may be applied to. */
export interface SiteMap {
  /** A label: two site functions of one name stay two. */
  readonly name: string;
  /** @throws CovarianceError for operands to which the function does not apply. */
  infer(inputs: readonly ValueType[], attributes: Attributes, lattice: Lattice): ValueType;
  /** Straight arithmetic, without loops. */
  forward(b: Site, inputs: readonly Operand[], attributes: Attributes, types: readonly ValueType[]): V[];
  /** Why a value is NaN where its inputs are finite. */
  readonly partial?: string;
}

interface Built {
  readonly graph: SiteGraph;
  readonly outputs: readonly V[];
  readonly size: number;
}

/** What decides the arithmetic: attributes, and N and kind of the operands. */
const builtKey = (types: readonly ValueType[], attributes: Attributes): string =>
  JSON.stringify([types.map((t) => [t.kind, components(t)]), Object.entries(attributes).map(([k, v]) => [k, ArrayBuffer.isView(v) ? Array.from(v as Float64Array) : v])]);

/** The op of a site function; its derivatives are made when they are asked for. Make it once, outside of what is recorded: each is an op of its own. */
export function localOp(map: SiteMap): Op {
  guard("localOp", { map: [map, is.withMethods("a site function with infer and forward", "infer", "forward")] });
  const built = new Map<string, Built>();
  const build = (types: readonly ValueType[], attributes: Attributes): Built => {
    const key = builtKey(types, attributes);
    let found = built.get(key);
    if (!found) {
      const graph = new SiteGraph();
      const outputs = map.forward(graph, types.map((_, k) => graph.operand(k)), attributes, types);
      built.set(key, (found = { graph, outputs, size: graph.size(outputs) }));
    }
    return found;
  };
  const derivatives = new Map<number, Op>();
  const derivative = (k: number): Op => {
    let op = derivatives.get(k);
    if (!op) derivatives.set(k, (op = localOp(derivativeMap(map, k))));
    return op;
  };
  return {
    name: map.name,
    identity: `local:${map.name}:${unguessable()}.${unguessable()}`,
    infer: (types, attributes, lattice) => map.infer(types, attributes, lattice),
    vjp: ({ inputs, cotangent, needs, attributes }) =>
      inputs.map((x, k): Traced | undefined => {
        if (!needs[k]) return undefined;
        const d = x.tape.apply(derivative(k), [...inputs, cotangent], attributes);
        return x.type.kind === "scalar" && d.type.kind !== "scalar" ? x.tape.rules.sum(d) : d;
      }),
    site(b, inputs, attributes, types) {
      const { graph, outputs } = build(types, attributes);
      return graph.emit(b, inputs, outputs);
    },
    cost: (types, attributes) => build(types, attributes).size,
    ...(map.partial === undefined ? {} : { partial: map.partial }),
  };
}

/** (x_1, ..., x_n, c) -> sum_i c_i df_i/dx_k. */
function derivativeMap(map: SiteMap, k: number): SiteMap {
  return {
    name: `${map.name}'${k}`,
    infer(types) {
      const t = types[k]!;
      const fields = types.filter((u) => u.kind !== "scalar");
      if (fields.length === 0) return t;
      const domain = jointDomain(map.name, ...fields);
      if (t.kind === "scalar") return realType(domain);
      if (t.kind === "matrix") return { ...t, domain, algebra: false };
      return t.kind === "spin" ? { ...t, domain, unit: false } : { ...t, domain };
    },
    forward(b, inputs, attributes, types) {
      if (!(b instanceof SiteGraph)) throw new CovarianceError(`${map.name}: internal: a derivative is taken on a graph`);
      const given = inputs.slice(0, -1);
      const c = inputs[inputs.length - 1]!;
      const y = map.forward(b, given, attributes, types.slice(0, -1));
      return b.gradient(y, y.map((_, i) => c(i)), Array.from({ length: components(types[k]!) }, (_, i) => given[k]!(i)));
    },
  };
}
