/** What goes wrong on several ranks: one line, the documented exit code, no hang, and nothing lost. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { LiveValues } from "../../src/autograd/index.ts";
import { hot, lattice, parseGroup } from "../../src/gauge/index.ts";
import { latestCheckpoint, writeCheckpoint, writeGauge } from "../../src/io/index.ts";
import { Scratch } from "../cli/runs.ts";
import { nativeMissing } from "../compiler/backends.ts";
import { type Ended, type LauncherHere, launch, launchers, openMpi, mpich } from "./launchers.ts";

const root = resolve(import.meta.dirname, "../..");
const main = join(root, "dist/cli/main.js");
const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

/** A run of milliseconds a trajectory. `more`: further lines; `trouble`: an action that does this on rank 1. */
function run({ extents = [4, 8], trajectories = 4, start = '{ kind = "hot" }', more = "", trouble }: { readonly extents?: readonly number[]; readonly trajectories?: number; readonly start?: string; readonly more?: string; readonly trouble?: string } = {}): string {
  const folder = scratch.path();
  mkdirSync(folder);
  const own = `import { gaugeAction as actions } from "gaugegrad";
import { gaugeAction, z } from "gaugegrad/runs";
const rank = process.env["OMPI_COMM_WORLD_RANK"] ?? process.env["PMI_RANK"];
const trouble = () => { ${trouble ?? ""} };
export default gaugeAction({ name: "own", options: z.strictObject({ beta: z.number() }), build: ({ beta }) => { if (rank === "1") trouble(); return actions.wilson({ beta }); } });
`;
  writeFileSync(join(folder, "own.ts"), own);
  const action = trouble === undefined ? 'kind = "wilson"' : 'module = "./own.ts"';
  writeFileSync(join(folder, "run.toml"), `group = "U(1)"\nlattice.extents = [${extents.join(", ")}]\nstart = ${start}\naction = { ${action}, beta = 2.0 }\nsampler = { steps = 2, seed = 1, trajectories = ${trajectories} }\noutput.checkpoint = 1\nmeasurement.observables = []\n${more}`);
  return join(folder, "run.toml");
}
const hmc = (file: string, ...flags: string[]): string[] => [main, "hmc", file, "--dir", join(file, "../out"), "--threads", "1", "--quiet", ...flags];

/** The lines of this package; launchers have words of their own. */
const said = ({ stderr }: Ended): string[] => stderr.split(/\r?\n/).filter((l) => l.startsWith("gaugegrad:"));

function expectLine(ended: Ended, codes: number | readonly number[], line: RegExp): void {
  expect({ lines: said(ended).length, codes: [codes].flat().includes(ended.code!) ? ended.code : [ended.code, codes], stderr: ended.stderr, line: said(ended)[0] ?? "" }).toMatchObject({ lines: 1, codes: ended.code, line: expect.stringMatching(line) });
}

interface Case {
  readonly argv: readonly string[];
  /** Where the package lies that runs it. */
  readonly root?: string;
}

/** What two ranks say to each of these command lines, made by rank 0 and rank 1 (alike where there is one), in one start. */
async function several(launcher: LauncherHere, cases: readonly (readonly [Case, Case?])[]): Promise<Ended[]> {
  const folder = scratch.path();
  mkdirSync(folder);
  const file = join(folder, "cases.json");
  writeFileSync(file, JSON.stringify(cases.map(([a, b = a]) => [a, b].map((c) => ({ root, ...c })))));
  expect(await launch(launcher, 2, [join(import.meta.dirname, "several.mjs"), file, folder])).toEqual({ code: 0, stdout: "", stderr: "" });
  const [first, second] = [0, 1].map((rank) => JSON.parse(readFileSync(join(folder, `${rank}.json`), "utf8")) as { code: number; stderr: string }[]);
  return first!.map(({ code, stderr }, k) => {
    expect(second![k]!.code).toBe(code);
    return { code, stdout: "", stderr: stderr + second![k]!.stderr };
  });
}

