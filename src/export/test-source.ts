/** test.c of an exported library: its numbers on closed-form fields, and the force against differences of the value. */
import { ENTRIES, KAPPA, STEP, type ReferenceCase } from "./reference.ts";
import { literal } from "./numbers.ts";
import type { LibrarySpec } from "./spec.ts";
import { fill } from "./template.ts";

/** Largest relative difference: rounding of chains of some thousand operations, and the solver's tolerance where there is one. */
export const toleranceOf = (spec: LibrarySpec): number => (spec.portable.programs.some((p) => p.steps.some((s) => s.kind === "solve")) ? 1e-9 : 1e-12);

const list = (xs: readonly number[]): string => `{${xs.length === 0 ? "0" : xs.map(literal).join(", ")}}`;

const TEXT = `/* Numbers of @title@ on closed-form fields, and the force against differences of the value. Exit code 1 when one is wrong. */
#include "@p@.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { D = @D@, N = @N@, LINK = 2 * N * N, ENTRIES = @ENTRIES@, FIELDS = @fieldCount@, PARAMETERS = @parameterCount@@moved@ };
struct numbers { int extents[D]; double value, norm, force[ENTRIES], smeared[ENTRIES], gradient[PARAMETERS + 1];@fieldNumbers@ };
static const struct numbers cases[] = {
@rows@
};
static int wrong = 0, compared = 0;

static void compare(const char* what, double got, double expected, double scale, double tolerance) {
  compared++;
  if (fabs(got - expected) <= tolerance * scale) return;
  wrong++;
  printf("%s: got %.17g, expected %.17g, difference %.2g\\n", what, got, expected, fabs(got - expected) / scale);
}

static void expect(const char* what, int status) {
  if (status == @P@_OK) return;
  printf("%s: %s\\n", what, @p@_error(status));
  exit(1);
}

/* out = x y for N x N matrices */
static void product(const double* x, const double* y, double* out) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      double re = 0, im = 0;
      for (int k = 0; k < N; k++) {
        const double *a = x + 2 * (i * N + k), *b = y + 2 * (k * N + j);
        re += a[0] * b[0] - a[1] * b[1];
        im += a[0] * b[1] + a[1] * b[0];
      }
      out[2 * (i * N + j)] = re;
      out[2 * (i * N + j) + 1] = im;
    }
}

/* out = exp(s x) by the Taylor series of exp(s x / 16), squared four times */
static void exponential(double s, const double* x, double* out) {
  double term[LINK] = {0}, sum[LINK] = {0}, scaled[LINK], next[LINK];
  for (int i = 0; i < N; i++) term[2 * (i * N + i)] = sum[2 * (i * N + i)] = 1;
  for (int c = 0; c < LINK; c++) scaled[c] = s / 16 * x[c];
  for (int n = 1; n < 16; n++) {
    product(term, scaled, next);
    for (int c = 0; c < LINK; c++) {
      term[c] = next[c] / n;
      sum[c] += term[c];
    }
  }
  for (int n = 0; n < 4; n++) {
    product(sum, sum, next);
    memcpy(sum, next, sizeof sum);
  }
  memcpy(out, sum, sizeof sum);
}

/* The traceless antihermitian part of closed-form matrices, in the ILDG order. */
static void directions(const int* L, double* X) {
  static const int w[4] = {1, 2, 3, 5}, v[4] = {3, 1, 2, 7};
  int volume = 1;
  for (int mu = 0; mu < D; mu++) volume *= L[mu];
  for (int n = 0; n < volume; n++)
    for (int mu = 0; mu < D; mu++) {
      int p = 0, q = 0, rest = n;
      for (int nu = 0; nu < D; nu++) {
        p += w[nu] * (rest % L[nu]);
        q += v[nu] * (rest % L[nu]);
        rest /= L[nu];
      }
      double m[LINK], trace = 0, *x = X + (n * D + mu) * LINK;
      for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) {
          m[2 * (a * N + b)] = sin(1 + 0.7 * a + 1.3 * b + 0.37 * p + 0.91 * mu);
          m[2 * (a * N + b) + 1] = cos(0.5 + 1.1 * a - 0.6 * b + 0.23 * q - 0.4 * mu);
        }
      for (int a = 0; a < N; a++) {
        for (int b = 0; b < N; b++) {
          x[2 * (a * N + b)] = (m[2 * (a * N + b)] - m[2 * (b * N + a)]) / 2;
          x[2 * (a * N + b) + 1] = (m[2 * (a * N + b) + 1] + m[2 * (b * N + a) + 1]) / 2;
        }
        trace += m[2 * (a * N + a) + 1];
      }
      for (int a = 0; N > 1 && a < N; a++) x[2 * (a * N + a) + 1] -= trace / N;
    }
}
@hostFields@
static void test(const struct numbers* c) {
  int volume = 1;
  for (int mu = 0; mu < D; mu++) volume *= c->extents[mu];
  const int links = volume * D, numbers = links * LINK;
  double *X = malloc(sizeof(double) * (size_t)numbers), *U = malloc(sizeof(double) * (size_t)numbers), *F = malloc(sizeof(double) * (size_t)numbers);
  double gradient[PARAMETERS + 1];
  if (!X || !U || !F) exit(1);
  directions(c->extents, X);
  for (int l = 0; l < links; l++) exponential(@KAPPA@, X + l * LINK, U + l * LINK);
  @p@_handle* h;
  expect("create", @p@_create(c->extents, 0, 0, &h));
@setFields@@test@
@forceTest@  for (int k = 0; k < PARAMETERS; k++) compare(@p@_parameter_name(k), gradient[k], c->gradient[k], fabs(c->gradient[k]) + 1, TOLERANCE);
@fieldTest@@differences@  @p@_destroy(h);
  free(X);
  free(U);
  free(F);
}

int main(void) {
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) test(cases + k);
  printf("@p@: %d numbers compared, %d wrong\\n", compared, wrong);
  return wrong > 0;
}
`;

