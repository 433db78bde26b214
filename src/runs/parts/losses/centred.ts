/** 1/2 (S_theta - S - E_0)^2. */
import { z } from "zod";
import { losses } from "../../../training/index.ts";
import { loss } from "../part.ts";

export const centred = loss({
  name: "centred",
  options: z.strictObject({ offset: z.enum(["mean", "trainable"]).default("mean").describe("E_0 is a mean, or a parameter") }),
  build: ({ offset }) => losses.centred({ offset }),
  squares: true,
  cite: ({ offset }) => (offset === "trainable" ? ["2010.11900"] : []),
});
