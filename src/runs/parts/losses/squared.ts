/** 1/2 (S_theta - S)^2, the published loss. */
import { z } from "zod";
import { losses } from "../../../training/index.ts";
import { loss } from "../part.ts";

export const squared = loss({ name: "squared", options: z.strictObject({}), build: () => losses.squared(), squares: true });
