/**
 * F1: a training step of a U(1) coupling flow with three convolutions a layer, 64 samples. F2, F3: value and force of field-transformed actions: SU(3) with one sweep on 8^4, two-dimensional U(1) with two
 * sweeps on 64^2. F4: a sample of a learned trivialising flow of SU(3) with its gradient.
 */
import type { Links, Scalar } from "gaugegrad";
import { SU, gaugeAction, lattice, maskedStout, number, scaleBy, sub } from "gaugegrad";
import { type GenerativeModel, trivialisingFlow, u1Flow } from "gaugegrad/flows";
import { mapLeaves } from "gaugegrad/util";
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
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

const MODELS = [
  { target: "F1", work: "U(1) coupling flow, 16 layers, 64 samples", extents: [16, 16], samples: 64, per: 1, what: "ms", bound: { wasm: 180, native: 90 }, model: (L) => u1Flow({ lattice: L, action: gaugeAction.wilson({ beta: 3 }), seed: 1, depth: 3 }) },
  { target: "F4", work: "learned flow SU(3), 10 Runge-Kutta steps", extents: [16, 16], samples: 2, per: 2, what: "ms a sample", bound: { wasm: 25, native: 25 }, model: (L) => trivialisingFlow({ lattice: L, group: SU(3), action: gaugeAction.wilson({ beta: 5 }), beta: 5, seed: 1, steps: 10, scheme: "runge-kutta" }) },
] as const satisfies readonly { readonly model: (L: ReturnType<typeof lattice>) => GenerativeModel; readonly [k: string]: unknown }[];

/** Forward and backward of a model; the backends are compared on one sample first. */
function modelRows(): Row[] {
  return MODELS.flatMap(({ target, work, extents, samples, per, what, bound, model }) => {
    const made = backends().filter((b) => b.name !== "js").map((b) => ({ name: b.name, model: model(lattice(extents, b.options)) }));
    const theta = made[0]!.model.start(3);
    const one = made.map((m) => m.model.gradient(theta, [0]));
    for (const [k, x] of one.entries()) expectEqual(`${target} ${made[k]!.name}`, [Float64Array.of(one[0]!.loss), one[0]!.gradient], [Float64Array.of(x.loss), x.gradient], 1e-9);
    const indices = Array.from({ length: samples }, (_, k) => k);
    return made.map((m): Row => {
      const [seconds] = measure([{ name: m.name, run: () => void m.model.gradient(theta, indices) }], 5);
      return { target, work, lattice: extents.join("x"), variant: m.name, against: what, ...bounded((1000 * seconds!) / per, "<=", bound[m.name as "wasm" | "native"]) };
    });
  });
}

export function rows(): Row[] {
  return [...modelRows(), ...transformedRows()].sort((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : 0));
}

function transformedRows(): Row[] {
  return CASES.flatMap(({ target, work, extents, N, S, bound }) => backends().filter((b) => b.name !== "js").map((b): Row => {
    const program = valueAndForce(b, extents, N, S);
    const perSite = (1e9 * measure([program], 5)[0]!) / program.volume;
    return { target, work, lattice: extents.join("x"), variant: b.name, nsPerSite: perSite, bytesPerSite: program.bytes, ...bounded(perSite, "<=", bound[b.name as "wasm" | "native"]) };
  }));
}

if (started(import.meta.url)) await main(rows);
