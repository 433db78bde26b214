/** `npm run reproduce -- NAME [--quick] [--out FOLDER]`: a figure or table of the talk, as a page in docs/results/. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "smol-toml";

export interface ExperimentOptions {
  /** The experiment's TOML file. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** A tenth of the statistics: does it run, not what does it say. */
  readonly quick: boolean;
  readonly out: string;
  /** Folder of the runs that the experiment is made of. */
  readonly runs: string;
}

const experiments: Readonly<Record<string, () => Promise<{ default: (options: ExperimentOptions) => Promise<void> }>>> = {
  loss: () => import("./loss.ts"),
  observables: () => import("./observables.ts"),
  acceptance: () => import("./acceptance.ts"),
  limits: () => import("./limits.ts"),
  exact: () => import("./exact.ts"),
  scaling: () => import("./scaling.ts"),
  overlap: () => import("./overlap.ts"),
  "flows-integrators": () => import("./flows-integrators.ts"),
  "flow-ess": () => import("./flow-ess.ts"),
  "flow-exact": () => import("./flow-exact.ts"),
  "flow-phi4": () => import("./flow-phi4.ts"),
  fthmc: () => import("./fthmc.ts"),
  "flow-orders": () => import("./flow-orders.ts"),
  "spins-acceptance": () => import("./spins-acceptance.ts"),
  "spins-scaling": () => import("./spins-scaling.ts"),
  "spins-magnetisation": () => import("./spins-magnetisation.ts"),
};

const root = resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({ args: process.argv.slice(2), allowPositionals: true, options: { quick: { type: "boolean", default: false }, out: { type: "string", default: join(root, "docs/results") } } });
const [name] = positionals;
const load = name === undefined ? undefined : experiments[name];
if (!load) {
  console.error(`reproduce: got ${name === undefined ? "no name" : `"${name}"`}, expected one of ${Object.keys(experiments).join(", ")}`);
  process.exitCode = 2;
} else {
  const settings = parse(readFileSync(join(import.meta.dirname, `${name}.toml`), "utf8"));
  await (await load()).default({ settings, quick: values.quick, out: resolve(values.out), runs: join(root, "runs/reproduce", `${name!}${values.quick ? "-quick" : ""}`) });
  console.log(join(resolve(values.out), `${name}.md`));
}
