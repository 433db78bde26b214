// Imports every public entry of the built package and prints numbers that have to be the same, to 13 digits, in every JavaScript engine.
import { readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
for (const [entry, target] of Object.entries(exports)) if (entry !== "./package.json") if (Object.keys(await import(new URL(target.default, root).href)).length === 0) throw new Error(`${entry} is empty`);
const { SU, gaugeAction, hot, lattice } = await import(new URL(exports["."].default, root).href);
const U = hot(lattice([8, 8, 8, 8], { threads: 2, strict: true }), SU(3), { seed: 7 });
const S = gaugeAction.wilson({ beta: 6 });
console.log([S.value(U), ...S.force(U).fields.map((f) => f.toArray()[5])].map((x) => x.toPrecision(13)).join(" "));
process.exit(0);
