/** The parts of this package. A new one is a file of its own and a line in the list of its folder. */
import * as actions from "./actions/index.ts";
import * as fermions from "./fermions/index.ts";
import * as losses from "./losses/index.ts";
import * as matter from "./matter/index.ts";
import * as networks from "./networks/index.ts";
import * as observables from "./observables/index.ts";
import * as samplers from "./samplers/index.ts";
import * as transforms from "./transforms/index.ts";
import { gaugeFormats } from "../../io/index.ts";
import { format } from "./part.ts";
import { Registry } from "./registry.ts";

const formats = Object.fromEntries(gaugeFormats.map(({ name, title, cite, matches, open, writer }) => [name, format({ name, title, cite, matches, open, ...(writer ? { writer } : {}) })]));

/** The registry of the parts of this package, sorted by name. */
export const builtIn = new Registry([actions, fermions, formats, losses, matter, networks, observables, samplers, transforms].flatMap((list) => Object.values(list)).sort((a, b) => (a.name < b.name ? -1 : 1)));
