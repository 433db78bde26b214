/** Sites of an op's result, and moving between all sites and one parity. */
import { applyOp } from "../apply.ts";
import { CovarianceError, GeometryError } from "../../errors.ts";
import type { Domain } from "../lattice.ts";
import type { Op, Samples } from "../op.ts";
import type { Traced } from "../tape.ts";
import { type MatrixType, type SiteType, type SpinType, type ValueType, components, domainOf, realType, sameType, siteMatrixType, isQuaternion } from "../types.ts";
import { guard } from "../../util/index.ts";
import * as kind from "../kinds.ts";

/** Domain on which both operands are known. @throws CovarianceError for one even and one odd operand. */
export function jointDomain(op: string, ...types: readonly ValueType[]): Domain {
  let d: Domain = "all";
  for (const t of types) {
    const e = domainOf(t);
    if (d === "all") d = e;
    else if (e !== "all" && e !== d)
      throw new CovarianceError(`${op}: one operand lives on even and the other on odd sites, so there is no site at which both are known: shift one of them by an odd displacement`);
  }
  return d;
}

/** Values on one parity only. Rule: the cotangent is extended by zero. */
export const restrictOp: Op = {
  name: "restrict",
  quaternion: ([x]) => isQuaternion(x!),
  role: { is: "view" },
  linear: true,
  infer([t], attributes, lattice) {
    const domain = attributes["domain"] as Domain;
    if (t!.kind === "scalar" || t!.kind === "tensor") throw new CovarianceError(`restrict: got a ${t!.kind}, expected a field`);
    if (!lattice.bipartite) throw new GeometryError(`restrict: parity is not defined on ${lattice}, expected even extents`);
    if (t!.domain !== "all" && t!.domain !== domain)
      throw new CovarianceError(`restrict: got a field on ${t!.domain} sites, expected one on all or ${domain} sites`);
    return { ...t!, domain };
  },
  simplify: (tape, [x], attributes) => {
    if (domainOf(x!.type) === attributes["domain"]) return x;
    const n = tape.node(x!.id);
    if (n.op === mergeOp) return tape.traced(n.inputs[attributes["domain"] === "even" ? 0 : 1]!);
    return undefined;
  },
  vjp: ({ cotangent }) => [extend(cotangent)],
  site: (_b, [x], _a, types) => Array.from({ length: components(types[0]!) }, (_, i) => x!(i)),
  cost: () => 0,
};

export const restrictSamples: Samples = (lattice, N) =>
  lattice.bipartite ? [{ label: "odd sites", inputs: [siteMatrixType(lattice, N)], apply: ([a]) => extend(restrict(a as Traced<SiteType>, "odd")) }] : [];

/** One field on even and one on odd sites, joined. */
export const mergeOp: Op = {
  name: "merge",
  quaternion: (types) => types.every(isQuaternion),
  role: { is: "join" },
  infer([e, o], _attributes, lattice) {
    if (domainOf(e!) !== "even" || domainOf(o!) !== "odd" || !sameType(lattice, { ...e!, domain: "odd" } as ValueType, o!))
      throw new CovarianceError("merge: expected a field on even sites and one of the same kind on odd sites, in this order");
    // in the algebra, or of unit length, where both are
    const marks = e!.kind === "matrix" ? { algebra: e!.algebra && (o as MatrixType).algebra } : e!.kind === "spin" ? { unit: e!.unit && (o as SpinType).unit } : {};
    return { ...e!, ...marks, domain: "all" } as ValueType;
  },
  vjp: ({ cotangent, needs }) => [
    needs[0] ? restrict(cotangent as Traced<SiteType>, "even") : undefined,
    needs[1] ? restrict(cotangent as Traced<SiteType>, "odd") : undefined,
  ],
  cost: () => 0,
};

export const mergeSamples: Samples = (lattice) =>
  lattice.bipartite
    ? [{ label: "even and odd", inputs: [realType("even"), realType("odd")], apply: ([e, o]) => merge(e as Traced<SiteType>, o as Traced<SiteType>) }]
    : [];

/** A field on one parity, zero on the other. Rule: the cotangent is restricted. */
export const extendOp: Op = {
  name: "extend",
  quaternion: ([x]) => isQuaternion(x!),
  role: { is: "join" },
  infer: ([t]) => ({ ...t!, domain: "all", ...(t!.kind === "spin" && { unit: false }) }) as ValueType,
  simplify: (_tape, [x]) => (domainOf(x!.type) === "all" ? x : undefined),
  vjp: ({ inputs: [x], cotangent }) => [restrict(cotangent as Traced<SiteType>, domainOf(x!.type) as "even" | "odd")],
  cost: () => 0,
};

export const extendSamples: Samples = (lattice) => (lattice.bipartite ? [{ label: "even sites", inputs: [realType("even")], apply: ([e]) => extend(e!) }] : []);

/** The part of a field on even or odd sites. @throws GeometryError when an extent is odd. */
export function restrict<T extends SiteType>(x: Traced<T>, domain: "even" | "odd"): Traced<T> {
  guard("restrict", { domain: [domain, kind.parity] });
  return applyOp("restrict", restrictOp, [x], { domain }) as Traced<T>;
}

/** The field on all sites, zero where x is not defined. */
export function extend<T extends ValueType>(x: Traced<T>): Traced<T> {
  return applyOp("extend", extendOp, [x]) as Traced<T>;
}

/** Joins a field on even sites and one on odd sites. */
export function merge<T extends SiteType>(even: Traced<T>, odd: Traced<NoInfer<T>>): Traced<T> {
  return applyOp("merge", mergeOp, [even, odd]) as Traced<T>;
}
