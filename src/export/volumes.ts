/** Coefficients that go with the volume (means over the lattice have them) as inputs of the program, so that its kernels hold numbers of no lattice. */
import { type Program, type Scalar, type Traced, add, openTape, scale, scaleBy, scalarType } from "../autograd/index.ts";
import { type ScaledNumber, numberOn } from "./constants.ts";
import type { RecordedProgram } from "./recorded.ts";

type Node = Program["nodes"][number];

/** Coefficients of a linear combination; none of any other op. */
function coefficientsOf({ op, attributes }: Node): readonly number[] {
  return op.role?.is === "combination" ? op.role.coefficients(attributes) : [];
}

/** The program on a new tape, with the coefficients for which there is a number replaced by inputs behind its own. */
function rebuilt(recorded: RecordedProgram, numbers: readonly ScaledNumber[], place: (node: number, term: number) => number): RecordedProgram {
  const { program } = recorded;
  const tape = openTape(program.lattice);
  const map = new Map<number, Traced>(program.inputs.map((id) => [id, tape.input(program.nodes[id]!.type)]));
  const inputs = numbers.map(() => tape.input(scalarType) as Scalar);
  program.nodes.forEach((node, id) => {
    if (map.has(id)) return;
    const args = node.inputs.map((i) => map.get(i)!);
    const coefficients = coefficientsOf(node);
    if (!coefficients.some((_, k) => place(id, k) >= 0)) {
      map.set(id, tape.apply(node.op, args, node.attributes));
      return;
    }
    const terms = args.map((x, k) => (place(id, k) < 0 ? scaleBy(coefficients[k]!, x) : (scale(inputs[place(id, k)]!, x as never) as Traced)));
    map.set(id, terms.slice(1).reduce((s, t) => add(s as never, t as never) as Traced, terms[0]!));
  });
  return { ...recorded, program: tape.finish(program.outputs.map((id) => map.get(id)!)), inputs: [...recorded.inputs, ...numbers.map((number) => ({ kind: "number" as const, number }))] };
}

/** All recordings of one program, with what differs in their coefficients as inputs. Recordings that differ otherwise come back as they are. */
export function withoutVolumes(recordings: readonly RecordedProgram[]): readonly RecordedProgram[] {
  const programs = recordings.map(({ program }) => program);
  const lattices = programs.map(({ lattice }) => lattice);
  const numbers: ScaledNumber[] = [];
  const places = new Map<string, number>();
  programs[0]!.nodes.forEach((node, id) =>
    coefficientsOf(node).forEach((_, k) => {
      const values = programs.map(({ nodes }) => (nodes[id] ? coefficientsOf(nodes[id])[k] : undefined));
      const number = values.includes(undefined) ? undefined : numberOn(values as number[], lattices);
      if (number && number.power !== 0) places.set(`${id},${k}`, numbers.push(number) - 1);
    }),
  );
  if (numbers.length === 0) return recordings;
  const place = (id: number, k: number): number => places.get(`${id},${k}`) ?? -1;
  return recordings.map((recorded) => rebuilt(recorded, numbers, place));
}
