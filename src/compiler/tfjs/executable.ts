/**
 * Runs a recorded program step by step. A value is given back after its last use, and everything that a rule leaves behind at once, so that replays neither grow
 * memory nor need a scope around them. Nothing is read from the device unless a rule needs it; results that are numbers are open until they are read.
 */
import { type CompileOptions, type Executable, type Program, type Storage, components, inputOp, linkFieldBytes } from "../../autograd/index.ts";
import type { Arrays, Numbers } from "../../backend/index.ts";
import { BackendError } from "../../errors.ts";
import { type Assembly, type Recipe, type Recipes, type Stand, assemble, recipesFor } from "./assembly.ts";
import { type Rule, type RuleContext, type Steps, numbers } from "./arithmetic.ts";
import type { Value } from "./layout.ts";
import type { TfjsMachine, TfjsStorage } from "./machine.ts";
import { type OwnStep, ownStepOf } from "./own-steps.ts";
import { Pending } from "./pending.ts";
import { addTerms, ruleOf } from "./rules.ts";
import { type Plan, type Step, isSource, planOf } from "./schedule.ts";

/** One run: what stands where, and the numbers so far. */
interface Run {
  readonly recipes: Recipes;
  /** Fields by source: what steps have made, then what callers and constants bring. */
  readonly sources: (Numbers | undefined)[];
  readonly assembled: (Numbers | undefined)[];
  readonly scalars: (number | undefined)[];
  /** Operands of the sums that wait, with their items. */
  readonly late: { readonly items: readonly number[]; readonly of: Numbers }[];
}

export class TfjsExecutable implements Executable {
  readonly arenaBytes: number;
  readonly #engine: TfjsMachine;
  readonly #program: Program;
  readonly #plan: Plan;
  readonly #b: Arrays;
  readonly #rules: readonly (Rule | "own" | undefined)[];
  /** Sources whose last use is this step. */
  readonly #last: readonly (readonly number[])[];
  /** Numbers that only results are made of. */
  readonly #late: ReadonlySet<number>;
  /** Field inputs and constants in the order in which they are counted as sources, behind the steps. */
  readonly #brought: readonly number[];
  readonly #recipes = new Map<string, Recipes>();
  readonly #constants: Map<number, Numbers>;
  /** Gives the constants back; holds no reference to the engine. */
  readonly releaseConstants: () => void;
  readonly #own = new Map<number, OwnStep>();
  #busy = false;
  #arguments: [readonly Storage[], readonly Storage[]] = [[], []];

  /** @throws BackendError for an op without a rule, or values that take more memory than `maxFields` link fields. */
  constructor(engine: TfjsMachine, program: Program, options: CompileOptions = {}) {
    this.#engine = engine;
    this.#program = program;
    this.#b = engine.arrays.session();
    const constants = new Map<number, Numbers>();
    this.#constants = constants;
    this.releaseConstants = () => {
      for (const x of constants.values()) x.release();
      constants.clear();
    };
    const { maxFields = Infinity } = options;
    const unit = linkFieldBytes(program);
    // many fields at a time while memory lasts, or else one after the other
    let planned = withMemory(engine, planOf(program, (t) => engine.fieldsAtOnce(t)));
    if (planned.bytes > maxFields * unit) planned = withMemory(engine, planOf(program, () => 1));
    ({ plan: this.#plan, last: this.#last, bytes: this.arenaBytes } = planned);
    if (this.arenaBytes > maxFields * unit) throw new BackendError(`memory: the values alive at once take ${(this.arenaBytes / unit).toFixed(1)} link fields, got a budget of maxFields = ${maxFields}: raise it, or wrap parts of the program in checkpoint`);
    this.#late = new Set(this.#plan.late);
    this.#rules = this.#plan.items.map((x) => {
      if (!x) return undefined;
      const rule = ruleOf(x.op);
      if (!rule) throw new BackendError(`tfjs: op ${x.op.name} has no rule on this backend: run the program on js, wasm or native`);
      return rule;
    });
    this.#brought = this.#plan.items.flatMap((x, id) => (x && isSource(x) && x.type.kind !== "scalar" ? [id] : []));
  }

