/**
 * Programs without a lattice: kernels, buffers and constants of recordings on two lattices of different extents, which must agree in everything but the
 * constants. What depends on an extent (a Polyakov line has as many links) is tried again with that direction fixed to the extent asked for.
 */
import { type Lattice, components, domainOf, type Domain } from "../autograd/index.ts";
import { type KernelPlan, type MicroKernel, type Schedule, type SolveStep, lower, microSource, planKernel, REFINEMENTS } from "../compiler/index.ts";
import { ConfigurationError, GaugegradError } from "../errors.ts";
import { lattice } from "../gauge/index.ts";
import { type Pattern, type ScaledNumber, alternates, leastOf, numberOn, patternOf } from "./constants.ts";
import { recordPrograms } from "./programs.ts";
import type { Port, RecordedProgram } from "./recorded.ts";
import { type ExportField, type ExportSubject, fieldsOf } from "./subject.ts";
import { withoutVolumes } from "./volumes.ts";

/** A piece of memory of a program. */
export interface PortableBuffer {
  readonly components: number;
  readonly scalar: boolean;
  readonly domain: Domain;
  readonly role: { readonly is: "input" | "output"; readonly port: Port } | { readonly is: "operand"; readonly index: number } | { readonly is: "work" } | { readonly is: "number"; readonly number: ScaledNumber } | { readonly is: "pattern"; readonly pattern: Pattern };
  readonly first: number;
  readonly last: number;
}

export interface PortableSolve extends Omit<SolveStep, "operator"> {
  /** (captured..., x) -> A x, with the operands as buffers of the role `operand`. */
  readonly operator: PortableProgram;
}

export type PortableStep =
  | { readonly kind: "kernel"; readonly plan: KernelPlan; readonly name: string }
  | PortableSolve
  | { readonly kind: "zero"; readonly buffer: number; readonly domain: "even" | "odd" };

export interface PortableProgram {
  readonly name: string;
  readonly buffers: readonly PortableBuffer[];
  readonly steps: readonly PortableStep[];
  /** Buffers of the outputs. */
  readonly outputs: readonly number[];
}

/** The solution of a linear system that the host gives: X = (A + shift)^{-1} of one of the fields. */
export interface HostSolution {
  /** Number of the field on the right-hand side. */
  readonly field: number;
  readonly shift: number;
  readonly components: number;
  readonly domain: Domain;
}

/** Who solves linear systems: the library, or its host. */
export type Solver = "cg" | "host";

/** All programs of a subject, for lattices of any extents but those fixed. */
export interface Portable {
  readonly programs: readonly PortableProgram[];
  /** Fields behind those of the subject, in this order, where the host solves. */
  readonly solutions: readonly HostSolution[];
  /** Extents of the recording, modulo which its displacements are given. */
  readonly probe: readonly number[];
  /** Extent of each direction that is fixed, 0 for a free one. */
  readonly fixed: readonly number[];
  /** Needs sites of one parity, and so even extents. */
  readonly parity: boolean;
  /** Least extent of each direction. */
  readonly least: readonly number[];
  /** Directions whose extent must be even. */
  readonly even: readonly boolean[];
}

/** Extents of the recordings, different in every direction and in volume, and large enough that no displacement meets itself. */
const PROBES: readonly (readonly number[])[] = [[16, 18, 20, 22], [18, 24, 16, 20]];

/** Extents of a recording, one more in directions that are to be odd. */
const probeOf = (k: number, fixed: readonly number[], odd?: readonly boolean[]): number[] => PROBES[k]!.slice(-fixed.length).map((L, mu) => fixed[mu]! || L + (odd?.[mu] ? 1 : 0));

class Difference extends Error {}

interface Side {
  readonly lattice: Lattice;
  readonly program: RecordedProgram;
}

/** The shortest way round the torus. @throws Difference where there are two. */
function signed(lattice: Lattice, d: readonly number[], fixed: readonly number[]): number[] {
  return lattice.wrap(d).map((x, mu) => {
    const L = lattice.extents[mu]!;
    if (fixed[mu]! > 0) return x;
    if (2 * x === L) throw new Difference("a displacement by half the extent");
    return 2 * x > L ? x - L : x;
  });
}

