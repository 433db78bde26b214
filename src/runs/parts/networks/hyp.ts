/** HYP smearing with trainable weights. */
import { hyp as layer } from "../../../models/index.ts";
import { hypercubic } from "./hypercubic.ts";

export const hyp = hypercubic("hyp", "HYP", layer);
