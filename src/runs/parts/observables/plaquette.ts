/** The mean plaquette, which every trajectory records. */
import { observable } from "../part.ts";
import { none } from "./options.ts";

export const plaquette = observable({ name: "plaquette", options: none, measure: () => ({}) });
