/** One random program held against the interpreter on some backends. */
import { type Program, isQuaternion } from "../../src/autograd/index.ts";
import type { Engine } from "../../src/autograd/engine.ts";
import { placeArena, overlaps } from "../../src/compiler/arena.ts";
import { KernelEngine } from "../../src/compiler/engine.ts";
import { lower } from "../../src/compiler/lower.ts";
import { verify } from "../../src/compiler/analysis/verify.ts";
import { SolverError } from "../../src/errors.ts";
import type { FuzzBackend } from "./backends.ts";
import { compared, wrongDerivative } from "./differences.ts";
import { type FuzzProgram, print } from "./program.ts";
import { type Recorded, recorded, runOn, statementByStatement } from "./record.ts";
import { hopeless, reference, worst } from "./rounding.ts";
import { firstDifferent } from "./samples.ts";

/** What a check did. */
export interface Outcome {
  /** Backends that ran. */
  readonly ran: readonly string[];
  /** Names of the ops of the recorded program. */
  readonly ops: readonly string[];
  /** Largest difference, as a part of what is allowed. */
  readonly excess: number;
  /** Why nothing was compared. */
  readonly skipped?: string;
}

/** A program whose numbers are wrong on a backend. */
export class Mismatch extends Error {
  constructor(what: string, p: FuzzProgram) {
    super(`${what}\n${print(p)}`);
    this.name = "Mismatch";
  }
}

/** The program recorded and run on a lattice that stores quaternions. @throws Mismatch for any error. */
function onQuaternions(p: FuzzProgram, b: FuzzBackend): { readonly program: Program; readonly got: readonly Float64Array[] } {
  try {
    const lattice = b.lattice(p.extents, p.batch, true);
    const { program, inputs } = recorded(p, lattice);
    // the links themselves, if nothing else
    if (p.inputs.some(({ kind }) => kind === "links") && !program.nodes.some((n) => isQuaternion(n.type))) throw new Mismatch("nothing is stored as a quaternion", p);
    if (b.name === "js") sound(lattice.engine, { program, inputs, shared: [] }, p);
    return { program, got: runOn(lattice.engine, program, [inputs, inputs], p.inPlace)[1]! };
  } catch (error) {
    throw error instanceof Mismatch ? error : new Mismatch(`${b.name}, quaternions: ${(error as Error).stack}`, p);
  }
}

const NOTHING = { ran: [], ops: [], excess: 0 };

/** @throws Mismatch for a wrong number, or any error of a program that is well typed. */
export function check(p: FuzzProgram, backends: readonly FuzzBackend[]): Outcome {
  try {
    return checked(p, backends);
  } catch (error) {
    throw error instanceof Mismatch ? error : new Mismatch((error as Error).stack ?? String(error), p);
  }
}

function checked(p: FuzzProgram, backends: readonly FuzzBackend[]): Outcome {
  let program: Recorded;
  let apart: Float64Array[] | undefined;
  try {
    program = recorded(p);
    if (p.mode === "value") apart = statementByStatement(p);
  } catch (error) {
    // made smaller, it need not be well typed
    if (p.shrunk) return { ...NOTHING, skipped: "not well typed" };
    if (error instanceof SolverError) return { ...NOTHING, skipped: "a solve has no solution" };
    throw new Mismatch(`recording failed: ${(error as Error).stack}`, p);
  }
  const ops = new Set(program.program.nodes.map((n) => n.op.name));
  const exact = 2 ** -53;
  let want;
  try {
    want = reference(program, exact);
  } catch (error) {
    if (error instanceof SolverError) return { ...NOTHING, ops: [...ops], skipped: "a solve has no solution" };
    throw error;
  }
  if (hopeless(want, exact)) return { ...NOTHING, ops: [...ops], skipped: "badly conditioned" };
  let excess = 0;
  let verified = false;
  const ran: string[] = [];
  const compare = (name: string, got: readonly Float64Array[], reference_ = want, roundoff = exact): void => {
    const w = worst(got, reference_, roundoff);
    excess = Math.max(excess, w.excess);
    if (w.excess >= 1) throw new Mismatch(`${name}: ${w.text}`, p);
  };
  if (apart) compare("statement by statement", apart);
  const wrong = compared(p) ? wrongDerivative(p) : undefined;
  if (wrong !== undefined) throw new Mismatch(wrong, p);
  for (const b of backends) {
    const single = b.roundoff > 1e-10;
    const own = single ? reference(program, b.roundoff) : want;
    if (single && hopeless(own, b.roundoff)) continue;
    if (!b.batches && (p.batch !== undefined || program.program.nodes.some(({ type }) => type.kind === "tensor" || type.kind === "channels"))) continue;
    const engine = b.engine(p.extents, p.batch);
    if (!verified) sound(engine, program, p);
    verified = true;
    let got;
    try {
      // the second run finds the memory as the first has left it
      got = runOn(engine, program.program, [program.inputs, program.inputs], p.inPlace)[1]!;
    } catch (error) {
      throw new Mismatch(`${b.name}: ${(error as Error).stack}`, p);
    }
    compare(b.name, got, own, b.roundoff);
    ran.push(b.name);
    // cotangents without structure are no quaternions
    if (p.quaternions && b.quaternions && p.mode !== "vjp") {
      const { program: stored, got: numbers } = onQuaternions(p, b);
      for (const n of stored.nodes) ops.add(n.op.name);
      compare(`${b.name}, quaternions`, numbers, own, b.roundoff);
    }
    const differing = p.batch === undefined ? undefined : firstDifferent(p, program, b, got, own);
    if (differing !== undefined) throw new Mismatch(`${b.name}: ${differing}`, p);
  }
  return { ran, ops: [...ops], excess };
}

/** The schedule is what the verifier accepts, and nothing in the arena overlaps. */
function sound(engine: Engine, { program }: Recorded, p: FuzzProgram): void {
  if (!(engine instanceof KernelEngine)) return;
  const schedule = lower(program);
  const wrong = [...verify(schedule, program.lattice), ...overlaps(placeArena(schedule.buffers, engine))];
  if (wrong.length > 0) throw new Mismatch(`the schedule is not sound: ${wrong.join("; ")}`, p);
}
