/**
 * The tape: a flat list of ops over small-matrix fields, written by running a user's function on traced values.
 * Equal expressions are recorded once. Nothing here is global: a value knows its tape, and ops find the tape from
 * their inputs.
 */
import { RecordingError } from "../errors.ts";
import { describe } from "../util/index.ts";
import type { Lattice } from "./lattice.ts";
import type { Op, Rules } from "./op.ts";
import { attributesKey, extract, extractCanonical, inputOp, opKey } from "./program.ts";
import { type MatrixType, type ValueType, asQuaternion, isQuaternion, isShared, sharedScalarType, type VectorType, type SpinType, type RealType, type ComplexType, type ChannelsType, type ScalarType, type TensorType, typeText } from "./types.ts";

/** Plain data that belongs to an op: numbers, strings, arrays of them, or a sub-program. All of it but the text `label` is part of the value's identity. */
export type Attribute = number | string | boolean | readonly number[] | Float64Array | Program;
/** Attributes of one op by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One line of a program. */
export interface Node {
  readonly op: Op;
  readonly inputs: readonly number[];
  readonly attributes: Attributes;
  readonly type: ValueType;
  /** Innermost checkpoint region in which the node was recorded; 0 outside. */
  readonly region: number;
  /** Layers in which it was recorded, for people: `layer 2, stout`. */
  readonly layer?: string;
}

/** An immutable recorded program: nodes in an order in which they can be computed. */
export interface Program {
  readonly lattice: Lattice;
  readonly nodes: readonly Node[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Hash of the structure, with all data in it: equal keys mean equal programs. */
  readonly key: string;
}

/** A value being recorded. Its kind and N are part of its static type, end points and extents are checked while recording. */
export class Traced<T extends ValueType = ValueType> {
  readonly tape: Tape;
  readonly id: number;
  readonly type: T;
  constructor(tape: Tape, id: number, type: T) {
    this.tape = tape;
    this.id = id;
    this.type = type;
  }
  get lattice(): Lattice {
    return this.tape.lattice;
  }
  /** A traced value is not a number yet. */
  valueOf(): never {
    throw new RecordingError(
      `${this.toString()} has no number while it is being recorded: got a conversion to a number, expected an op (add, scale, where, ...): control flow on traced values is not possible`,
    );
  }
  toString(): string {
    return `%${this.id}: ${typeText(this.tape.lattice, this.type)}`;
  }
}

/** Traced field of complex N x N matrices, M(n) -> g(n + start) M(n) g(n + end)^+; its type has the end points. */
export type Matrix<N extends number = number> = Traced<MatrixType<N>>;
/** Traced algebra field: N x N antihermitian matrices at every site, traceless for N >= 2. */
export type Algebra<N extends number = number> = Traced<MatrixType<N> & { readonly algebra: true }>;
/** Traced field of N complex numbers at every site, or N x spin of them, v(n) -> g(n + at) v(n). */
export type Vector<N extends number = number> = Traced<VectorType<N>>;
/** Traced field of classical spins, three real components at every site. */
export type Spin = Traced<SpinType>;
/** Traced field of one gauge-invariant real number at every site. */
export type Real = Traced<RealType>;
/** Traced field of one gauge-invariant complex number at every site. */
export type Complex = Traced<ComplexType>;
/** Traced field of several real numbers at every site. */
export type Channels = Traced<ChannelsType>;
/** Traced weights of a network. */
export type TracedTensor = Traced<TensorType>;
/** Traced real number of the whole lattice: an action, a loss, a parameter. */
export type Scalar = Traced<ScalarType>;

/** A program while it is being recorded on one lattice. @throws RecordingError for values of another recording, or of one that has ended. */
export class Tape {
  readonly lattice: Lattice;
  readonly rules: Rules;
  readonly #nodes: Node[] = [];
  readonly #inputs: number[] = [];
  readonly #seen = new Map<string, number>();
  #open = true;
  #region = 0;
  #regions = 0;
  #layer = "";

  constructor(lattice: Lattice, rules: Rules) {
    this.lattice = lattice;
    this.rules = rules;
  }

  node(id: number): Node {
    return this.#nodes[id]!;
  }

  get length(): number {
    return this.#nodes.length;
  }

  /** Innermost checkpoint region that is being recorded; 0 outside. */
  get region(): number {
    return this.#region;
  }

  /** A new input of the program. */
  input(type: ValueType): Traced {
    const id = this.#append({ op: inputOp, inputs: [], attributes: { index: this.#inputs.length }, type, region: 0 });
    this.#inputs.push(id);
    return new Traced(this, id, type);
  }

