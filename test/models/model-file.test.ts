/** Model files: round trip, use on another lattice, refusal of foreign and damaged files, and the command that shows them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  type LinkField, type NetworkRegistry, type Plain, SU, cask, closedFormLinks, covariantNetwork, gaugeAction, hmc, lattice, loadModel, parameterSpace, pseudofermions, readModel, saveModel, staggered, stout,
} from "gaugegrad";
import { sumOfTargets } from "../../src/samplers/index.ts";
import { encode, sha256Hex } from "../../src/util/index.ts";
import { cli } from "../cli/helpers.ts";

const folder = mkdtempSync(join(tmpdir(), "gaugegrad-model-"));
afterAll(() => rmSync(folder, { recursive: true }));

const registry: NetworkRegistry = {
  "covariant network": (declaration) => covariantNetwork(declaration as { layers: number }),
  cask: (declaration) => cask(declaration as { length: number }),
  stout: () => stout({ rho: 0 }),
};
const training: Plain = { loss: "centred", optimiser: "adam", steps: 1500, system: { group: "SU(2)", lattice: [4, 4, 4, 4], beta: 2.7 }, centred: { before: 0.379, after: 0.163 } };
const weights = [[0.1, 0.05, -0.03], [0.07, -0.04, 0.02]] as const;
const file = join(folder, "n6.model");
const save = (target = file): void =>
  saveModel(target, { name: "covariant network", network: covariantNetwork({ layers: weights }), declaration: { layers: 2 }, group: 2, dimension: 4, others: { E0: -8.26 }, training });
save();

/** The file with its payload changed and the header made to fit again. */
function forged(change: (record: Record<string, unknown>) => unknown): string {
  const payload = encode(change({ ...readModel(file), checksum: undefined }));
  const path = join(folder, "forged.model");
  writeFileSync(path, Buffer.concat([Buffer.from(`gaugegrad model 1 ${payload.length} ${sha256Hex([payload])}\n`), payload]));
  return path;
}

/** The file's bytes, changed. */
function damaged(change: (bytes: Buffer) => Buffer): string {
  const path = join(folder, "damaged.model");
  writeFileSync(path, change(readFileSync(file)));
  return path;
}

describe("round trip", () => {
  test("weights, names, training and the rest come back exactly; equal models are equal files", () => {
    const model = loadModel(file, { group: 2, dimension: 4, registry });
    expect(model.layer.parameters).toEqual(covariantNetwork({ layers: weights }).parameters);
    expect(model).toMatchObject({ network: "covariant network", group: 2, dimension: 4, others: { E0: -8.26 }, training, declaration: { layers: 2 } });
    expect(model.names[1]).toBe("0.rho.poly4");
    save(join(folder, "again.model"));
    expect(readFileSync(join(folder, "again.model"))).toEqual(readFileSync(file));
  });

  test("a CASK layer with irrational weights, saved frozen, acts on another lattice as before, also as a guide of self-learning HMC", () => {
    const declaration = { length: 2, variant: "symmetric" } as const;
    const layer = cask(declaration);
    const space = parameterSpace(layer.parameters);
    const trained = layer.with(space.unflatten(space.names.map((_, k) => 0.02 * Math.sin(k + 1))));
    const path = join(folder, "cask.model");
    saveModel(path, { name: "cask", network: trained, declaration, group: 2, dimension: 4, training: {} });
    const { layer: loaded } = loadModel(path, { group: 2, dimension: 4, registry });
    const geo = lattice([4, 2, 2, 6]);
    const U = closedFormLinks(geo, 2, 0.5) as LinkField<2>;
    const [a, b] = [trained.apply(U as never), loaded.apply(U as never)];
    a.fields.forEach((f, mu) => expect(f.toArray()).toEqual(b.toArray(mu)));
    const fermions = pseudofermions(staggered({ mass: 0.3 }), { lattice: geo, group: SU(2), flavours: 4 });
    const gauge = gaugeAction.wilson({ beta: 2.7 });
    const guide = gauge.plus(fermions.action.with({ mass: 0.4, phi: fermions.phi }).after(loaded as never));
    const result = hmc<2>({ action: sumOfTargets<2>(gauge as never, fermions), guide: guide as never, length: 0.5, integrator: "leapfrogQPQ", steps: 5, seed: 1 }).step(U);
    expect(Number.isFinite(result.dH)).toBe(true);
  });
});

