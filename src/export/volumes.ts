/** Coefficients that go with the volume (means over the lattice have them) as inputs of the program, so that its kernels hold numbers of no lattice. */
import { type Lattice, type Program, type Scalar, type Traced, add, openTape, scale, scaleBy, scalarType } from "../autograd/index.ts";
import { type ScaledNumber, scaledNumber } from "./constants.ts";
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

/** Both recordings of one program, with what differs in their coefficients as inputs. Recordings that differ otherwise come back as they are. */
export function withoutVolumes(a: RecordedProgram, b: RecordedProgram): readonly [RecordedProgram, RecordedProgram] {
  const [x, y] = [a.program, b.program];
  const [V, W] = [x, y].map(({ lattice }: { readonly lattice: Lattice }) => lattice.volume) as [number, number];
  if (x.nodes.length !== y.nodes.length) return [a, b];
  const numbers: ScaledNumber[] = [];
  const places = new Map<string, number>();
  x.nodes.forEach((node, id) => {
    const others = coefficientsOf(y.nodes[id]!);
    coefficientsOf(node).forEach((c, k) => {
      const number = others[k] === undefined || others[k] === c ? undefined : scaledNumber(c, V, others[k], W);
      if (number && number.power !== 0) places.set(`${id},${k}`, numbers.push(number) - 1);
    });
  });
  if (numbers.length === 0) return [a, b];
  const place = (id: number, k: number): number => places.get(`${id},${k}`) ?? -1;
  return [rebuilt(a, numbers, place), rebuilt(b, numbers, place)];
}
