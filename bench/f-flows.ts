/** F2, F3: value and force of field-transformed actions: SU(3) with one sweep on 8^4, two-dimensional U(1) with two sweeps on 64^2. */
import type { Links, Scalar } from "gaugegrad";
import { gaugeAction, maskedStout, number, scaleBy, sub } from "gaugegrad";
import { mapLeaves } from "gaugegrad/util";
import { type Row, bounded, main, measure, started } from "./harness.ts";
import { backends, valueAndForce } from "./works.ts";

/** S_W(F(V)) - log det with all weights fixed. */
export const transformed = (beta: number, rho: number, sweeps: number) => {
  const F = maskedStout({ rho, sweeps });
  const S = gaugeAction.wilson({ beta: 1 });
  return (V: Links): Scalar => {
    const { links, logDet } = F.forward(V, constants(V, F.parameters) as never);
    return sub(scaleBy(beta, S.evaluate(links, constants(V, S.inputs) as never)), logDet);
  };
};

/** Numbers as constants of the recording. */
const constants = (V: Links, inputs: unknown): unknown => mapLeaves(inputs, (x) => number(V[0]!.tape, x as number));

const CASES = [
  { target: "F2", work: "SU(3) field-transformed action, 1 sweep", extents: [8, 8, 8, 8], N: 3, S: transformed(5.7, 0.06, 1), bound: { wasm: 30_000, native: 12_000 } },
  { target: "F3", work: "U(1) field-transformed force, 2 sweeps", extents: [64, 64], N: 1, S: transformed(4, 0.1, 2), bound: { wasm: 200, native: 100 } },
] as const;

export function rows(): Row[] {
  return CASES.flatMap(({ target, work, extents, N, S, bound }) => backends().filter((b) => b.name !== "js").map((b): Row => {
    const program = valueAndForce(b, extents, N, S);
    const perSite = (1e9 * measure([program], 5)[0]!) / program.volume;
    return { target, work, lattice: extents.join("x"), variant: b.name, nsPerSite: perSite, bytesPerSite: program.bytes, ...bounded(perSite, "<=", bound[b.name as "wasm" | "native"]) };
  }));
}

if (started(import.meta.url)) await main(rows);
