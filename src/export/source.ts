/** The C file of an exported library: kernels, programs as lists of launches, and the functions of the interface. */
import { ConfigurationError } from "../errors.ts";
import { algebraElement } from "../gauge/index.ts";
import { type Pattern, LAST_FIRST, codeOf } from "./constants.ts";
import { type ScalarOutputs, interfaceSource } from "./interface.ts";
import { Names, type PrintedKernel, handedBy, kernelsOf, printKernel } from "./kernels.ts";
import { type Place, type Places, outerOf, placesOf } from "./layout.ts";
import { literal } from "./numbers.ts";
import type { PortableBuffer, PortableProgram, PortableSolve } from "./portable.ts";
import { conjugateGradient } from "./runtime/conjugate-gradient.ts";
import { conversions } from "./runtime/conversions.ts";
import { geometry } from "./runtime/geometry.ts";
import { launches } from "./runtime/launches.ts";
import { layouts } from "./runtime/layouts.ts";
import { device as interior } from "./runtime/device.ts";
import { vectors } from "./runtime/vectors.ts";
import type { LibrarySpec } from "./spec.ts";

const DOMAIN: Readonly<Record<string, string>> = { one: "ONE", shared: "ONE", all: "EVERY", even: "EVEN", odd: "ODD" };

/** Times a power of the volume. */
const timesVolume = (power: number): string => (power < 0 ? " / volume" : " * volume").repeat(Math.abs(power));

/** Everything the programs of a library share while they are printed. */
class Printer {
  readonly names = new Names();
  readonly patterns: string[] = [];
  readonly #spec: LibrarySpec;
  readonly #kernels = new Map<string, PrintedKernel>();
  arena = 0;
  scalars = 0;
  scratch = 0;
  sums = 0;
  solver = 0;
  shifts = 0;
  buffers = 0;

  constructor(spec: LibrarySpec) {
    this.#spec = spec;
  }

  kernels(): string {
    const { portable: { programs }, device, dim } = this.#spec;
    const printed = programs.flatMap((p) => kernelsOf(p, dim).map((k) => ({ ...k, handed: device ? undefined : handedBy(p) }))).map(({ kernel, places, handed }) => {
      const made = printKernel(kernel, places.stride, this.names, device, handed);
      this.#kernels.set(kernel.name, made);
      this.scratch = Math.max(this.scratch, made.scratch);
      this.sums = Math.max(this.sums, made.sums);
      return made.text;
    });
    return [...this.names.texts, ...printed].join("\n");
  }

  /** A program as a function of the work memory; operators of its solves before it. */
  program(p: PortableProgram): string {
    const places = placesOf(p, this.#spec.dim);
    const operators: string[] = [];
    const body = this.#body(p, places, operators, places);
    const solves = p.steps.some((s) => s.kind === "solve");
    return [...operators, `static int run_${p.name}(struct work* w) {`, ...body, ...(solves ? [] : [`  return ${this.#spec.name.toUpperCase()}_OK;`]), ...(solves ? ["  return status;"] : []), "}"].join("\n");
  }

  #body(p: PortableProgram, places: Places, operators: string[], outer: Places): string[] {
    this.arena = Math.max(this.arena, places.arenaEnd);
    this.scalars = Math.max(this.scalars, places.scalarsEnd);
    const solves = p.steps.some((s) => s.kind === "solve");
    const lines = [
      "  const int64_t room = ROOM(w->handle);",
      "  const double volume = (double)w->handle->volume;",
      "  (void)room;",
      "  (void)volume;",
      "  double* const f[] = {",
      ...p.buffers.map((b, k) => `    ${this.#address(b, k, places)}, /* ${k}: ${described(b)} */`),
      "  };",
      ...p.buffers.flatMap((b, k) => (b.role.is === "number" ? [`  for (int l = 0; l < W; l++) f[${k}][l] = ${literal(b.role.number.factor)}${timesVolume(b.role.number.power)};`] : [])),
      ...(solves ? ["  int status;"] : []),
      `  w->buffers = ${p.buffers.length};`,
    ];
    this.buffers = Math.max(this.buffers, p.buffers.length);
    p.steps.forEach((s, k) => {
      if (s.kind === "kernel") {
        const totals = s.plan.step.reductions.map((r) => r.buffer);
        if (totals.length > 0) lines.push(`  static const int totals_${k}[] = {${totals.join(", ")}};`);
        lines.push(`  launch(w, ${s.name}, f, ${DOMAIN[s.plan.step.domain]}, ${totals.length}, ${totals.length === 0 ? "0" : `totals_${k}`});`);
      } else if (s.kind === "zero") lines.push(`  clear(w, f[${s.buffer}], ${p.buffers[s.buffer]!.components}, ${DOMAIN[s.domain]});`);
      else lines.push(...this.#solve(p, s, k, operators, outer));
    });
    if (solves) lines.push("  if (status != 0) return status;");
    return lines;
  }

  #address(b: PortableBuffer, k: number, places: Places): string {
    const { role } = b;
    if (b.first < 0 && role.is === "work") return "0";
    switch (role.is) {
      case "work":
      case "number":
        return b.scalar ? `w->scalars + ${places.scalars.get(k)!} * W` : arenaAddress(places.arena.get(k)!);
      case "pattern":
        return `w->handle->patterns[${this.#pattern(role.pattern)}]`;
      case "operand":
        return `operands[${role.index}]`;
      default:
        switch (role.port.kind) {
          case "links":
          case "smeared":
          case "cotangent":
            return `w->${role.port.kind}[${role.port.mu}]`;
          // a force that is an argument lies where smeared links are otherwise
          case "force":
            return `w->${role.is === "input" ? "smeared" : "force"}[${role.port.mu}]`;
          case "derivative":
            return `w->derivatives[${role.port.index}]`;
          case "parameter":
            return `w->parameters + ${role.port.index} * W`;
          case "field":
            return `w->fields[${role.port.index}]->data`;
          default:
            return `w->scalars + ${places.scalars.get(k)!} * W`;
        }
    }
  }

