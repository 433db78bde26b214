/** Model files, checkpoints and run files with damaged contents whose checksum is right: one clear error, or something that can be used. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { GaugegradError } from "../../src/errors.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/io/index.ts";
import { SU, lattice } from "../../src/gauge/index.ts";
import { type Plain, loadModel, randomWeights, saveModel } from "../../src/models/index.ts";
import { builtIn, networkBuilders } from "../../src/runs/index.ts";
import { sha256Hex } from "../../src/util/index.ts";
import { cli } from "../cli/helpers.ts";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-fuzz-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const networks = networkBuilders({ lattice: lattice([2, 2, 2, 2]), group: SU(2) }, builtIn);

/** Bytes of a payload changed, cut, repeated; words that MessagePack takes for long arrays, maps, strings and extensions. */
const damage = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0x00, 0x80, 0x8f, 0x90, 0x9f, 0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xd4, 0xd6, 0xd8, 0xdb, 0xdc, 0xdd, 0xdf, 0xff, 0x73, 0x74, 0x78, -1, -2, -3)), { minLength: 1, maxLength: 3 });

function damaged(payload: Buffer, damages: readonly (readonly [number, number])[]): Buffer {
  let out = Buffer.from(payload);
  for (const [where, what] of damages) {
    const k = where % Math.max(1, out.length);
    if (what === -1) out = out.subarray(0, k);
    else if (what === -2) out = Buffer.concat([out.subarray(0, k), Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), out.subarray(k)]);
    else if (what === -3) out = Buffer.concat([out.subarray(0, k), out.subarray(Math.max(0, k - 20))]);
    else if (out.length > 0) out[k] = what;
  }
  return out;
}

/** The file with another payload and the header made right again. */
function forge(file: string, kind: string, change: (payload: Buffer) => Buffer): Buffer {
  const bytes = readFileSync(file);
  const payload = change(bytes.subarray(bytes.indexOf(10) + 1));
  return Buffer.concat([Buffer.from(`gaugegrad ${kind} 1 ${payload.length} ${sha256Hex([payload])}\n`), payload]);
}

/** One line, of the documented class, with the name of the file. */
function expectClear(error: unknown, file: string): void {
  expect(error).toBeInstanceOf(GaugegradError);
  const { message } = error as Error;
  expect(message).toContain(file);
  // oxlint-disable-next-line no-control-regex
  expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(message).toMatch(/expected/);
}

test("model files", () => {
  const file = join(root, "x.model");
  const declaration: Plain = { layers: 2 };
  const network = networks["covariant"]!(declaration);
  saveModel(file, { name: "covariant", network: randomWeights(network as never, { seed: 1, width: 0.1 }) as never, declaration, group: 2, dimension: 4, training: { loss: "centred", steps: [1, 2] } });
  const good = { file, group: 2 };
  expect(loadModel(good.file, { group: 2, dimension: 4, registry: networks }).names.length).toBeGreaterThan(0);
  let [refused, read] = [0, 0];
  const path = join(root, "forged.model");
  fc.assert(
    fc.property(damage, (damages) => {
      writeFileSync(path, forge(file, "model", (p) => damaged(p, damages)));
      try {
        loadModel(path, { group: 2, dimension: 4, registry: networks });
        read++;
      } catch (error) {
        expectClear(error, "forged.model");
        refused++;
      }
    }),
    { numRuns: 400, seed: 5 },
  );
  expect(refused).toBeGreaterThan(read);
});

test("checkpoints as files: decoded or refused", () => {
  const file = join(root, "checkpoint");
  writeCheckpoint(file, { version: 1, links: [Float64Array.of(1, 2, 3)], text: "x", nested: { a: [1, null, "y"] }, set: new Set([1]) });
  const path = join(root, "forged.checkpoint");
  let refused = 0;
  fc.assert(
    fc.property(damage, (damages) => {
      writeFileSync(path, forge(file, "checkpoint", (p) => damaged(p, damages)));
      try {
        readCheckpoint(path);
      } catch (error) {
        expectClear(error, "forged.checkpoint");
        refused++;
      }
    }),
    { numRuns: 600, seed: 6 },
  );
  expect(refused).toBeGreaterThan(100);
});

