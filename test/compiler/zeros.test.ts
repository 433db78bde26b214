/** Fields that have values on one parity: zeros on the other one are written for those who read them, and sums on one parity leave them out. */
import { expect, test } from "vitest";
import { type LinkField, type Links, type Scalar, closedFormLinks, gaugeAction, lattice, maskedStout, number, record, sub, valueAndGrad } from "gaugegrad";
import { mapLeaves } from "gaugegrad/util";

/** S_W(F(V)) - log det of a masked map, whose steps change half a direction each, and its force. */
function force(backend: "js" | "wasm" | "interpret", N: number, sweeps = 1) {
  const F = maskedStout({ rho: 0.08, sweeps });
  const S = gaugeAction.wilson({ beta: 1 });
  const inputs = (V: Links, x: unknown): never => mapLeaves(x, (y) => number(V[0]!.tape, y as number)) as never;
  const action = (V: Links): Scalar => {
    const { links, logDet } = F.forward(V, inputs(V, F.parameters));
    return sub(S.evaluate(links, inputs(V, S.inputs)), logDet);
  };
  const U = closedFormLinks(lattice([4, 6], { backend }), N, 0.7) as LinkField;
  const plan = record((V: Links) => valueAndGrad(action)(V) as never, U) as unknown as { run(U: LinkField): { value: number; grad: LinkField }; describe(): string };
  return { ...plan.run(U), text: plan.describe() };
}

test.each([1, 2])("the force of a masked map, N = %i, is that of the interpreter", (N) => {
  const [plain, js, wasm] = (["interpret", "js", "wasm"] as const).map((backend) => force(backend, N));
  for (const other of [js!, wasm!]) {
    expect(other.value).toBeCloseTo(plain!.value, 11);
    other.grad.fields.forEach((f, mu) => f.toArray().forEach((x, k) => expect(Math.abs(x - plain!.grad.fields[mu]!.toArray()[k]!)).toBeLessThan(1e-12)));
  }
});

test("zeros of the reverse pass are not written: its last sums, which are on all sites, are made on either parity without them", () => {
  const [two, three] = [2, 3].map((sweeps) => force("wasm", 1, sweeps).text);
  const count = (text: string, what: RegExp): number => text.match(what)?.length ?? 0;
  expect(count(three!, /^kernel on (even|odd)/gm)).toBeGreaterThan(count(two!, /^kernel on (even|odd)/gm));
  for (const text of [two!, three!]) expect(count(text, /zero one parity/g)).toBe(0);
  // what is read on one parity of a half that moved and one that did not is read where it was made
  for (const text of [two!, three!]) expect(count(text, / = copy\(/g)).toBe(0);
});