/** What a kernel does, as text that does not know the extents. */
function signature({ lattice }: Side, plan: KernelPlan, fixed: readonly number[], names: Map<MicroKernel, string>): string {
  const textOf = (m: MicroKernel): string => {
    let t = names.get(m);
    if (t === undefined) names.set(m, (t = microSource({ ...m, name: "" }, "m", false).text));
    return t;
  };
  const { step, micro } = plan;
  const argument = (a: KernelPlan["step"]["reductions"][number]["value"]): string =>
    a.kind === "slot" ? `s${a.slot}` : a.kind === "scalar" ? `c${a.buffer}` : `f${a.buffer}@${signed(lattice, a.displacement, fixed).join(",")}`;
  return [step.domain, ...step.instructions.map((i, k) => `${textOf(micro[k]!)}(${i.args.map(argument).join()})>${i.target.kind === "slot" ? `s${i.target.slot}` : `f${i.target.buffer}`}`), ...step.reductions.map((r) => `${argument(r.value)}>${r.buffer}`)].join("\n");
}

/** What the programs of one subject share while they are united. */
interface Shared {
  readonly fixed: readonly number[];
  /** Micro-kernels by recording. */
  readonly caches: readonly Map<string, MicroKernel>[];
  /** Fields of the subject; solutions of the host are numbered behind them. Absent where the library solves. */
  readonly host?: { readonly fields: readonly ExportField[]; readonly solutions: HostSolution[] };
}

/**
 * The fields that stand for the solutions of a schedule, by buffer. @throws ConfigurationError for a right-hand side that is no field of the subject, or that of two systems: the host gives
 * solutions by their right-hand sides.
 */
function solutionsOf({ steps, buffers }: Schedule, { program }: Side, { host }: Shared): ReadonlyMap<number, PortableBuffer["role"]> {
  const found = new Map<number, PortableBuffer["role"]>();
  const systems = new Map<number, string>();
  for (const s of host ? steps : []) {
    if (s.kind !== "solve") continue;
    const { external } = buffers[s.rhs]!;
    const port = external?.side === "input" ? program.inputs[external.index] : undefined;
    if (port?.kind !== "field") throw new ConfigurationError("export: got a linear system whose right-hand side is computed, expected a field of the action, whose solution a host can give: leave out --solver host");
    const system = `${s.operator.key}(${s.captured.join()})`;
    if ((systems.get(port.index) ?? system) !== system) throw new ConfigurationError(`export: got two linear systems with the right-hand side ${host!.fields[port.index]!.name}, expected one, whose solution a host can give: give each system a field of its own, or leave out --solver host`);
    systems.set(port.index, system);
    s.solutions.forEach((buffer, k) => {
      const { type } = buffers[buffer]!;
      const wanted: HostSolution = { field: port.index, shift: s.shifts[k]!, components: components(type), domain: domainOf(type) };
      let at = host!.solutions.findIndex((x) => x.field === wanted.field && x.shift === wanted.shift);
      if (at < 0) at = host!.solutions.push(wanted) - 1;
      found.set(buffer, { is: "input", port: { kind: "field", index: host!.fields.length + at } });
    });
  }
  return found;
}

/** Are two pieces of memory the same but for their data? */
const alike = (u: ScheduledBuffer, v: ScheduledBuffer): boolean =>
  u.type.kind === v.type.kind && components(u.type) === components(v.type) && domainOf(u.type) === domainOf(v.type) && u.external?.index === v.external?.index && u.first === v.first && u.last === v.last && (u.data === undefined) === (v.data === undefined);

