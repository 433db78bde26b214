/** The lists of launches and the iteration of replay.ts in WebAssembly. */
import { Code, F64, I32, Module, type ValType } from "./assembler.ts";
import { BIN_PARTS, SPECIAL } from "./binned-sum.ts";
import { GRADIENT, LAUNCH, STATE } from "./replay.ts";

const I32_LOAD = 0x28;
const F32_LOAD = 0x2a;
const F64_LOAD = 0x2b;
const I32_STORE = 0x36;
const F32_STORE = 0x38;
const F64_STORE = 0x39;
const I32_EQ = 0x46;
const I32_EQZ = 0x45;
const I32_LT_S = 0x48;
const I32_GE_S = 0x4e;
const I32_ADD = 0x6a;
const I32_SUB = 0x6b;
const I32_MUL = 0x6c;
const I32_DIV_S = 0x6d;
const I32_AND = 0x71;
const I32_OR = 0x72;
const I32_SHL = 0x74;
const F64_EQ = 0x61;
const F64_NE = 0x62;
const F64_GT = 0x64;
const F64_GE = 0x66;
const F64_ADD = 0xa0;
const F64_SUB = 0xa1;
const F64_DIV = 0xa3;
const F64_MAX = 0xa5;
const RETURN = 0x0f;
const SELECT = 0x1b;
const I32_TRUNC_F64 = 0xaa;
const F64_CONVERT_I32 = 0xb7;
const F64_PROMOTE = 0xbb;
const F32_DEMOTE = 0xb6;
const F64_OF_BITS = 0xbf;
const I64_OF_I32 = 0xad;
const I64_SHL = 0x86;
const I64_OR = 0x84;

/** The function (address of the partial sums of chunks, their number) -> total. */
function totalFunction(module: Module): number {
  const c = new Code(2);
  const [p, n] = [0, 1];
  const [at, end, k, bin, down] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32), c.local(I32)];
  const [t, q, half] = [c.local(F64), c.local(F64), c.local(F64)];
  const s = Array.from({ length: 4 }, () => c.local(F64));
  const round = Array.from({ length: 3 }, () => c.local(F64));
  const chunks = (body: () => void): void => {
    c.get(p).set(at);
    c.loop(
      () => void c.get(at).get(end).op(I32_GE_S),
      () => {
        body();
        c.get(at).i32(8 * BIN_PARTS).op(I32_ADD).set(at);
      },
    );
  };
  const add = (sum: number, part: number): Code => c.get(s[sum]!).get(at).memory(F64_LOAD, 3, 8 * part).op(F64_ADD).set(s[sum]!);
  /** 2^(40 (bin + 1 - j) - less), with its 53rd digit or more. */
  const power = (j: number, less: number): Code => c.get(bin).i32(1 - j).op(I32_ADD).i32(40).op(I32_MUL).i32(less).op(I32_SUB, I64_OF_I32).i64(52).op(I64_SHL);
  const carry = (): void => {
    for (let j = 2; j >= 0; j--) {
      c.get(s[1 + j]!).get(round[j]!).op(F64_ADD).get(round[j]!).op(F64_SUB).set(q);
      c.get(s[1 + j]!).get(q).op(F64_SUB).set(s[1 + j]!).get(s[j]!).get(q).op(F64_ADD).set(s[j]!);
    }
  };
  c.get(p).get(n).i32(Math.log2(8 * BIN_PARTS)).op(I32_SHL, I32_ADD).set(end).f64(3).set(t);
  chunks(() => void c.get(t).get(at).memory(F64_LOAD, 3, 0).op(F64_MAX).set(t));
  c.get(t).f64(SPECIAL).op(F64_EQ).when(() => {
    chunks(() => void c.get(at).memory(F64_LOAD, 3, 0).get(t).op(F64_EQ).when(() => void add(0, 1)));
    c.get(s[0]!).op(RETURN);
  });
  c.get(t).op(I32_TRUNC_F64).set(bin);
  round.forEach((r, j) => void power(j, 5).i64(2 ** 51).op(I64_OR, F64_OF_BITS).set(r));
  chunks(() => {
    c.get(bin).get(at).memory(F64_LOAD, 3, 0).op(I32_TRUNC_F64, I32_SUB).set(down);
    for (let d = 0; d < 3; d++) c.get(down).i32(d).op(I32_EQ).when(() => {
      for (let j = 1; j + d < 4; j++) add(j + d, j);
    });
    c.get(k).i32(31).op(I32_AND).i32(31).op(I32_EQ).when(carry);
    c.get(k).i32(1).op(I32_ADD).set(k);
  });
  carry();
  carry();
  for (let j = 2; j >= 0; j--) {
    power(j, 58).op(F64_OF_BITS).set(half);
    c.get(s[1 + j]!).get(half).op(F64_GE).when(() => {
      c.get(half).get(half).op(F64_ADD).set(half);
      c.get(s[1 + j]!).get(half).op(F64_SUB).set(s[1 + j]!).get(s[j]!).get(half).op(F64_ADD).set(s[j]!);
    });
  }
  c.get(s[0]!).get(s[1]!).get(s[2]!).get(s[3]!).op(F64_ADD, F64_ADD, F64_ADD);
  return module.function([I32, I32], [F64], c);
}

