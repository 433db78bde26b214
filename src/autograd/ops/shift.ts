/**
 * C(n) = A(n + d): the field seen from a displaced site; both end points move by d. Rule: shift the cotangent back.
 * A colour vector is multiplied by its boundary sign for every wrap that the displacement makes.
 */
import { applyOp } from "../apply.ts";
import { CovarianceError } from "../../errors.ts";
import { type Displacement, type Domain, addDisplacements } from "../lattice.ts";
import type { Op, Samples } from "../op.ts";
import type { Attributes, Traced, Vector } from "../tape.ts";
import { type SiteType, type ValueType, linkType, realType, typeText, vectorType, isQuaternion } from "../types.ts";
import { factored } from "./factor.ts";
import { constantReal, unitOp } from "./constants.ts";
import { scale } from "./scale.ts";
import { guard, is } from "../../util/index.ts";
import * as kind from "../kinds.ts";

function flipped(domain: Domain, d: Displacement): Domain {
  if (domain === "all" || d.reduce((s, x) => s + x, 0) % 2 === 0) return domain;
  return domain === "even" ? "odd" : "even";
}

export const shiftOp: Op = {
  name: "shift",
  quaternion: ([x]) => isQuaternion(x!),
  role: { is: "view", displacement: (attributes) => attributes["displacement"] as Displacement },
  linear: true,
  infer([t], attributes, lattice) {
    const d = attributes["displacement"] as Displacement;
    if (t!.kind === "scalar" || t!.kind === "tensor") throw new CovarianceError(`shift: got ${typeText(lattice, t!)}, expected a field`);
    const domain = flipped(t!.domain, d);
    if (t!.kind === "matrix")
      return { ...t!, domain, start: lattice.wrap(addDisplacements(t!.start, d)), end: lattice.wrap(addDisplacements(t!.end, d)) };
    if (t!.kind === "vector") return { ...t!, domain, at: lattice.wrap(addDisplacements(t!.at, d)) };
    return { ...t!, domain };
  },
  simplify(tape, [x], attributes) {
    const d = attributes["displacement"] as Displacement;
    if (d.every((s) => s === 0)) return x;
    const n = tape.node(x!.id);
    if (n.op === shiftOp) return move(tape.traced(n.inputs[0]!), addDisplacements(n.attributes["displacement"] as Displacement, d));
    if (n.op === unitOp && x!.type.kind === "matrix") {
      const L = tape.lattice;
      return tape.apply(unitOp, [], { N: x!.type.N, at: [...L.wrap(addDisplacements(x!.type.start, d))] });
    }
    return factored(tape, x!, (y) => move(y, d));
  },
  moved: (support, attributes) => back(support, attributes),
  vjp: ({ cotangent, attributes }) => [back(cotangent, attributes)],
  cost: () => 0,
};

export const shiftSamples: Samples = (lattice, N) => [
  { label: "link forward", inputs: [linkType(lattice, N, 0)], apply: ([a]) => shift(a as Traced<SiteType>, lattice.dim - 1, 1) },
  { label: "back and sideways", inputs: [realType()], apply: ([a]) => shift(shift(a as Traced<SiteType>, 0, -1), 1, 2) },
  {
    label: "antiperiodic vector",
    inputs: [vectorType(lattice, N, { boundary: lattice.extents.map((_, mu) => (mu === lattice.dim - 1 ? -1 : 1)) })],
    apply: ([v]) => shift(v as Traced<SiteType>, lattice.dim - 1, -1),
  },
];

/** Translation without boundary signs: the normal form that the compiler sees. */
function move(x: Traced, d: Displacement): Traced {
  return x.tape.apply(shiftOp, [x], { displacement: [...x.lattice.wrap(d)] });
}

const back = (x: Traced, attributes: Attributes): Traced => move(x, (attributes["displacement"] as Displacement).map((s) => -s));

/** Sign of the wraps of n -> n + d, site by site; undefined when it is +1 everywhere. */
function wrapSigns(v: Vector, d: Displacement): Traced | undefined {
  const { lattice } = v;
  const { boundary } = v.type;
  if (d.every((s, mu) => s === 0 || boundary[mu] === 1)) return undefined;
  const key = `wrap(${d.join(",")};${boundary.join(",")})`;
  const crossed = lattice.extents.flatMap((L, mu) => (boundary[mu] === -1 && d[mu] !== 0 ? [{ L, step: d[mu]!, skip: lattice.extents.slice(0, mu).reduce((a, b) => a * b, 1) }] : []));
  return constantReal(v.tape, key, (n) => {
    let sign = 1;
    for (const { L, step, skip } of crossed) if (Math.floor(((Math.floor(n / skip) % L) + step) / L) % 2 !== 0) sign = -sign;
    return sign;
  });
}

/**
 * C(n) = A(n + d): `shift(A, mu)` one step forward along mu, `shift(A, mu, -1)` one back, or any displacement vector.
 * Both end points move along. Vectors take up their boundary signs.
 */
export function shift<T extends SiteType>(x: Traced<T>, muOrDisplacement: number | Displacement, steps = 1): Traced<T> {
  guard("shift", { x: [x, kind.traced], steps: [steps, is.integer] });
  if (typeof muOrDisplacement === "number") guard("shift", { "the direction": [muOrDisplacement, kind.direction(x.lattice)] });
  else guard("shift", { "the displacement": [muOrDisplacement, kind.displacement(x.lattice)] });
  const d = typeof muOrDisplacement === "number" ? x.lattice.step(muOrDisplacement, steps) : muOrDisplacement;
  const t = x.type as ValueType;
  if (t.kind === "scalar") return applyOp("shift", shiftOp, [x], { displacement: [...d] }) as Traced<T>;
  const moved = move(x, d);
  if (t.kind !== "vector") return moved as Traced<T>;
  const signs = wrapSigns(x as unknown as Vector, d);
  return (signs ? scale(signs as never, moved as never) : moved) as Traced<T>;
}