  #pattern(pattern: Pattern): number {
    const { dependence, values } = pattern;
    const text = `{${dependence.map((_, mu) => codeOf(pattern, mu)).join(", ")}}|{${values.map(literal).join(", ")}}`;
    const known = this.patterns.indexOf(text);
    return known >= 0 ? known : this.patterns.push(text) - 1;
  }

  #solve(p: PortableProgram, s: PortableSolve, k: number, operators: string[], outer: Places): string[] {
    const name = `apply_${p.name}_${k}`;
    const { operator } = s;
    if (operator.steps.some((t) => t.kind === "solve")) throw new ConfigurationError(`export: got a linear system inside of the operator of another in ${this.#spec.subject.name}, expected operators of products and sums: a library solves no nested systems`);
    const inner = placesOf(operator, this.#spec.dim, outerOf(outer, s));
    const inputs = s.captured.length + 1;
    const text = this.#body({ ...operator, buffers: operator.buffers }, inner, operators, inner);
    operators.push([`static void ${name}(struct work* w, double* const* captured, double* out) {`, `  double* operands[${inputs + 1}];`, `  for (int k = 0; k < ${inputs}; k++) operands[k] = captured[k];`, `  operands[${inputs}] = out;`, ...text, "}"].join("\n"));
    const rhs = p.buffers[s.rhs]!;
    this.solver = Math.max(this.solver, (2 + s.shifts.length) * rhs.components);
    this.shifts = Math.max(this.shifts, s.shifts.length);
    return [
      "  {",
      `    double* operands[${inputs}] = {${[...s.captured.map((b) => `f[${b}]`), "0"].join(", ")}};`,
      `    double* const solutions[] = {${s.solutions.map((b) => `f[${b}]`).join(", ")}};`,
      `    static const double shifts[] = {${s.shifts.map(literal).join(", ")}};`,
      `    struct system system = {w, ${name}, operands, ${s.captured.length}, ${rhs.components}, ${s.shifts.length}, 0, ${s.maxIterations}, shifts, ${DOMAIN[rhs.domain]}};`,
      `    status = solve(&system, f[${s.rhs}], solutions, ${s.tolerance});`,
      "    if (status != 0) return status;",
      `    w->buffers = ${p.buffers.length};`,
      "  }",
    ];
  }

  /** Tables of displacements and patterns, and the sizes of everything. */
  tables(): string {
    const { dim, N, portable, parameters, fields, generators } = this.#spec;
    const extents = portable.probe;
    const signed = this.names.displacements.map((d) => d.map((x, mu) => (portable.fixed[mu] === 0 && 2 * x > extents[mu]! ? x - extents[mu]! : x)));
    const sizes = { DIM: dim, N, LINK: 2 * N * N, SITE: dim * 2 * N * N, GENERATORS: generators, PARAMETERS: parameters.length, FIELDS: fields.length, NEXT: signed.length, PATTERNS: this.patterns.length, PARITY: portable.parity ? 1 : 0, CHUNK: "128 / W", ARENA: this.arena, SCALARS: this.scalars, SCRATCH: this.scratch, SUMS: this.sums, SOLVER: this.solver, SHIFTS: this.shifts, BUFFERS: this.buffers, SMEARED: this.#spec.subject.kind === "layer" ? 1 : 0, OWN: this.#spec.device ? 0 : 1, ...(this.#spec.subject.moved ? { MOVED: this.#spec.subject.moved } : {}) };
    const patterns = this.patterns.map((t) => t.split("|"));
    const longest = Math.max(1, ...patterns.map(([, v]) => v!.split(",").length));
    return `enum { ${Object.entries(sizes).map(([k, v]) => `${k} = ${v}`).join(", ")} };
/* Displacements at which fields are read. */
static const int displacements[NEXT + 1][DIM] = {${[...signed, portable.fixed.map(() => 0)].map((d) => `{${d.join(", ")}}`).join(", ")}};
/* Constant fields: how each coordinate enters (0 not, -1 by its parity, k > 0: k sites at either end on their own, those of even and of odd extents; ${LAST_FIRST} more: the last ones alone), and their values. */
static const int pattern_kinds[PATTERNS + 1][DIM] = {${[...patterns.map(([d]) => d), `{${portable.fixed.map(() => 0).join(", ")}}`].join(", ")}};
static const double pattern_values[PATTERNS + 1][${longest}] = {${[...patterns.map(([, v]) => v), "{0}"].join(", ")}};
`;
  }
}

