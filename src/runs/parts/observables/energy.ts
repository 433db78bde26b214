/** The energy density by plaquette and clover, with its electric and magnetic parts. */
import { energyDensity } from "../../../gauge/index.ts";
import { observable } from "../part.ts";
import { none, prefixed } from "./options.ts";

const LABELS: Readonly<Record<string, string>> = { "energy.plaquette": "E (plaquette)", "energy.clover": "E (clover)", "energy.electric": "E electric", "energy.magnetic": "E magnetic" };

export const energy = observable({ name: "energy", options: none, measure: (U) => prefixed("energy", { ...energyDensity(U) }), label: (value) => LABELS[value] });