  repeat(): void {
    this.run(...this.#arguments);
  }

  run(inputs: readonly Storage[], outputs: readonly Storage[]): void {
    this.#arguments = [inputs, outputs];
    const steps = this.#steps(inputs as readonly TfjsStorage[], outputs as readonly TfjsStorage[]);
    let r = steps.next();
    while (!r.done) {
      let values: Float64Array;
      try {
        values = this.#b.download(r.value);
      } catch (error) {
        r = steps.throw(error);
        continue;
      }
      r = steps.next(values);
    }
  }

  /** As `run`, with asynchronous reads. @throws BackendError when the program is running already. */
  async runAsync(inputs: readonly Storage[], outputs: readonly Storage[]): Promise<void> {
    const steps = this.#steps(inputs as readonly TfjsStorage[], outputs as readonly TfjsStorage[]);
    let r = steps.next();
    while (!r.done) {
      let values: Float64Array;
      try {
        values = await this.#b.downloadAsync(r.value);
      } catch (error) {
        r = steps.throw(error);
        continue;
      }
      r = steps.next(values);
    }
    this.#busy = true;
    try {
      for (const to of outputs as readonly TfjsStorage[]) if (to.value instanceof Pending) await to.value.known();
    } finally {
      this.#busy = false;
    }
  }

  describe(): string {
    const counts = new Map<string, { steps: number; fields: number }>();
    const { steps, items } = this.#plan;
    for (const { items: ids } of steps) {
      const { name } = items[ids[0]!]!.op;
      const c = counts.get(name) ?? { steps: 0, fields: 0 };
      counts.set(name, { steps: c.steps + 1, fields: c.fields + ids.length });
    }
    const { engine, device, precision, formulation } = this.#engine.loaded;
    return [
      `tfjs ${engine} on ${device}, ${precision}, ${formulation.name} products: ${this.#program.nodes.length - this.#program.inputs.length} ops in ${steps.length} steps, one after the other`,
      ...[...counts].sort(([, a], [, b]) => b.fields - a.fields).map(([name, c]) => `  ${c.fields} ${name}${c.steps < c.fields ? ` in ${c.steps}` : ""}`),
      `values alive at once: ${this.arenaBytes} bytes`,
    ].join("\n");
  }

  dispose(): void {
    this.releaseConstants();
    for (const s of new Set(this.#own.values())) s.dispose();
    this.#own.clear();
  }

  *#steps(inputs: readonly TfjsStorage[], outputs: readonly TfjsStorage[]): Steps<void> {
    if (this.#busy) throw new BackendError("tfjs: this program is running already: await the first run, or record a second plan");
    this.#busy = true;
    const { steps } = this.#plan;
    let run: Run | undefined;
    try {
      run = this.#begin(inputs);
      for (let s = 0; s < steps.length; s++) {
        yield* this.#step(run, s);
        this.#settle();
        for (const k of this.#last[s]!) this.#drop(run.sources, k);
        for (const k of run.recipes.last[s]!) this.#drop(run.assembled, k);
      }
      this.#results(run, outputs);
    } finally {
      if (run) {
        for (let k = 0; k < run.sources.length; k++) this.#drop(run.sources, k);
        for (let k = 0; k < run.assembled.length; k++) this.#drop(run.assembled, k);
        for (const { of } of run.late) of.release();
      }
      this.#settle();
      this.#busy = false;
    }
  }

  /** What was made since and nobody keeps is given back. */
  #settle(): void {
    this.#b.sweep(0, []);
    this.#b.letGo();
  }

  #drop(list: (Numbers | undefined)[], k: number): void {
    list[k]?.release();
    list[k] = undefined;
  }

  #keep(list: (Numbers | undefined)[], k: number, x: Numbers): void {
    x.retain();
    list[k] = x;
  }

  /** Fields as the caller's stand, numbers, and the recipes for such a way to stand. */
  #begin(inputs: readonly TfjsStorage[]): Run {
    const { items, steps } = this.#plan;
    const sources: (Numbers | undefined)[] = steps.map(() => undefined);
    const scalars: (number | undefined)[] = items.map(() => undefined);
    const stacks = new Map<Numbers, number>();
    const stands = new Map<number, Stand>();
    const { layout } = this.#engine.store;
    for (const id of this.#brought) {
      const node = this.#program.nodes[id]!;
      const given = node.op === inputOp ? inputs[node.attributes["index"] as number]! : undefined;
      const x = given ? this.#engine.numbersOf(given) : this.#constant(id);
      let source = stacks.get(x);
      if (source === undefined) {
        stacks.set(x, (source = steps.length + stacks.size));
        this.#keep(sources, source, x);
      }
      stands.set(id, { source, at: given?.at ?? 0, count: layout.count(x) });
    }
    for (const id of this.#program.inputs) {
      const node = this.#program.nodes[id]!;
      if (node.type.kind === "scalar") scalars[id] = this.#engine.readScalar(inputs[node.attributes["index"] as number]!);
    }
    const key = [...stands.values()].map(({ source, at, count }) => `${source}:${at}/${count}`).join();
    let recipes = this.#recipes.get(key);
    if (!recipes) this.#recipes.set(key, (recipes = recipesFor(this.#plan, this.#engine.store, (item) => stands.get(item) ?? this.#made(item))));
    return { recipes, sources, assembled: recipes.assemblies.map(() => undefined), scalars, late: [] };
  }

