/** Checkpoint files: what is written comes back bit for bit, damage is noticed, a whole one is always found. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { FileFormatError } from "../../src/errors.ts";
import { checkpointPositions, latestCheckpoint, readCheckpoint, saveCheckpoint, writeCheckpoint } from "../../src/io/index.ts";

const root = mkdtempSync(join(tmpdir(), "gaugegrad-checkpoint-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => mkdtempSync(join(root, `${folders++}-`));

const state = (k: number): unknown => ({ version: 1, links: [Float64Array.of(k, -0, Number.NaN, 1e-310, Math.PI)], text: "é", nested: { list: [1, 2.5, null] } });

test("plain data and typed arrays come back with the same bits", () => {
  const file = join(folder(), "x");
  writeCheckpoint(file, state(3));
  const back = readCheckpoint(file) as { links: Float64Array[] };
  expect(back).toEqual(state(3));
  expect(Buffer.from(back.links[0]!.buffer).equals(Buffer.from((state(3) as typeof back).links[0]!.buffer))).toBe(true);
});

test("every changed byte and every lost one is noticed", () => {
  const file = join(folder(), "x");
  writeCheckpoint(file, state(1));
  const good = readFileSync(file);
  for (let k = 0; k < good.length; k++) {
    const bad = Buffer.from(good);
    bad[k]! ^= 1;
    writeFileSync(file, bad);
    expect(() => readCheckpoint(file), `byte ${k}`).toThrow(FileFormatError);
  }
  for (const length of [0, 10, good.length - 1]) {
    writeFileSync(file, good.subarray(0, length));
    expect(() => readCheckpoint(file)).toThrow(FileFormatError);
  }
  writeFileSync(file, Buffer.concat([good, Buffer.of(0)]));
  expect(() => readCheckpoint(file)).toThrow(/expected/);
});

test("the newest two are kept, and the previous one stands in for a damaged one", () => {
  const at = folder();
  expect(latestCheckpoint(at)).toBeUndefined();
  for (const p of [0, 5, 10, 100]) saveCheckpoint(at, p, state(p));
  expect(checkpointPositions(at)).toEqual([100, 10]);
  expect(readdirSync(at).sort()).toEqual(["checkpoint.00000010", "checkpoint.00000100"]);
  expect(latestCheckpoint(at)).toMatchObject({ position: 100, damaged: [] });
  truncateSync(join(at, "checkpoint.00000100"), 90);
  const found = latestCheckpoint(at)!;
  expect(found.position).toBe(10);
  expect(found.state).toEqual(state(10));
  expect(found.damaged).toHaveLength(1);
  expect(found.damaged[0]).toMatch(/checkpoint\.00000100: .* damaged/);
  truncateSync(join(at, "checkpoint.00000010"), 0);
  expect(() => latestCheckpoint(at)).toThrow(/2 damaged checkpoints/);
});

test("an error while writing leaves the older ones", () => {
  const at = folder();
  saveCheckpoint(at, 1, state(1));
  expect(() => saveCheckpoint(join(at, "missing"), 2, state(2))).toThrow(FileFormatError);
  expect(latestCheckpoint(at)).toMatchObject({ position: 1 });
});