describe("refused with one clear line", () => {
  const load = (path: string, group = 2, dimension = 4, networks = registry) => () => loadModel(path, { group, dimension, registry: networks });
  test("another group, another dimension, an unknown network, other parameters", () => {
    expect(load(file, 3)).toThrow(/n6.model: got a model for SU\(2\), expected SU\(3\)/);
    expect(load(file, 1)).toThrow(/got a model for SU\(2\), expected U\(1\)/);
    expect(load(file, 2, 2)).toThrow(/got a model for 4 dimensions, expected 2/);
    expect(load(file, 2, 4, { stout: registry["stout"]! })).toThrow(/got the network "covariant network", expected one of stout/);
    expect(load(forged((r) => ({ ...r, network: "toString" })))).toThrow(/got the network "toString"/);
    expect(load(forged((r) => ({ ...r, declaration: { layers: 1 } })))).toThrow(/got the parameters 0.rho.plaq, .* expected those of "covariant network": 0.rho.plaq, 0.rho.poly4, 0.rho.polys/);
  });
  test("every flipped byte and every truncation is noticed", () => {
    const size = readFileSync(file).length;
    for (let k = 0; k < size; k += 7) {
      const flip = (b: Buffer): Buffer => {
        b[k]! ^= 0x10;
        return b;
      };
      expect(load(damaged(flip)), `byte ${k}`).toThrow(/damaged.model: got/);
      expect(load(damaged((b) => b.subarray(0, k))), `first ${k} bytes`).toThrow(/damaged.model: got/);
    }
    expect(load(damaged((b) => b.subarray(0, -1)))).toThrow(/the file is truncated/);
    expect(load(damaged((b) => Buffer.concat([b, b])))).toThrow(/longer than it was written/);
    expect(load(damaged((b) => Buffer.from(b.toString("latin1").replace("model 1", "model 2"), "latin1")))).toThrow(/got model format 2, expected 1/);
  });
  test("contents that are no model, although their checksum is right", () => {
    for (const wrong of [() => 3, () => null, (r: object) => ({ ...r, values: [1] }), (r: object) => ({ ...r, values: Float64Array.of(1, 2, 3, 4, 5, Number.NaN) }), (r: object) => ({ ...r, group: 0 }), (r: object) => ({ ...r, others: { a: "1" } })])
      expect(load(forged(wrong as never))).toThrow(/got a model without all of/);
  });
});

describe("gaugegrad model show", () => {
  test("text and JSON", async () => {
    const shown = await cli(["model", "show", "n6.model"], { directory: folder });
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toMatch(/covariant network, SU\(2\), 4 dimensions, 6 parameters/);
    expect(shown.stdout).toMatch(/1\.rho\.polys +0\.02/);
    const json = JSON.parse((await cli(["model", "show", file, "--json"])).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ schemaVersion: 1, network: "covariant network", group: "SU(2)", parameters: { "0.rho.plaq": 0.1, "1.rho.polys": 0.02 }, others: { E0: -8.26 }, training });
    expect(json["sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });
  test("a damaged or missing file: exit code 5 and one line", async () => {
    for (const path of [damaged((b) => b.subarray(0, 200)), join(folder, "absent.model"), folder]) {
      const outcome = await cli(["model", "show", path]);
      expect(outcome).toMatchObject({ code: 5, stdout: "" });
      expect(outcome.stderr.trim().split("\n")).toHaveLength(1);
    }
  });
});