  #made(item: number): Stand {
    const { step, at } = this.#plan.places.get(item)!;
    return { source: step, at, count: this.#plan.steps[step]!.items.length };
  }

  *#step(run: Run, s: number): Steps<void> {
    const { steps, items } = this.#plan;
    const step = steps[s]!;
    const id = step.items[0]!;
    if (step.kind === "own") return this.#ownStep(run, s, id);
    const recipe = run.recipes.steps[s]!;
    if (step.kind === "sum") return yield* this.#sum(run, step, this.#assembled(run, recipe.operands[0]!));
    if (step.kind === "scalar") {
      run.scalars[id] = this.#scalar(run.scalars, id);
      return;
    }
    const operands = items[id]!.operands;
    const values = recipe.operands.map((a, j): Value => (a === undefined ? run.scalars[operands[j]!.item]! : this.#assembled(run, a)));
    const x = yield* this.#value(step, recipe, values);
    this.#keep(run.sources, s, x);
  }

  *#value(step: Step, recipe: Recipe, values: readonly Value[]): Steps<Numbers> {
    const id = step.items[0]!;
    const c = this.#context(id, step.items.length);
    if (recipe.terms !== undefined) return addTerms(c, numbers(values[0]), c.attributes["coefficients"] as readonly number[]);
    const r = (this.#rules[id] as Rule)(c, values);
    return numbers(typeof r === "object" && "next" in r ? yield* r : r);
  }

  #context(id: number, count: number): RuleContext {
    const { node, operands, type } = this.#plan.items[id]!;
    return { b: this.#b, store: this.#engine.store, types: operands.map((o) => o.type), type, attributes: node.attributes, count, adjoint: operands.map((o) => o.dagger) };
  }

  /** A number made of numbers. */
  #scalar(scalars: readonly (number | undefined)[], id: number): number {
    const { operands } = this.#plan.items[id]!;
    return (this.#rules[id] as Rule)(this.#context(id, 1), operands.map((o) => scalars[o.item]!)) as number;
  }

  #assembled(run: Run, k: number): Numbers {
    const known = run.assembled[k];
    if (known) return known;
    const assembly: Assembly = run.recipes.assemblies[k]!;
    const x = assemble(this.#b, this.#engine.store, assembly, (source) => run.sources[source]!);
    if (assembly.cost > 0) this.#keep(run.assembled, k, x);
    return x;
  }

  /** Sums over sites: now, or when somebody reads what is made of them. */
  *#sum(run: Run, { items }: Step, of: Numbers): Steps<void> {
    if (this.#late.has(items[0]!)) {
      of.retain();
      run.late.push({ items, of });
      return;
    }
    const values = yield of.re;
    items.forEach((id, k) => (run.scalars[id] = this.#sumOf(id, values, k)));
  }

  /** Sum over the sites of member k. */
  #sumOf(id: number, values: Float64Array, k: number): number {
    const V = this.#engine.lattice.volume;
    const { layout } = this.#engine.store;
    const { type } = this.#plan.items[id]!.operands[0]!;
    let s = 0;
    for (let n = 0; n < V; n++) if (layout.inside(type, n)) s += values[k * V + n]!;
    return s;
  }

  /** Solves, loops and dense algebra; one of them may have made the values of others too. */
  #ownStep(run: Run, s: number, id: number): void {
    const { items, places } = this.#plan;
    if (run.sources[s] || run.scalars[id] !== undefined) return;
    let own = this.#own.get(id);
    if (!own) {
      own = ownStepOf(this.#engine, this.#program, id);
      for (const k of own.ids) this.#own.set(k, own);
    }
    const recipe = run.recipes.steps[s]!;
    const { operands } = items[id]!;
    own.fields.forEach((field, j) => {
      const a = recipe.operands[j];
      this.#engine.assign(field, a === undefined ? run.scalars[operands[j]!.item]! : this.#assembled(run, a));
    });
    own.run();
    own.ids.forEach((k, j) => {
      const x = this.#engine.valueOf(this.#b, own.results[j]!);
      if (typeof x === "number") run.scalars[k] = x;
      else if (!run.sources[places.get(k)!.step]) this.#keep(run.sources, places.get(k)!.step, x);
    });
  }

  /** A field known while recording, uploaded once. */
  #constant(id: number): Numbers {
    let x = this.#constants.get(id);
    if (x) return x;
    const { attributes, type } = this.#program.nodes[id]!;
    let data = attributes["data"] as Float64Array | undefined;
    if (!data) {
      const N = attributes["N"] as number;
      data = Float64Array.from({ length: this.#engine.lattice.volume * components(type) }, (_, k) => (k % 2 === 0 && ((k / 2) % (N * N)) % (N + 1) === 0 ? 1 : 0));
    }
    x = this.#engine.store.layout.upload(this.#b, type, data);
    x.retain();
    this.#constants.set(id, x);
    return x;
  }

  #results(run: Run, outputs: readonly TfjsStorage[]): void {
    const { late, outputs: results } = this.#plan;
    let pending: Pending | undefined;
    if (run.late.length > 0) {
      const sums = run.late.slice();
      const finish = (values: readonly Float64Array[]): readonly (number | undefined)[] => {
        const { scalars } = run;
        sums.forEach(({ items }, j) => items.forEach((id, k) => (scalars[id] = this.#sumOf(id, values[j]!, k))));
        for (const id of late) scalars[id] ??= this.#scalar(scalars, id);
        return scalars;
      };
      pending = new Pending(this.#engine.pending, this.#engine.arrays, this.#engine.store.layout, sums.map((x) => x.of), finish);
    } else for (const id of late) run.scalars[id] ??= this.#scalar(run.scalars, id);
    const fields = run.recipes.outputs.map((r) => r && { x: "source" in r ? run.sources[r.source]! : this.#assembled(run, r.assembly), at: r.at });
    results.forEach((r, j) => {
      const field = fields[j];
      const known = run.scalars[r.item];
      if (field) this.#engine.assign(outputs[j]!, field.x, field.at);
      else if (known !== undefined) this.#engine.assign(outputs[j]!, known);
      else this.#engine.assign(outputs[j]!, pending, r.item);
    });
  }
}

/** For every step of a plan the steps whose values are used last there, those of results nowhere; and the bytes of the values alive at once, at most. */
function withMemory(engine: TfjsMachine, plan: Plan): { readonly plan: Plan; readonly last: readonly (readonly number[])[]; readonly bytes: number } {
  const { steps, items, places, outputs } = plan;
  const end = steps.map((_, s) => s);
  const uses = (item: number, s: number): void => {
    const place = places.get(item);
    if (place) end[place.step] = Math.max(end[place.step]!, s);
  };
  steps.forEach(({ items: ids }, s) => {
    for (const id of ids) for (const { item } of items[id]!.operands) uses(item, s);
  });
  for (const o of outputs) uses(o.item, Infinity);
  const last: number[][] = steps.map(() => []);
  end.forEach((at, s) => last[at]?.push(s));
  const size = (s: number): number => steps[s]!.items.reduce((n, id) => n + engine.bytes(items[id]!.type), 0);
  let [alive, bytes] = [0, 0];
  steps.forEach((_, s) => {
    alive += size(s);
    bytes = Math.max(bytes, alive);
    for (const k of last[s]!) alive -= size(k);
  });
  return { plan, last, bytes };
}
