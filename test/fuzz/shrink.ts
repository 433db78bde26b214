/** Programs a little smaller than a given one, the boldest changes first. Some are not well typed any more. */
import { type FuzzProgram, MODES, print, reachable } from "./program.ts";

/** All uses of a name replaced. */
function replaced(p: FuzzProgram, name: string, by: string): FuzzProgram {
  const swap = (x: string): string => (x === name ? by : x);
  return { ...p, statements: p.statements.filter((s) => s.name !== name).map((s) => ({ ...s, args: s.args.map(swap) })), outputs: p.outputs.map(swap) };
}

/** Names that stand before a statement, those of inputs with several fields by their first two. */
function earlier(p: FuzzProgram, at: number): string[] {
  const inputs = p.inputs.flatMap((i) => (i.kind === "links" || i.kind === "algebra" ? p.extents.map((_, mu) => `${i.name}.${mu}`).slice(0, 2) : [i.name]));
  return [...p.statements.slice(0, at).map((s) => s.name).reverse(), ...inputs];
}

function* candidates(p: FuzzProgram): Generator<FuzzProgram> {
  if (p.outputs.length > 1) for (const k of p.outputs.keys()) yield { ...p, outputs: p.outputs.filter((_, j) => j !== k) };
  for (let k = p.statements.length - 1; k >= 0; k--) {
    const s = p.statements[k]!;
    for (const name of new Set([...s.args, ...earlier(p, k).slice(0, 8)])) yield replaced(p, s.name, name);
  }
  if (p.mode !== "value") yield { ...p, mode: p.mode === "grad" ? "value" : "grad" };
  if (p.batch !== undefined && p.batch > 2) yield { ...p, batch: 2 };
  if (p.batch !== undefined) {
    const { batch: _gone, ...one } = p;
    yield one;
  }
  if (p.inPlace) yield { ...p, inPlace: false };
  if (p.N > 1) yield { ...p, N: 1 };
  if (p.N > 2) yield { ...p, N: p.N - 1 };
  if (p.extents.some((L) => L > 2)) yield { ...p, extents: p.extents.map((L) => Math.min(L, 2)) };
  for (const mu of p.extents.keys()) if (p.extents[mu]! > 1) for (const L of [1, 2, p.extents[mu]! - 1, p.extents[mu]! - 2]) if (L > 0 && L < p.extents[mu]!) yield { ...p, extents: p.extents.map((x, nu) => (nu === mu ? L : x)) };
  for (const [k, s] of p.statements.entries()) {
    const changed = (t: Partial<typeof s>): FuzzProgram => ({ ...p, statements: p.statements.map((x, j) => (j === k ? { ...x, ...t } : x)) });
    if (s.region) {
      const { region: _gone, ...rest } = s;
      yield { ...p, statements: p.statements.map((x, j) => (j === k ? rest : x)) };
    }
    if (s.args.length > 1 && s.op === "combine") for (const j of s.args.keys()) yield changed({ args: s.args.filter((_, i) => i !== j), params: { c: s.params["c"]!.split(",").filter((_, i) => i !== j).join(",") } });
    if (s.params["c"] && s.op === "combine" && /[^1,]/.test(s.params["c"])) yield changed({ params: { c: s.args.map(() => "1").join(",") } });
    if (s.params["shift"]?.includes(",")) yield changed({ params: { ...s.params, shift: s.params["shift"].split(",")[0]! } });
    if (s.params["steps"]?.includes("/")) for (const part of s.params["steps"].split("/")) yield changed({ params: { ...s.params, steps: part } });
    for (const [j, a] of s.args.entries()) for (const name of earlier(p, k).slice(0, 6)) if (name !== a && !p.statements.some((t) => t.name === name)) yield changed({ args: s.args.map((x, i) => (i === j ? name : x)) });
  }
}

const size = (p: FuzzProgram): number =>
  1000 * p.statements.reduce((s, t) => s + 2 + t.args.length + (t.region ? 1 : 0) + Object.values(t.params).join("").length / 50, 0) +
  200 * p.statements.reduce((s, t) => s + t.args.filter((a) => p.statements.some((x) => x.name === a)).length, 0) +
  300 * p.outputs.length + 60 * (p.batch ?? 0) + 300 * p.inputs.length + 50 * p.N + p.extents.reduce((v, L) => v * L, 1) + 20 * p.extents.length + (p.inPlace ? 100 : 0) + 400 * MODES.indexOf(p.mode);

export function* smaller(p: FuzzProgram): Generator<FuzzProgram> {
  const seen = new Set<string>();
  for (const c of candidates(p)) {
    const next = { ...reachable(c), shrunk: true };
    // halves of a lattice on which sites have no parity
    if (next.extents.some((L) => L % 2 === 1) && /\b(even|odd)\b/.test(print(next))) continue;
    const key = JSON.stringify(next);
    if (seen.has(key) || !(size(next) < size(p))) continue;
    seen.add(key);
    yield next;
  }
}