/** The metrics of a run that was left alone. */
const whole = ((): (() => string) => {
  let metrics: string | undefined;
  return () => {
    if (metrics !== undefined) return metrics;
    const file = run();
    expect(spawnSync(process.execPath, hmc(file), { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    return (metrics = readFileSync(join(file, "../out/metrics.jsonl"), "utf8"));
  };
})();

for (const launcher of launchers)
  describe(launcher.name, () => {
    const start = (size: number, args: readonly string[], more: Readonly<Record<string, string>> = {}, before: readonly string[] = []): Promise<Ended> => launch(launcher, size, args, { GAUGEGRAD_MPI_TIMEOUT: "30", ...more }, before);

    test("grids that do not fit, tfjs, commands without a form for ranks, ranks that differ; a full disk: the old checkpoint stands, and the run goes on from it", async () => {
      const full = run();
      const out = join(full, "../out");
      expectLine(await start(2, hmc(full), { GAUGEGRAD_TEST_FAULT: "full:3:1" }, ["--import", join(root, "test/cli/killing.mjs")]), 5, /rank 1 of 2: .*checkpoint\.00000002: cannot be written.*no space left/);
      expect((latestCheckpoint(out)!.state as { position: number }).position).toBe(1);
      expect(readdirSync(out).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      const of = (file: string, ...flags: string[]): Case => ({ argv: hmc(file, ...flags).slice(1) });
      const one = run();
      const [a, b] = [1, 2].map((seed) => {
        const file = run({ start: '{ kind = "file", file = "links.npy" }' });
        writeGauge(join(file, "../links.npy"), hot(lattice([4, 8]), parseGroup("U(1)"), { seed }), "npy");
        return of(file);
      }) as [Case, Case];
      const wrong = run();
      cpSync(out, join(wrong, "../out"), { recursive: true });
      const { state } = latestCheckpoint(out)! as { readonly state: { readonly links: readonly Float64Array[] } };
      const links = hot(lattice([4, 8]), parseGroup("U(1)"), { seed: 1 }).set(state.links.map((u, mu) => u.map((x, k) => (mu === 1 && k === u.length - 1 ? Number.NaN : x))));
      writeCheckpoint(join(wrong, "../out/checkpoint.00000001"), { ...state, links: new LiveValues(links.fields) });
      const refused: readonly (readonly [cases: readonly [Case, Case?], code: number, line: RegExp])[] = [
        [[of(run({ more: "parallel.grid = [1, 3]" }))], 3, /parallel\.grid: got \[1, 3\] for the lattice 4x8 on 2 ranks.*such as \[1, 2\]/],
        [[of(run({ extents: [4, 6], more: "parallel.grid = [1, 2]" }))], 3, /got \[1, 2\] for the lattice 4x6 on 2 ranks.*leave even extents.*such as \[2, 1\]/],
        [[of(run({ extents: [6, 6] }))], 3, /got none for the lattice 6x6 on 2 ranks.*no grid of 2 ranks fits: use 1 or 3 ranks/],
        [[of(run(), "--backend", "tfjs")], 3, /--backend tfjs: got 2 ranks, expected one/],
        [[{ argv: ["quickstart"] }], 3, /quickstart: got 2 ranks, expected one/],
        [[of(one), of(run({ more: 'title = "x"', trajectories: 5 }))], 3, /rank 1 has the run file .*, rank 0 has .*expected the same on all ranks/],
        [[of(one), of(one, "--strict")], 3, /rank 1 has the arithmetic .*multiply then add.*, rank 0 has .*fused/],
        [[of(one), { ...of(one), root: withVersion("0.0.9") }], 3, /rank 1 has the version 0\.0\.9, rank 0 has/],
        [[of(one), { argv: ["report", "x"] }], 3, /rank 1 has the command line gaugegrad report x, rank 0 has gaugegrad hmc/],
        [[of(one), of(one, "--chains", "2")], 3, /rank 1 has the command line gaugegrad hmc --chains, rank 0 has gaugegrad hmc/],
        [[of(one, "--chains", "2"), of(one, "--chains", "3")], 3, /rank 1 has the command hmc --chains 3, rank 0 has hmc --chains 2/],
        [[of(wrong)], 5, /checkpoint\.00000001: got a checkpoint whose "links" is not what a run stores.*restore it from a copy/],
        [[a, b], 3, /rank 1 has the start links .*, rank 0 has/],
      ];
      const said = await several(launcher, [...refused.map(([cases]) => cases), [of(full)]]);
      refused.forEach(([, code, line], k) => expectLine(said[k]!, code, line));
      expect(said.at(-1)).toMatchObject({ code: 0, stderr: "" });
      expect(readFileSync(join(out, "metrics.jsonl"), "utf8")).toBe(whole());
    });

    test("no MPI library, on all ranks or on one, a library of another launcher, no koffi; switches that say nothing", async () => {
      expectLine(await start(2, hmc(run()), { GAUGEGRAD_MPI: "libnone.so.1" }), 1, /no library that loads.*libnone\.so\.1.*apt install libopenmpi/);
      const other = launcher === openMpi ? mpich : openMpi;
      if (other) expectLine(await start(2, hmc(run()), { GAUGEGRAD_MPI: launcher === openMpi ? "mpich" : "ompi" }), 1, /started 2 processes, the library .* knows 1.*set GAUGEGRAD_MPI=/);
      else console.log("library of another launcher: skipped, there is one launcher here");
      if (launcher === launchers[0]) expectLine(await start(2, [join(withoutKoffi(), "dist/cli/main.js"), ...hmc(run()).slice(1)]), 1, /koffi.*npm install koffi/);
      if (launcher === launchers[0]) expectLine(await start(2, hmc(run()), { GAUGEGRAD_MPI_SHARED: "maybe" }), 1, /GAUGEGRAD_MPI_SHARED: got maybe, expected on or off/);
      if (launcher === launchers[0]) expectLine(await start(2, hmc(run()), { GAUGEGRAD_MPI_TIMEOUT: "ten" }), 1, /GAUGEGRAD_MPI_TIMEOUT: got ten, expected the seconds/);
      // the other one waits in MPI_Init
      const absent = `data:text/javascript,${encodeURIComponent('const e = process.env; if ((e.OMPI_COMM_WORLD_RANK ?? e.PMI_RANK) === "0") e.GAUGEGRAD_MPI = "libnone.so.1";')}`;
      expectLine(await start(2, hmc(run()), {}, ["--import", absent]), 1, /no library that loads.*libnone\.so\.1/);
    });

    test("a rank that throws, or throws where nobody catches, or ends with 0", async () => {
      expectLine(await start(2, hmc(run({ trouble: 'throw new Error("no luck")' }))), [1, 3], /rank 1 of 2.*no luck/);
      expectLine(await start(2, hmc(run({ trouble: 'queueMicrotask(() => { throw new Error("no luck"); })' }))), 70, /rank 1 of 2: Error: no luck/);
      expectLine(await start(2, hmc(run({ trouble: "process.exit(0)" }))), 71, /rank 1 of 2: ended with code 0 without the others/);
    });

    test("a rank that is killed, or stuck", async () => {
      const killed = await start(2, hmc(run({ trouble: 'process.kill(process.pid, "SIGKILL")' })));
      expect(killed.code).toBe(launcher === openMpi ? 137 : 9);
      const stuck = await start(2, hmc(run({ trouble: "for (;;);" })), { GAUGEGRAD_MPI_TIMEOUT: "6" });
      expect(stuck.code).not.toBe(0);
      expect(said(stuck)).toEqual([expect.stringMatching(/rank 0 waited longer than 6 s for the other ranks/)]);
    });

    test.skipIf(nativeMissing())("a rank that is stuck while the other one is in compiled code", async () => {
      const stuck = await start(2, [fileURLToPath(new URL("./stuck.mjs", import.meta.url))], { GAUGEGRAD_MPI_TIMEOUT: "6" });
      expect(stuck.code).not.toBe(0);
      expect(stuck.stdout).toMatch(/^compiled\n/);
      expect(stuck.stdout).not.toContain("not");
      expect(said(stuck)).toEqual([expect.stringMatching(/rank 0 waited longer than 6 s for the other ranks/)]);
    });
  });

/** A copy of the package that does not find koffi. */
function withoutKoffi(): string {
  const folder = copied((name) => name !== "koffi");
  // nothing that lies further up is found either
  mkdirSync(join(folder, "node_modules/koffi"));
  writeFileSync(join(folder, "node_modules/koffi/package.json"), '{ "name": "koffi", "main": "absent.js" }');
  return folder;
}

function withVersion(version: string): string {
  const folder = copied(() => true);
  const file = join(folder, "package.json");
  writeFileSync(file, readFileSync(file, "utf8").replace(/"version": "[^"]*"/, `"version": "${version}"`));
  return folder;
}

function copied(keep: (dependency: string) => boolean): string {
  const folder = scratch.path();
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  for (const d of readdirSync(join(root, "node_modules"))) if (!d.startsWith(".") && keep(d)) symlinkSync(join(root, "node_modules", d), join(folder, "node_modules", d));
  return folder;
}
