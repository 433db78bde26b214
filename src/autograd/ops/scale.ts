/**
 * C = s X for a scalar, a real site scalar or a complex site scalar s (gauge invariant, so it may multiply anything).
 * Rules: X' = conj(s) C'; s real: s' = Re tr(X^+ C') (summed over sites for a scalar); s complex: s' = tr(X^+ C').
 */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import type { Op, Samples } from "../op.ts";
import { complexOps } from "../site.ts";
import type { Channels, Complex, Real, Scalar, Spin, Tape, Traced, TracedTensor } from "../tape.ts";
import type { Lattice } from "../lattice.ts";
import { type SiteType, type ValueType, channelsType, complexType, domainOf, isShared, sameType, components, realType, scalarType, siteMatrixType, spinType, typeText, vectorType, isQuaternion } from "../types.ts";
import { combine, scaleBy } from "./combine.ts";
import { constantOp, numberOp } from "./constants.ts";
import { jointDomain, restrict } from "./domain.ts";
import { guard } from "../../util/index.ts";
import * as kind from "../kinds.ts";

export const scaleOp: Op = {
  name: "scale",
  quaternion: ([s, x]) => isQuaternion(x!) && s!.kind !== "complex",
  role: { is: "multiple" },
  infer([s, x], _attributes, lattice) {
    if (s!.kind === "tensor" || s!.kind === "channels") return entrywise(s!, x!, lattice);
    if (x!.kind === "tensor" && (s!.kind !== "scalar" || (lattice.batch > 1 && !isShared(s!)))) throw new CovarianceError(`scale: got the factor ${typeText(lattice, s!)} of a tensor, expected a number or a scalar that all samples share`);
    if (s!.kind === "matrix" || s!.kind === "vector" || s!.kind === "spin")
      throw new CovarianceError(`scale: got the factor ${typeText(lattice, s!)}, expected a number, a scalar, or a gauge-invariant site scalar (for instance reTrace of a closed loop)`);
    if (x!.kind === "scalar" && s!.kind !== "scalar") throw new CovarianceError("scale: got a site scalar times a scalar: put the scalar first");
    if (s!.kind === "complex" && x!.kind === "channels") throw new CovarianceError(`scale: got a complex factor for ${typeText(lattice, x!)}, expected a real one: take re, im or abs2`);
    if (s!.kind === "complex" && (x!.kind === "real" || x!.kind === "spin")) throw new CovarianceError(`scale: got a complex factor for a ${x!.kind === "spin" ? "spin field, expected a real one: take re, im or abs2" : "real site scalar: make it complex first"}`);
    if (x!.kind === "scalar") return x!;
    const domain = jointDomain("scale", s!, x!);
    if (x!.kind === "spin") return { ...x!, domain, unit: false };
    return x!.kind === "matrix" ? { ...x!, domain, algebra: x!.algebra && s!.kind !== "complex" } : { ...x!, domain };
  },
  simplify(tape, [s, x]) {
    const [ns, nx] = [tape.node(s!.id), tape.node(x!.id)];
    if (ns.op === numberOp) return scaleBy(ns.attributes["value"] as number, x!);
    if (nx.op === numberOp && s!.type.kind === "scalar") return scaleBy(nx.attributes["value"] as number, s!);
    if (ns.op.role?.is === "broadcast") {
      const [domain, own] = [domainOf(s!.type), domainOf(x!.type)];
      // a number on one parity leaves nothing of x on the other
      const there = domain === "all" || domain === own ? x! : own === "all" ? restrict(x as Traced<SiteType>, domain) : undefined;
      if (there) return scale(tape.traced(ns.inputs[0]!) as Scalar, there as never);
    }
    if (ns.op === combine && ns.inputs.length === 1)
      return scaleBy((ns.attributes["coefficients"] as number[])[0]!, scale(tape.traced(ns.inputs[0]!) as Scalar, x! as never));
    if (nx.op === combine && nx.inputs.length === 1)
      return scaleBy((nx.attributes["coefficients"] as number[])[0]!, scale(s as Scalar, tape.traced(nx.inputs[0]!) as never));
    if (nx.op === scaleOp && x!.type.kind !== "scalar" && tape.node(nx.inputs[0]!).type.kind === "scalar") {
      // scalars stand outside of site scalars, and multiply each other first
      const [outer, inner] = [tape.traced(nx.inputs[0]!) as Scalar, tape.traced(nx.inputs[1]!)];
      return s!.type.kind === "scalar" ? scale(scale(s as Scalar, outer), inner) : scale(outer, scale(s as Real, inner as never));
    }
    if (ns.op === constantOp && nx.op === scaleOp && tape.node(nx.inputs[0]!).op === constantOp)
      return scale(productOfConstants(tape, s!.id, nx.inputs[0]!), tape.traced(nx.inputs[1]!) as never);
    return undefined;
  },
  vjp: ({ inputs: [s, x], cotangent: c, needs }) => {
    const { conj, cdot, dot, sum, tensorSum } = c.tape.rules;
    const kind = s!.type.kind;
    const back = kind === "complex" ? conj(s!) : s!;
    let factor: Traced | undefined;
    if (kind === "channels" || kind === "tensor") factor = needs[0] ? scale(x as never, c as never) : undefined;
    else if (needs[0]) factor = x!.type.kind === "tensor" ? tensorSum(scale(x as never, c as never)) : kind === "complex" ? cdot(x!, c) : kind === "real" || x!.type.kind === "scalar" ? dot(x!, c) : sum(dot(x!, c));
    return [factor, needs[1] ? scale(back as Scalar, c as never) : undefined];
  },
  site(b, [s, x], _attributes, types) {
    const n = components(types[1]!);
    if (types[0]!.kind === "channels") return Array.from({ length: n }, (_, i) => b.mul(s!(i), x!(i)));
    if (types[0]!.kind !== "complex") return Array.from({ length: n }, (_, i) => b.mul(s!(0), x!(i)));
    const c = complexOps(b);
    return c.flat(Array.from({ length: n / 2 }, (_, i) => c.mul(c.of(s!, 0), c.of(x!, i))));
  },
  cost: ([s, x]) => (s!.kind === "complex" ? 3 : 1) * components(x!),
};

