/** What notebooks show: texts by media type, and the same through a kernel of Deno where it and the client of Jupyter are installed. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { SU, check, gaugeAction, hot, lattice } from "gaugegrad";
import { figure, linePlot } from "gaugegrad/report";
import { describe, expect, test } from "vitest";

const DISPLAY = Symbol.for("Jupyter.display");
const bundle = (x: object): Readonly<Record<string, string>> => (x as Record<symbol, () => Record<string, string>>)[DISPLAY]!();

describe("display hooks", () => {
  const U = hot(lattice([4, 4]), SU(2), { seed: 1 });
  test("fields say what they are", () => {
    expect(bundle(U)["text/plain"]).toMatch(/^DirectionalField<links N=2 on 4x4> \[-?0\.\d+, /);
    expect(bundle(U.fields[0]!)["text/plain"]).toMatch(/^Field</);
    const V = U.clone();
    V.dispose();
    expect(bundle(V)["text/plain"]).toContain("disposed");
  });
  test("a check is its table", () => {
    const report = check(gaugeAction.wilson({ beta: 2 }), U);
    expect(bundle(report)["text/plain"]).toBe(report.toString());
    expect(bundle(report)["text/html"]).toMatch(/^<pre [^>]*>.*passed.*<\/pre>$/s);
  });
  test("a plot is its drawing", () => {
    const svg = linePlot({ title: "a", xLabel: "x", yLabel: "y", series: [{ name: "s", x: [1, 2], y: [3, 4] }] });
    expect(bundle(figure(svg))).toEqual({ "image/svg+xml": svg, "text/plain": "Figure<a: y against x; s>" });
    expect(() => figure("<p>")).toThrow(/^figure: got "<p>", expected the SVG of a plot/);
  });
});

const root = resolve(import.meta.dirname, "../..");
const engines = resolve(root, "node_modules/.cache/engines/others/node_modules/.bin");
const env = { ...process.env, PATH: `${engines}:${process.env["PATH"]}` };
const has = (command: string, ...args: string[]): boolean => spawnSync(command, args, { env }).status === 0;
const missing = has("deno", "--version") ? (has("/usr/bin/python3", "-c", "import jupyter_client") ? undefined : "the client of Jupyter (jupyter_client) is not installed") : "deno is not installed";
if (missing) console.warn(`a notebook's kernel is not tested: ${missing}`);

/** Runs the cells on standard input in a kernel and prints each result as a line of JSON. */
const CLIENT = `
import sys, json, os
from jupyter_client.manager import KernelManager
from jupyter_client.kernelspec import KernelSpec
class Manager(KernelManager):
    @property
    def kernel_spec(self):
        return KernelSpec(argv=["deno", "jupyter", "--kernel", "--conn", "{connection_file}"], language="typescript", display_name="deno")
manager = Manager(); manager.start_kernel(cwd=os.getcwd()); client = manager.client(); client.start_channels(); client.wait_for_ready(timeout=60)
for cell in json.load(sys.stdin):
    client.execute(cell)
    while True:
        m = client.get_iopub_msg(timeout=60)
        if m["msg_type"] in ("execute_result", "error"): print(json.dumps(m["content"]))
        if m["msg_type"] == "status" and m["content"]["execution_state"] == "idle": break
manager.shutdown_kernel(now=True)
`;

test.skipIf(missing)("a kernel shows fields, checks and plots", () => {
  const cells = [
    'import { SU, check, hot, lattice, stout } from "gaugegrad";\nimport { figure, linePlot } from "gaugegrad/report";\nconst U = hot(lattice([4, 4]), SU(2), { seed: 1 });\nU',
    "check(stout({ rho: 0.1 }), U)",
    'figure(linePlot({ title: "a", xLabel: "x", yLabel: "y", series: [{ name: "s", x: [1, 2], y: [3, 4] }] }))',
  ];
  const { stdout, stderr } = spawnSync("/usr/bin/python3", ["-c", CLIENT], { cwd: root, env, input: JSON.stringify(cells), encoding: "utf8" });
  const shown = stdout.split("\n").filter(Boolean).map((line) => (JSON.parse(line) as { readonly data?: Readonly<Record<string, string>> }).data ?? line);
  expect(shown, stderr).toHaveLength(3);
  expect(shown[0]).toMatchObject({ "text/plain": expect.stringMatching(/^DirectionalField<links N=2 on 4x4>/) });
  expect(shown[1]).toMatchObject({ "text/html": expect.stringContaining("gauge covariance") });
  expect(shown[2]).toMatchObject({ "image/svg+xml": expect.stringMatching(/^<svg/) });
});