  /** Records an op, after its own simplifications; an expression that was recorded before is returned as it was. */
  apply(op: Op, given: readonly Traced[], attributes: Attributes = {}): Traced {
    if (!this.#open)
      throw new RecordingError(`${op.name}: got a value of a recording that has ended, expected values of the current one: do not keep traced values outside the recorded function`);
    for (const x of given) {
      if (!(x instanceof Traced))
        throw new RecordingError(`${op.name}: got ${describe(x)}, expected a traced value: pass fields through the recorded function's arguments`);
      if (x.tape !== this)
        throw new RecordingError(`${op.name}: got a value of another recording, expected values of this one: pass it as an argument of the recorded function`);
    }
    const simpler = op.simplify?.(this, given, attributes);
    if (simpler) return simpler;
    const inputs = op.role?.is === "view" || op.role?.is === "loop" ? given : this.#perSample(op.role?.is === "join" ? this.#alike(given) : given);
    const type = this.#quaternion(op, inputs, this.#shared(op, inputs, attributes, op.infer(inputs.map((x) => x.type), attributes, this.lattice)));
    const ids = inputs.map((x) => x.id);
    const node: Node = { op, inputs: ids, attributes, type, region: this.#region, ...(this.#layer === "" ? {} : { layer: this.#layer }) };
    if (op.unique) return new Traced(this, this.#append(node), type);
    const text = `${opKey(op)}(${ids.join(",")})${attributesKey(attributes)}`;
    const key = `${this.#region}|${text}`;
    const found = this.#seen.get(key) ?? (this.#region === 0 ? undefined : this.#seen.get(`0|${text}`));
    if (found !== undefined) return new Traced(this, found, this.#nodes[found]!.type);
    const id = this.#append(node);
    this.#seen.set(key, id);
    return new Traced(this, id, type);
  }

  traced(id: number): Traced {
    return new Traced(this, id, this.#nodes[id]!.type);
  }

  /** Runs f with every node marked as belonging to a new checkpoint region. */
  inRegion<T>(f: () => T): T {
    return this.#within(++this.#regions, f);
  }

  /** Runs f with every new node named after a layer inside those that are named already. */
  inLayer<T>(name: string, f: () => T): T {
    return this.#named(this.#layer === "" ? name : `${this.#layer}, ${name}`, f);
  }

  /** Runs f with every new node named as the given one: what a reverse pass makes for it. */
  asIn<T>(node: Node, f: () => T): T {
    return this.#named(node.layer ?? "", f);
  }

  #named<T>(layer: string, f: () => T): T {
    const outer = this.#layer;
    this.#layer = layer;
    try {
      return f();
    } finally {
      this.#layer = outer;
    }
  }

  #within<T>(region: number, f: () => T): T {
    const outer = this.#region;
    this.#region = region;
    try {
      return f();
    } finally {
      this.#region = outer;
    }
  }

  /** Ends the recording and keeps the nodes on which the outputs depend. */
  finish(outputs: readonly Traced[]): Program {
    this.#open = false;
    const program = extract(this.lattice, this.#nodes, this.#inputs, outputs.map((x) => x.id));
    if (program.nodes.some((n) => n.op.role?.is === "slot")) throw new RecordingError("repeat: a value of the loop's body was used outside of it, expected what the loop returns: make it part of the state");
    return program;
  }

  /** Program of the nodes between `inputs` and `outputs`, without ending the recording. */
  extract(inputs: readonly number[], outputs: readonly number[]): Program {
    return extractCanonical(this.lattice, this.#nodes, inputs, outputs);
  }

  /** Appends a program's nodes with its inputs replaced, in checkpoint regions of their own where the program has some, and returns its outputs. */
  inline(program: Program, inputs: readonly Traced[]): Traced[] {
    const map = new Map<number, Traced>();
    const regions = new Map<number, number>();
    const regionOf = (given: number): number => {
      if (given === 0) return this.#region;
      let r = regions.get(given);
      if (r === undefined) regions.set(given, (r = ++this.#regions));
      return r;
    };
    program.inputs.forEach((id, k) => map.set(id, inputs[k]!));
    program.nodes.forEach((node, id) => {
      if (!map.has(id)) map.set(id, this.#within(regionOf(node.region), () => {
        const copy = (): Traced => this.apply(node.op, node.inputs.map((i) => map.get(i)!), node.attributes);
        return node.layer === undefined ? copy() : this.inLayer(node.layer, copy);
      }));
    });
    return program.outputs.map((id) => map.get(id)!);
  }

  /** Numbers that all samples of a batch share, spread where they meet what each sample has of its own: in arithmetic, not where a value is only renamed. */
  #perSample(inputs: readonly Traced[]): readonly Traced[] {
    if (this.lattice.batch === 1) return inputs;
    // weights are the same for all samples too, and stay so
    const each = inputs.some((x) => x.type.kind !== "tensor" && !isShared(x.type));
    if (!each || !inputs.some((x) => isShared(x.type))) return inputs;
    return inputs.map((x) => (isShared(x.type) ? this.rules.spread(x) : x));
  }

  /** Arithmetic on shared numbers alone gives a shared number. */
  #shared(op: Op, inputs: readonly Traced[], attributes: Attributes, type: ValueType): ValueType {
    if (this.lattice.batch === 1 || type.kind !== "scalar" || op.role?.is === "spread" || op.role?.is === "loop" || attributes["each"] === true) return type;
    return inputs.every((x) => x.type.kind === "tensor" || isShared(x.type)) ? sharedScalarType(this.lattice) : type;
  }

  /** Values that are joined are stored alike. */
  #alike(inputs: readonly Traced[]): readonly Traced[] {
    if (!this.lattice.quaternions || inputs.every((x) => isQuaternion(x.type) === isQuaternion(inputs[0]!.type))) return inputs;
    return inputs.map((x) => (isQuaternion(x.type) ? this.rules.asMatrix(x) : x));
  }

  /** Marks what lies in the real span of SU(2), on a lattice that stores quaternions, and nothing else. */
  #quaternion(op: Op, inputs: readonly Traced[], type: ValueType): ValueType {
    if (!this.lattice.quaternions || type.kind !== "matrix") return type;
    return asQuaternion(type, type.N === 2 && (type.algebra || op.quaternion?.(inputs.map((x) => x.type), type) === true));
  }

  #append(node: Node): number {
    this.#nodes.push(node);
    return this.#nodes.length - 1;
  }
}

