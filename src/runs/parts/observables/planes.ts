/** Mean plaquette of each plane. */
import { plaquettes } from "../../../gauge/index.ts";
import { observable } from "../part.ts";
import { none, prefixed } from "./options.ts";

export const planes = observable({
  name: "planes",
  options: none,
  measure: (U) => prefixed("plaquette", plaquettes(U).planes),
  label: (value) => (value.startsWith("plaquette.") ? value.replace("plaquette.", "plaquette ") : undefined),
});
