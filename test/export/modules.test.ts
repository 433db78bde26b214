/** Libraries of modules of a user's own, on links, parameters and fields that their tests have not seen: loops, constrained fields, walls on odd extents, links that leave the group. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type AlgebraField, type DirectionalField, Field, type GaugeAction, type Layer, type LinkField, SU, type SiteType, type Tensor, U1, directionField, gaugeAction, hot, lattice, record, scaleBy, staples } from "../../src/index.ts";
import { loadModule } from "../../src/runs/index.ts";
import { leavesOf } from "../../src/util/index.ts";
import { cli } from "../cli/helpers.ts";
import { compilers, python3, sh } from "./tools.ts";

const folder = mkdtempSync(join(tmpdir(), "gaugegrad-modules-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Exports a module, compiles it, runs its test. */
async function built(name: string, text: string, ...more: readonly string[]): Promise<{ readonly subject: unknown; readonly python: (U: LinkField, script: string) => number[][] }> {
  writeFileSync(join(folder, `${name}.ts`), text);
  const { code, stderr } = await cli(["export", `${name}.ts`, "--out", name, "--name", name, ...more], { directory: folder });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const at = join(folder, name);
  sh(at, "make", [`CC=${compilers[0]!}`, "CFLAGS=-O0 -Werror"]);
  expect(sh(at, "./test", [])).toMatch(/ 0 wrong/);
  const subject = Object.values(await loadModule(`${name}.ts`, folder))[0];
  const python = (U: LinkField, script: string): number[][] => {
    writeFileSync(join(at, "U.bin"), bytes(recordOf(U)));
    const head = `import array, json, sys\nsys.modules["numpy"] = None\nimport ${name} as library\ndef read(name):\n    x = array.array("d"); x.frombytes(open(name, "rb").read()); return x\nU, L = read("U.bin"), (${U.lattice.extents.join(", ")})\n`;
    return JSON.parse(sh(at, "python3", ["-c", `${head}${script}\nprint(json.dumps([list(x) for x in out]))`])) as number[][];
  };
  return { subject, python };
}

/** Numbers in the order of the ILDG record. */
function recordOf(field: DirectionalField): Float64Array {
  const { lattice: L, N, fields } = field;
  const size = 2 * N * N;
  const out = new Float64Array(L.volume * L.dim * size);
  fields.forEach((f, mu) => {
    const data = f.toArray();
    for (let n = 0; n < L.volume; n++) out.set(data.subarray(n * size, (n + 1) * size), (n * L.dim + mu) * size);
  });
  return out;
}

