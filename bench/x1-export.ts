/**
 * X1: forces of an exported C library, called on memory in the order of the ILDG record, against `--backend native`, turn by turn in one run on one thread. The library takes the
 * links from the host's memory and returns the force there in every call; `native` is given both ways, with links and forces in its own memory, and
 * with both passing through the host's memory like the library's. SU(3). Empty where there is no compiler, make or koffi.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AlgebraField, DirectionalField, type LinkField, closedFormLinks, gaugeAction, lattice, stout } from "gaugegrad";
import { type Row, type Variant, bounded, expectEqual, main, measure, started } from "./harness.ts";
import { backends } from "./works.ts";

const SUBJECTS = `import { gaugeAction, stout } from "gaugegrad";
export const plain = gaugeAction.wilson({ beta: 6 });
export const smeared = gaugeAction.wilson({ beta: 6 }).after(stout({ rho: 0.1 })).after(stout({ rho: 0.1 }));
`;
const ACTIONS = { plain: gaugeAction.wilson({ beta: 6 }), smeared: gaugeAction.wilson({ beta: 6 }).after(stout({ rho: 0.1 })).after(stout({ rho: 0.1 })) };
const WORKS = { plain: "plaquette force", smeared: "force through two stout steps" };
type Name = keyof typeof ACTIONS;

type Foreign = (...args: unknown[]) => number;

function sh(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
}

/** Exports and compiles a subject, and loads its library. */
function library(folder: string, name: Name): (prototype: string) => Foreign {
  writeFileSync(join(folder, "subjects.ts"), SUBJECTS);
  sh(process.execPath, [join(process.cwd(), "dist/cli/main.js"), "export", "subjects.ts", "--only", name, "--name", name, "--out", name], folder);
  sh("make", [`lib${name}.so`], join(folder, name));
  const { load } = createRequire(import.meta.url)("koffi") as { load(path: string): { func(prototype: string): Foreign } };
  const opened = load(join(folder, name, `lib${name}.so`));
  return (prototype) => opened.func(prototype);
}

/** From one array a direction to the ILDG record, or back. */
function record(fields: readonly Float64Array[], memory: Float64Array, back: boolean): void {
  const size = 18;
  fields.forEach((f, mu) => {
    for (let n = 0; n < f.length / size; n++) {
      const at = (n * fields.length + mu) * size;
      if (back) for (let c = 0; c < size; c++) f[n * size + c] = memory[at + c]!;
      else for (let c = 0; c < size; c++) memory[at + c] = f[n * size + c]!;
    }
  });
}

function rowsOf(call: (prototype: string) => Foreign, name: Name, extents: readonly number[]): Row[] {
  const on = lattice(extents, { backend: "native", threads: 1 });
  const U = closedFormLinks(on, 3, 0.7) as LinkField<3>;
  const F = new DirectionalField(on, 3, "algebra") as AlgebraField<3>;
  const links = U.fields.map((f) => f.toArray());
  const memory = new Float64Array(on.volume * 72);
  const force = new Float64Array(memory.length);
  record(links, memory, false);
  const handle = new BigUint64Array(1);
  if (call(`int ${name}_create(const int* extents, const void* parameters, const void* options, void* handle)`)(Int32Array.from(extents), null, options(), handle) !== 0) throw new Error(`${name}_create failed`);
  const forced = call(`int ${name}_force(uint64_t handle, const void* links, void* force)`);
  const S = ACTIONS[name];
  const through = U.fields.map((f) => new Float64Array(f.length));
  const variants: Variant[] = [
    { name: "exported C", run: () => void forced(handle[0], memory, force) },
    { name: "native, links and force in its memory", run: () => void S.force(U, F) },
    { name: "native, through the host's memory", run: () => {
      record(through, memory, true);
      U.set(through);
      S.force(U, F);
      record(F.fields.map((f) => f.toArray()), force, false);
    } },
  ];
  variants[0]!.run();
  const theirs = F.fields.map((f) => new Float64Array(f.length));
  record(theirs, force, true);
  variants[1]!.run();
  expectEqual(`X1 ${name}`, F.fields.map((f) => f.toArray()), theirs, 1e-12);
  const seconds = measure(variants, 11);
  call(`void ${name}_destroy(uint64_t handle)`)(handle[0]);
  return variants.map((v, k): Row => ({
    target: "X1", work: WORKS[name], lattice: extents.join("x"), variant: v.name, nsPerSite: (1e9 * seconds[k]!) / on.volume,
    ...(k === 0 ? { against: variants[1]!.name, ...bounded(seconds[0]! / seconds[1]!, "<=", 1.05) } : { against: variants[0]!.name, ratio: seconds[k]! / seconds[0]! }),
  }));
}

/** `struct NAME_options` with ILDG order, the force F and one thread. */
function options(): Uint8Array {
  const x = new Uint8Array(16);
  new DataView(x.buffer).setInt32(12, 1, true);
  return x;
}

export function rows(): Row[] {
  if (!backends().some((b) => b.name === "native") || spawnSync("make", ["--version"]).status !== 0) {
    process.stderr.write("X1 left out: it takes a C compiler, koffi and make\n");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-x1-"));
  try {
    return (["plain", "smeared"] as const).flatMap((name) => {
      const call = library(folder, name);
      return [[8, 8, 8, 8], [16, 16, 16, 16]].flatMap((extents) => rowsOf(call, name, extents));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (started(import.meta.url)) await main(rows);
