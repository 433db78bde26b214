/** The Symanzik gauge action. */
import { z } from "zod";
import { gaugeAction as gaugeActions } from "../../../gauge/index.ts";
import { gaugeAction } from "../part.ts";
import { beta } from "./options.ts";

export const symanzik = gaugeAction({ name: "symanzik", title: "Symanzik", options: z.strictObject({ beta }), build: (options) => gaugeActions.symanzik(options), starter: "beta = 6.0" });
