/** Memory that ranks of one machine share: their calls in an order that is chosen here, in which nobody may have to wait. Ranks as processes: mpi.test.ts. */
import { expect, test } from "vitest";
import { NearRanks, type SharedBytes, reserveBoard } from "../../src/backend/comm/near.ts";
import type { Message } from "../../src/backend/index.ts";

/** Ranks 3 and 5 of a group; `room`: bytes that the system has; `late`: what a rank that would have to wait waits for. */
function pair(room = Infinity, late: () => void = () => undefined): NearRanks[] {
  const memory = new Uint8Array(1 << 24);
  const bytes: SharedBytes = { reserve: (at, n) => at + n <= room, map: (at, n) => memory.subarray(at, at + n) };
  expect(reserveBoard(bytes, 2)).toBe(true);
  const until = (done: () => boolean): void => {
    if (!done()) late();
    if (!done()) throw new Error("would wait");
  };
  return [3, 5].map((rank) => new NearRanks({ bytes, rank, members: [3, 5], until }));
}

/** A message of these numbers from one rank to the other, at both ends. */
function message(from: number, to: number, numbers: readonly number[]): { out: Message; back: Message } {
  const both = { send: Float64Array.from(numbers), receive: new Float64Array(numbers.length), count: numbers.length };
  return { out: { ...both, to, from: -1 }, back: { ...both, to: -1, from } };
}

/** The steps of an exchange in which rank 3 sends to rank 5; which of them went through the memory. */
function exchange([a, b]: readonly NearRanks[], messages: readonly { out: Message; back: Message }[]): boolean[] {
  a!.begin(messages.map((m) => m.out));
  b!.begin([]);
  const expected = messages.map((m) => b!.expects(m.back));
  expect(messages.map((m) => a!.sends(m.out))).toEqual(expected);
  a!.sent();
  b!.take();
  return expected;
}

test("messages arrive in slots that take turns; what has no room in one goes on in the next", () => {
  const ranks = pair();
  for (let turn = 0; turn < 5; turn++) {
    const long = Array.from({ length: turn === 0 ? 1 << 16 : (1 << 16) - 3 + turn }, (_, k) => turn + k);
    const messages = [message(3, 5, [turn, 1]), message(3, 5, long), message(3, 5, [turn, 2, 3])];
    expect(exchange(ranks, messages)).toEqual([true, true, true]);
    expect(messages.map((m) => m.back.receive.join())).toEqual([[turn, 1], long, [turn, 2, 3]].map((m) => m.join()));
  }
  const whole = message(3, 5, Array.from({ length: 1 << 17 }, (_, k) => k));
  exchange(ranks, [whole]);
  expect(whole.back.receive.join()).toBe(whole.out.send.join());
});

test("a message longer than both slots goes on as they are emptied", () => {
  const long = message(3, 5, Array.from({ length: 4 * (1 << 16) + 7 }, (_, k) => k));
  // the receiver looks, and is then late itself
  const [a, b] = pair(Infinity, () => !looking && look()) as [NearRanks, NearRanks];
  let looking = false;
  const look = (): void => {
    looking = true;
    expect(() => b.take()).toThrow("would wait");
    looking = false;
  };
  a.begin([long.out]);
  b.expects(long.back);
  expect(a.sends(long.out)).toBe(true);
  a.sent();
  b.take();
  expect(long.back.receive.join()).toBe(long.out.send.join());
});

test("a slot is written again when it has been emptied", () => {
  let waits = 0;
  const [a, b] = pair(Infinity, () => waits++ === 0 && take(0)) as [NearRanks, NearRanks];
  const messages = [1, 2, 3].map((x) => message(3, 5, [x]));
  const taken: number[] = [];
  const take = (k: number): void => {
    expect(b.expects(messages[k]!.back)).toBe(true);
    b.take();
    taken.push(messages[k]!.back.receive[0]!);
  };
  for (const { out } of messages) {
    a.begin([out]);
    expect(a.sends(out)).toBe(true);
    a.sent();
  }
  expect({ waits, taken }).toEqual({ waits: 1, taken: [1] });
  take(1);
  take(2);
  expect(taken).toEqual([1, 2, 3]);
  expect(() => take(2)).toThrow("would wait");
});

test("ranks of other machines, and channels that the system has no memory for, are left to the library", () => {
  const [a] = pair();
  a!.begin([message(3, 4, [1]).out]);
  expect([a!.sends(message(3, 4, [1]).out), a!.expects(message(4, 3, [1]).back)]).toEqual([false, false]);
  expect(exchange(pair(1 << 17), [message(3, 5, [1])])).toEqual([false]);
});

test("the board waits for all", () => {
  const [a, b] = pair() as [NearRanks, NearRanks];
  const [x, y] = [Float64Array.of(1, -0), Float64Array.of(2, -0)];
  expect(() => a.reduce(x, (p, q) => p + q)).toThrow("would wait");
  b.reduce(y, (p, q) => p + q);
  expect([...y]).toEqual([3, -0]);
  expect(() => b.broadcast(new Uint8Array(3), 3)).toThrow("would wait");
  const told = Uint8Array.of(7, 8, 9);
  a.broadcast(told, 3);
  expect([...told]).toEqual([7, 8, 9]);
  expect(() => a.barrier()).toThrow("would wait");
  b.barrier();
});
