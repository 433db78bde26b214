/** Libraries of exported actions and layers: compiled, tested by themselves, by memory checkers, and from Python and C on configurations that they have not seen. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AlgebraField, type GaugeAction, type Layer, type LinkField, SU, Tensor, gaugeAction, hot, lattice } from "../../src/index.ts";
import { actionOfRun, loadModule } from "../../src/runs/index.ts";
import { leavesOf } from "../../src/util/index.ts";
import { cli } from "../cli/helpers.ts";
import { CASK_RUN, FERMIONS, OWN_LAYER, STOUTED } from "./subjects.ts";
import { comparison } from "./stand-ins.ts";
import { FLAGS, compilers, python3, sanitizer, sh, valgrind } from "./tools.ts";

const folder = mkdtempSync(join(tmpdir(), "gaugegrad-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const module = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const exported = async (subject: string, folderName: string, ...more: readonly string[]): Promise<string> => {
  const { code, stderr } = await cli(["export", subject, "--to", "c", "--out", folderName, "--name", folderName, ...more], { directory: folder });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return join(folder, folderName);
};

beforeAll(async () => {
  module("stouted.ts", STOUTED);
  module("own.ts", OWN_LAYER);
  module("fermions.ts", FERMIONS);
  module("cask.toml", CASK_RUN);
  const { code, stderr } = await cli(["slhmc", "cask.toml", "--dir", "trained", "--quiet"], { directory: folder });
  expect(code, stderr).toBe(0);
  await exported("stouted.ts", "stouted", "--group", "su3");
  await exported("own.ts", "gated", "--group", "su2");
  await exported("fermions.ts", "dynamical");
  await exported("fermions.ts", "solved", "--group", "su2", "--solver", "host");
  await exported("trained", "trained_cask");
}, 600_000);

const names = ["stouted", "gated", "dynamical", "solved", "trained_cask"];

describe.each(compilers)("%s", (cc) => {
  // the second compiler sees what the first has seen, in part
  test.each(cc === compilers[0] ? names : ["gated"])("%s compiles without a warning and has its own numbers", (name) => {
    const at = join(folder, name);
    sh(at, "make", ["clean"]);
    sh(at, "make", [`CC=${cc}`, `CFLAGS=${FLAGS}`]);
    expect(sh(at, "./test", [])).toMatch(/ 0 wrong/);
  });

  test("one lane, and two, give the same numbers", () => {
    for (const lanes of [1, 2]) {
      sh(join(folder, "gated"), cc, ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", `-DGATED_LANES=${lanes}`, "-o", `lanes${lanes}`, "gated.c", "test.c", "-lm"]);
      expect(sh(join(folder, "gated"), `./lanes${lanes}`, [])).toMatch(/ 0 wrong/);
    }
  });
});

test.skipIf(compilers.length === 0)("the Makefile asks for fused multiply-add where the machine has it", () => {
  const [at, cc] = [join(folder, "gated"), compilers[0]!];
  const fused = /__FMA__|__ARM_FEATURE_FMA/.test(sh(at, cc, ["-march=native", "-dM", "-E", "-x", "c", "/dev/null"]));
  sh(at, "make", ["clean"]);
  sh(at, "make", [`CC=${cc}`, "CFLAGS=-O2 -march=native -S", "gated.o"]);
  expect(/\b(vfn?m(add|sub)|fml[as]|fn?m(add|sub))/.test(readFileSync(join(at, "gated.o"), "utf8"))).toBe(fused);
  sh(at, "make", ["clean"]);
});

test.each(["gated", "dynamical"])("%s under the address and undefined-behaviour sanitizers", (name) => {
  const cc = sanitizer(folder);
  if (cc === undefined) return void console.log("no compiler here links the sanitizers");
  const at = join(folder, name);
  sh(at, cc, ["-std=c11", "-g", "-O1", "-march=native", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", "sanitized", `${name}.c`, "test.c", "-lm"]);
  expect(sh(at, "./sanitized", [])).toMatch(/ 0 wrong/);
});

/** Tables of sites as hosts give them: right, and wrong in every way that would read or write elsewhere. */
const TABLES = `
#include "gated.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { V = 4 * 4 * 4 * 4 };
static const int L[4] = {4, 4, 4, 4};
static int wrong = 0;
static void expect(const char* what, int got, int status) { if (got != status) { printf("%s: got %d (%s)\\n", what, got, gated_error(got)); wrong++; } }
int main(void) {
  int64_t* table = malloc(V * sizeof *table);
  double *u = calloc(V * 4 * GATED_N * GATED_N * 2, sizeof *u), *v = calloc(V * 4 * GATED_N * GATED_N * 2, sizeof *v);
  for (int k = 0; k < V * 4; k++) for (int i = 0; i < GATED_N; i++) u[2 * (k * GATED_N * GATED_N + i * (GATED_N + 1))] = 1;
  const int orders[] = {GATED_SITES, GATED_ODD_LINKS};
  for (int k = 0; k < 2; k++) {
    gated_layout layout;
    if (gated_layout_of(k == 0 ? GATED_ILDG : GATED_OPENQCD, L, &layout)) return 1;
    layout.order = orders[k];
    layout.sites = table;
    const gated_options options = {&layout, GATED_FORCE, 1};
    gated_handle* h;
    /* backwards, even sites first for openQCD, whose even sites are not read */
    int even = 0, odd = V / 2;
    for (int n = V - 1; n >= 0; n--) {
      const int p = (n ^ n >> 2 ^ n >> 4 ^ n >> 6) & 1;
      table[n] = k == 0 ? V - 1 - n : p ? odd++ : -1000000 - even++;
    }
    expect("a table", gated_create(L, 0, &options, &h), GATED_OK);
    expect("its links", gated_smear(h, u, v), GATED_OK);
    gated_destroy(h);
    const int n = 1; /* an odd site */
    const int64_t kept = table[n], bad[] = {-1, V, V / 2 - 1, INT64_MAX, INT64_MIN, table[4]};
    for (int j = 0; j < 6; j++) {
      if (k == 0 && j == 2) continue;
      table[n] = bad[j];
      expect("a site that there is not, or one twice", gated_create(L, 0, &options, &h), GATED_TABLE);
      if (h) wrong++;
    }
    table[n] = kept;
  }
  if (strcmp(gated_error(GATED_TABLE), "a table of sites names one of them twice, or one that there is not")) wrong++;
  free(table);
  free(u);
  free(v);
  printf("%d wrong\\n", wrong);
  return wrong != 0;
}
`;

