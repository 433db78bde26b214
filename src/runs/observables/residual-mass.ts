/** The residual mass of Shamir domain walls: midpoint over pion, by time and from the sums over time. */
import { z } from "zod";
import { domainWallPion } from "../../fermions/index.ts";
import { observable } from "../registry/part.ts";
import type { RunConfiguration } from "../sections.ts";
import { positive } from "../schema-values.ts";

interface Given {
  readonly mass?: number | undefined;
  readonly Ls?: number | undefined;
  readonly height?: number | undefined;
  readonly boundary?: readonly (1 | -1)[] | undefined;
}

/** What is given, or that of the first domain walls of the run. */
function shapeOf({ mass, Ls, height }: Given, { fermions }: RunConfiguration): Given & { readonly shamir: boolean } {
  const own = fermions.find((f) => f.kind === "domain-wall") as (Given & { readonly b?: number; readonly c?: number }) | undefined;
  return { mass: mass ?? own?.mass, Ls: Ls ?? own?.Ls, height: height ?? own?.height ?? 1.4, boundary: (own ?? fermions[0])?.boundary, shamir: mass !== undefined || ((own?.b ?? 1) === 1 && (own?.c ?? 0) === 0) };
}

export const residualMass = observable({
  name: "residual-mass",
  title: "residual mass of domain walls",
  options: z.strictObject({
    mass: positive.lt(1).optional().describe("default that of the domain walls of the run"),
    Ls: z.int().min(2).max(256).optional().describe("even; default that of the domain walls of the run"),
    height: z.number().gt(0).lt(2).optional().describe("M5; default that of the domain walls of the run, or 1.4"),
  }),
  measure: (U, options, { run }) => {
    const { mass, Ls, height, boundary } = shapeOf(options, run);
    const { PP, midpoint } = domainWallPion(U, { mass: mass!, Ls: Ls!, height: height!, ...(boundary ? { boundary } : {}) });
    const sum = (C: Float64Array): number => C.reduce((s, x) => s + x, 0);
    return { residualMass: sum(midpoint) / sum(PP), ...Object.fromEntries([...PP].flatMap((x, t) => [[`wall.PP(${t})`, x], [`midpoint(${t})`, midpoint[t]!]])) };
  },
  problem: (options, run) => {
    const { mass, Ls, shamir } = shapeOf(options, run);
    const D = run.lattice.extents.length;
    if (D !== 2 && D !== 4) return `observables: got residual-mass in ${D} dimensions, expected 2 or 4`;
    if (mass === undefined || Ls === undefined) return "observables: got residual-mass without domain walls in the run, expected its mass and Ls";
    if (Ls % 2 !== 0) return `observables: got residual-mass with Ls = ${Ls}, expected an even number: an odd one has no midpoint`;
    return shamir ? undefined : "observables: got residual-mass for Moebius fermions, expected Shamir's, b = 1 and c = 0";
  },
  label: (value) => (value === "residualMass" ? "residual mass" : value.startsWith("midpoint(") ? value.replace("midpoint", "midpoint C") : value.startsWith("wall.PP(") ? value.replace("wall.PP", "domain-wall pion C") : undefined),
});
