/** The Wilson gauge action. */
import { z } from "zod";
import { gaugeAction as gaugeActions } from "../../../gauge/index.ts";
import { gaugeAction } from "../part.ts";
import { beta } from "./options.ts";

export const wilson = gaugeAction({ name: "wilson", title: "Wilson", options: z.strictObject({ beta }), build: (options) => gaugeActions.wilson(options), starter: "beta = 6.0" });