const arenaAddress = ({ at, inner }: Place): string => `w->arena + ${at} * room${inner === 0 ? "" : ` + ${inner} * W`}`;

/** A force or links that are returned. */
const isField = ({ role }: PortableBuffer): boolean => role.is === "output" && (role.port.kind === "force" || role.port.kind === "smeared");

function described({ role, components, domain }: PortableBuffer): string {
  const where = domain === "all" ? "" : ` on ${domain} sites`;
  if (role.is === "input" || role.is === "output") return `${role.is} ${role.port.kind}${"mu" in role.port ? ` ${role.port.mu}` : "index" in role.port ? ` ${role.port.index}` : ""}${where}`;
  return role.is === "work" || role.is === "operand" ? `${components} ${components === 1 ? "real" : "reals"}${where}` : role.is === "number" ? "a number" : "a constant field";
}

/** The generators T_a as matrices. */
function generatorTable(N: number, count: number): string {
  const rows = Array.from({ length: count }, (_, a) => {
    const out = new Float64Array(2 * N * N);
    algebraElement(N, Float64Array.from({ length: count }, (_x, k) => (k === a ? 1 : 0)), 0, out, 0);
    return `  {${Array.from(out, literal).join(", ")}}`;
  });
  return `/* T_a row by row, re and im. */\nstatic const double generators[GENERATORS][LINK] = {\n${rows.join(",\n")}\n};\n`;
}

/** Where the scalars that a program returns lie in the work memory. */
function scalarOutputs(p: PortableProgram, dim: number, device: boolean): ScalarOutputs {
  const { scalars } = placesOf(p, dim);
  const outputs = p.buffers.flatMap(({ role }, k) => (role.is === "output" ? [{ port: role.port, at: scalars.get(k) }] : []));
  const gradient: number[] = [];
  for (const { port, at } of outputs) if (port.kind === "gradient") gradient[port.index] = at!;
  return { value: outputs.find(({ port }) => port.kind === "value")?.at, gradient, handed: !device && handedBy(p) !== undefined };
}

/** NAME.c */
export function source(spec: LibrarySpec): string {
  const { name, portable, device } = spec;
  const printer = new Printer(spec);
  const kernels = printer.kernels();
  const programs = portable.programs.map((p) => printer.program(p)).join("\n\n");
  const zero = portable.programs.some((p) => p.steps.some((s) => s.kind === "zero" || (s.kind === "solve" && s.operator.steps.some((t) => t.kind === "zero"))));
  const clear = `static void clear(struct work* w, double* x, int n, enum domain d) {\n  int64_t first, last;\n  range(w->handle, d, &first, &last);\n  memset(x + first * n * W, 0, sizeof(double) * (size_t)((last - first) * n * W));\n}\n`;
  return [
    `/* ${spec.title}: generated by gaugegrad ${spec.version}; the interface and all conventions are in ${name}.h. No global state, nothing but the C library. */`,
    `#include "${name}.h"`,
    device ? "#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n" : "#include <math.h>\n#include <stdatomic.h>\n#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n#ifdef _OPENMP\n#include <omp.h>\n#endif\n",
    device ? interior(name) : vectors(name),
    printer.tables(),
    ...(device ? ["struct table { double* at[BUFFERS]; };\n"] : []),
    generatorTable(spec.N, spec.generators),
    geometry(spec),
    layouts(spec),
    launches(spec),
    ...(zero ? [clear] : []),
    conversions(spec, portable.programs.some((p) => p.outputs.some((b) => isField(p.buffers[b]!)) && (device || !handedBy(p)))),
    ...(printer.solver > 0 ? [conjugateGradient(spec)] : []),
    `/* Micro-kernels: the arithmetic of one operation at one block of sites; then the kernels, loops over blocks. */`,
    kernels,
    programs,
    interfaceSource(spec, (program) => scalarOutputs(portable.programs.find((p) => p.name === program)!, spec.dim, device)),
  ].join("\n");
}
