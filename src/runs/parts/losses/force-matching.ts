/** Sum over links of |F_theta - F|^2. */
import { z } from "zod";
import { losses } from "../../../training/index.ts";
import { loss } from "../part.ts";

export const forceMatching = loss({ name: "forceMatching", options: z.strictObject({}), build: () => losses.forceMatching() });