const FORCE_TEST = `  double norm = 0;
  for (int k = 0; k < numbers; k++) norm += @metric@.0 * F[k] * F[k];
  /* a force that vanishes is zero up to rounding: sizes below 1e-3 a link count as that */
  const double size = sqrt(c->norm / links) + 1e-3;
  compare("norm of the force", norm, c->norm, c->norm + 1e-6 * links, TOLERANCE);
  for (int i = 0; i < ENTRIES; i++) compare("force", F[(int)((long)i * @STEP@ % numbers)], c->force[i], size, TOLERANCE);
`;

/** Forces of fields, and each against differences of the value along a curve of fields, by what the curve turns by: close together, as networks have kinks. */
const FIELD_TEST = `  double* forces[MOVED];
  for (int f = 0; f < MOVED; f++)
    if (!(forces[f] = malloc(sizeof(double) * (size_t)(volume * field_components[f])))) exit(1);
  expect("field_forces", @p@_field_forces(h, @links@, &again, forces));
  compare("value with the forces of fields", again, c->value, fabs(c->value) + 1, TOLERANCE);
  for (int f = 0; f < MOVED; f++) {
    const int count = volume * field_components[f];
    const double scale = sqrt(c->field_norm[f] / volume) + 1e-3;
    static const double place[4] = {-2, -1, 1, 2}, factor[4] = {1, -8, 8, -1};
    double sum = 0, expected = 0, slope = 0, s, *data = malloc(sizeof(double) * (size_t)count), *turn = calloc((size_t)count, sizeof(double));
    if (!data || !turn) exit(1);
    for (int i = 0; i < count; i++) sum += forces[f][i] * forces[f][i];
    compare("norm of the force of a field", sum, c->field_norm[f], c->field_norm[f] + 1e-6 * volume, TOLERANCE);
    for (int i = 0; i < ENTRIES; i++) compare("force of a field", forces[f][(int)((long)i * @STEP@ % count)], c->field_force[f][i], scale, TOLERANCE);
    for (int i = 0; i < 4; i++) {
      field_data(f, c->extents, 2e-5 * place[i], data);
      for (int k = 0; k < count; k++) turn[k] += factor[i] * data[k] / 24e-5;
      expect("set_field", @p@_set_field(h, f, data));
      expect("value", @p@_value(h, @links@, &s));
      slope += factor[i] * s / 24e-5;
    }
    static const double metric[] = {@metrics@};
    for (int k = 0; k < count; k++) expected += metric[f] * forces[f][k] * turn[k];
    compare("force of a field against differences", expected, slope, fabs(expected) + sqrt(c->field_norm[f]) + 1e-3 * (1 + fabs(c->value)), 1e-7);
    field_data(f, c->extents, 0, data);
    expect("set_field", @p@_set_field(h, f, data));
    free(data);
    free(turn);
    free(forces[f]);
  }
`;

