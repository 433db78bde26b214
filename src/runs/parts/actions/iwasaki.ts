/** The Iwasaki gauge action. */
import { z } from "zod";
import { gaugeAction as gaugeActions } from "../../../gauge/index.ts";
import { gaugeAction } from "../part.ts";
import { beta } from "./options.ts";

export const iwasaki = gaugeAction({ name: "iwasaki", title: "Iwasaki", options: z.strictObject({ beta }), build: (options) => gaugeActions.iwasaki(options), starter: "beta = 6.0" });