test("tables of sites under the address sanitizer", () => {
  const cc = sanitizer(folder);
  if (cc === undefined) return void console.log("no compiler here links the sanitizers");
  const at = join(folder, "gated");
  writeFileSync(join(at, "tables.c"), TABLES);
  sh(at, cc, ["-std=c11", "-g", "-O0", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-o", "tables", "gated.c", "tables.c", "-lm"]);
  expect(sh(at, "./tables", [])).toBe("0 wrong\n");
});

test.skipIf(!valgrind || compilers.length === 0).each(["dynamical"])("%s under valgrind", (name) => {
  const at = join(folder, name);
  sh(at, compilers[0]!, ["-std=c11", "-g", "-O1", "-o", "checked", `${name}.c`, "test.c", "-lm"]);
  expect(sh(at, "valgrind", ["-q", "--leak-check=full", "--error-exitcode=3", "./checked"])).toMatch(/ 0 wrong/);
});

/** Numbers of links in the order of the ILDG record. */
function record(field: LinkField | AlgebraField): Float64Array {
  const { lattice: L, dim } = { lattice: field.lattice, dim: field.lattice.dim };
  const size = 2 * field.N * field.N;
  const out = new Float64Array(L.volume * dim * size);
  field.fields.forEach((f, mu) => {
    const data = f.toArray();
    for (let n = 0; n < L.volume; n++) out.set(data.subarray(n * size, (n + 1) * size), (n * dim + mu) * size);
  });
  return out;
}

const bytes = (x: Float64Array): Buffer => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
const doubles = (text: string): number[] => JSON.parse(text) as number[];
const largest = (x: ArrayLike<number>): number => Array.from(x).reduce((m, y) => Math.max(m, Math.abs(y)), 0);
/** To 1e-13 of the largest. */
const close = (got: ArrayLike<number>, expected: ArrayLike<number>): void => {
  expect(got.length).toBe(expected.length);
  const scale = largest(expected);
  expect(largest(Array.from(got, (x, k) => x - expected[k]!)) / scale).toBeLessThan(1e-13);
};
const gradientOf = (g: unknown): number[] => leavesOf(g).map(({ value }) => value as number);

describe.skipIf(!python3 || compilers.length === 0)("Python with its standard library alone, on other fields than the tests of the library", () => {
  const python = (name: string, U: LinkField, theta: readonly number[], what: string): number[][] => {
    const at = join(folder, name);
    sh(at, "make", [`CC=${compilers[0]!}`, `CFLAGS=${FLAGS}`, `lib${name}.so`]);
    writeFileSync(join(at, "U.bin"), bytes(record(U)));
    const script = `
import array, json, sys
sys.modules["numpy"] = None
import ${name} as library
U = array.array("d"); U.frombytes(open("U.bin", "rb").read())
S = (library.Action if hasattr(library, "Action") else library.Layer)((${U.lattice.extents.join(", ")}), [${theta.join(", ")}])
${what}
print(json.dumps([list(x) for x in out]))
`;
    return doubles(sh(at, "python3", ["-c", script])) as unknown as number[][];
  };

  test("a library that was not compiled is missed in one line", () => {
    const said = sh(join(folder, "stouted"), "python3", ["-c", "import stouted\ntry: stouted.Action((4, 4, 4, 4))\nexcept FileNotFoundError as e: print(e)"], { STOUTED_LIBRARY: "/nowhere/libstouted.so" });
    expect(said).toMatch(/^stouted: found no \/nowhere\/libstouted\.so, expected the compiled library: run make in .*stouted, or name the library in STOUTED_LIBRARY\n$/);
  });

  test("a stout-smeared action with other parameters on another lattice", async () => {
    const { stouted } = (await loadModule("stouted.ts", folder)) as { stouted: GaugeAction<number, { action: { beta: number }; layer: { rho: number } }> };
    const S = stouted.with({ action: { beta: 5.7 }, layer: { rho: 0.09 } });
    const U = hot(lattice([6, 4, 3, 5]), SU(3), { seed: 31 });
    const [value, force, again, gradient] = python("stouted", U, [5.7, 0.09], "out = [[S.value(U)], S.force(U), *map(lambda x: x if isinstance(x, list) else [x], S.gradient(U))]");
    close(value!, [S.value(U)]);
    close(force!, record(S.force(U)));
    close(again!, [S.value(U)]);
    close(gradient!, gradientOf(S.parameterGradient(U).gradient));
  });

  test("arrays of numpy with repeated, reversed and packed numbers are read as they are", () => {
    const at = join(folder, "stouted");
    if (sh(at, "python3", ["-c", "import importlib.util as u; print(u.find_spec('numpy') is not None)"]).trim() !== "True") return void console.log("numpy: not found here, its strides are not tested");
    const script = `
import numpy as np, stouted
rng = np.random.default_rng(1)
q = np.linalg.qr(rng.normal(size=(3, 1, 2, 3, 4, 3, 3)) + 1j * rng.normal(size=(3, 1, 2, 3, 4, 3, 3)))[0]
S = stouted.Action((3, 2, 4, 3))
repeated = np.broadcast_to(q, (3, 4, 2, 3, 4, 3, 3))
whole = repeated.copy()
packed = np.zeros(whole.shape, dtype=[("u", "c16"), ("flag", "i4")])
packed["u"] = whole
padded = np.zeros((3, 4, 2, 5, 4, 3, 4), complex)[:, :, :, :3, :, :, :3]
padded[...] = whole
value, force = S.value_and_force(whole)
for U in (repeated, packed["u"], whole[::-1].copy()[::-1], np.asfortranarray(whole), padded):
    v, f = S.value_and_force(U)
    assert v == value and f.shape == force.shape and (f == force).all(), (U.strides, v, value)
`;
    sh(at, "make", [`CC=${compilers[0]!}`, `CFLAGS=${FLAGS}`, "libstouted.so"]);
    sh(at, "python3", ["-c", script]);
  });

  test("a force, a gradient or links that are not finite are an error, in every layout, be the value finite or not", async () => {
    module("singular.ts", `import { action, adj, constantReal, exp, layer, mul, plaquette, reTrace, reciprocal, real, scale, sqrt, staples, sub, sum, ta } from "gaugegrad";
const one = (p, x) => constantReal(p.tape, "one", () => x);
export const root = action({ name: "root", inputs: { c: 1 }, evaluate: (U, { c }) => { const p = reTrace(plaquette(U, 0, 1)); return scale(c, sum(sqrt(sub(one(p, 1), p)))); } });
export const pole = layer({ name: "pole", params: { c: real(1) }, forward: (U, { c }) => U.map((mu) => { const L = mul(staples(U, mu), adj(U[mu])); const p = reTrace(L); return mul(exp(ta(scale(c, scale(reciprocal(sub(p, one(p, 2))), L)))), U[mu]); }) });`);
    for (const [name, calls] of [["root", ["S.force(U)"]], ["pole", ["S.smear(U)", "S.pullback(U, V)"]]] as const) {
      const at = await exported("singular.ts", name, "--only", name, "--group", "u1", "--lattice", "4,4");
      sh(at, "make", [`CC=${compilers[0]!}`, `CFLAGS=${FLAGS}`, `lib${name}.so`]);
      const class_ = name === "root" ? "Action" : "Layer";
      const said = sh(at, "python3", ["-c", `
import array, sys
sys.modules["numpy"] = None
import ${name} as library
U = array.array("d", [1.0, 0.0] * 32)
V = array.array("d", [0.0, 1.0] * 32)
for convention in ("force", "twice"):
    S = library.${class_}((4, 4), convention=convention)
    for call in (${calls.map((call) => `lambda: ${call},`).join(" ")}):
        try: print(max(map(abs, list(call()))))
        except library.Error as e: print(e.status)
`]);
      expect(said, name).toBe("6\n".repeat(2 * calls.length));
    }
  });

  test("a trained network with its action and pseudofermions", async () => {
    const S = (await actionOfRun(join(folder, "trained"))).action as GaugeAction;
    // a random field in the place of phi, and links of their own
    const phi = leavesOf(S.inputs).map(({ value }) => value).find((x) => typeof x === "object") as import("../../src/index.ts").Field;
    const data = phi.toArray().map((_, k) => (phi.lattice.parity(Math.floor(k / 4)) === 0 ? Math.sin(3 * k + 1) : 0));
    phi.set(data);
    const U = hot(phi.lattice, SU(2), { seed: 5 });
    writeFileSync(join(folder, "trained_cask", "phi.bin"), bytes(data));
    const theta = leavesOf(S.inputs).flatMap(({ value }) => (typeof value === "number" ? [value] : []));
    const [value, force, gradient] = python("trained_cask", U, theta, `
phi = array.array("d"); phi.frombytes(open("phi.bin", "rb").read())
try:
    S.value(U)
    raise SystemExit("a field that was not set went unnoticed")
except library.Error as error:
    assert error.status == 4, error.status
for refused, text in ((lambda: S.set_field("psi", phi), "got 'psi', expected one of " + library.FIELDS[0]), (lambda: library.Action((3, 4)), "got (3, 4), expected Lx even"), (lambda: library.Action((4.5, 4)), "integer"), (lambda: library.Action((2**32 + 4, 4)), "expected less than 2^31 sites"), (lambda: setattr(S, "parameters", [float("inf")] * len(library.PARAMETERS)), "expected finite numbers")):
    try:
        refused()
        raise SystemExit("taken: " + text)
    except (TypeError, ValueError, library.Error) as error:
        assert text in str(error), error
S.set_field(library.FIELDS[0], phi)
out = [[S.value(U)], S.force(U), S.gradient(U)[1]]`);
    close(value!, [S.value(U)]);
    // after a solver: its tolerance 1e-12 and the condition of the system
    const scale = largest(record(S.force(U)));
    expect(largest(record(S.force(U)).map((x, k) => x - force![k]!)) / scale).toBeLessThan(1e-11);
    const expected = leavesOf(S.parameterGradient(U).gradient).flatMap(({ value: x }) => (typeof x === "number" ? [x] : []));
    expect(largest(expected.map((x, k) => x - gradient![k]!)) / largest(expected)).toBeLessThan(1e-11);
  });

  test("a layer of a user's own and its pullback", async () => {
    const { gated } = (await loadModule("own.ts", folder)) as { gated: Layer<number, unknown> };
    const U = hot(lattice([4, 6, 2, 4]), SU(2), { seed: 8 });
    const net = [0.3, -0.1, 0.2, 0.05, 0.4, -0.25];
    const layer = gated.with({ rho: 0.11, gate: { w: 0.7, b: -0.2 }, net: new Tensor([1, 2, 1, 1, 1, 3], Float64Array.from(net)) });
    const wilson = gaugeAction.wilson({ beta: 2.1 });
    writeFileSync(join(folder, "gated", "F.bin"), bytes(record(wilson.force(layer.apply(U)))));
    const [smeared, force, gradient, none] = python("gated", U, [0.11, 0.7, -0.2, ...net], `
F = array.array("d"); F.frombytes(open("F.bin", "rb").read())
back = S.pullback(U, F)
out = [S.smear(U), *back, S.pullback(U, array.array("d", bytes(8 * len(U))))[0]]
U[7] = float("nan")
for refused in (lambda: S.smear(U), lambda: setattr(S, "parameters", [float("inf")] * 9)):
    try:
        refused()
        raise SystemExit("a number that is not finite went unnoticed")
    except library.Error as error:
        assert error.status in (1, 6), error.status`);
    close(smeared!, record(layer.apply(U)));
    const S = wilson.after(layer as unknown as Layer<number, never>);
    close(force!, record(S.force(U)));
    const { layer: by } = S.parameterGradient(U).gradient as unknown as { layer: { rho: number; gate: { w: number; b: number }; net: Tensor } };
    close(gradient!, [by.rho, by.gate.w, by.gate.b, ...by.net.data]);
    expect(largest(none!)).toBe(0);
  });
});

test.skipIf(!python3 || compilers.length === 0)("the wrappers for PyTorch and JAX of docs and README: gradients against differences, through stand-ins for both", () => {
  const at = join(folder, "stouted");
  sh(at, "make", [`CC=${compilers[0]!}`, `CFLAGS=${FLAGS}`, "libstouted.so"]);
  const blocks = (text: string): string[] => [...text.matchAll(/```python\n(import (?:torch|jax).*?)```/gs)].map(([, code]) => code!);
  const [fromDocs, fromReadme] = [readFileSync(new URL("../../docs/export.md", import.meta.url), "utf8").replaceAll("cask", "stouted").replaceAll(", N, N)", ", 3, 3)"), readFileSync(join(at, "README.md"), "utf8")].map(blocks);
  expect(fromDocs).toHaveLength(2);
  expect(fromReadme).toEqual(fromDocs);
  if (sh(at, "python3", ["-c", "import importlib.util as u; print(u.find_spec('numpy') is not None)"]).trim() !== "True") return void console.log("numpy: not found here, the wrappers are not run");
  const said = sh(at, "python3", ["-c", comparison(fromDocs!.join("\n"))]);
  for (const x of said.trim().split(" ")) expect(Number(x)).toBeLessThan(1e-8);
});

/** A program that evaluates one field in every layout and convention. */
const LAYOUTS = `
#include "stouted.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { V = 4 * 6 * 2 * 8, D = 4, LINK = 18, ALL = V * D * LINK };
static const int L[4] = {4, 6, 2, 8};
static double S0, F0[ALL], U[ALL];
static int bad = 0;
static void near(const char* what, double x, double y) { if (!(fabs(x - y) <= 1e-12 * (1 + fabs(y)))) { printf("%s: %.17g and %.17g\\n", what, x, y); bad++; } }
static void coordinates(int n, int* x) { for (int mu = 0; mu < 4; mu++) { x[mu] = n % L[mu]; n /= L[mu]; } }
static int site(const int* x) { int n = 0; for (int mu = 3; mu >= 0; mu--) n = n * L[mu] + (x[mu] + L[mu]) % L[mu]; return n; }

typedef ptrdiff_t place(int n, int mu, int i, int j);
static int odd(const int* x) { return (x[0] + x[1] + x[2] + x[3]) & 1; }
static ptrdiff_t julia(int n, int mu, int i, int j) { return (ptrdiff_t)mu * V * LINK + n * LINK + 2 * (i + 3 * j); }
static ptrdiff_t milc(int n, int mu, int i, int j) { int x[4]; coordinates(n, x); return ((n / 2 + odd(x) * (V / 2)) * 4 + mu) * LINK + 2 * (3 * i + j); }
/* openQCD: time slowest, z fastest, even points first */
static int64_t table[V];
static void fill(void) {
  int even = 0, odds = V / 2, x[4];
  for (x[3] = 0; x[3] < L[3]; x[3]++) for (x[0] = 0; x[0] < L[0]; x[0]++) for (x[1] = 0; x[1] < L[1]; x[1]++) for (x[2] = 0; x[2] < L[2]; x[2]++)
    table[site(x)] = odd(x) ? odds++ : even++;
}
static ptrdiff_t openqcd(int n, int mu, int i, int j) {
  int x[4], direction = (mu + 1) % 4;
  coordinates(n, x);
  if (odd(x)) return (8 * (table[n] - V / 2) + 2 * direction) * LINK + 2 * (3 * i + j);
  x[mu]++;
  return (8 * (table[site(x)] - V / 2) + 2 * direction + 1) * LINK + 2 * (3 * i + j);
}

static void with(const char* what, const stouted_layout* layout, place* at) {
  double *u = malloc(sizeof U), *f = calloc(ALL, sizeof(double)), S;
  double *pu[4], *pf[4];
  for (int mu = 0; mu < 4; mu++) { pu[mu] = u + mu * V * LINK; pf[mu] = f + mu * V * LINK; }
  for (int n = 0; n < V; n++) for (int mu = 0; mu < 4; mu++) for (int i = 0; i < 3; i++) for (int j = 0; j < 3; j++) memcpy(u + at(n, mu, i, j), U + (n * 4 + mu) * LINK + 2 * (3 * i + j), 16);
  stouted_options options = {layout, STOUTED_FORCE, 2};
  stouted_handle* h;
  if (stouted_create(L, 0, &options, &h)) exit(2);
  if (stouted_value_and_force(h, layout->pointers ? (void*)pu : u, &S, layout->pointers ? (void*)pf : f)) exit(3);
  near(what, S, S0);
  for (int n = 0; n < V; n++) for (int mu = 0; mu < 4; mu++) for (int i = 0; i < 3; i++) for (int j = 0; j < 3; j++) for (int c = 0; c < 2; c++) near(what, f[at(n, mu, i, j) + c], F0[(n * 4 + mu) * LINK + 2 * (3 * i + j) + c]);
  stouted_destroy(h);
  free(u);
  free(f);
}

static void force_in(int convention, double* F) {
  stouted_options options = {0, convention, 1};
  stouted_handle* h;
  if (stouted_create(L, 0, &options, &h) || stouted_force(h, U, F)) exit(4);
  stouted_destroy(h);
}

static void blocks(const int extents[4], int convention, const double* U) {
  stouted_layout layout;
  stouted_options options = {0, convention, 2}, own = {&layout, convention, 2};
  stouted_handle *h, *o;
  if (stouted_layout_of(STOUTED_OWN, extents, &layout) || stouted_create(extents, 0, &options, &h) || stouted_create(extents, 0, &own, &o)) exit(7);
  const size_t room = (size_t)stouted_size(h) * sizeof(double), all = (size_t)extents[0] * extents[1] * extents[2] * extents[3] * 72 * sizeof(double);
  double *u = aligned_alloc(64, (room + 127) / 64 * 64), *g = aligned_alloc(64, (room + 127) / 64 * 64), *f = aligned_alloc(64, (all + 63) / 64 * 64), *back = malloc(all), *again = aligned_alloc(64, (room + 127) / 64 * 64), S, T;
  if (stouted_pack(h, U, u) || stouted_value_and_force(h, U, &S, f) || stouted_value_and_force(o, u, &T, g) || stouted_unpack(h, g, back)) exit(8);
  if (S != T || memcmp(f, back, all)) bad++;
  /* what comes out is as whole as what pack makes: it may be an argument */
  if (stouted_pack(h, back, again) || memcmp(again, g, room)) bad++;
  if (stouted_unpack(h, u, back) || memcmp(back, U, all)) bad++;
  if (stouted_value(o, u + 1, &T) != STOUTED_ARGUMENT || stouted_force(o, u, g + 1) != STOUTED_ARGUMENT || stouted_pack(h, U, u + 1) != STOUTED_ARGUMENT) bad++;
  stouted_destroy(h);
  stouted_destroy(o);
  free(u);
  free(g);
  free(f);
  free(back);
  free(again);
}

int main(void) {
  FILE* file = fopen("U.bin", "rb");
  if (!file || fread(U, 8, ALL, file) != ALL) return 5;
  fclose(file);
  double kept[ALL];
  memcpy(kept, U, sizeof U);
  stouted_handle* h;
  if (stouted_create(L, 0, 0, &h) || stouted_value_and_force(h, U, &S0, F0)) return 6;
  if (memcmp(kept, U, sizeof U)) bad++;
  fill();
  stouted_layout layout;
  stouted_layout_of(STOUTED_GAUGEFIELDS_JL, L, &layout);
  with("Gaugefields.jl", &layout, julia);
  stouted_layout_of(STOUTED_MILC, L, &layout);
  with("MILC", &layout, milc);
  stouted_layout_of(STOUTED_OPENQCD, L, &layout);
  layout.sites = table;
  with("openQCD", &layout, openqcd);
  /* relations of the conventions */
  static double F[ALL], G[V * 4 * 8];
  force_in(STOUTED_FORCE_TWICE, F);
  for (int k = 0; k < ALL; k++) near("twice", F[k], 2 * F0[k]);
  force_in(STOUTED_FORCE_COMPONENTS, G);
  double a = 0, b = 0;
  for (int k = 0; k < ALL; k++) a += 2 * F0[k] * F0[k];
  for (int k = 0; k < V * 32; k++) b += G[k] * G[k];
  near("components", a, b);
  force_in(STOUTED_FORCE_COTANGENT, F);
  static double H[ALL];
  force_in(STOUTED_FORCE_DSDU, H);
  for (int l = 0; l < V * 4; l++)
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) {
        /* U dSdU / 3 and G U^+ / 2 are F */
        double x[2] = {0, 0}, y[2] = {0, 0};
        for (int k = 0; k < 3; k++) {
          const double *u = U + l * 18 + 2 * (3 * i + k), *d = H + l * 18 + 2 * (3 * k + j), *g = F + l * 18 + 2 * (3 * i + k), *w = U + l * 18 + 2 * (3 * j + k);
          x[0] += (u[0] * d[0] - u[1] * d[1]) / 3;
          x[1] += (u[0] * d[1] + u[1] * d[0]) / 3;
          y[0] += (g[0] * w[0] + g[1] * w[1]) / 2;
          y[1] += (g[1] * w[0] - g[0] * w[1]) / 2;
        }
        for (int c = 0; c < 2; c++) {
          near("dsdu", x[c], F0[l * 18 + 2 * (3 * i + j) + c]);
          near("cotangent", y[c], F0[l * 18 + 2 * (3 * i + j) + c]);
        }
      }
  /* the library's own blocks give the same bits, on lattices that fill the lanes and on one that does not; every convention too */
  const int odd_ones[4] = {3, 5, 3, 2};
  blocks(L, STOUTED_FORCE, U);
  for (int convention = STOUTED_FORCE; convention <= STOUTED_FORCE_COTANGENT; convention++) blocks(odd_ones, convention, U);
  /* links that no cache holds go past them */
  const int large[4] = {16, 16, 8, 8};
  const size_t count = 16 * 16 * 8 * 8 * 72;
  double* many = malloc(count * sizeof *many);
  for (size_t k = 0; k < count; k++) many[k] = U[k % ALL];
  blocks(large, STOUTED_FORCE, many);
  free(many);
  /* errors have numbers */
  const int wrong[4] = {0, 4, 4, 4};
  stouted_handle* none;
  const stouted_options crowd = {0, STOUTED_FORCE, 2000};
  stouted_layout_of(STOUTED_ILDG, L, &layout);
  layout.site[1] = 0;
  const stouted_options flat = {&layout, STOUTED_FORCE, 1};
  if (stouted_create(L, 0, &crowd, &none) != STOUTED_ARGUMENT || stouted_create(L, 0, &flat, &none) != STOUTED_ARGUMENT) bad++;
  /* directions that reach into each other, within a site, into a neighbour, and as far as the last one; side by side, also beyond all sites, they do not */
  for (int known = STOUTED_ILDG; known <= STOUTED_OPENQCD; known++)
    for (int k = 0; k < 8; k++) {
      stouted_layout_of(known, L, &layout);
      layout.sites = table;
      const stouted_options odd = {&layout, STOUTED_FORCE, 1};
      const ptrdiff_t site = known == STOUTED_ILDG ? 4 * LINK : layout.stride, places = known == STOUTED_OPENQCD ? V / 2 : V;
      const ptrdiff_t at[] = {0, 1, LINK - 1, -(LINK - 1), 3 * site, -(places - 1) * site - 2, places * site, -3 * places * site};
      layout.direction[2] = layout.direction[0] + at[k];
      if (stouted_create(L, 0, &odd, &none) != (k < 6 && !layout.pointers ? STOUTED_ARGUMENT : STOUTED_OK)) {
        printf("directions of layout %d at %td\\n", known, at[k]);
        bad++;
      }
      stouted_destroy(none);
    }
  if (stouted_create(wrong, 0, 0, &none) != STOUTED_EXTENTS || none || stouted_value(h, 0, &S0) != STOUTED_ARGUMENT || stouted_set_field(h, 0, U) != STOUTED_ARGUMENT) bad++;
  /* one handle in many calls at a time; beside the force, products are put together in another order */
  if (stouted_value(h, U, &S0)) bad++;
#ifdef _OPENMP
#pragma omp parallel for num_threads(4)
#endif
  for (int k = 0; k < 8; k++) {
    double S = 0;
    if (stouted_value(h, U, &S) || S != S0) {
      printf("at the same time: %.17g and %.17g\\n", S, S0);
      bad++;
    }
  }
  stouted_destroy(h);
  printf("%d bad, S = %.17g\\n", bad, S0);
  return bad != 0;
}
`;

test.skipIf(compilers.length === 0)("every layout and convention, one handle in several threads, errors: from C", async () => {
  const { stouted } = (await loadModule("stouted.ts", folder)) as { stouted: GaugeAction<number> };
  const U = hot(lattice([4, 6, 2, 8]), SU(3), { seed: 77 });
  const at = join(folder, "stouted");
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "U.bin"), bytes(record(U)));
  writeFileSync(join(at, "layouts.c"), LAYOUTS);
  const cc = compilers[0]!;
  sh(at, "make", [`CC=${cc}`, `CFLAGS=${FLAGS}`, "libstouted.a"]);
  sh(at, cc, ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fopenmp", "-o", "layouts", "layouts.c", "libstouted.a", "-lm"]);
  const said = sh(at, "./layouts", []);
  expect(said).toMatch(/^0 bad/);
  close([Number(said.split("=")[1])], [stouted.value(U)]);
});

test.skipIf(compilers.length === 0)("a model file is a layer: its network", async () => {
  const at = await exported(join("trained", "model.gaugegrad"), "network");
  sh(at, "make", [`CC=${compilers[0]!}`, `CFLAGS=${FLAGS}`]);
  expect(sh(at, "./test", [])).toMatch(/ 0 wrong/);
});

/** Arguments of a list at depth zero. */
function split(list: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const c of list) {
    depth += "({".includes(c) ? 1 : ")}".includes(c) ? -1 : 0;
    if (c === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += c;
  }
  return parts.map((x) => x.trim()).filter((x) => x !== "");
}

// no Julia here: what can be seen in its text
test.each(names)("NAME.jl of %s calls what NAME.h declares, and its blocks end", (name) => {
  const header = readFileSync(join(folder, name, `${name}.h`), "utf8").replaceAll(/\/\*.*?\*\//gs, "");
  const julia = readFileSync(join(folder, name, `${name}.jl`), "utf8").replace(/^""".*?^"""/ms, "").replaceAll(/#.*$/gm, "");
  const prototypes = new Map([...header.matchAll(/^(?:int|void|const char\*) (\w+)\(([^;]*)\);/gm)].map(([, f, list]) => [f!, split(list!)]));
  const calls = [...julia.matchAll(/ccall\(\(:(\w+), library\), (\w+), \(/g)];
  expect(calls.length).toBeGreaterThan(5);
  for (const { 1: f, 2: result, 0: head, index } of calls) {
    const want = prototypes.get(f!);
    expect(want, f).toBeDefined();
    let end = index + head.length;
    for (let depth = 1; depth > 0; end++) depth += "({".includes(julia[end]!) ? 1 : ")}".includes(julia[end]!) ? -1 : 0;
    const types = split(julia.slice(index + head.length, end - 1));
    expect(types.map((t) => /^(?:Ptr|Ref)\{/.test(t)), f).toEqual(want!.map((t) => /[*[]/.test(t)));
    let close = end;
    for (let depth = 1; depth > 0; close++) depth += "({[".includes(julia[close]!) ? 1 : ")}]".includes(julia[close]!) ? -1 : 0;
    expect(split(julia.slice(end + 1, close - 1).replaceAll(/\[[^\]]*\]/g, "")).length, f).toBe(types.length);
    expect(result, f).toBe(header.includes(`void ${f}(`) ? "Cvoid" : header.includes(`const char* ${f}(`) ? "Cstring" : "Cint");
  }
  const opened = julia.match(/^\s*(?:module|(?:mutable )?struct|function)\b|\bbegin\b/gm)!.length;
  expect(julia.match(/^\s*end\b/gm)!.length).toBe(opened);
});

test("what cannot be exported is refused in one line", async () => {
  module("two.ts", `${STOUTED}\nexport const other = gaugeAction.wilson({ beta: 1 });`);
  module("none.ts", "export const x = 3;");
  module("links2.ts", 'import { fieldAction, mul, adj, reTrace, sum } from "gaugegrad";\nexport const two = fieldAction({ name: "two", fields: { U: "links", V: "links" }, evaluate: ({ U, V }) => sum(reTrace(mul(U[0], adj(V[0])))) });');
  module("background.ts", 'import { SU, action, adj, hot, lattice, mul, reTrace, sum } from "gaugegrad";\nconst B = hot(lattice([4, 4]), SU(2), { seed: 1 });\nexport const S = action({ name: "background", inputs: { B }, evaluate: (U, { B }) => sum(reTrace(mul(B[0], adj(U[0])))) });');
  module("map.ts", 'import { maskedStout } from "gaugegrad";\nexport const map = maskedStout({ rho: 0.1 });');
  // as the message on maps with log det says
  module("links.ts", 'import { Layer, maskedStout } from "gaugegrad";\nconst F = maskedStout({ rho: 0.1 });\nexport const links = new Layer(F.name, F.parameters, (U, p) => F.forward(U, p).links);');
  await exported("links.ts", "links", "--group", "u1", "--lattice", "4,4");
  module("solvers.ts", `
import { SU, lattice } from "gaugegrad";
import { pseudofermions, wilson } from "gaugegrad/fermions";
const at = { lattice: lattice([4, 4, 4, 4]), group: SU(2), flavours: 2 };
export const stabilised = pseudofermions(wilson({ kappa: 0.1 }), { ...at, solver: "bicgstab" });
export const deflated = pseudofermions(wilson({ kappa: 0.1 }), { ...at, deflate: 2 });`);
  module("masses.ts", `
import { Field, action, add, cdot, lattice, re, solve, sum } from "gaugegrad";
import { staggeredNormal, staggeredType } from "gaugegrad/fermions";
const L = lattice([4, 4]);
const of = (phi) => action({ name: "two masses", inputs: { masses: [0.5, 0.9], phi }, evaluate: (U, { masses, phi }) => add(...masses.map((m) => sum(re(cdot(phi, solve((x) => staggeredNormal(U, x, m), phi)))))) });
export const masses = of(new Field(L, staggeredType(L, 2)));`);
  module("counted.ts", 'import { action, plaquette, reTrace, scaleBy, sum } from "gaugegrad";\nlet n = 0;\nexport const counted = action({ name: "counted", evaluate: (U) => scaleBy(++n, sum(reTrace(plaquette(U, 0, 1)))) });');
  module("wide.ts", 'import { channel, channels, layer, plaquette, reTrace, scale, siteLinear, tensor } from "gaugegrad";\nexport const wide = layer({ name: "wide", params: { w: tensor([50, 50]) }, forward: (U, { w }) => U.map((mu) => scale(channel(siteLinear(channels(...Array.from({ length: 50 }, () => reTrace(plaquette(U, 0, 1)))), w), 0), U[mu])) });');
  for (const [argv, code, text] of [
    [["export", "two.ts", "--out", "a"], 3, /(stouted, other|other, stouted).*--only/],
    [["export", "none.ts", "--out", "a"], 3, /no layer or recorded action/],
    [["export", "stouted.ts", "--out", "a", "--name", "Not C"], 3, /identifier/],
    [["export", "stouted.ts", "--out", "a", "--name", "test"], 3, /name "test".*--name my_test/],
    [["export", "stouted.ts", "--out", "a", "--name", "lambda"], 3, /word or module of Python/],
    [["export", "stouted.ts", "--out", "a", "--name", "struct"], 3, /word or module of Python/],
    [["export", "background.ts", "--out", "a", "--group", "su2", "--lattice", "4,4"], 3, /DirectionalField.*as the input B .*: give B\.fields/],
    [["export", "stouted.ts", "--out", "trained"], 5, /expected a new or empty one/],
    [["export", "stouted.ts", "--out", "/proc/libstouted"], 5, /cannot be made/],
    [["export", "stouted.ts"], 2, /--out/],
    [["export", "links2.ts", "--out", "a"], 3, /action of the links U, V: .*one field of links/],
    [["export", "map.ts", "--out", "a"], 3, /map with log det/],
    [["export", "solvers.ts", "--only", "stabilised", "--out", "a"], 3, /solved by BiCGStab, expected plain conjugate gradients.*: take the solver "cg"/],
    [["export", "solvers.ts", "--only", "deflated", "--out", "a"], 3, /solved with deflation, expected plain conjugate gradients.*: leave out deflate/],
    [["export", "masses.ts", "--out", "a", "--solver", "host"], 3, /two linear systems with the right-hand side phi, expected one.*--solver host/],
    [["export", "counted.ts", "--out", "a", "--lattice", "4,4"], 3, /counted differs between two recordings on 4x4 .*: let it depend on its arguments and the lattice only/],
    [["export", "wide.ts", "--out", "a"], 3, /2500 weights, expected at most 2000/],
    [["export", "fermions.ts", "--out", "a", "--lattice", "3,4,4,4"], 3, /got Lx = 3, expected .*Lx even.*--lattice/],
    [["export", "fermions.ts", "--out", "a", "--group", "su3"], 3, /2 colours, got links of SU\(3\): pass --group su2/],
  ] as const) {
    const said = await cli(argv, { directory: folder });
    expect(said.code, said.stderr).toBe(code);
    expect(said.stderr).toMatch(text);
    expect(said.stderr.trim().split("\n")).toHaveLength(1);
  }
});