export const scaleSamples: Samples = (lattice, N) => {
  const m = siteMatrixType(lattice, N);
  return [
    { label: "scalar times matrix", inputs: [scalarType, m], apply: ([s, x]) => scale(s as Scalar, x as Traced<typeof m>) },
    { label: "real times matrix", inputs: [realType(), m], apply: ([s, x]) => scale(s as Real, x as Traced<typeof m>) },
    { label: "complex times matrix", inputs: [complexType(), m], apply: ([s, x]) => scale(s as Complex, x as Traced<typeof m>) },
    { label: "complex times vector", inputs: [complexType(), vectorType(lattice, N)], apply: ([s, x]) => scale(s as Complex, x as never) },
    { label: "real times spin", inputs: [realType(), spinType()], apply: ([s, x]) => scale(s as Real, x as Spin) },
    { label: "real times real", inputs: [realType(), realType()], apply: ([s, x]) => scale(s as Real, x as Real) },
    { label: "real times channels", inputs: [realType(), channelsType(3)], apply: ([s, x]) => scale(s as Real, x!) },
    { label: "channels times channels", inputs: [channelsType(3), channelsType(3)], apply: ([s, x]) => scale(s as never, x!) },
    { label: "scalar times scalar", inputs: [scalarType, scalarType], apply: ([s, x]) => scale(s as Scalar, x as Scalar) },
    { label: "complex times complex", inputs: [complexType(), complexType()], apply: ([s, x]) => scale(s as Complex, x as Complex) },
  ];
};

/** Type of a product number by number, of channels or of tensors. */
function entrywise(s: ValueType, x: ValueType, lattice: Lattice): ValueType {
  const everywhere = (t: ValueType): ValueType => (t.kind === "channels" ? { ...t, domain: "all" } : t);
  if (!sameType(lattice, everywhere(s), everywhere(x))) throw new CovarianceError(`scale: got ${typeText(lattice, s)} and ${typeText(lattice, x)}, expected as many channels, or tensors of one shape, for a product of number and number`);
  return x.kind === "channels" ? { ...x, domain: jointDomain("scale", s, x) } : x;
}

function productOfConstants(tape: Tape, a: number, b: number): Real {
  const [x, y] = [tape.node(a).attributes, tape.node(b).attributes];
  const [u, v] = [x["data"] as Float64Array, y["data"] as Float64Array];
  return tape.apply(constantOp, [], { label: `(${x["label"] as string})*(${y["label"] as string})`, data: u.map((s, n) => s * v[n]!) }) as Real;
}

/** s x: s a number, a scalar, or a gauge-invariant site scalar (real or complex); x anything. Channels times as many channels, and tensors of one shape, number by number. */
export function scale<T extends ValueType>(s: number | Scalar | Real | Complex | Channels | TracedTensor, x: Traced<T>): Traced<T> {
  guard("scale", { s: [s, kind.factor], x: [x, kind.traced] });
  if (typeof s === "number") return scaleBy(s, x);
  return applyOp("scale", scaleOp, [s as Traced, x]) as Traced<T>;
}
