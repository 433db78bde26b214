/**
 * The log det of Runge-Kutta steps against the integral of the divergence: they differ by O(step^3), and only the first makes a sampler exact. Masked half steps have theirs in closed form.
 */
import { type LinkField, closedFormLinks, lattice } from "gaugegrad";
import { actionFlow, casimir, trivialisingAction } from "gaugegrad/flows";
import { linePlot } from "gaugegrad/report";
import { jacobianLogDet } from "gaugegrad/check";
import { writePage } from "./page.ts";
import type { ExperimentOptions } from "./reproduce.ts";

interface Settings {
  readonly time: number;
  readonly steps: readonly number[];
  readonly kappa: number;
}

export default async function integrators({ settings, quick, out }: ExperimentOptions): Promise<void> {
  const began = performance.now();
  const s = settings as unknown as Settings;
  const systems = [{ name: "U(1) 4x4", N: 1, extents: [4, 4] }, { name: "SU(2) 4x3", N: 2, extents: [4, 3] }, { name: "SU(3) 3x3", N: 3, extents: [3, 3] }];
  const steps = quick ? s.steps.slice(0, 2) : s.steps;
  const found = systems.map(({ name, N, extents }) => {
    const V = closedFormLinks(lattice(extents), N, s.kappa) as LinkField;
    // the flow of order t^0 is the Wilson flow of length beta/(8 N C_F), for U(1) beta/4
    const beta = s.time * (N === 1 ? 4 : 8 * N * casimir(N));
    const values = steps.map((n) => {
      const coefficients = trivialisingAction({ beta, N, order: 0 });
      const F = actionFlow({ coefficients, steps: n, scheme: "runge-kutta" });
      const masked = actionFlow({ coefficients, steps: n });
      console.error(`${name}, ${n} steps`);
      return { exact: jacobianLogDet((W) => F.apply(W), V), quadrature: F.logDet(V), masked: masked.logDet(V), whole: jacobianLogDet((W) => masked.apply(W), V) };
    });
    return { name, values };
  });
  writePage(out, {
    name: "flows-integrators",
    title: "The log det of discrete flows",
    text: [`Wilson flow to t = ${s.time} in n steps of Luescher's third-order Runge-Kutta scheme from the closed-form field of kappa = ${s.kappa}. Exact: log of the determinant of the whole Jacobian of the discrete map, by differences. Quadrature: the divergence at the stages with the weights 1/4, 0, 3/4. Masked: the same flow in half steps of links that do not see each other, with the log det that the map gives itself.`],
    figures: { "difference against the step": linePlot({ series: found.map(({ name, values }) => ({ name, x: steps.map((n) => s.time / n), y: values.map((v) => Math.abs(v.exact - v.quadrature)) })), title: "difference of the logarithms", xLabel: "step", yLabel: "difference", logY: true }) },
    table: { header: ["steps", ...found.flatMap(({ name }) => [`${name}: exact`, "quadrature", "masked", "masked - whole Jacobian"])], rows: steps.map((n, k) => [String(n), ...found.flatMap(({ values }) => [values[k]!.exact.toFixed(9), values[k]!.quadrature.toFixed(9), values[k]!.masked.toFixed(9), (values[k]!.masked - values[k]!.whole).toExponential(0)])]) },
    conclusions: [`Largest difference of the masked log det from the determinant of the whole Jacobian: ${Math.max(...found.flatMap(({ values }) => values.map((v) => Math.abs(v.masked - v.whole)))).toExponential(1)}, the accuracy of the differences.`, `Order of the difference in the step, from the last two rows: ${found.map(({ name, values }) => `${name} ${Math.log2(Math.abs(values.at(-2)!.exact - values.at(-2)!.quadrature) / Math.abs(values.at(-1)!.exact - values.at(-1)!.quadrature)).toFixed(2)}`).join(", ")}.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
