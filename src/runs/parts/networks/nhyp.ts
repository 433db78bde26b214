/** nHYP smearing with trainable weights. */
import { nhyp as layer } from "../../../models/index.ts";
import { hypercubic } from "./hypercubic.ts";

export const nhyp = hypercubic("nhyp", "nHYP", layer);
