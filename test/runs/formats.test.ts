/** A file format from outside, registered as other parts are: runs start from it and keep their links in it, the commands read and write it; HDF5 as a start, with its order in the run file. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SU, hot, lattice, plaquettes } from "gaugegrad";
import { loadHdf5, readGauge, writeGauge } from "gaugegrad/io";
import { builtIn, defineRun, format, produce, readMetrics, readState } from "gaugegrad/runs";
import { formatsOf } from "../../src/runs/parts/formats.ts";
import { cli } from "../cli/helpers.ts";
import { Scratch } from "../cli/runs.ts";

const scratch = new Scratch();
afterAll(() => scratch[Symbol.dispose]());

/** "TOY N Lx Ly ...\n" in 64 bytes, then the links, direction by direction, in the byte order of the machine. */
const TOY = `import type { ByteSource, GaugeData, OpenOptions, WriteFacts } from "gaugegrad/io";
import { format } from "gaugegrad/runs";
import { FileFormatError, type LinkField } from "gaugegrad";
const HEAD = 64;
export const toy = format({
  name: "toy",
  title: "toy links",
  matches: (_source: ByteSource, head: Buffer) => head.toString("latin1", 0, 4) === "TOY ",
  open(source: ByteSource, _options: OpenOptions): GaugeData {
    const head = Buffer.alloc(HEAD);
    source.read(0, head);
    const [N, ...extents] = head.toString("latin1").slice(4).trim().split(" ").map(Number) as [number, ...number[]];
    const volume = extents.reduce((v, L) => v * L, 1);
    const size = 2 * N * N;
    if (source.size !== HEAD + 8 * volume * extents.length * size) throw new FileFormatError(source.name + ": got " + source.size + " bytes, expected others");
    return {
      format: "toy", extents, N, precision: 64, header: {}, warnings: [],
      stream(sink) {
        const sites = Int32Array.from({ length: volume }, (_, n) => n);
        extents.forEach((_, mu) => {
          const bytes = new Uint8Array(8 * volume * size);
          source.read(HEAD + mu * bytes.length, bytes);
          sink(mu, sites, new Float64Array(bytes.buffer), 0, size);
        });
        return { checksum: "absent", detail: "" };
      },
    };
  },
  writer: {
    precisions: [64], extensions: [".toy"], anyDimension: true, u1: true, keeps: "nothing",
    write(target, U: LinkField, _facts: WriteFacts) {
      target.write(Buffer.from(("TOY " + [U.N, ...U.lattice.extents].join(" ")).padEnd(HEAD)));
      for (const field of U.fields) target.write(new Uint8Array(field.toArray().buffer));
    },
  },
});
export const broken = format({ name: "broken", matches: (): boolean => { throw new Error("no such luck"); }, open: () => { throw new Error("never"); } });
`;

const U = hot(lattice([4, 2, 2, 4]), SU(2), { seed: 3 });
const folder = scratch.path();
mkdirSync(folder);
writeFileSync(join(folder, "toy.ts"), TOY);
writeGauge(join(folder, "start.ildg"), U, "ildg");
const RUN = `group = "SU(2)"
[lattice]
extents = [4, 2, 2, 4]
[start]
kind = "file"
file = "start.toy"
module = "./toy.ts"
name = "toy"
[action]
beta = 2.0
[sampler]
steps = 4
trajectories = 3
[output]
configurations = { every = 1, format = "toy" }
[checks]
every = 0
`;

test("a format of a module: convert writes it, measure reads it, a run starts from it and keeps its links in it", { timeout: 120_000 }, async () => {
  const at = { directory: folder };
  const own = ["--format-module", "toy.ts"];
  // a format that fails is not asked when the module is not named
  writeFileSync(join(folder, "one.ts"), `export { toy } from "./toy.ts";\n`);
  expect(await cli(["convert", "start.ildg", "start.toy", "--format-module", "one.ts"], at)).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(join(folder, "start.toy"), "latin1")).toMatch(/^TOY 2 4 2 2 4 /);
  const measured = JSON.parse((await cli(["measure", "start.toy", "--format-module", "one.ts", "--json"], at)).stdout) as { format: string; plaquette: number; lattice: number[] };
  expect(measured).toMatchObject({ format: "toy", lattice: [4, 2, 2, 4] });
  expect(measured.plaquette).toBeCloseTo(plaquettes(U).mean, 14);
  expect(await cli(["measure", "start.toy"], at)).toMatchObject({ code: 5 });
  expect(await cli(["measure", "start.ildg", ...own], at)).toMatchObject({ code: 3, stderr: expect.stringMatching(/format broken: its matches failed \(no such luck\)/) });
  expect(await cli(["convert", "start.ildg", "x.toy", "--to", "toi", "--format-module", "one.ts"], at)).toMatchObject({ code: 2, stderr: expect.stringMatching(/got --to toi, expected toy, nersc/) });

  writeFileSync(join(folder, "run.toml"), RUN);
  writeFileSync(join(folder, "plain.toml"), RUN.replace('file = "start.toy"\nmodule = "./toy.ts"\nname = "toy"', 'file = "start.ildg"').replace('format = "toy"', 'format = "ildg"'));
  expect(await cli(["hmc", "run.toml", "--dir", join(folder, "out"), "--quiet"], at)).toMatchObject({ code: 0, stderr: "" });
  expect(await cli(["hmc", "plain.toml", "--dir", join(folder, "plain"), "--quiet"], at)).toMatchObject({ code: 0, stderr: "" });
  expect(readState(join(folder, "out"))!.state.links).toEqual(readState(join(folder, "plain"))!.state.links);
  expect(readdirSync(join(folder, "out/configurations"))).toEqual(["00000001.toy", "00000002.toy", "00000003.toy"]);
  // the run file names what it cannot be
  const wrong = async (from: string | RegExp, to: string): Promise<string> => (await cli(["hmc", scratch.file("w.toml", RUN.replace(from, to).replace("./toy.ts", join(folder, "toy.ts"))), "--dry-run"])).stderr;
  expect(await wrong('name = "toy"', 'name = "toy"\nformat = "ildg"')).toMatch(/start\.format: got "ildg" with a module that declares "toy"/);
  expect(await wrong('"toy" }', '"openqcd" }')).toMatch(/output\.configurations\.format: got the text "openqcd", expected .*"toy"/);
  expect(await wrong(/kind = "file"\nfile = "start.toy"/, 'kind = "cold"')).toMatch(/start\.format: got it with kind "cold", expected kind "file"/);
});

