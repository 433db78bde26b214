/** The PCAC quark mass of Wilson and clover fermions, with the correlators that it is made of. */
import { z } from "zod";
import { wilsonPion } from "../../../fermions/index.ts";
import { observable } from "../part.ts";
import { spinorOptions, wilsonOf, wilsonProblem } from "./options.ts";

export const pcac = observable({
  name: "pcac",
  title: "PCAC mass",
  options: z.strictObject(spinorOptions),
  measure: (U, options, { run }) => {
    const { PP, AP, pcacMass } = wilsonPion(U, wilsonOf(options, run));
    return Object.fromEntries(Object.entries({ PP, AP, pcac: pcacMass }).flatMap(([name, C]) => [...C].map((x, t) => [`${name}(${t})`, x] as const)));
  },
  problem: (options, run) => wilsonProblem("pcac", options, run),
  label: (value) => (/^(PP|AP|pcac)\(/.test(value) ? value.replace("pcac", "PCAC mass ") : undefined),
});
