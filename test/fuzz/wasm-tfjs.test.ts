/** A thousand random programs on the WebAssembly backend with one and two threads, on the TensorFlow.js engines of the npm registry, and on a stand-in for a node engine. */
import { expect, test } from "vitest";
import { presentBackends, scheduled } from "./backends.ts";
import { campaign } from "./campaign.ts";

const backends = (await presentBackends()).filter((b) => /^(wasm|single precision, wasm|tfjs (wasm|cpu|stand-in)$)/.test(b.name));

test("random programs agree with the interpreter", () => {
  expect(backends.map((b) => b.name)).toEqual(["wasm", "wasm, divided", "wasm, two threads", "single precision, wasm", "tfjs stand-in", "tfjs wasm", "tfjs cpu"]);
  const report = campaign({ seed: 2, count: 1000, backends: scheduled(backends) });
  console.log(`${report.count} programs; ${[...report.ran].map(([name, n]) => `${name}: ${n}`).join(", ")}; largest difference ${report.excess.toPrecision(2)} of what is allowed`);
  expect(report.failure).toBeUndefined();
  expect([...report.skipped.values()].reduce((s, n) => s + n, 0)).toBeLessThan(30);
}, 900_000);
