/**
 * R1 to R6: two ranks of one thread against one, on every launcher that is here; messages against C on the same library; and what the choice of a grid costs one rank.
 * Both ways take turns in one `mpirun`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Field, type LinkField, type Links, closedFormLinks, lattice, record, valueAndGrad } from "gaugegrad";
import { type Row, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { backends, plaquetteSum } from "./works.ts";

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const environment = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1", NO_COLOR: "1" };

interface Launcher {
  readonly name: string;
  readonly start: string;
  readonly options: readonly string[];
  readonly compiler: string;
}
const LAUNCHERS: readonly Launcher[] = [
  { name: "Open MPI", start: "mpirun.openmpi", options: ["--bind-to", "core"], compiler: "mpicc.openmpi" },
  { name: "MPICH", start: "mpirun.mpich", options: [], compiler: "mpicc.mpich" },
];

/** What two processes print, as JSON; undefined, with a line, where they do not run. */
function two<T>({ name, start, options }: Launcher, ...command: readonly string[]): T | undefined {
  const begin = performance.now();
  const { status, stdout, stderr, error } = spawnSync(start, [...options, "-n", "2", ...command], { encoding: "utf8", env: environment, timeout: 120_000 });
  process.stderr.write(`R on ${name}: ${command.slice(2).join(" ") || "C"}, ${((performance.now() - begin) / 1000).toFixed(0)} s\n`);
  if (status === 0) return JSON.parse(stdout) as T;
  process.stderr.write(`R on ${name}: left out: ${error?.message ?? stderr.trim().split("\n")[0]}\n`);
  return undefined;
}

interface Times {
  readonly one: number;
  readonly all: number;
  readonly exchange?: number;
}
interface Messages {
  readonly small: number;
  readonly large: number;
}

const WORKS = [
  { target: "R1", work: "plaquette force, 2 ranks", key: "force", lattice: "16x16x16x16", bound: 1.8 },
  { target: "R3", work: "staggered CG, 2 ranks", key: "cg", lattice: "16x16x16x16", bound: 1.7 },
  { target: "R6", work: "stout SLHMC step, 2 ranks", key: "stout", lattice: "8x8x8x8", bound: 1.7 },
  { target: "R6", work: "CASK SLHMC step, 2 ranks", key: "cask", lattice: "8x8x8x8", bound: 1.7 },
] as const;

function works(launcher: Launcher): Row[] {
  return WORKS.flatMap(({ target, work, key, lattice: extents, bound }) => backends().filter((b) => b.name !== "js").flatMap((b): Row[] => {
    const t = two<Times>(launcher, process.execPath, file("ranks/work.mjs"), key, b.name);
    if (!t) return [];
    const row = { target, work, lattice: extents, variant: `${b.name}, ${launcher.name}` };
    const halo = key === "force" ? [{ ...row, target: "R2", work: "halos of the force", against: "its kernels", ...bounded(t.exchange! / (t.all - t.exchange!), "<=", 0.1) }] : [];
    return [{ ...row, against: "1 rank", ...bounded(t.one / t.all, ">=", bound) }, ...halo];
  }));
}

/** The same messages from C, compiled here. */
function inC(launcher: Launcher): Messages | undefined {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-bench-"));
  try {
    const program = join(folder, "messages");
    if (spawnSync(launcher.compiler, ["-O2", "-o", program, file("reference/messages.c")]).status !== 0) return undefined;
    return two<Messages>(launcher, program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function messages(launcher: Launcher): Row[] {
  const [ours, c] = [two<Messages>(launcher, process.execPath, file("ranks/work.mjs"), "messages", "wasm"), inC(launcher)];
  if (!ours || !c) return [];
  const row = { target: "R4", lattice: "", variant: launcher.name };
  return [
    { ...row, work: "message of 8 B", against: "C, more us", ...bounded(1e6 * (ours.small - c.small), "<=", 0.5) },
    { ...row, work: "message of 1 MiB", against: "C", ...bounded(ours.large / c.large, "<=", 1.05) },
  ];
}

/** A grid of ones on one rank against today's lattice; and, as no target, the ghost blocks in every direction that tests have, all of them filled by copies within the box. */
function alone(): Row[] {
  const extents = [16, 16, 16, 16];
  const ways = [{}, { grid: [1, 1, 1, 1] }, { ghosts: true }];
  return backends().filter((b) => b.name !== "js").flatMap((b): Row[] => {
    const programs = ways.map((way) => {
      const U = closedFormLinks(lattice(extents, { ...b.options, ...way }), 3, 0.7) as LinkField;
      const plan = record((V: Links) => valueAndGrad(plaquetteSum)(V) as never, U);
      const run = (): { value: number; grad: LinkField } => plan.run(U.copyFrom(U)) as never;
      return { name: Object.keys(way)[0] ?? "none", run: () => void run(), result: () => [Float64Array.of(run().value), ...run().grad.fields.map((f: Field) => f.toArray())] };
    });
    for (const p of programs.slice(1)) expectEqual("R5", programs[0]!.result(), p.result(), 0);
    const [plain, ones, ghosts] = measure(programs, 11) as [number, number, number];
    const row = { target: "R5", lattice: extents.join("x"), variant: b.name, against: "none" };
    return [
      { ...row, work: "plaquette force, grid of ones", ...bounded(ones / plain, "<=", 1.02) },
      { ...row, work: "plaquette force, ghosts on all sides", ratio: ghosts / plain },
    ];
  });
}

export function rows(): Row[] {
  return [...LAUNCHERS.flatMap((l) => [...works(l), ...messages(l)]), ...alone()];
}

if (started(import.meta.url)) await main(rows);
