/** Correlations of loops: in time at momentum zero, or at given separations, with the means that the connected part needs. */
import { z } from "zod";
import { type Loop, loopCorrelation, loopCorrelator } from "../../../gauge/index.ts";
import { loopProblem } from "../../sections/loops.ts";
import { observable } from "../part.ts";
import { name } from "../../sections/schema-values.ts";

/** A path begins with a sign, a family with a letter. */
const loopOf = (text: string): Loop => (/^[+-]/.test(text) ? { path: text } : { name: text as "plaquette" });
const short = (text: string): string => text.replaceAll(/\s+/g, "");

export const loopCorrelations = observable({
  name: "loop-correlations",
  title: "correlations of loops",
  options: z.strictObject({
    loop: name.default("plaquette").describe("a family (plaquette, rectangle, chair, polyakov-x, ...) or a closed path such as +x +y -x -y"),
    other: name.optional().describe("the loop at the other end, whose conjugate is taken; default loop"),
    separations: z.array(z.array(z.int())).min(1).max(1000).optional().describe("displacements r of C(r) = mean of O(n) O(n + r)^*; default C(t) of means over space, t = 0 ... L_t / 2"),
  }),
  measure: (U, { loop, other = loop, separations }) => {
    const pair = other === loop ? short(loop) : `${short(loop)},${short(other)}`;
    const half = Math.floor(U.lattice.extents[U.lattice.dim - 1]! / 2);
    const found = separations ? loopCorrelation(U, loopOf(loop), separations, loopOf(other)) : loopCorrelator(U, loopOf(loop), loopOf(other));
    const places = separations ? separations.map((r) => `[${r.join(",")}]`) : Array.from({ length: half + 1 }, (_, t) => `(${t})`);
    // the two senses of time have the same mean
    const value = (k: number): number => (separations || k === 0 ? found.re[k]! : (found.re[k]! + found.re[found.re.length - k]!) / 2);
    return { [`loop.${short(loop)}`]: found.means[0][0], [`loop.${short(other)}`]: found.means[1][0], ...Object.fromEntries(places.map((at, k) => [`corr.${pair}${at}`, value(k)])) };
  },
  problem: ({ loop, other = loop, separations }, { lattice: { extents } }) => {
    const wrong = loopProblem(loopOf(loop), extents) ?? loopProblem(loopOf(other), extents);
    if (wrong !== undefined) return `observables: loop-correlations: ${wrong}`;
    const r = separations?.find((d) => d.length !== extents.length);
    return r && `observables: got loop-correlations with the separation [${r.join(", ")}], expected ${extents.length} integers, one a direction`;
  },
  label: (value) => (value.startsWith("loop.") ? `mean loop ${value.slice(5)}` : value.startsWith("corr.") ? `correlation of ${value.slice(5)}` : value.startsWith("connected.") ? `connected correlation of ${value.slice(10)}` : undefined),
});