/** One program of all recordings. @throws Difference where they are not the same. */
function unite(sides: readonly Side[], name: string, shared: Shared): PortableProgram {
  const { fixed, caches, host } = shared;
  // as the native backend compiles them
  const schedules = sides.map(({ program }) => lower(program.program, undefined, REFINEMENTS));
  const x = schedules[0]!;
  if (schedules.some((y) => x.steps.length !== y.steps.length || x.buffers.length !== y.buffers.length)) throw new Difference("the number of steps");
  const plain = schedules.map((s) => ({ buffers: s.buffers.map(({ type, first, last }) => ({ type, first, last })) }));
  const names = new Map<MicroKernel, string>();
  const given = solutionsOf(x, sides[0]!, shared);
  const buffers = x.buffers.map((u, k): PortableBuffer => {
    const all = schedules.map((y) => y.buffers[k]!);
    if (!all.every((v) => alike(u, v))) throw new Difference("a buffer");
    return { components: components(u.type), scalar: u.type.kind === "scalar", domain: domainOf(u.type), first: u.first, last: u.last, role: given.get(k) ?? roleOf(sides, all) };
  });
  let solves = 0;
  const steps = x.steps.flatMap((s, k): PortableStep | [] => {
    const all: readonly ScheduledStep[] = schedules.map((y) => y.steps[k]!);
    if (are(all, "kernel")) {
      const plans = all.map((t, i) => planKernel(t, plain[i]!, caches[i]!, true));
      if (new Set(plans.map((p, i) => signature(sides[i]!, p, fixed, names))).size > 1) throw new Difference("a kernel");
      return { kind: "kernel", plan: plans[0]!, name: `${name}_${k}` };
    }
    if (are(all, "solve")) {
      const [first] = all as [SolveStep];
      if (first.method === "bicgstab" || first.modes) throw new ConfigurationError(`export: got a linear system solved ${first.modes ? "with deflation" : "by BiCGStab"}, expected plain conjugate gradients, which is what a library has: ${first.modes ? "leave out deflate (deflation of a solve)" : 'take the solver "cg" (of a solve: A^+ A in the place of A)'}`);
      if (new Set(all.map(numbersOf)).size > 1) throw new Difference("a solve");
      if (host) return [];
      const operators = all.map((t, i): Side => ({ lattice: sides[i]!.lattice, program: { name: "value", program: t.operator, inputs: [], outputs: [] } }));
      return { ...first, operator: unite(operators, `${name}_operator_${solves++}`, shared) };
    }
    if (s.kind === "zero" && all.every((t) => t.kind === "zero" && s.buffer === t.buffer && s.domain === t.domain)) return s;
    if (s.kind === "dense") throw new ConfigurationError("export: got a determinant or trace on dense matrices, expected products, sums and linear systems, as a library has no dense algebra: take pseudofermions for a determinant");
    if (s.kind === "loop") throw new ConfigurationError("export: got a loop (repeat) inside of a derivative or a linear system, expected products, sums and linear systems there: write its steps one after the other");
    throw new Difference("a step");
  });
  return { name, buffers, steps, outputs: x.outputs };
}

type ScheduledStep = Schedule["steps"][number];
type ScheduledBuffer = Schedule["buffers"][number];

const are = <K extends ScheduledStep["kind"]>(steps: readonly ScheduledStep[], kind: K): steps is readonly Extract<ScheduledStep, { readonly kind: K }>[] => steps.every((s) => s.kind === kind);

const numbersOf = (s: SolveStep): string => JSON.stringify([s.captured, s.rhs, s.shifts, s.solutions, s.tolerance, s.maxIterations]);

function roleOf(sides: readonly Side[], buffers: readonly ScheduledBuffer[]): PortableBuffer["role"] {
  const [u, a] = [buffers[0]!, sides[0]!];
  if (u.external) {
    const { side, index } = u.external;
    const port = (side === "input" ? a.program.inputs : a.program.outputs)[index];
    // the operator of a solve has operands, and its one output is counted behind them
    if (port?.kind === "number") return { is: "number", number: port.number };
    return port ? { is: side, port } : { is: "operand", index: side === "input" ? index : a.program.program.inputs.length };
  }
  if (!u.data) return { is: "work" };
  const fields = sides.map(({ lattice: at }, k) => ({ lattice: at, data: buffers[k]!.data! }));
  if (u.type.kind === "scalar") {
    const number = numberOn(fields.map(({ data }) => data[0]!), fields.map((f) => f.lattice));
    if (!number) throw new Difference(`a number that is ${fields.map((f) => `${f.data[0]} on ${f.lattice}`).join(" and ")}`);
    return { is: "number", number };
  }
  const pattern = u.type.kind === "real" ? patternOf(fields) : undefined;
  if (!pattern) throw new Difference("a constant field");
  return { is: "pattern", pattern };
}

