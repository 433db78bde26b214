/** Compiles the programs of one lattice to one emitter's kernels and runs them. */
import { type CompileOptions, type Engine, type Executable, type Lattice, type Program, type Storage, linkFieldBytes } from "../autograd/index.ts";
import type { Part } from "../backend/index.ts";
import { BackendError } from "../errors.ts";
import { type Arena, overlaps, placeArena } from "./arena.ts";
import type { Emitter } from "./emitter.ts";
import { debugKernels } from "./debug.ts";
import { ProgramExecutable } from "./executable.ts";
import type { Schedule } from "./ir.ts";
import { MAX_STORE_COST, STORE_COST, lower } from "./lower.ts";
import { withHalos } from "#platform/compiler/divide/divided";
import { Machine } from "./machine.ts";
import { gradientLoop, tiled } from "#platform/compiler/replay/replay";
import type { GradientLoop } from "./solve/solver-programs.ts";
import { verify } from "#platform/compiler/optional";
import { notice } from "../util/index.ts";

export class KernelEngine extends Machine {
  readonly drawNormals?: NonNullable<Engine["drawNormals"]>;
  readonly single?: () => Lattice;
  readonly #maxFields: number;

  /** `maxFields`: memory budget of every program, in link fields. `single` makes the lattice of single precision. */
  constructor(lattice: Lattice, emitter: Emitter, maxFields = Infinity, part?: Part, single?: () => Lattice) {
    super(lattice, emitter, part);
    this.#maxFields = maxFields;
    let made: Lattice | undefined;
    if (single) this.single = () => (made ??= single());
    if (emitter.drawNormals) this.drawNormals = emitter.drawNormals(this);
  }

  compile(program: Program, options: CompileOptions = {}): Executable {
    const { schedule, arena } = this.#plan(program, options.maxFields ?? this.#maxFields);
    if (debugKernels()) {
      const wrong = [...verify(schedule, this.lattice), ...overlaps(arena)];
      if (wrong.length > 0) throw new Error(`internal: the compiler made a wrong schedule: ${wrong.join("; ")}`);
    }
    const executable = new ProgramExecutable(this, schedule, arena);
    if (debugKernels()) notice(executable.describe());
    return executable;
  }

  gradientLoop(scalars: readonly [Storage, Storage, Storage, Storage]): GradientLoop | undefined {
    return gradientLoop(this, scalars);
  }

  /** The schedule with the least work whose intermediate fields fit the budget, in link fields. */
  #plan(program: Program, maxFields: number): { schedule: Schedule; arena: Arena } {
    const unit = linkFieldBytes(program);
    let least = Infinity;
    for (let storeCost = STORE_COST; storeCost <= MAX_STORE_COST; storeCost *= 2) {
      const lowered = lower(program, storeCost, this.emitter.refine);
      const schedule = tiled(this, this.halos ? withHalos(lowered, this.halos) : lowered);
      const arena = placeArena(schedule.buffers, this);
      if (arena.bytes <= maxFields * unit) return { schedule, arena };
      least = Math.min(least, arena.bytes / unit);
    }
    throw new BackendError(`memory: the intermediate fields of this program take ${least.toFixed(1)} link fields, got a budget of maxFields = ${maxFields}: raise it, or wrap parts of the program in checkpoint`);
  }
}
