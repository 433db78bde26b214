/** What must hold for a map with a log det: the log det against the determinant of the whole Jacobian, step by step, its sign, and the inverse. */
import type { LinkField } from "../autograd/index.ts";
import { GeometryError } from "../errors.ts";
import { groupOf, hot, lattice as latticeOf } from "../gauge/index.ts";
import { EPS } from "./differences.ts";
import { type Jacobian, STEP, dimensionOf, jacobian, logDet } from "./jacobian.ts";
import { type CheckItem, judge, ratioOf, ratioText } from "./report.ts";
import { type BijectionSubject, chainSteps } from "./steps.ts";
import { linkText, namedLeaves } from "./tangent.ts";

/** Largest dimension of a Jacobian that is made: 6 evaluations of the map for each, and a dense determinant. */
const LARGEST = 1100;
const COMFORTABLE = 300;
/** Steps of a chain whose Jacobians are made: different maps all of them, the same one with other weights as long as there are fewer. */
const MAX_STEPS = 16;
/** Relative size of what a link sees of another that counts. */
const SEEN = 1e-8;

/** Items of the Jacobian and of the inverse. */
export function bijectionItems(F: BijectionSubject, U: LinkField, seed: number): CheckItem[] {
  const small = smallLinks(F, U, seed);
  if (typeof small === "string") return [...["log det", "sign of the determinant", "active links in the conditioner"].map((name): CheckItem => ({ name, status: "skipped", note: small })), inverseItem(F, U)];
  const steps = chainSteps(F, small);
  const others = Math.max(0, MAX_STEPS - steps.filter((s) => s.distinct).length);
  const repeated = steps.filter((s) => !s.distinct).slice(0, others);
  const looked = steps.filter((s) => s.distinct || repeated.includes(s)).map(({ k, step, V, image }): Step => ({ k, name: step.name, V, claimed: image.logDet, J: jacobian((W) => step.image(W).links, V) }));
  const where = ` on ${small.lattice}`;
  const items = looked.map((s) => logDetItem(s, steps.length > 1));
  const worst = items.reduce((a, b) => (severity(b) > severity(a) ? b : a));
  const whole = steps.length > 1 ? [sumItem(F.image(small).logDet, steps.map((s) => s.image.logDet))] : [];
  // loops of two steps close around an extent of 2, and may bring active links into a conditioner that is free of them elsewhere
  const tiny = worst.status === "fail" && small.lattice.extents.includes(2) ? { note: `${worst.note ?? ""}; seen on extents of 2, where loops of two steps close around the lattice: confirm it in two dimensions, on 4x4` } : {};
  return [{ ...worst, ...tiny, name: `log det${where}` }, ...whole, signItem(looked), conditionerItem(looked, items), inverseItem(F, U)];
}

interface Step {
  readonly k: number;
  readonly name: string;
  readonly V: LinkField;
  readonly claimed: number;
  readonly J: Jacobian;
}

const severity = (i: CheckItem): number => (i.status === "fail" ? 1e3 : 0) + (Number.isNaN(i.deviation!) ? Number.POSITIVE_INFINITY : i.deviation! / i.tolerance!);

/** Hot links on a lattice on which the Jacobian can be made; why there is none. */
function smallLinks(F: BijectionSubject, U: LinkField, seed: number): LinkField | string {
  if (dimensionOf(U) <= COMFORTABLE) return U;
  if (namedLeaves(F.parameters).some((l) => typeof l.value !== "number")) return dimensionOf(U) <= LARGEST ? U : "the parameters hold fields, and the Jacobian on this lattice is too large: check on a smaller one";
  const { dim, engine } = U.lattice;
  const group = groupOf(U.N as number);
  for (const L of [4, 2]) {
    const extents = Array.from({ length: dim }, () => L);
    if (L ** dim * dim * group.generators > LARGEST) continue;
    try {
      const V = hot(latticeOf(extents, engine.name === "js" ? { backend: "js" } : {}), group, { seed }) as LinkField;
      F.image(V);
      return V;
    } catch (error) {
      if (!(error instanceof GeometryError)) throw error;
    }
  }
  return dimensionOf(U) <= LARGEST ? U : `the Jacobian of ${group.name} in ${dim} dimensions is too large for a determinant: check on a smaller lattice, or another group`;
}

function logDetItem(s: Step, several: boolean): CheckItem {
  const { J, claimed } = s;
  const brute = logDet(J.sixth, J.size).value;
  const truncation = Math.abs(brute - logDet(J.fourth, J.size).value);
  const tolerance = truncation + (64 * EPS * J.size) / STEP;
  const deviation = Math.abs(claimed - brute);
  const status = judge(deviation, tolerance);
  const ratio = ratioOf(claimed, brute, tolerance);
  const place = several ? { where: `step ${s.k + 1}, ${s.name}` } : {};
  return {
    name: "log det", status, value: claimed, reference: brute, ...ratio, deviation, tolerance,
    toleranceFrom: `truncation ${truncation.toExponential(1)} + 64 eps x ${J.size} / step of differences of the whole Jacobian`,
    ...place, ...(status === "fail" ? { note: cause(s, brute, ratio.ratio) } : {}),
  };
}