export function testSource(spec: LibrarySpec, cases: readonly ReferenceCase[]): string {
  const { name: p, dim: D, N, subject, parameters, fields } = spec;
  const P = p.toUpperCase();
  const metric = N === 1 ? 1 : 2;
  const isAction = subject.kind === "action";
  const { moved = 0, linkless = false } = subject;
  const rows = cases.map((c) => `  {{${c.extents.join(", ")}}, ${literal(c.value ?? 0)}, ${literal(c.norm)}, ${list(c.force)}, ${list(c.smeared ?? [])}, ${list(c.gradient)}${moved > 0 ? `, ${list(c.fields.map((f) => f.norm))}, {${c.fields.map((f) => list(f.force)).join(", ")}}` : ""}}`);
  return fill(TEXT, { title: spec.title, p, D, N, ENTRIES, fieldCount: fields.length - spec.portable.solutions.length, parameterCount: parameters.length, rows: rows.join(",\n"), P, hostFields: fields.length === 0 ? "" : hostFields(spec) + solutions(cases[0]!), KAPPA, setFields: fields.length === 0 ? "" : `  set_fields(h, c->extents);\n${cases[0]!.solutions.map((_x, k) => `  expect("set_field", ${p}_set_field(h, FIELDS + ${k}, solution_${k}));\n`).join("")}`, test: isAction ? actionTest(spec) : layerTest(spec), fieldNumbers: moved > 0 ? " double field_norm[MOVED], field_force[MOVED][ENTRIES];" : "", moved: moved > 0 ? `, MOVED = ${moved}` : "", forceTest: linkless ? "" : fill(FORCE_TEST, { metric, STEP }), differences: isAction && !linkless && cases[0]!.solutions.length === 0 ? differences(spec) : "", fieldTest: moved > 0 ? fill(FIELD_TEST, { p, STEP, links: linkless ? "0" : "U", metrics: fields.slice(0, moved).map((f) => (f.constraint === "algebra" ? metric : 1)).join(", ") }) : "" }).replaceAll("TOLERANCE", String(toleranceOf(spec)));
}

/** Solutions of the one lattice of the test. */
const solutions = ({ solutions: all }: ReferenceCase): string => all.map((x, k) => `\nstatic const double solution_${k}[] = {${Array.from(x, literal).join(", ")}};\n`).join("");

const CONSTRAIN = `
/* The part of a site's numbers that obeys the constraint of their field: 1, a matrix of the algebra; 2, a unit vector. */
static void constrain(double* x, int constraint) {
  double m[LINK], trace = 0, size = 0;
  if (constraint == 2) {
    for (int c = 0; c < 3; c++) size += x[c] * x[c];
    for (int c = 0; c < 3; c++) x[c] /= sqrt(size);
  }
  if (constraint != 1) return;
  memcpy(m, x, sizeof m);
  for (int i = 0; i < N; i++) trace += m[2 * (i * N + i) + 1];
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      const int a = 2 * (i * N + j), b = 2 * (j * N + i);
      x[a] = (m[a] - m[b]) / 2;
      x[a + 1] = (m[a + 1] + m[b + 1]) / 2 - (i == j && N > 1 ? trace / N : 0);
    }
}
`;