/** Code for scalars of which every sample has one, on so many lanes. */
class Scalars {
  readonly #c: Code;
  readonly #single: boolean;
  readonly #lanes: number;
  readonly #l: number;

  constructor(c: Code, single: boolean, lanes: number) {
    this.#c = c;
    this.#single = single;
    this.#lanes = lanes;
    this.#l = c.local(I32);
  }

  /** The number at an address in a local. */
  get(at: number): Code {
    return this.#single ? this.#c.get(at).memory(F32_LOAD, 2, 0).op(F64_PROMOTE) : this.#c.get(at).memory(F64_LOAD, 3, 0);
  }

  /** Puts the number of a local on all lanes of the scalar at an address in a local, which then is that of the next sample. */
  put(at: number, x: number): void {
    const c = this.#c;
    c.i32(0).set(this.#l);
    c.loop(
      () => void c.get(this.#l).get(this.#lanes).op(I32_GE_S),
      () => {
        c.get(at).get(x);
        if (this.#single) c.op(F32_DEMOTE).memory(F32_STORE, 2, 0);
        else c.memory(F64_STORE, 3, 0);
        c.get(at).i32(this.#single ? 4 : 8).op(I32_ADD).set(at).get(this.#l).i32(1).op(I32_ADD).set(this.#l);
      },
    );
  }

  /** The address of a sample so many further on as a local says. */
  move(at: number, samples: number): void {
    this.#c.get(at).get(samples).get(this.#lanes).op(I32_MUL).i32(this.#single ? 4 : 8).op(I32_MUL, I32_ADD).set(at);
  }

  /** The address of the next sample. */
  next(at: number): void {
    this.#c.get(at).get(this.#lanes).i32(this.#single ? 4 : 8).op(I32_MUL, I32_ADD).set(at);
  }
}

/** for (local = 0; local < number in the other local; local++) body. */
function count(c: Code, k: number, n: number, body: () => void): void {
  c.i32(0).set(k);
  c.loop(
    () => void c.get(k).get(n).op(I32_GE_S),
    () => {
      body();
      c.get(k).i32(1).op(I32_ADD).set(k);
    },
  );
}

/** Leaves the smaller of two integers, each left by one of the functions. */
function least(c: Code, a: () => void, b: () => void): Code {
  a();
  b();
  a();
  b();
  return c.op(I32_LT_S, SELECT);
}

/** The function (list, launches, scratch, samples, lanes of a scalar, samples of a tile, the first sample of this one). */
function walkFunction(module: Module, single: boolean): number {
  const kernel = module.indirect([I32, I32, I32, I32]);
  const total = totalFunction(module);
  const c = new Code(7);
  const [list, launches, S, batch, lanes, tile, first] = [0, 1, 2, 3, 4, 5, 6];
  const [i, k, b, each, sums, from, to] = Array.from({ length: 7 }, () => c.local(I32)) as [number, number, number, number, number, number, number];
  const [t, samples, chunks, begin, small] = Array.from({ length: 5 }, () => c.local(I32)) as [number, number, number, number, number];
  const x = c.local(F64);
  const scalars = new Scalars(c, single, lanes);
  const entry = (n: number): Code => c.get(list).memory(I32_LOAD, 2, 4 * n);
  const skip = (n: number): Code => c.get(list).i32(4 * n).op(I32_ADD).set(list);
  c.get(first).get(tile).op(I32_DIV_S).set(t);
  least(c, () => void c.get(tile), () => void c.get(batch).get(first).op(I32_SUB)).set(samples);
  count(c, i, launches, () => {
    entry(LAUNCH.sums).set(sums);
    entry(LAUNCH.small).set(small);
    c.get(list).i32(4 * LAUNCH.size).op(I32_ADD).get(sums).i32(8).op(I32_MUL, I32_ADD).set(from);
    count(c, k, small, () => {
      const part = (n: number): Code => c.get(from).memory(I32_LOAD, 2, 4 * n);
      part(0);
      part(1).get(t);
      part(2).op(I32_MUL, I32_SUB).memory(I32_STORE, 2, 0);
      c.get(from).i32(12).op(I32_ADD).set(from);
    });
    entry(LAUNCH.tile).set(chunks);
    c.get(t).get(chunks).op(I32_MUL).set(begin);
    entry(LAUNCH.table).get(S).get(begin);
    least(c, () => void c.get(begin).get(chunks).op(I32_ADD), () => void entry(LAUNCH.chunks));
    entry(LAUNCH.kernel).indirect(kernel);
    entry(LAUNCH.each).set(each);
    skip(LAUNCH.size);
    count(c, k, sums, () => {
      entry(0).set(from);
      entry(1).set(to);
      skip(2);
      c.get(from).get(first).get(each).op(I32_MUL).i32(8 * BIN_PARTS).op(I32_MUL, I32_ADD).set(from);
      scalars.move(to, first);
      count(c, b, samples, () => {
        c.get(from).get(each).call(total).set(x);
        scalars.put(to, x);
        c.get(from).get(each).i32(Math.log2(8 * BIN_PARTS)).op(I32_SHL, I32_ADD).set(from);
      });
    });
    c.get(list).get(small).i32(12).op(I32_MUL, I32_ADD).set(list);
  });
  return module.function(Array.from({ length: 7 }, () => I32 as ValType), [], c);
}

/** The function (list, launches, scratch, samples, lanes of a scalar, samples of a tile): a list for one tile after the other. */
function replayFunction(module: Module, walk: number): void {
  const c = new Code(6);
  const [batch, tile] = [3, 5];
  const first = c.local(I32);
  tiles(c, first, batch, tile, () => void c.get(0).get(1).get(2).get(3).get(4).get(5).get(first).call(walk));
  module.function(Array.from({ length: 6 }, () => I32 as ValType), [], c, "replay");
}

/** for (first = 0; first < batch; first += tile) body, all of them locals. */
function tiles(c: Code, first: number, batch: number, tile: number, body: () => void): void {
  c.i32(0).set(first);
  c.loop(
    () => void c.get(first).get(batch).op(I32_GE_S),
    () => {
      body();
      c.get(first).get(tile).op(I32_ADD).set(first);
    },
  );
}

/** Code for what an iteration remembers of every sample of a tile: |r|^2, its goal, alpha. */
class Samples {
  readonly #c: Code;
  readonly #state: number;
  readonly #count: number;
  readonly #b: number;
  readonly #at: number;
  readonly #going: number;

  /** Locals of the address of the state of the first sample and of their number. */
  constructor(c: Code, state: number, samples: number) {
    this.#c = c;
    this.#state = state;
    this.#count = samples;
    [this.#b, this.#at, this.#going] = [c.local(I32), c.local(I32), c.local(I32)];
  }

  /** The body for every sample. */
  each(body: () => void): void {
    const c = this.#c;
    c.get(this.#state).set(this.#at);
    count(c, this.#b, this.#count, () => {
      body();
      c.get(this.#at).i32(8 * STATE.size).op(I32_ADD).set(this.#at);
    });
  }

  /** A number of the sample at hand. */
  get(k: number): Code {
    return this.#c.get(this.#at).memory(F64_LOAD, 3, 8 * k);
  }

  /** Sets it to that of a local. */
  set(k: number, local: number): void {
    this.#c.get(this.#at).get(local).memory(F64_STORE, 3, 8 * k);
  }

  /** Leaves whether |r|^2 is above its goal. */
  on(): Code {
    this.get(0);
    return this.get(1).op(F64_GT);
  }

  /** Leaves whether this is so for any of them. */
  left(): Code {
    const c = this.#c.i32(0).set(this.#going);
    this.each(() => void this.on().get(this.#going).op(I32_OR).set(this.#going));
    return c.get(this.#going);
  }
}

/**
 * The function (entries of the iteration, scratch, first sample, iterations so far) -> iterations, or what is below zero where one fails: those before it, less one and with the other sign. For
 * the samples of one tile.
 */
function iterateFunction(module: Module, walk: number, single: boolean): number {
  const c = new Code(4);
  const [block, S, first, done] = [0, 1, 2, 3];
  const entries = Array.from({ length: GRADIENT.size }, (_, k) => {
    const n = c.local(I32);
    c.get(block).memory(I32_LOAD, 2, 4 * k).set(n);
    return n;
  });
  const [batch, lanes, most, tile] = [GRADIENT.batch, GRADIENT.lanes, GRADIENT.most, GRADIENT.tile].map((k) => entries[k]!) as [number, number, number, number];
  const [one, other, state, number] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32)];
  const [a, x] = [c.local(F64), c.local(F64)];
  const scalars = new Scalars(c, single, lanes);
  const samples = new Samples(c, state, number);
  c.get(entries[GRADIENT.state]!).i32(8 * STATE.samples).op(I32_ADD).get(first).i32(8 * STATE.size).op(I32_MUL, I32_ADD).set(state);
  least(c, () => void c.get(tile), () => void c.get(batch).get(first).op(I32_SUB)).set(number);
  const run = (k: number): Code => c.get(entries[2 * k]!).get(entries[2 * k + 1]!).get(S).get(batch).get(lanes).get(tile).get(first).call(walk);
  const begin = (scalar: number, into: number): void => {
    c.get(entries[scalar]!).set(into);
    scalars.move(into, first);
  };
  const leaveUnless = (test: number): void => void c.f64(0).op(test, I32_EQZ).when(() => void c.f64(-1).get(done).op(F64_SUB, RETURN));
  /** The body for a sample that moves. */
  const moving = (body: () => void): Code => samples.get(2).f64(0).op(F64_NE).when(body);
  c.loop(
    () => {
      samples.left().op(I32_EQZ);
      c.get(done).get(most).op(F64_CONVERT_I32, F64_GE, I32_OR);
    },
    () => {
      run(0);
      begin(GRADIENT.pq, one);
      begin(GRADIENT.alpha, other);
      samples.each(() => {
        scalars.get(one).set(a);
        scalars.next(one);
        c.f64(0).set(x);
        samples.on().when(() => {
          c.get(a);
          leaveUnless(F64_GT);
          samples.get(0).get(a).op(F64_DIV).set(x);
        });
        samples.set(2, x);
        scalars.put(other, x);
      });
      run(1);
      begin(GRADIENT.rr, one);
      samples.each(() => {
        moving(() => {
          scalars.get(one);
          leaveUnless(F64_GE);
        });
        scalars.next(one);
      });
      begin(GRADIENT.rr, one);
      begin(GRADIENT.beta, other);
      samples.each(() => {
        c.f64(0).set(x);
        moving(() => {
          scalars.get(one).set(a);
          c.get(a);
          samples.get(0).op(F64_DIV).set(x);
          samples.set(0, a);
        });
        scalars.next(one);
        scalars.put(other, x);
      });
      c.get(done).f64(1).op(F64_ADD).set(done);
      samples.left().when(() => void run(2));
    },
  );
  c.get(done);
  return module.function([I32, I32, I32, F64], [F64], c);
}

/** The function (entries of the iteration, scratch). */
function gradientFunction(module: Module, iterate: number): void {
  const c = new Code(2);
  const [block, S] = [0, 1];
  const [state, batch, tile, first] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32)];
  const [begin, most, done] = [c.local(F64), c.local(F64), c.local(F64)];
  for (const [k, n] of [[GRADIENT.state, state], [GRADIENT.batch, batch], [GRADIENT.tile, tile]] as const) c.get(block).memory(I32_LOAD, 2, 4 * k).set(n);
  c.get(state).memory(F64_LOAD, 3, 0).set(begin).get(begin).set(most);
  tiles(c, first, batch, tile, () => {
    c.get(block).get(S).get(first).get(begin).call(iterate).set(done);
    c.f64(0).get(done).op(F64_GT).when(() => void c.get(state).f64(-1).get(done).op(F64_SUB).memory(F64_STORE, 3, 0).op(RETURN));
    c.get(most).get(done).op(F64_MAX).set(most);
  });
  c.get(state).get(most).memory(F64_STORE, 3, 0);
  module.function([I32, I32], [], c, "gradient");
}

/** The module, whose functions `replay` and `gradient` call kernels through a table. */
export function replayModule(single: boolean): Uint8Array<ArrayBuffer> {
  const module = new Module();
  const walk = walkFunction(module, single);
  replayFunction(module, walk);
  gradientFunction(module, iterateFunction(module, walk, single));
  return module.finish(false);
}
