/** The log det of Runge-Kutta steps against the integral of the divergence: they differ by O(step^3), and only the first makes a sampler exact. */
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
      const F = actionFlow({ coefficients: trivialisingAction({ beta, N, order: 0 }), steps: n });
      console.error(`${name}, ${n} steps`);
      return { exact: jacobianLogDet((W) => F.apply(W), V), quadrature: F.logDet(V) };
    });
    return { name, values };
  });
  writePage(out, {
    name: "flows-integrators",
    title: "The log det of discrete flows",
    text: [`Wilson flow to t = ${s.time} in n steps of Luescher's third-order Runge-Kutta scheme from the closed-form field of kappa = ${s.kappa}. Exact: log of the determinant of the whole Jacobian of the discrete map, by differences. Quadrature: the divergence at the stages with the weights 1/4, 0, 3/4.`],
    figures: { "difference against the step": linePlot({ series: found.map(({ name, values }) => ({ name, x: steps.map((n) => s.time / n), y: values.map((v) => Math.abs(v.exact - v.quadrature)) })), title: "difference of the logarithms", xLabel: "step", yLabel: "difference", logY: true }) },
    table: { header: ["steps", ...found.flatMap(({ name }) => [`${name}: exact`, "quadrature"])], rows: steps.map((n, k) => [String(n), ...found.flatMap(({ values }) => [values[k]!.exact.toFixed(9), values[k]!.quadrature.toFixed(9)])]) },
    conclusions: [`Order of the difference in the step, from the last two rows: ${found.map(({ name, values }) => `${name} ${Math.log2(Math.abs(values.at(-2)!.exact - values.at(-2)!.quadrature) / Math.abs(values.at(-1)!.exact - values.at(-1)!.quadrature)).toFixed(2)}`).join(", ")}.`],
    seconds: (performance.now() - began) / 1000,
    quick,
  });
}
