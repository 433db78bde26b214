/** The residual mass of domain walls, Shamir's and Moebius': midpoint over pion, by time and from the sums over time. */
import { z } from "zod";
import { domainWallPion } from "../../../fermions/index.ts";
import { observable } from "../part.ts";
import type { RunConfiguration } from "../../sections/sections.ts";
import { positive } from "../../sections/schema-values.ts";

interface Given {
  readonly mass?: number | undefined;
  readonly Ls?: number | undefined;
  readonly height?: number | undefined;
  readonly b?: number | undefined;
  readonly c?: number | undefined;
  readonly boundary?: readonly (1 | -1)[] | undefined;
  readonly twist?: readonly number[] | undefined;
}

/** What is given, or that of the first domain walls of the run. */
function shapeOf({ mass, Ls, height, b, c }: Given, { fermions }: RunConfiguration): Given & { readonly height: number; readonly b: number; readonly c: number } {
  const own = fermions.find((f) => f.kind === "domain-wall") as Given | undefined;
  return { mass: mass ?? own?.mass, Ls: Ls ?? own?.Ls, height: height ?? own?.height ?? 1.4, b: b ?? own?.b ?? 1, c: c ?? own?.c ?? 0, boundary: (own ?? fermions[0])?.boundary, twist: own?.twist };
}

export const residualMass = observable({
  name: "residual-mass",
  title: "residual mass of domain walls",
  options: z.strictObject({
    mass: positive.lt(1).optional().describe("default that of the domain walls of the run"),
    Ls: z.int().min(2).max(256).optional().describe("even; default that of the domain walls of the run"),
    height: z.number().gt(0).lt(2).optional().describe("M5; default that of the domain walls of the run, or 1.4"),
    b: z.number().optional().describe("Moebius parameter; default that of the domain walls of the run, or 1"),
    c: z.number().optional().describe("Moebius parameter; default that of the domain walls of the run, or 0, Shamir"),
  }),
  measure: (U, options, { run }) => {
    const { mass, Ls, boundary, height, b, c } = shapeOf(options, run);
    const { PP, midpoint } = domainWallPion(U, { mass: mass!, Ls: Ls!, height, b, c, ...(boundary ? { boundary } : {}) });
    const sum = (C: Float64Array): number => C.reduce((s, x) => s + x, 0);
    return { residualMass: sum(midpoint) / sum(PP), ...Object.fromEntries([...PP].flatMap((x, t) => [[`wall.PP(${t})`, x], [`midpoint(${t})`, midpoint[t]!]])) };
  },
  problem: (options, run) => {
    const { mass, Ls, twist } = shapeOf(options, run);
    const D = run.lattice.extents.length;
    if (D !== 2 && D !== 4) return `observables: got residual-mass in ${D} dimensions, expected 2 or 4`;
    if (mass === undefined || Ls === undefined) return "observables: got residual-mass without domain walls in the run, expected its mass and Ls";
    if (Ls % 2 !== 0) return `observables: got residual-mass with Ls = ${Ls}, expected an even number: an odd one has no midpoint`;
    return twist?.some((theta) => theta !== 0) ? "observables: got residual-mass with twisted domain walls, expected no twist: its propagators have none" : undefined;
  },
  cite: ["hep-lat/0007038"],
  label: (value) => (value === "residualMass" ? "residual mass" : value.startsWith("midpoint(") ? value.replace("midpoint", "midpoint C") : value.startsWith("wall.PP(") ? value.replace("wall.PP", "domain-wall pion C") : undefined),
});
