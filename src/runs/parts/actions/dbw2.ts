/** The DBW2 gauge action. */
import { z } from "zod";
import { gaugeAction as gaugeActions } from "../../../gauge/index.ts";
import { gaugeAction } from "../part.ts";
import { beta } from "./options.ts";

export const dbw2 = gaugeAction({ name: "dbw2", title: "DBW2", options: z.strictObject({ beta }), build: (options) => gaugeActions.dbw2(options), starter: "beta = 6.0" });
