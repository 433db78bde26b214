/** `npm run bench`: all rows, or those named (`npm run bench -- P1 P4`), or those on several ranks (`-- --ranks`); `--json` for machines. Rows are shown as they are made and once more together. Peers are asked where Python has them. */
import { type Row, main, table } from "./harness.ts";
import { peers } from "./peers.ts";

const programs: [target: string, load: () => Promise<{ rows: () => Row[] | Promise<Row[]> }>][] = [
  ["P1", () => import("./p01-plaquette-force.ts")],
  ["P2", () => import("./p02-stout-force.ts")],
  ["P3", () => import("./p03-leapfrog.ts")],
  ["P4", () => import("./p04-staggered.ts")],
  ["P5", () => import("./p05-threads.ts")],
  ["P6", () => import("./p06-memory.ts")],
  ["P7", () => import("./p07-reverse.ts")],
  ["P8", () => import("./p08-trajectory.ts")],
  ["P9", () => import("./p09-compile.ts")],
  ["P10", () => import("./p10-volume.ts")],
  ["P11", () => import("./p11-growth.ts")],
  ["B", () => import("./b-batches.ts")],
  ["S", () => import("./s-single.ts")],
  ["Q1", () => import("./q1-quaternions.ts")],
  ["T1", () => import("./t1-weights.ts")],
  ["G1", () => import("./tfjs.ts")],
  ["M1", () => import("./m1-memory.ts")],
  ["X1", () => import("./x1-export.ts")],
  ["X2", () => import("./x2-browser.ts")],
  ["D1", () => import("./d01-exact-force.ts")],
  ["D2", () => import("./d02-exact-trajectory.ts")],
  ["D3", () => import("./d03-overlap.ts")],
  ["F", () => import("./f-flows.ts")],
  ["R", () => import("./r-ranks.ts")],
];
const wanted = process.argv.includes("--ranks") ? ["R"] : process.argv.slice(2).filter((a) => !a.startsWith("--"));

await main(async () => {
  const rows: Row[] = [];
  for (const [target, load] of programs) {
    if (wanted.length > 0 && !wanted.includes(target)) continue;
    process.stderr.write(`${target}\n`);
    const made = await (await load()).rows();
    process.stderr.write(`${table(made)}\n`);
    rows.push(...made);
  }
  return [...rows, ...peers(rows)];
});