const RUN = 'group = "SU(2)"\n[lattice]\nextents = [2, 2]\n[action]\nbeta = 2.2\n[sampler]\nsteps = 2\ntrajectories = 2\nseed = 3\n[output]\ncheckpoint = 1\n';

test("checkpoints of a run: a state that is none is one clear error of the file", async () => {
  const folder = join(root, "run");
  mkdirSync(folder);
  writeFileSync(join(folder, "run.toml"), RUN);
  const run = (dir: string): ReturnType<typeof cli> => cli(["hmc", "run.toml", "--dir", dir, "--quiet"], { directory: folder });
  expect((await run("out")).code).toBe(0);
  const out = join(folder, "out");
  const [older, newest] = readdirSync(out).filter((n) => n.startsWith("checkpoint.")).sort() as [string, string];
  const file = join(out, newest);
  const good = readFileSync(file);
  rmSync(join(out, older));
  const state = readCheckpoint(file) as Record<string, unknown>;
  const links = state["links"] as Float64Array[];
  const wrong: readonly (readonly [string, unknown])[] = [
    ["links", null], ["links", [1, 2]], ["links", links.map((a) => [...a])], ["links", links.slice(1)], ["links", links.map((a) => a.subarray(1))], ["links", links.map((a) => a.map(() => NaN))],
    ["position", "1"], ["position", -1], ["position", 1e300], ["phase", "dancing"], ["counters", null], ["counters", { sample: 3 }], ["metrics", null], ["metrics", { bytes: -1, lines: 0, sha256: "" }], ["group", 3], ["extents", 2], ["extents", [2, 2, 2]],
    ["arithmetic", null], ["configuration", null], ["total", "x"], ["done", 1], ["parameters", { names: 1 }], ["training", 7], ["command", 5], ["version", 2],
  ];
  for (const [key, value] of wrong) {
    writeCheckpoint(file, { ...state, [key]: value });
    const { code, stderr } = await run("out");
    expect([5, 3], `${key} = ${JSON.stringify(value)}: ${stderr}`).toContain(code);
    expect(stderr).toMatch(/^gaugegrad: [^\n]*expected[^\n]*\n$/);
    if (!["configuration", "command", "group", "extents"].includes(key)) expect(stderr).toContain(newest);
  }
  writeFileSync(file, good);
  expect((await run("out")).code).toBe(0);
});

test("run files", async () => {
  const folder = join(root, "runfiles");
  mkdirSync(folder);
  const texts = fc.constantFrom("-1", "1e999", "nan", "[]", "{}", '"x"', "\u001b[31m", "\u0000", "=", "[", "]]", "9".repeat(400), "true", "0", "\r", '"""', "a.b.c = 1\n", "__proto__ = 1\n", "extents = [2]\n");
  const edits = fc.array(fc.tuple(fc.nat(RUN.length), fc.nat(6), texts), { minLength: 1, maxLength: 3 });
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(edits, async (list) => {
      const text = list.reduce((t, [at, length, piece]) => t.slice(0, at) + piece + t.slice(at + length), RUN);
      writeFileSync(join(folder, "r.toml"), text);
      const { code, stderr } = await cli(["hmc", "r.toml", "--dir", "o", "--dry-run", "--quiet"], { directory: folder });
      if (code === 0) return;
      refused++;
      expect([3, 5], stderr).toContain(code);
      // oxlint-disable-next-line no-control-regex
      expect(stderr).toMatch(/^gaugegrad: [^\u0000-\u001f\u007f-\u009f]+\n$/);
    }),
    { numRuns: 150, seed: 8 },
  );
  expect(refused).toBeGreaterThan(75);
}, 240_000);
