/** Loops (`repeat`) step by step: a library's programs are lists of kernels, so that its text holds every step. */
import { Directional, type Links, type Matrix, type Program, type Scalar, type Tape, type Traced, number, openTape } from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import { leavesOf, mapLeaves } from "../util/index.ts";

/** Most ops of all steps together: some ten steps of a Runge-Kutta flow in four dimensions. */
const MOST = 20_000;

const loopOf = ({ op, attributes }: Program["nodes"][number]) => {
  const work = op.role?.is === "loop" ? op.role.work(attributes) : undefined;
  // a way back has its states from elsewhere
  return work && !work.back ? work : undefined;
};

/** Does it run a body again and again? */
export const loops = ({ nodes }: Program): boolean => nodes.some((node) => loopOf(node) !== undefined);

/** Appends a program with its inputs replaced and its loops written out. */
class Unrolling {
  readonly #tape: Tape;
  #ops = 0;

  constructor(tape: Tape) {
    this.#tape = tape;
  }

  outputs(program: Program, inputs: readonly Traced[]): Traced[] {
    const map = new Map<number, Traced>(program.inputs.map((id, k) => [id, inputs[k]!]));
    const states = new Map<Program, { readonly of: string; readonly last: readonly Traced[] }[]>();
    program.nodes.forEach((node, id) => {
      if (map.has(id)) return;
      const args = node.inputs.map((i) => map.get(i)!);
      const loop = loopOf(node);
      if (!loop) {
        if (++this.#ops > MOST) throw new ConfigurationError(`export: got loops (repeat) of more than ${MOST} ops, all steps together, expected fewer, as a library holds every step: take fewer, larger steps`);
        map.set(id, this.#tape.apply(node.op, args, node.attributes));
        return;
      }
      // the values of a loop are nodes of their own with the same operands
      const of = node.inputs.join();
      const known = states.get(loop.body) ?? [];
      let found = known.find((x) => x.of === of);
      if (!found) states.set(loop.body, [...known, (found = { of, last: this.#steps(loop.body, loop.count, args) })]);
      map.set(id, found.last[loop.output]!);
    });
    return program.outputs.map((id) => map.get(id)!);
  }

  #steps(body: Program, count: number, args: readonly Traced[]): readonly Traced[] {
    const members = body.outputs.length;
    let state = args.slice(0, members);
    for (let s = 0; s < count; s++) state = this.outputs(body, [...state, ...args.slice(members), number(this.#tape, s)]);
    return state;
  }
}

/** The same map without loops. */
export function unrolled<Y extends Scalar | Links>(evaluate: (U: Links, inputs: never) => Y): (U: Links, inputs: never) => Y {
  return (U, inputs) => {
    const { tape } = U[0]!;
    const given = [...U.values(), ...leavesOf(inputs).map(({ value }) => value as Traced)];
    const recording = openTape(tape.lattice);
    const twins = given.map((x) => recording.input(x.type));
    let k = U.dim;
    const result = evaluate(new Directional("links", twins.slice(0, k) as Matrix[]) as Links, mapLeaves(inputs, () => twins[k++]) as never);
    const outputs = result instanceof Directional ? result.values() : [result as Scalar];
    const out = new Unrolling(tape).outputs(recording.finish([...outputs]), given);
    return (result instanceof Directional ? new Directional("links", out as Matrix[]) : out[0]) as Y;
  };
}
