/** X2: the plaquette force of the WebAssembly backend in headless Chromium against Node, turn by turn in one run. SU(3), one thread. Empty where there is no Chromium. */
import { build } from "esbuild";
import { SU, gaugeAction, hot, lattice } from "gaugegrad";
import { startBrowser } from "../test/browser/chromium.ts";
import { type Row, bounded, main, median, started } from "./harness.ts";

const ROUNDS = 11;
/** Milliseconds of a sample. */
const SAMPLE = 40;

/** Seconds of one force, over at least one sample; the same text runs in Node and in the page. */
function forces(S: { force(U: unknown, into: unknown): unknown }, U: unknown, F: unknown, sample: number): number {
  const begin = performance.now();
  let times = 0;
  do {
    S.force(U, F);
    times++;
  } while (performance.now() - begin < sample);
  return (performance.now() - begin) / 1000 / times;
}

const PAGE = `
import { SU, gaugeAction, hot, lattice } from "gaugegrad";
const forces = ${String(forces)};
const S = gaugeAction.wilson({ beta: 6 });
const made = new Map();
globalThis.sample = (extents, ms) => {
  const key = extents.join();
  if (!made.has(key)) { const U = hot(lattice(extents, { threads: 1, backend: "wasm" }), SU(3), { seed: 7 }); made.set(key, [U, S.force(U)]); }
  const [U, F] = made.get(key);
  return forces(S, U, F, ms);
};`;

export async function rows(): Promise<Row[]> {
  const browser = await startBrowser();
  if ("reason" in browser) {
    process.stderr.write(`X2 left out: ${browser.reason}\n`);
    return [];
  }
  try {
    const { outputFiles } = await build({ stdin: { contents: PAGE, resolveDir: process.cwd() }, bundle: true, minify: true, format: "iife", platform: "browser", target: "es2022", write: false, tsconfigRaw: "{}" });
    const page = await browser.browser.newPage();
    await page.evaluate(outputFiles[0]!.text);
    const rows: Row[] = [];
    for (const extents of [[8, 8, 8, 8], [16, 16, 16, 16]]) {
      const S = gaugeAction.wilson({ beta: 6 });
      const U = hot(lattice(extents, { threads: 1, backend: "wasm" }), SU(3), { seed: 7 });
      const F = S.force(U);
      const here = (): number => forces(S as never, U, F, SAMPLE);
      const there = (): Promise<number> => page.evaluate(([e, ms]) => (globalThis as unknown as { sample(e: number[], ms: number): number }).sample(e, ms), [extents, SAMPLE] as const);
      for (let k = 0; k < 8; k++) {
        here();
        await there();
      }
      const [node, chromium]: [number[], number[]] = [[], []];
      for (let k = 0; k < ROUNDS; k++) {
        node.push(here());
        chromium.push(await there());
      }
      rows.push({ target: "X2", work: "plaquette force in Chromium", lattice: extents.join("x"), variant: "wasm", nsPerSite: (1e9 * median(chromium)) / U.lattice.volume, against: "Node", ...bounded(median(chromium) / median(node), "<=", 1.1) });
    }
    return rows;
  } finally {
    await browser.browser.close();
  }
}

if (started(import.meta.url)) await main(rows);
