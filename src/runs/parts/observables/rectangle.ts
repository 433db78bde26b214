/** Mean of the 2 x 1 loops. */
import { rectangles } from "../../../gauge/index.ts";
import { observable } from "../part.ts";
import { none } from "./options.ts";

export const rectangle = observable({ name: "rectangle", options: none, measure: (U) => rectangles(U).mean });