/** What the numbers suggest. */
function cause(s: Step, brute: number, ratio: number | undefined): string {
  const { J, V, claimed } = s;
  const { lattice, N } = V;
  const { generators } = groupOf(N as number);
  const text = ratio === undefined ? "" : `ratio ${ratioText(ratio)}: `;
  const near = (x: number, y: number): boolean => Math.abs(x - y) < 1e-4 * Math.max(1, Math.abs(y));
  const blocks = (links: readonly number[]): number => links.reduce((sum, l) => sum + logDet(J.sixth, J.size, Array.from({ length: generators }, (_, a) => l * generators + a)).value, 0);
  const all = Array.from({ length: lattice.volume * lattice.dim }, (_, l) => l);
  const seen = activeSeen(s);
  if (seen && Math.abs(blocks(all) - claimed) < 1e-3 * Math.abs(blocks(all) - brute)) return `${text}log det is that of each link's own block, but ${seen.text}: the conditioner sees an active link, mask it`;
  if (claimed === 0) return "logDet is 0: the determinant of the map is missing";
  if (ratio !== undefined) {
    if (near(ratio, 2)) return `${text}a factor 2: twice the logarithm${N === 1 ? "; for U(1) there is no 2 C_F" : ""}`;
    if (near(ratio, 0.5)) return `${text}a factor 2 is missing in logDet`;
    if (near(ratio, -1)) return `${text}the sign: logDet is that of the inverse map, log q(U) = log q0(V) - logDet`;
    if (generators > 1 && (near(ratio, generators) || near(ratio, 1 / generators))) return `${text}the number of generators, ${generators}: the sum over them is taken twice or left out`;
    if (N > 1 && (near(ratio, N as number) || near(ratio, 1 / N))) return `${text}N = ${N}: a trace without its 1/N, or one too many`;
  }
  const missing = brute - claimed;
  const forgotten = forgottenPart(s, missing);
  if (forgotten) return `${text}${forgotten}`;
  const directions = lattice.extents.map((_, mu) => ({ mu, part: blocks(all.slice(mu * lattice.volume, (mu + 1) * lattice.volume)) }));
  const best = directions.filter(({ part }) => Math.abs(part) > 1e-6 * Math.abs(brute)).toSorted((a, b) => Math.abs(a.part - missing) - Math.abs(b.part - missing))[0];
  if (best && Math.abs(best.part - missing) < 0.25 * Math.abs(missing)) return `${text}what is missing, ${missing.toPrecision(5)}, is the part of the links along ${lattice.axis(best.mu)}, ${best.part.toPrecision(5)}: a direction is forgotten in logDet`;
  if (seen) return `${text}${seen.text}: the conditioner sees an active link, or logDet leaves out that the determinant is no product over links; where links move one set after the other, make each half step a bijection and chain them: the step that is wrong is then named`;
  if (J.moved.some((m) => !m)) return `${text}not a usual factor; no moved link sees another one, so that each has a block of its own, and blocks are wrong: what decides how far a link moves, a gate or a network, may see the active link itself: mask it, and leave out loops through it; or logDet is an approximation, or counts sites whose links stand still`;
  return `${text}not a usual factor: a wrong or missing term; make each half step a bijection and chain them: the step that is wrong is then named`;
}

/**
 * In a map that moves one set of links after the other the principal minors of the first sets are products of their determinants: their quotients are the parts of the sets. Directions in their order
 * or the opposite one, and parities within them, are looked through for a part that is what is missing.
 */
function forgottenPart({ J, V }: Step, missing: number): string | undefined {
  const { dim, volume, bipartite } = V.lattice;
  const { generators } = groupOf(V.N as number);
  const parities = bipartite && J.size <= COMFORTABLE ? [["even", "odd"], ["odd", "even"]] as const : [[undefined]] as const;
  const even = Array.from({ length: volume }, (_, n) => V.lattice.coordinates(n).reduce((a, c) => a + c, 0) % 2 === 0);
  const rowsOf = (mu: number, parity: string | undefined): number[] => Array.from({ length: volume }, (_, n) => n).filter((n) => parity === undefined || even[n] === (parity === "even")).flatMap((n) => Array.from({ length: generators }, (_, a) => (mu * volume + n) * generators + a));
  const ascending = Array.from({ length: dim }, (_, mu) => mu);
  for (const order of [ascending, ascending.toReversed()])
    for (const halves of parities) {
      let [rows, before]: [number[], number] = [[], 0];
      const parts = order.flatMap((mu) => halves.map((parity) => {
        rows = [...rows, ...rowsOf(mu, parity)];
        const now = logDet(J.sixth, J.size, rows).value;
        const part = { mu, parity, value: now - before };
        before = now;
        return part;
      }));
      const sets = [
        ...order.map((mu) => ({ text: `links along ${V.lattice.axis(mu)}: a direction is forgotten in logDet`, of: parts.filter((p) => p.mu === mu) })),
        ...halves.map((parity) => ({ text: `links on ${parity ?? "all"} sites: a parity is forgotten in logDet`, of: parts.filter((p) => p.parity === parity) })),
        ...parts.map((p) => ({ text: `links along ${V.lattice.axis(p.mu)} on ${p.parity ?? "all"} sites: a half step is forgotten in logDet`, of: [p] })),
      ];
      const found = sets.find(({ of }) => {
        const value = of.reduce((t, p) => t + p.value, 0);
        return Math.abs(value) > 1e-6 && Math.abs(value - missing) < 1e-6 * Math.abs(missing);
      });
      if (found) return `what is missing, ${missing.toPrecision(5)}, is the part of the ${found.text}`;
    }
  return undefined;
}

