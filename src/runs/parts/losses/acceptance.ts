/** 1/2 (d_end - d_start)^2 along trajectories, d = S_theta - S. */
import { z } from "zod";
import { losses } from "../../../training/index.ts";
import { loss } from "../part.ts";

export const acceptance = loss({ name: "acceptance", options: z.strictObject({}), build: () => losses.acceptance(), trajectories: true, squares: true });
