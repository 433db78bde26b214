/** Programs cut out of a tape, and the keys by which equal nodes and equal programs are found. Identity is by content: names of data are labels. */
import { RecordingError } from "../errors.ts";
import { closure, contentHash, guard, is, sha256Hex } from "../util/index.ts";
import type { Lattice } from "./lattice.ts";
import type { Op } from "./op.ts";
import type { Attribute, Attributes, Node, Program } from "./tape.ts";

/** Name of an op in keys: ops of one name with rules of their own are told apart. */
export const opKey = (op: Op): string => op.identity ?? op.name;

/** Attributes as text, field data by its hash; equal texts mean equal values. The attribute `label` is for people and takes no part. */
export function attributesKey(attributes: Attributes): string {
  return Object.keys(attributes)
    .filter((k) => k !== "label")
    .map((k) => `${k}=${attributeKey(attributes[k]!)}`)
    .join(";");
}

function attributeKey(a: Attribute): string {
  if (typeof a === "number") return numberKey(a);
  if (typeof a === "string") return JSON.stringify(a);
  if (typeof a === "boolean") return String(a);
  if (a instanceof Float64Array) return contentHash(a);
  return "nodes" in a ? a.key : `[${a.map(numberKey).join(",")}]`;
}

/** The shortest text that gives the number back; 0 and -0 differ. */
export const numberKey = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));

/** Nodes on which the outputs depend, cut at the inputs, renumbered. */
export function extract(lattice: Lattice, nodes: readonly Node[], inputs: readonly number[], outputs: readonly number[]): Program {
  const cut = new Set(inputs);
  return renumber(lattice, nodes, inputs, outputs, closure([...inputs, ...outputs], (id) => (cut.has(id) ? [] : nodes[id]!.inputs)));
}

/** As `extract`, in an order that depends on the structure alone: programs recorded at different times have the same key. */
export function extractCanonical(lattice: Lattice, nodes: readonly Node[], inputs: readonly number[], outputs: readonly number[]): Program {
  const order = [...inputs];
  const placed = new Set(order);
  // inputs before what they are inputs of; a list instead of recursion, since programs may be deep
  const stack: { readonly id: number; next: number }[] = [];
  const enter = (id: number): void => {
    if (placed.has(id)) return;
    placed.add(id);
    stack.push({ id, next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const { inputs: from } = nodes[top.id]!;
      if (top.next < from.length) enter(from[top.next++]!);
      else {
        order.push(top.id);
        stack.pop();
      }
    }
  }
  return renumber(lattice, nodes, inputs, outputs, order);
}

function renumber(lattice: Lattice, nodes: readonly Node[], inputs: readonly number[], outputs: readonly number[], order: readonly number[]): Program {
  const index = new Map(inputs.map((id, k) => [id, k]));
  const number = new Map(order.map((id, k) => [id, k]));
  const list = order.map((id): Node => {
    const n = nodes[id]!;
    const k = index.get(id);
    return k === undefined ? { ...n, inputs: n.inputs.map((i) => number.get(i)!) } : { op: inputOp, inputs: [], attributes: { index: k }, type: n.type, region: 0 };
  });
  const program = { lattice, nodes: list, inputs: inputs.map((i) => number.get(i)!), outputs: outputs.map((i) => number.get(i)!) };
  let key: string | undefined;
  return Object.freeze({
    ...program,
    get key(): string {
      return (key ??= programKey(program));
    },
  });
}

function programKey({ nodes, inputs, outputs }: Omit<Program, "key">): string {
  const types = new Map<unknown, string>();
  const typeKey = (type: Node["type"]): string => {
    let t = types.get(type);
    if (t === undefined) types.set(type, (t = JSON.stringify(type)));
    return t;
  };
  const lines = nodes.map((n) => `${opKey(n.op)}(${n.inputs.join(",")};${attributesKey(n.attributes)})${typeKey(n.type)}`);
  return sha256Hex([`{${inputs.join(",")}>${outputs.join(",")}:`, lines.join("|")]);
}

/** The program without its checkpoint regions: for one that is transposed in its seed, for which a region would wait. */
export const keptWhole = (program: Program): Program => ({ ...program, nodes: program.nodes.map((n) => (n.region === 0 ? n : { ...n, region: 0 })) });

/** Bytes of one link field of the program's largest N: the unit in which its memory is counted. */
export function linkFieldBytes(program: Program): number {
  guard("linkFieldBytes", { program: [program, is.withFields("a program", "lattice", "nodes")] });
  const { lattice, nodes } = program;
  const N = nodes.reduce((n, { type }) => (type.kind === "matrix" || type.kind === "vector" ? Math.max(n, type.N) : n), 1);
  return 16 * N * N * lattice.dim * lattice.volume * lattice.batch;
}

/** The op of a program's inputs: has a type, no rule. */
export const inputOp: Op = {
  name: "input",
  role: { is: "leaf" },
  infer: () => {
    throw new RecordingError("internal: inputs are made by the tape");
  },
  vjp: () => [],
};
