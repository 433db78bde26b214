/**
 * Weights of networks as numbers: a program on tensors as one on scalars, since a library's parameters are numbers and its kernels have sites, not tensors. Every weight
 * becomes a multiplication in the text of a kernel, so that this is for networks of some hundred weights.
 */
import {
  type Channels, type ChannelsType, type Real, type Scalar, type TensorType, type Traced, add, channel, channels, dot, domainOf, extend, openTape, restrict, scalarType, scale, shift, sum, tapsOf, weightShape,
} from "../autograd/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { Port, RecordedProgram } from "./recorded.ts";

/** Weights that a library may have. */
const MOST = 2000;

type Node = RecordedProgram["program"]["nodes"][number];
type Value = Traced | readonly Scalar[];

const isTensor = (node: Node): node is Node & { readonly type: TensorType } => node.type.kind === "tensor";
const sizeOf = (type: TensorType): number => type.shape.reduce((n, L) => n * L, 1);

/** The terms from the first to the last. */
const total = <T extends Traced>(terms: readonly T[]): T => (terms.length === 1 ? terms[0]! : (add(terms[0]! as Traced, ...terms.slice(1)) as T));

/** Every channel on all sites: on the other parity it is zero. */
function everywhere(x: Channels): Real[] {
  const all = domainOf(x.type) === "all" ? x : (extend(x as never) as Channels);
  return Array.from({ length: x.type.count }, (_, i) => channel(all, i));
}

const moved = (x: Real, d: readonly number[]): Real => (d.every((n) => n === 0) ? x : (shift(x, d) as Real));

/** y_m(n) = sum_{g,k} w_mgk x_g(n + d_k), transposed sum_{o,k} w_oik y_o(n - d_k). */
function applied(node: Node, shape: ReturnType<typeof weightShape>, w: readonly Scalar[], x: Channels): Traced {
  const { attributes } = node;
  const transpose = attributes["transpose"] === true;
  const given = everywhere(x);
  const at = tapsOf(attributes, x.lattice).map((d) => (transpose ? d.map((n) => -n) : d));
  const weight = (m: number, g: number, k: number): Scalar => w[((transpose ? g : m) * shape.in + (transpose ? m : g)) * shape.taps + k]!;
  const made = Array.from({ length: transpose ? shape.in : shape.out }, (_, m) => total(given.flatMap((y, g) => at.map((d, k) => scale(weight(m, g, k), moved(y, d)) as Real))));
  const { domain } = node.type as ChannelsType;
  return domain === "all" ? channels(...made) : restrict(channels(...made) as never, domain);
}

/** G_oik = sum_n y_o(n) x_i(n + d_k). */
function correlated({ attributes }: Node, y: Channels, x: Channels): Scalar[] {
  const given = everywhere(x);
  const at = tapsOf(attributes, x.lattice);
  return everywhere(y).flatMap((z) => given.flatMap((u) => at.map((d) => sum(dot(z, moved(u, d)) as Real))));
}

/** A node that takes or makes weights. @throws ConfigurationError for one that is no contraction and no arithmetic on single numbers. */
function onNumbers(node: Node, args: readonly Value[], sources: readonly Node[]): Value {
  const { op, attributes } = node;
  const { role } = op;
  if (role?.is === "contraction") {
    if (role.of === "sum") return total(args[0] as readonly Scalar[]);
    if (role.of === "correlate") return correlated(node, args[0] as Channels, args[1] as Channels);
    return applied(node, weightShape(sources[0]!.type as TensorType), args[0] as readonly Scalar[], args[1] as Channels);
  }
  if (isTensor(node) && args.length > 0) {
    const each = Array.from({ length: sizeOf(node.type) }, (_, e) => args.map((x) => (Array.isArray(x) ? (x as readonly Scalar[])[e]! : (x as Traced))));
    if (role?.is === "broadcast") return each.map(([s]) => s as Scalar);
    return each.map((xs) => xs[0]!.tape.apply(op, xs, attributes) as Scalar);
  }
  throw new ConfigurationError(`export: got the op ${op.name} on weights, expected siteLinear, siteConv, sums and functions of single weights: make the layer of these`);
}

/** The program with one scalar for each weight, among inputs and outputs too. */
export function onScalars(recorded: RecordedProgram): RecordedProgram {
  const { program } = recorded;
  if (!program.nodes.some(isTensor)) return recorded;
  const weights = program.inputs.reduce((n, id) => n + (isTensor(program.nodes[id]!) ? sizeOf(program.nodes[id]!.type as TensorType) : 0), 0);
  if (weights > MOST) throw new ConfigurationError(`export: got ${weights} weights, expected at most ${MOST}, as each is written into the text of a kernel: export a smaller network`);
  const tape = openTape(program.lattice);
  const inputs: Port[] = [];
  const values = new Map<number, Value>();
  /** A port for each number. */
  const numbered = (port: Port, k: number): Port => ("index" in port ? { ...port, index: port.index + k } : port);
  program.inputs.forEach((id, k) => {
    const node = program.nodes[id]!;
    const port = recorded.inputs[k]!;
    if (!isTensor(node)) {
      inputs.push(port);
      values.set(id, tape.input(node.type));
      return;
    }
    values.set(id, Array.from({ length: sizeOf(node.type) }, (_, e) => {
      inputs.push(numbered(port, e));
      return tape.input(scalarType) as Scalar;
    }));
  });
  program.nodes.forEach((node, id) => {
    if (values.has(id)) return;
    const args = node.inputs.map((i) => values.get(i)!);
    const plain = !isTensor(node) && !args.some(Array.isArray);
    values.set(id, plain ? tape.apply(node.op, args as readonly Traced[], node.attributes) : onNumbers(node, args, node.inputs.map((i) => program.nodes[i]!)));
  });
  const outputs = program.outputs.flatMap((id, k) => [values.get(id)!].flat().map((value, e) => ({ value: value as Traced, port: numbered(recorded.outputs[k]!, e) })));
  return { ...recorded, program: tape.finish(outputs.map((o) => o.value)), inputs, outputs: outputs.map((o) => o.port) };
}
