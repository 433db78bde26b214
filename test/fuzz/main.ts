/**
 * `npm run fuzz -- --minutes M --seed S`: random programs on all backends that are present, until the time is over or one fails; it is then made
 * smaller and printed. `npm run fuzz -- --replay FILE` runs a printed program again; `--backend NAME` takes those whose name begins so.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { presentBackends, scheduled } from "./backends.ts";
import { campaign } from "./campaign.ts";
import { Mismatch, check } from "./check.ts";
import { parse } from "./program.ts";

const { values: options } = parseArgs({ options: { minutes: { type: "string", default: "1" }, seed: { type: "string", default: "1" }, replay: { type: "string" }, backend: { type: "string" } } });
const backends = (await presentBackends()).filter((b) => options.backend === undefined || b.name.startsWith(options.backend));
console.log(`backends: ${backends.map((b) => b.name).join("; ")}`);

if (options.replay !== undefined) {
  const program = parse(readFileSync(options.replay, "utf8"));
  for (const backend of backends)
    try {
      const { skipped, excess } = check(program, [backend]);
      console.log(`${backend.name}: ${skipped ?? `agrees, largest difference ${excess.toPrecision(2)} of what is allowed`}`);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      console.log(error.message.split("\nlattice ")[0]);
      process.exitCode = 1;
    }
} else {
  const seed = Number(options.seed);
  const begin = performance.now();
  const seconds = (): string => ((performance.now() - begin) / 1000).toFixed(1);
  let said = begin;
  const report = campaign({
    seed,
    minutes: Number(options.minutes),
    backends: options.backend === undefined ? scheduled(backends) : () => backends,
    progress(count) {
      if (performance.now() - said < 10_000) return;
      said = performance.now();
      console.log(`${seconds()} s: ${count} programs`);
    },
  });
  const tally = (map: ReadonlyMap<string, number>): string => [...map].map(([name, n]) => `${name} ${n}`).join(", ");
  console.log(`seed ${seed}: ${report.count} programs in ${seconds()} s (${tally(report.ran)}); nothing to compare: ${tally(report.skipped) || "none"}; largest difference ${report.excess.toPrecision(2)} of what is allowed`);
  if (report.failure !== undefined) {
    console.log(`${report.failure}\n# again: save the lines from "lattice" on, and npm run fuzz -- --replay FILE`);
    process.exitCode = 1;
  }
}
