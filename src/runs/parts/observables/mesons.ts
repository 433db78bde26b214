/** Meson correlators of Wilson and clover fermions in all channels and momenta, from a point source. */
import { z } from "zod";
import { mesonCorrelators, wilsonColumns } from "../../../fermions/index.ts";
import { observable } from "../part.ts";
import { spinorOptions, wilsonOf, wilsonProblem } from "./options.ts";

const NAME = /^meson\.(\w+)(\[[-\d,]+\])?\((\d+)\)$/;

export const mesons = observable({
  name: "mesons",
  title: "meson correlators",
  options: z.strictObject({
    ...spinorOptions,
    channels: z.array(z.string()).min(1).default(["P", "S", "Vx"]).describe("S, P, Vx ... Vt, Ax ... At, Txy ..."),
    momenta: z.array(z.array(z.int())).min(1).max(100).optional().describe("integers n of the momenta 2 pi n / L, one a direction of space; default rest"),
  }),
  measure: (U, { channels, momenta, ...options }, { run }) => {
    const S = wilsonColumns(U, wilsonOf(options, run));
    const rest = U.lattice.dim - 1;
    return Object.fromEntries(
      mesonCorrelators(U.lattice, U.N, S, { channels, ...(momenta ? { momenta } : {}) }).flatMap(({ channel, momentum, re }) => {
        const at = momentum.every((n) => n === 0) && momentum.length === rest ? "" : `[${momentum.join(",")}]`;
        return [...re].map((c, t) => [`meson.${channel}${at}(${t})`, c] as const);
      }),
    );
  },
  problem: ({ momenta, ...options }, run) => {
    const space = run.lattice.extents.length - 1;
    const wrong = momenta?.find((p) => p.length !== space);
    return wilsonProblem("mesons", options, run) ?? (wrong ? `observables: got mesons with the momentum [${wrong.join(", ")}], expected ${space} integers, one a direction of space` : undefined);
  },
  label: (value) => {
    const [, channel, momentum = "", t] = NAME.exec(value) ?? [];
    return channel === undefined ? undefined : `meson ${channel}${momentum} C(${t})`;
  },
});
