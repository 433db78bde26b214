/** The report on this machine: every line says present, or why not. */
import { expect, test } from "vitest";
import { cli } from "./helpers.ts";

interface Finding {
  readonly name: string;
  readonly present: boolean;
  readonly detail: string;
}

test("doctor --json", async () => {
  const r = await cli(["doctor", "--json"]);
  expect(r.code).toBe(0);
  const report = JSON.parse(r.stdout) as Record<string, unknown> & Record<"backends" | "features" | "compilers" | "packages", Finding[]>;
  expect(report["node"]).toBe(process.versions.node);
  expect(report.backends.map((b) => b.name)).toEqual(["js", "wasm", "native", "cuda", "tfjs"]);
  expect(report.backends.slice(0, 2).map((b) => b.present)).toEqual([true, true]);
  expect(report.packages.map((p) => p.name)).toContain("koffi");
  for (const f of [...report.backends, ...report.features, ...report.compilers, ...report.packages]) {
    expect(f.detail).not.toBe("");
    if (!f.present) expect(f.detail).toMatch(/install|not in this engine|use Node|no SharedArrayBuffer/);
  }
});

test("doctor names a compiler that does not run", async () => {
  const r = await cli(["doctor", "--json"], { environment: { CC: "no-such-compiler" } });
  const { compilers, backends } = JSON.parse(r.stdout) as { compilers: Finding[]; backends: Finding[] };
  expect(compilers[0]).toMatchObject({ name: "no-such-compiler", present: false });
  expect(compilers[0]!.detail).toContain("set CC");
  expect(backends.find((b) => b.name === "native")!.present).toBe(false);
});

test("doctor prints tables", async () => {
  const r = await cli(["doctor"]);
  expect(r.stdout).toMatch(/^gaugegrad \d/);
  for (const word of ["backend", "relaxed SIMD", "koffi", "wasm"]) expect(r.stdout).toContain(word);
});