/** The programs that recordings on lattices of these extents share. @throws Difference where they do not. */
function programsOf(subject: ExportSubject, N: number, fixed: readonly number[], solver: Solver, probes: readonly (readonly number[])[]): Pick<Portable, "programs" | "solutions"> {
  const lattices = probes.map((extents) => lattice(extents, { backend: "js", threads: 1 }) as Lattice);
  const [first, ...others] = lattices.map((at) => recordPrograms(subject, at, N));
  const solutions: HostSolution[] = [];
  const shared: Shared = { fixed, caches: probes.map(() => new Map()), ...(solver === "host" ? { host: { fields: fieldsOf(subject), solutions } } : {}) };
  const programs = Array.from(first!, (recorded) => {
    const all = [recorded, ...others.map((more) => more.next().value!)];
    // told before anything is compiled: what goes with the extents may be long on those of the probes
    if (all.some(({ program }) => program.nodes.length !== recorded.program.nodes.length)) throw new Difference("the number of operations");
    return unite(withoutVolumes(all).map((program, k) => ({ lattice: lattices[k]!, program })), recorded.name, shared);
  });
  return { programs, solutions };
}

/** Programs on free extents; what alternates from site to site is recorded on odd ones too, where the library may take it. */
function recordedOn(subject: ExportSubject, N: number, fixed: readonly number[], solver: Solver): Portable {
  const probes = [0, 1].map((k) => probeOf(k, fixed));
  const made = (found: Pick<Portable, "programs" | "solutions">): Portable => ({ ...found, fixed, probe: probes[0]!, ...needs(found.programs, fixed) });
  const found = made(programsOf(subject, N, fixed, solver, probes));
  // operators with phases may ask for even extents where the type of their vectors is made, which is here already
  if (found.parity || !found.even.includes(true) || fieldsOf(subject).some(({ field }) => field.type.kind === "vector")) return found;
  try {
    return { ...made(programsOf(subject, N, fixed, solver, [...probes, ...[0, 1].map((k) => probeOf(k, fixed, found.even))])), even: fixed.map(() => false) };
  } catch (error) {
    if (error instanceof Difference || error instanceof GaugegradError) return found;
    throw error;
  }
}

/** The programs of a subject for links of N colours, on lattices of any extents if they allow it, else with as few directions fixed to those given as it takes. */
export function portable(subject: ExportSubject, N: number, extents: readonly number[], solver: Solver): Portable {
  const time = extents.length - 1;
  for (const fixed of [extents.map(() => 0), extents.map((L, mu) => (mu === time ? L : 0)), extents.map((L, mu) => (mu === time ? 0 : L))])
    try {
      return recordedOn(subject, N, fixed, solver);
    } catch (error) {
      // what captures a lattice of its own cannot be recorded on another one
      if (!(error instanceof Difference || error instanceof GaugegradError)) throw error;
    }
  try {
    return recordedOn(subject, N, extents, solver);
  } catch (error) {
    if (!(error instanceof Difference)) throw error;
    throw new ConfigurationError(`export: ${subject.name} differs between two recordings on ${extents.join("x")} (${error.message}), expected the same formula each time: let it depend on its arguments and the lattice only`);
  }
}

/** What the programs ask of the extents, as far as recordings on even ones tell. */
function needs(programs: readonly PortableProgram[], fixed: readonly number[]): Pick<Portable, "parity" | "least" | "even"> {
  let parity = false;
  const least = fixed.map(() => 1);
  const even = fixed.map(() => false);
  const visit = (p: PortableProgram): void => {
    for (const { domain, role } of p.buffers) {
      if (domain !== "all") parity = true;
      if (role.is !== "pattern") continue;
      role.pattern.dependence.forEach((d, mu) => {
        if (typeof d === "number") least[mu] = Math.max(least[mu]!, leastOf(role.pattern, mu));
        if (alternates(role.pattern, mu)) even[mu] = true;
      });
    }
    for (const s of p.steps) {
      if (s.kind === "solve") visit(s.operator);
      if (s.kind === "zero" || (s.kind === "kernel" && s.plan.step.domain !== "all" && s.plan.step.domain !== "one")) parity = true;
    }
  };
  programs.forEach(visit);
  return { parity, least, even: even.map((e, mu) => (e || parity) && fixed[mu] === 0) };
}

