/** Mean of Re tr U / N over the links. */
import { linkTrace as meanTrace } from "../../../gauge/index.ts";
import { observable } from "../part.ts";
import { none } from "./options.ts";

export const linkTrace = observable({ name: "linkTrace", title: "link trace", options: none, measure: (U) => meanTrace(U) });