/** A moved link that depends on another moved link, where some links stand still: the update is then not triangular. */
function activeSeen({ J, V }: Step): { readonly size: number; readonly text: string } | undefined {
  if (J.moved.every((m) => m)) return undefined;
  const { generators } = groupOf(V.N as number);
  const volume = V.lattice.volume;
  const active = J.moved.flatMap((m, l) => (m ? [l] : []));
  let worst = { size: 0, k: 0, l: 0 };
  for (const k of active)
    for (const l of active) {
      if (k === l) continue;
      for (let a = 0; a < generators; a++) for (let b = 0; b < generators; b++) {
        const size = Math.abs(J.sixth[(k * generators + a) * J.size + l * generators + b]!);
        if (size > worst.size) worst = { size, k, l };
      }
    }
  const at = (l: number): string => linkText(V, Math.floor(l / volume), l % volume);
  return worst.size > SEEN ? { size: worst.size, text: `the update of the link ${at(worst.k)} depends on the link ${at(worst.l)}, which moves in the same step (derivative ${worst.size.toPrecision(3)})` } : undefined;
}

function sumItem(claimed: number, steps: readonly number[]): CheckItem {
  const reference = steps.reduce((s, x) => s + x, 0);
  const tolerance = 1e3 * EPS * steps.reduce((s, x) => s + Math.abs(x), 1);
  const deviation = Math.abs(claimed - reference);
  const status = judge(deviation, tolerance);
  return { name: "log det of the chain", status, value: claimed, reference, ...ratioOf(claimed, reference, tolerance), deviation, tolerance, toleranceFrom: "1000 eps x sum of the logarithms of its steps", ...(status === "fail" ? { note: "not the sum over the steps: each at the links that the one before has made" } : {}) };
}

function signItem(steps: readonly Step[]): CheckItem {
  const wrong = steps.find(({ J }) => logDet(J.sixth, J.size).sign < 0);
  return { name: "sign of the determinant", status: wrong ? "fail" : "pass", ...(wrong ? { where: `step ${wrong.k + 1}, ${wrong.name}`, note: "the determinant is negative: the map is folded there, it is no bijection: use smaller weights" } : {}) };
}

/** Reported where the log det is right all the same; it fails together with the log det. */
function conditionerItem(steps: readonly Step[], logDets: readonly CheckItem[]): CheckItem {
  const name = "active links in the conditioner";
  if (steps.every(({ J }) => J.moved.every((m) => m))) return { name, status: "skipped", note: "every link moves in one step: there is no mask" };
  const found = steps.flatMap((s, i) => {
    const seen = activeSeen(s);
    return seen ? [{ s, seen, failed: logDets[i]!.status === "fail" }] : [];
  });
  const worst = found.find((f) => f.failed) ?? found[0];
  if (!worst) return { name, status: "pass", deviation: 0, tolerance: SEEN };
  return { name, status: worst.failed ? "fail" : "broken", deviation: worst.seen.size, tolerance: SEEN, where: `step ${worst.s.k + 1}, ${worst.s.name}`, note: `${worst.seen.text}${worst.failed ? ": mask it" : ": the Jacobian is not triangular, its log det is right"}` };
}

function inverseItem(F: BijectionSubject, U: LinkField): CheckItem {
  const name = "round trip";
  if (!F.invertibleOn(U.lattice)) return { name, status: "skipped", note: "no inverse is declared: chains that start from given links, and densities of given links, need one" };
  const back = F.inverse(F.image(U).links);
  const deviation = U.fields.reduce((w, f, mu) => {
    const b = back.toArray(mu);
    return f.toArray().reduce((m, x, i) => Math.max(m, Math.abs(x - b[i]!)), w);
  }, 0);
  const tolerance = 1e-12;
  const status = judge(deviation, tolerance);
  return { name, status, deviation, tolerance, toleranceFrom: "inverses that iterate to rounding", ...(status === "fail" ? { note: "F^-1(F(V)) is not V: a sampler that uses both directions is not exact" } : {}) };
}