function hostFields({ name: p, fields }: LibrarySpec): string {
  const constrained = fields.some((f) => f.constraint !== "none");
  return `${constrained ? CONSTRAIN : ""}
static const int field_components[] = {${fields.map((f) => f.components).join(", ")}};

/* Closed-form data of a field; s turns them. */
static void field_data(int f, const int* L, double s, double* data) {
  static const int parity[] = {${fields.map((f) => ({ all: -1, even: 0, odd: 1 })[f.domain]).join(", ")}};
  int volume = 1;
  for (int mu = 0; mu < D; mu++) volume *= L[mu];
  for (int n = 0; n < volume; n++) {
    static const int w[4] = {1, 2, 3, 5};
    int p = 0, sum = 0, rest = n;
    double* x = data + n * field_components[f];
    for (int nu = 0; nu < D; nu++) {
      p += w[nu] * (rest % L[nu]);
      sum += rest % L[nu];
      rest /= L[nu];
    }
    const int there = parity[f] < 0 || sum % 2 == parity[f];
    for (int c = 0; c < field_components[f]; c++) x[c] = there ? sin(0.3 + 0.7 * c + 0.41 * p) + s * cos(1.1 - 0.4 * c + 0.23 * p) : 0;
${constrained ? `    static const int constraints[] = {${fields.map((x) => ["none", "algebra", "unit"].indexOf(x.constraint)).join(", ")}};\n    if (there) constrain(x, constraints[f]);\n` : ""}  }
}

static void set_fields(${p}_handle* h, const int* L) {
  int volume = 1;
  for (int mu = 0; mu < D; mu++) volume *= L[mu];
  for (int f = 0; f < FIELDS; f++) {
    double* data = malloc(sizeof(double) * (size_t)(volume * field_components[f]));
    if (!data) exit(1);
    field_data(f, L, 0, data);
    expect("set_field", ${p}_set_field(h, f, data));
    free(data);
  }
}
`;
}

const BESIDE = `  double beside = 0, alone = 0, most = 0;
  for (int k = 0; k < numbers; k++) beside += F[k] * X[k];
`;
const ALONE = `  for (int k = 0; k < numbers; k++) alone += F[k] * X[k], most += fabs(F[k] * X[k]);
  compare("force with the value, along X", beside, alone, most + 1e-6 * links, TOLERANCE);
`;

function actionTest({ name: p, parameters, subject: { linkless } }: LibrarySpec): string {
  const links = linkless ? "0" : "U";
  return `  double value, again;
  expect("value", ${p}_value(h, ${links}, &value));
${linkless ? "" : `  expect("value_and_force", ${p}_value_and_force(h, U, &again, F));\n${BESIDE}  expect("force", ${p}_force(h, U, F));\n${ALONE}`}  compare("value", value, c->value, fabs(c->value) + 1, TOLERANCE);
${linkless ? "" : `  compare("value with the force", again, c->value, fabs(c->value) + 1, TOLERANCE);\n`}${parameters.length === 0 ? "  (void)gradient;" : `  expect("gradient", ${p}_gradient(h, ${links}, &again, gradient));`}`;
}

function layerTest({ name: p }: LibrarySpec): string {
  return `  expect("smear", ${p}_smear(h, U, F));
  for (int i = 0; i < ENTRIES; i++) compare("smeared links", F[(int)((long)i * ${STEP} % ((long)links * LINK))], c->smeared[i], 1, TOLERANCE);
  expect("pullback", ${p}_pullback(h, U, X, F, gradient));`;
}

/** d/ds S(exp(s X) U) = (F, X) by a fourth-order difference, of points closer and closer together while a kink of the action (relu, max, abs) lies between them. */
function differences({ name: p, N }: LibrarySpec): string {
  return `  double exact = 0, difference = 0;
  for (int k = 0; k < numbers; k++) exact += ${N === 1 ? 1 : 2}.0 * F[k] * X[k];
  const double scale = fabs(exact) + sqrt(c->norm) + 1e-3 * (1 + fabs(c->value));
  static const double at[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1}, apart[3] = {1e-3, 1e-4, 1e-5};
  for (int j = 0; j == 0 || (j < 3 && !(fabs(exact - difference) <= 1e-7 * scale)); j++) {
    difference = 0;
    for (int i = 0; i < 4; i++) {
      double e[LINK], u[LINK], s;
      for (int l = 0; l < links; l++) {
        exponential(apart[j] * at[i], X + l * LINK, e);
        exponential(${KAPPA}, X + l * LINK, u);
        product(e, u, U + l * LINK);
      }
      expect("value", ${p}_value(h, U, &s));
      difference += weight[i] * s / (12 * apart[j]);
    }
  }
  compare("force against differences", exact, difference, scale, 1e-7);
`;
}
