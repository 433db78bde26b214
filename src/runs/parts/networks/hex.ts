/** HEX smearing with trainable weights. */
import { hex as layer } from "../../../models/index.ts";
import { hypercubic } from "./hypercubic.ts";

export const hex = hypercubic("hex", "HEX", layer);