test("a format as a value: registered by the definition that holds it", async () => {
  const doubled = format({ name: "as-npy", matches: (source, head, options) => formatsOf(builtIn).find((f) => f.name === "npy")!.matches(source, head, options), open: (source, options) => formatsOf(builtIn).find((f) => f.name === "npy")!.open(source, options) });
  writeGauge(join(folder, "start.npy"), U, "npy");
  const definition = { group: "SU(2)", lattice: { extents: [4, 2, 2, 4] }, start: { kind: "file", file: "start.npy", format: doubled }, action: { kind: "wilson", beta: 2 }, sampler: { steps: 4, trajectories: 1 }, checks: { every: 0 } } as const;
  for await (const _ of produce({ run: defineRun(definition as never, { base: folder }), folder: join(folder, "value") })) void _;
  expect(readMetrics(join(folder, "value")).map((r) => r.kind)).toEqual(["trajectory", "measurement"]);
  expect(formatsOf(builtIn.with(doubled))[0]!.name).toBe("as-npy");
  expect(builtIn.list("format").map((f) => f.name)).toContain("ildg");
  expect(() => builtIn.with(format({ name: "ildg", matches: () => false, open: () => undefined as never }))).toThrow(/second part with the name "ildg"/);
  expect(() => defineRun({ ...definition, start: { ...definition.start, kind: "hot" } } as never)).toThrow(/start\.format: got it with kind "hot"/);
});

test("HDF5 as a start: the order of its axes stands in the run file", async () => {
  await loadHdf5();
  const { File } = (await import("h5wasm/node")) as unknown as { File: new (file: string, mode: string) => { create_dataset(args: object): void; close(): void } };
  // U[x, y, z, t, row, column] of each direction, complex as h5py writes it
  const file = new File(join(folder, "start.h5"), "w");
  U.fields.forEach((field, mu) => {
    const u = field.toArray();
    const [re, im] = [new Float64Array(u.length / 2), new Float64Array(u.length / 2)];
    for (let n = 0, k = 0; n < U.lattice.volume; n++) {
      // n counts t fastest here
      const [t, z, y, x] = [n % 4, (n >> 2) % 2, (n >> 3) % 2, n >> 4];
      const s = U.lattice.site([x, y, z, t]);
      for (let a = 0; a < 4; a++, k++) [re[k], im[k]] = [u[8 * s + 2 * a]!, u[8 * s + 2 * a + 1]!];
    }
    file.create_dataset({ name: `U${mu}`, data: new Map([["r", re], ["i", im]]), shape: [4, 2, 2, 4, 2, 2], dtype: [["r", "<d"], ["i", "<d"]] });
  });
  file.close();
  const h5 = RUN.replace('file = "start.toy"\nmodule = "./toy.ts"\nname = "toy"', 'file = "start.h5"\norder = "mu-first-xyzt"\ndataset = ["U0", "U1", "U2", "U3"]').replace(/\[output\][^[]*/, "");
  writeFileSync(join(folder, "h5.toml"), h5);
  expect(await cli(["hmc", "h5.toml", "--dir", join(folder, "h5"), "--quiet"], { directory: folder })).toMatchObject({ code: 0, stderr: "" });
  writeFileSync(join(folder, "ref.toml"), RUN.replace('file = "start.toy"\nmodule = "./toy.ts"\nname = "toy"', 'file = "start.ildg"').replace(/\[output\][^[]*/, ""));
  expect(await cli(["hmc", "ref.toml", "--dir", join(folder, "ref"), "--quiet"], { directory: folder })).toMatchObject({ code: 0, stderr: "" });
  expect(readState(join(folder, "h5"))!.state.links).toEqual(readState(join(folder, "ref"))!.state.links);
  // without an order it is refused, in one line
  writeFileSync(join(folder, "none.toml"), h5.replace(/order = .*\n/, ""));
  expect(await cli(["hmc", "none.toml", "--dir", join(folder, "none")], { directory: folder })).toMatchObject({ code: 5, stderr: expect.stringMatching(/start\.h5: .*expected a stated order of its axes/) });
  expect(readGauge(join(folder, "start.ildg")).format).toBe("ildg");
});
