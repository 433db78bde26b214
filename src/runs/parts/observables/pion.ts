/** The pion correlator of staggered fermions from a point source. */
import { z } from "zod";
import { pionCorrelator } from "../../../fermions/index.ts";
import { observable } from "../part.ts";
import { deflate, mass, staggeredOptions, staggeredProblem } from "./options.ts";

export const pion = observable({
  name: "pion",
  options: z.strictObject({ mass, deflate }),
  measure: (U, options, { run }) => Object.fromEntries([...pionCorrelator(U, { ...staggeredOptions(options, run), ...(options.deflate === undefined ? {} : { deflate: options.deflate }) })].map((x, t) => [`pion(${t})`, x])),
  problem: (options, run) => staggeredProblem("pion", options, run),
  label: (value) => (value.startsWith("pion(") ? value.replace("pion", "pion C") : undefined),
});
