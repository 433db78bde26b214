/**
 * X1: forces of an exported C library against `--backend native`, turn by turn in one run on one thread. The library is called on the host's memory in two orders: its own blocks,
 * which are not copied, and the ILDG record, from which it takes the links and to which it returns the force in every call. `native` is given both ways too, with links and forces in
 * its own memory, and with both passing through the host's. SU(3). Empty where there is no compiler, make or koffi.
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

interface Library {
  call(prototype: string): Foreign;
  address(memory: ArrayBufferView): bigint;
  /** So many numbers from a multiple of 64 bytes on, as codes in C, Julia and PyTorch keep theirs. */
  memory(size: number): Float64Array;
}

/** Exports and compiles a subject, and loads its library. */
function library(folder: string, name: Name): Library {
  writeFileSync(join(folder, "subjects.ts"), SUBJECTS);
  sh(process.execPath, [join(process.cwd(), "dist/cli/main.js"), "export", "subjects.ts", "--only", name, "--name", name, "--out", name], folder);
  sh("make", [`lib${name}.so`], join(folder, name));
  const { load, address } = createRequire(import.meta.url)("koffi") as { load(path: string): { func(prototype: string): Foreign }; address(memory: ArrayBufferView): bigint };
  const opened = load(join(folder, name, `lib${name}.so`));
  const memory = (size: number): Float64Array => {
    const room = new Float64Array(size + 8);
    return room.subarray(Number((64n - (BigInt(address(room)) % 64n)) % 64n) / 8).subarray(0, size);
  };
  return { call: (prototype) => opened.func(prototype), address, memory };
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

/** `struct NAME_options` with a layout (0: the ILDG record), the force F and one thread. */
function options(layout: bigint): Uint8Array {
  const x = new Uint8Array(16);
  new DataView(x.buffer).setBigUint64(0, layout, true);
  new DataView(x.buffer).setInt32(12, 1, true);
  return x;
}

/** Number of NAME_OWN among the known layouts, and more bytes than the struct has. */
const [OWN, LAYOUT_BYTES] = [4, 512];

/** The force as a call on memory in the ILDG record, and on the library's own blocks of the same links, which `unpack` brings to the record. */
function calls({ call, address, memory: lined }: Library, name: Name, extents: readonly number[], memory: Float64Array, force: Float64Array) {
  const succeed = (status: number): void => {
    if (status !== 0) throw new Error(`${name}: got status ${status}, expected 0`);
  };
  const L = Int32Array.from(extents);
  const layout = new Uint8Array(LAYOUT_BYTES);
  succeed(call(`int ${name}_layout_of(int known, const int* extents, void* layout)`)(OWN, L, layout));
  const create = call(`int ${name}_create(const int* extents, const void* parameters, const void* options, void* handle)`);
  const [record, own] = [0n, BigInt(address(layout))].map((at) => {
    const handle = new BigUint64Array(1);
    succeed(create(L, null, options(at), handle));
    return handle[0]!;
  }) as [bigint, bigint];
  const size = Number(call(`int64_t ${name}_size(uint64_t handle)`)(own));
  const [links, blocks] = [0, 1].map(() => lined(size)) as [Float64Array, Float64Array];
  succeed(call(`int ${name}_pack(uint64_t handle, const void* links, void* packed)`)(record, memory, links));
  const forced = call(`int ${name}_force(uint64_t handle, const void* links, void* force)`);
  return {
    record: () => succeed(forced(record, memory, force)),
    own: () => succeed(forced(own, links, blocks)),
    unpack: () => succeed(call(`int ${name}_unpack(uint64_t handle, const void* packed, void* links)`)(record, blocks, force)),
    close: () => [record, own].forEach((h) => call(`void ${name}_destroy(uint64_t handle)`)(h)),
  };
}

function rowsOf(exported: Library, name: Name, extents: readonly number[]): Row[] {
  const on = lattice(extents, { backend: "native", threads: 1 });
  const U = closedFormLinks(on, 3, 0.7) as LinkField<3>;
  const F = new DirectionalField(on, 3, "algebra") as AlgebraField<3>;
  const [memory, force] = [0, 1].map(() => exported.memory(on.volume * 72)) as [Float64Array, Float64Array];
  record(U.fields.map((f) => f.toArray()), memory, false);
  const C = calls(exported, name, extents, memory, force);
  const S = ACTIONS[name];
  const through = U.fields.map((f) => new Float64Array(f.length));
  const variants: Variant[] = [
    { name: "native, links and force in its memory", run: () => void S.force(U, F) },
    { name: "exported C, blocks of its own", run: C.own },
    { name: "exported C, ILDG record", run: C.record },
    { name: "native, through the host's memory", run: () => {
      record(through, memory, true);
      U.set(through);
      S.force(U, F);
      record(F.fields.map((f) => f.toArray()), force, false);
    } },
  ];
  S.force(U, F);
  for (const run of [C.record, () => (C.own(), force.fill(0), C.unpack())]) {
    run();
    const theirs = F.fields.map((f) => new Float64Array(f.length));
    record(theirs, force, true);
    expectEqual(`X1 ${name}`, F.fields.map((f) => f.toArray()), theirs, 1e-12);
  }
  const seconds = measure(variants, 11);
  C.close();
  return variants.map(({ name: variant }, k): Row => ({
    target: "X1", work: WORKS[name], lattice: extents.join("x"), variant, nsPerSite: (1e9 * seconds[k]!) / on.volume,
    ...(k === 1 || k === 2 ? { against: variants[0]!.name, ...bounded(seconds[k]! / seconds[0]!, "<=", 1.05) } : { against: variants[0]!.name, ratio: seconds[k]! / seconds[0]! }),
  }));
}

export function rows(): Row[] {
  if (!backends().some((b) => b.name === "native") || spawnSync("make", ["--version"]).status !== 0) {
    process.stderr.write("X1 left out: it takes a C compiler, koffi and make\n");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-x1-"));
  try {
    return (["plain", "smeared"] as const).flatMap((name) => {
      const exported = library(folder, name);
      return [[8, 8, 8, 8], [16, 16, 16, 16]].flatMap((extents) => rowsOf(exported, name, extents));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (started(import.meta.url)) await main(rows);