const bytes = (x: Float64Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
const close = (got: ArrayLike<number>, expected: ArrayLike<number>): void => {
  expect(got.length).toBe(expected.length);
  const scale = Math.max(...Array.from(expected, Math.abs));
  expect(Math.max(...Array.from(got, (x, k) => Math.abs(x - expected[k]!))) / scale).toBeLessThan(1e-12);
};
const withForce = (script = ""): string => `${script}\nS = library.Action(L)\nvalue, force = S.value_and_force(U)\nout = [[value], force]`;
function compared(S: GaugeAction, U: LinkField, [value, force]: number[][]): void {
  close(value!, [S.value(U)]);
  close(force!, recordOf(S.force(U) as AlgebraField));
}

describe.skipIf(!python3 || compilers.length === 0)("modules of a user's own", () => {
  test("gradient flow, and a loop of a user's own with the number of the step: every step is in the library", async () => {
    const { subject, python } = await built("flowed", `
import { add, adj, exp, flowLayer, gaugeAction, layer, mul, number, real, repeat, scale, scaleBy, staples, ta } from "gaugegrad";
const euler = layer({ name: "Euler", params: { e: real(0.03) }, forward: (U, { e }) =>
  repeat(3, (V, s) => V.map((mu) => mul(exp(ta(scale(scale(e, add(number(s.tape, 1), scaleBy(0.1, s))), mul(staples(V, mu), adj(V[mu]))))), V[mu])), U) });
export const flowed = gaugeAction.wilson({ beta: 2 }).after(euler).after(flowLayer({ time: 0.1, steps: 2 }));`, "--group", "su2", "--lattice", "4,4");
    const U = hot(lattice([3, 5]), SU(2), { seed: 3 });
    compared(subject as GaugeAction, U, python(U, withForce()));
  });

  test("loops that are too long for a library are refused in one line", async () => {
    writeFileSync(join(folder, "long.ts"), 'import { flowLayer, gaugeAction } from "gaugegrad";\nexport const long = gaugeAction.wilson({ beta: 2 }).after(flowLayer({ time: 5, steps: 500 }));');
    const { code, stderr } = await cli(["export", "long.ts", "--out", "long", "--group", "su2", "--lattice", "4,4"], { directory: folder });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^gaugegrad: export: got loops \(repeat\) of more than \d+ ops.*\n$/);
  });

  test("kinks: the test of the library finds points between which there are none; products of links, args and weights in an action", async () => {
    const { subject, python } = await built("kinks", `
import { Tensor, abs, action, add, arg, channel, channels, max, min, mul, plaquette, re, reTrace, relu, scale, scaleBy, sin, siteConv, sum, trace } from "gaugegrad";
export const kinks = action({ name: "charge two", inputs: { b: 0.4, w: new Tensor([1, 2, 2, 1], Float64Array.of(0.3, -0.8, 0.5, 0.7)) }, evaluate: (U, { b, w }) => {
  const P = plaquette(U, 0, 1), c = re(trace(P)), two = reTrace(mul(P, P));
  return add(scale(b, sum(add(sin(arg(trace(P))), max(two, scaleBy(0.3, c)), min(two, c), relu(two), abs(two)))), sum(relu(channel(siteConv(channels(c, two), w), 0))));
} });`, "--group", "u1", "--lattice", "4,4");
    const U = hot(lattice([3, 5]), U1, { seed: 6 });
    const [value, force, gradient] = python(U, `${withForce()}\nout.append(S.gradient(U)[1])`);
    const S = subject as GaugeAction;
    compared(S, U, [value!, force!]);
    const { b, w } = S.parameterGradient(U).gradient as { b: number; w: Tensor };
    close(gradient!, [b, ...w.data]);
  });

  test("a map with log det under an action: its colours of links go with the extents, which are those of the library", async () => {
    const { subject, python } = await built("transformed", `
import { fieldTransformed, gaugeAction } from "gaugegrad";
import { actionFlow } from "gaugegrad/flows";
export const transformed = fieldTransformed(gaugeAction.wilson({ beta: 2 }), actionFlow({ coefficients: { plaquette: [0.02, 0.03], double: [0.01] }, steps: 2 }));`, "--group", "su2", "--lattice", "4,4");
    const S = subject as GaugeAction;
    const U = hot(lattice([4, 4]), SU(2), { seed: 6 });
    const [value, force, gradient] = python(U, `${withForce()}\nout.append(S.gradient(U)[1])`);
    compared(S, U, [value!, force!]);
    close(gradient!, leavesOf(S.parameterGradient(U).gradient).map((x) => x.value as number));
    expect(readFileSync(join(folder, "transformed", "transformed.h"), "utf8")).toContain("Lx = 4, with which the formula goes");
  });

  test("fields of the algebra: closed-form data of the test are of it, others are refused", async () => {
    const { subject, python } = await built("adjoint", `
import { action, adj, add, directionField, lattice, mul, reTrace, scale, shift, sum } from "gaugegrad";
const Phi = directionField(lattice([4, 4]), 2).fields[0];
export const S = action({ name: "adjoint scalar", inputs: { k: 0.4, Phi }, evaluate: (U, { k, Phi }) => scale(k, add(...[0, 1].map((mu) => sum(reTrace(mul(Phi, mul(mul(U[mu], shift(Phi, mu, 1)), adj(U[mu]))))))))});`);
    const L = lattice([3, 5]);
    const U = hot(L, SU(2), { seed: 4 });
    const Phi = new Field(L, directionField(L, 2).fields[0]!.type as SiteType).set(directionField(L, 2).fields[1]!.toArray());
    writeFileSync(join(folder, "adjoint", "Phi.bin"), bytes(Phi.toArray()));
    const given = (subject as GaugeAction<number, { k: number; Phi: Field }>).with({ k: 0.4, Phi });
    const found = python(U, `Phi = read("Phi.bin")
S = library.Action(L)
try:
    S.value(U)
    raise SystemExit("a field that is absent went unnoticed")
except library.Error as error:
    assert error.status == 4 and str(error).startswith("Phi: got no data") and "set_field('Phi', data)" in str(error), error
for k in (0, 2, 7):
    wrong = Phi[:]; wrong[8 * 4 + k] += 0.1
    try:
        S.set_field("Phi", wrong)
        raise SystemExit("a matrix that is not of the algebra went unnoticed")
    except library.Error as error:
        assert error.status == 1 and "of its kind" in str(error), error
S.set_field("Phi", Phi)
value, force = S.value_and_force(U)
out = [[value], force]`);
    compared(given as unknown as GaugeAction, U, found);
  });

  test("links of a quaternion lattice as fields, and integers that C has none of", async () => {
    const { subject, python } = await built("large", `
import { SU, action, add, adj, hot, lattice, mul, reTrace, scale, scaleBy, sum } from "gaugegrad";
const B = hot(lattice([4, 4], { quaternions: true }), SU(2), { seed: 2 }).fields;
export const S = action({ name: "background", inputs: { big: 178940442402731360000, B }, evaluate: (U, { big, B }) => add(...[0, 1].map((mu) => scale(big, scaleBy(178940442402731360000, sum(reTrace(mul(B[mu], adj(U[mu])))))))) });`);
    const L = lattice([3, 5]);
    const [U, B] = [hot(L, SU(2), { seed: 4 }), hot(L, SU(2), { seed: 5 })];
    B.fields.forEach((f, mu) => writeFileSync(join(folder, "large", `B${mu}.bin`), bytes(f.toArray())));
    const S = (subject as GaugeAction<number, { big: number; B: readonly Field[] }>).with({ big: 178940442402731360000, B: B.fields as never });
    compared(S as unknown as GaugeAction, U, python(U, 'S = library.Action(L)\nfor mu in (0, 1): S.set_field(f"B.{mu}", read(f"B{mu}.bin"))\nvalue, force = S.value_and_force(U)\nout = [[value], force]'));
  });

  test("open boundaries take odd extents", async () => {
    const { subject, python } = await built("open", `
import { action, add, constantReal, mask, neg, plaquette, reTrace, scale, sum } from "gaugegrad";
export const open = action({ name: "open in time", inputs: { beta: 2.1 }, evaluate: (U, { beta }) => {
  const { lattice: L } = U, T = L.extents[1];
  const P = reTrace(plaquette(U, 0, 1));
  const w = constantReal(P.tape, "weights", (n) => (L.coordinates(n)[1] === T - 1 ? 0 : L.coordinates(n)[1] === 0 ? 0.5 : 1));
  return neg(scale(beta, add(sum(scale(w, P)), sum(mask(P, "first", (x) => x[1] === 0)))));
} });`, "--group", "su3", "--lattice", "4,4");
    const U = hot(lattice([3, 7]), SU(3), { seed: 5 });
    compared(subject as GaugeAction, U, python(U, withForce()));
  });

  test("checkerboards on odd extents, where the rows at the boundary are of one colour, and what the parity of the extents decides", async () => {
    const { subject, python } = await built("board", `
import { action, add, adj, constantReal, exp, gaugeAction, layer, mask, mul, plaquette, reTrace, real, scale, shift, staples, sum, ta } from "gaugegrad";
const some = layer({ name: "black links", params: { rho: real(0.1) }, forward: (U, { rho }) =>
  U.map((mu) => (mu === 0 ? mul(exp(ta(mask(scale(rho, mul(staples(U, mu), adj(U[mu]))), "black", (x) => x.reduce((s, c) => s + c, 0) % 2 === 0))), U[mu]) : U[mu])) });
const weighted = action({ name: "weighted", inputs: { k: 0.3 }, evaluate: (U, { k }) => {
  const { lattice: L } = U, P = reTrace(plaquette(U, 0, 1));
  const w = constantReal(P.tape, "w", (n) => { const [x, t] = L.coordinates(n); return L.extents[0] % 2 === 1 && x === 0 ? 2 : (x + t) % 2; });
  return scale(k, add(sum(scale(shift(w, 0, -1), P)), sum(scale(w, P))));
} });
export const board = gaugeAction.wilson({ beta: 2 }).plus(weighted).after(some);`, "--group", "su2", "--lattice", "4,4");
    for (const extents of [[3, 5], [5, 4]]) {
      const U = hot(lattice(extents), SU(2), { seed: 7 });
      compared(subject as GaugeAction, U, python(U, withForce()));
    }
  });

  test("links of a layer that leave the group: cotangents go through it, also where forces would lose a part", async () => {
    const { subject, python } = await built("normalised", 'import { nhyp } from "gaugegrad";\nexport const normalised = nhyp();', "--group", "su3", "--lattice", "4,4,4");
    const [layer, wilson] = [subject as Layer<number>, gaugeAction.wilson({ beta: 3 })];
    const U = hot(lattice([3, 2, 4]), SU(3), { seed: 6 });
    const V = layer.apply(U);
    // S = -beta/N sum Re tr V C^+ + constant, so that dS = Re tr(G^+ dV) with G = -beta/N C
    const G = record((W) => W.map((mu) => scaleBy(-1, staples(W, mu))), V).run(V) as unknown as LinkField;
    writeFileSync(join(folder, "normalised", "G.bin"), bytes(recordOf(G)));
    const S = wilson.after(layer as never) as unknown as GaugeAction;
    const [smeared, thin] = python(U, 'S = library.Layer(L, convention="cotangent")\nV = S.smear(U)\nF, _ = S.pullback(U, read("G.bin"))\nout = [V, F]');
    close(smeared!, recordOf(V));
    close(thin!, times(recordOf(S.force(U) as AlgebraField), recordOf(U)));
  });

  test("hops over three links on four sites: their boundary signs are those of the last or of the first sites, which need not be apart", async () => {
    const { subject, python } = await built("naik", `
import { SU, lattice, mul, shift } from "gaugegrad";
import { hisqD, pseudofermions, staggered } from "gaugegrad/fermions";
const operator = (U) => {
  const long = U.values().map((u, mu) => mul(mul(u, shift(u, mu)), shift(u, mu, 2)));
  return (chi) => hisqD({ fat: U, long }, chi);
};
export const naik = pseudofermions(staggered({ mass: 0.5, operator }), { lattice: lattice([6, 4]), group: SU(2), flavours: 2 }).action;`, "--lattice", "4,4");
    const phi = leavesOf((subject as GaugeAction).inputs).find(({ value }) => value instanceof Field)!.value as Field;
    const L = phi.lattice;
    const U = hot(L, SU(2), { seed: 9 });
    const data = phi.toArray().map((_, k) => (L.parity(Math.floor(k / 4)) === 0 ? Math.sin(1 + k) : 0));
    phi.set(data);
    writeFileSync(join(folder, "naik", "phi.bin"), bytes(data));
    const [value, force] = python(U, 'S = library.Action(L)\nS.set_field(library.FIELDS[0], read("phi.bin"))\nvalue, force = S.value_and_force(U)\nout = [[value], force]');
    const S = subject as GaugeAction;
    expect(Math.abs(value![0]! - S.value(U)) / S.value(U)).toBeLessThan(1e-10);
    const expected = recordOf(S.force(U) as AlgebraField);
    expect(Math.max(...expected.map((x, k) => Math.abs(x - force![k]!))) / Math.max(...expected.map(Math.abs))).toBeLessThan(1e-8);
  });
});

/** 2 F U of SU(3). */
function times(F: Float64Array, U: Float64Array): Float64Array {
  const out = new Float64Array(F.length);
  for (let at = 0; at < F.length; at += 18)
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 3; k++) {
          const [a, b] = [at + 2 * (3 * i + k), at + 2 * (3 * k + j)];
          out[at + 2 * (3 * i + j)]! += 2 * (F[a]! * U[b]! - F[a + 1]! * U[b + 1]!);
          out[at + 2 * (3 * i + j) + 1]! += 2 * (F[a]! * U[b + 1]! + F[a + 1]! * U[b]!);
        }
  return out;
}
