/** What goes wrong on several ranks: one line, the documented exit code, no hang, and nothing lost. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { hot, lattice, parseGroup } from "../../src/gauge/index.ts";
import { latestCheckpoint, writeGauge } from "../../src/io/index.ts";
import { Scratch } from "../cli/runs.ts";
import { type Ended, launch, launchers, openMpi, mpich } from "./launchers.ts";

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

for (const launcher of launchers)
  describe(launcher.name, () => {
    const start = (size: number, args: readonly string[], more: Readonly<Record<string, string>> = {}, before: readonly string[] = []): Promise<Ended> => launch(launcher, size, args, { GAUGEGRAD_MPI_TIMEOUT: "30", ...more }, before);

    test("a grid that does not divide, one that does not multiply to the ranks, odd boxes", async () => {
      expectLine(await start(2, hmc(run({ more: "parallel.grid = [1, 3]" }))), 3, /parallel\.grid: got \[1, 3\] for the lattice 4x8 on 2 ranks.*such as \[1, 2\]/);
      expectLine(await start(2, hmc(run({ extents: [4, 6], more: "parallel.grid = [1, 2]" }))), 3, /got \[1, 2\] for the lattice 4x6 on 2 ranks.*leave even extents.*such as \[2, 1\]/);
      expectLine(await start(3, hmc(run())), 3, /got none for the lattice 4x8 on 3 ranks.*no grid of 3 ranks fits: use 2 or 4/);
    });

    test("tfjs, and commands without a form for ranks", async () => {
      expectLine(await start(2, hmc(run(), "--backend", "tfjs")), 3, /--backend tfjs: got 2 ranks, expected one/);
      expectLine(await start(2, [main, "quickstart"]), 3, /quickstart: got 2 ranks, expected one/);
    });

    test("no MPI library, a library of another launcher, no koffi", async () => {
      expectLine(await start(2, hmc(run()), { GAUGEGRAD_MPI: "libnone.so.1" }), 1, /no library that loads.*libnone\.so\.1.*apt install libopenmpi/);
      const other = launcher === openMpi ? mpich : openMpi;
      if (other) expectLine(await start(2, hmc(run()), { GAUGEGRAD_MPI: launcher === openMpi ? "mpich" : "ompi" }), 1, /started 2 processes, the library .* knows 1.*set GAUGEGRAD_MPI=/);
      else console.log("library of another launcher: skipped, there is one launcher here");
      expectLine(await start(2, [join(withoutKoffi(), "dist/cli/main.js"), ...hmc(run()).slice(1)]), 1, /koffi.*npm install koffi/);
    });

    test("ranks with different run files, arithmetic, versions, start links", async () => {
      const differ = (a: readonly string[], b: readonly string[]): Promise<Ended> => start(1, [...a, ":", "-n", "1", process.execPath, ...b]);
      const [one, two] = [run(), run({ more: "title = \"x\"", trajectories: 5 })];
      expectLine(await differ(hmc(one), hmc(two)), 3, /rank 1 has the run file .*, rank 0 has .*expected the same on all ranks/);
      expectLine(await differ(hmc(one), hmc(one, "--strict")), 3, /rank 1 has the arithmetic .*multiply then add.*, rank 0 has .*fused/);
      const older = withVersion("0.0.9");
      expectLine(await differ(hmc(one), [join(older, "dist/cli/main.js"), ...hmc(one).slice(1)]), 3, /rank 1 has the version 0\.0\.9, rank 0 has/);
      const [a, b] = [1, 2].map((seed) => {
        const file = run({ start: '{ kind = "file", file = "links.npy" }' });
        writeGauge(join(file, "../links.npy"), hot(lattice([4, 8]), parseGroup("U(1)"), { seed }), "npy");
        return file;
      });
      expectLine(await differ(hmc(a!), hmc(b!)), 3, /rank 1 has the start links .*, rank 0 has/);
    });

    test("a rank that throws, or throws where nobody catches, or ends with 0", async () => {
      expectLine(await start(2, hmc(run({ trouble: 'throw new Error("no luck")' }))), [1, 3], /rank 1 of 2.*no luck/);
      expectLine(await start(2, hmc(run({ trouble: 'queueMicrotask(() => { throw new Error("no luck"); })' }))), 70, /rank 1 of 2: Error: no luck/);
      expectLine(await start(2, hmc(run({ trouble: "process.exit(0)" }))), 71, /rank 1 of 2: ended with code 0 without the others/);
    });

    test("a rank that is killed, or stuck", async () => {
      const killed = await start(2, hmc(run({ trouble: 'process.kill(process.pid, "SIGKILL")' })));
      expect(killed.code).toBe(launcher === openMpi ? 137 : 9);
      const stuck = await start(2, hmc(run({ trouble: "for (;;);" })), { GAUGEGRAD_MPI_TIMEOUT: "3" });
      expect(stuck.code).not.toBe(0);
      expect(said(stuck)).toEqual([expect.stringMatching(/rank 0 waited longer than 3 s for the other ranks/)]);
    });

    test("a full disk on the rank that writes: the old checkpoint stands, and the run goes on from it", async () => {
      const file = run();
      const out = join(file, "../out");
      expectLine(await start(2, hmc(file), { GAUGEGRAD_TEST_FAULT: "full:3" }, ["--import", join(root, "test/cli/killing.mjs")]), 5, /cannot be written.*no space left/);
      expect((latestCheckpoint(out)!.state as { position: number }).position).toBe(1);
      expect((await start(2, hmc(file))).code).toBe(0);
      const whole = run();
      expect((await start(1, hmc(whole))).code).toBe(0);
      expect(readFileSync(join(out, "metrics.jsonl"), "utf8")).toBe(readFileSync(join(whole, "../out/metrics.jsonl"), "utf8"));
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
