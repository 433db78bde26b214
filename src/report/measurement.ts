/** Measurements as text for people, and as rows of numbers. */
import { table, withError } from "../util/index.ts";
import type { Measurement } from "../runs/index.ts";

const digits = (x: number): string => (Number.isFinite(x) ? x.toPrecision(13) : String(x));
const short = (x: number | null): string => (x === null ? "-" : x.toPrecision(8));
const complex = ([re, im]: readonly [number, number]): string => `${digits(re)} ${im < 0 ? "-" : "+"} ${digits(Math.abs(im))} i`;

/** Everything of one file. */
export function measurementText(m: Measurement): string {
  const rows: [string, string][] = [
    ["file", m.file],
    ["format", `${m.format}, ${m.group} ${m.lattice.join("x")}, ${m.precision} bits`],
    ["checks", `checksum ${m.checks.checksum}, plaquette ${m.checks.plaquette}, link trace ${m.checks.linkTrace}`],
    ["plaquette", digits(m.plaquette)],
    ...Object.entries(m.plaquettePlanes).map(([plane, x]): [string, string] => [`  ${plane}`, digits(x)]),
    ["rectangle", digits(m.rectangle)],
    ...Object.entries(m.polyakov).map(([axis, z]): [string, string] => [`Polyakov ${axis}`, complex(z)]),
    ["link trace", digits(m.linkTrace)],
    [`S_W(beta=${m.action.beta})`, digits(m.action.wilson)],
    ["|F|^2", digits(m.action.forceNorm2)],
    ["unitarity", `|UU^+ - 1| <= ${m.unitarityDefect.toExponential(2)}, |det U - 1| <= ${m.determinantDefect.toExponential(2)}`],
  ];
  const width = Math.max(...rows.map(([k]) => k.length));
  const parts = [rows.map(([k, v]) => `${k.padEnd(width)}  ${v}`).join("\n")];
  if (m.stout) parts.push(table(["stout step", "plaquette", "S_W", "|F|^2"], m.stout.map((s) => [String(s.step), short(s.plaquette), short(s.wilson), short(s.forceNorm2)])));
  if (m.flow) {
    // about ten rows of a long flow, always with the first and the last
    const every = Math.max(1, Math.round((m.flow.length - 1) / 10));
    const shown = m.flow.filter((_, k) => k % every === 0 || k === m.flow!.length - 1);
    parts.push(table(["flow time", "plaquette", "E (plaquette)", "E (clover)", "Q"], shown.map((p) => [String(p.t), short(p.plaquette), short(p.energyPlaquette), short(p.energyClover), short(p.topologicalCharge)])));
  }
  if (m.staggered) parts.push(staggeredText(m.staggered));
  return parts.join("\n\n");
}

function staggeredText(s: NonNullable<Measurement["staggered"]>): string {
  const lines = [`staggered m = ${s.mass}, boundary (${s.boundary.join(",")})`];
  if (s.chiralCondensate !== undefined) lines.push(`chiral condensate  ${s.chiralCondensateError === undefined ? digits(s.chiralCondensate) : withError(s.chiralCondensate, s.chiralCondensateError)}`);
  lines.push(`pseudofermion action  ${digits(s.pseudofermionAction)}`);
  lines.push(table(["t", "pion C(t)"], s.pion.map((c, t) => [String(t), digits(c)])));
  return lines.join("\n");
}

/** The main numbers of several files. */
export function summaryTable(list: readonly Measurement[]): string {
  const flow = list.some((m) => m.flow);
  const header = ["file", "format", "group", "lattice", "checks", "plaquette", "rectangle", "|P_t|", "S_W", "|F|^2", ...(flow ? ["t", "E (clover)", "Q"] : [])];
  const rows = list.map((m) => {
    const [re, im] = Object.values(m.polyakov).at(-1)!;
    const last = m.flow?.at(-1);
    const checks = Object.values(m.checks);
    return [
      m.file,
      m.format,
      m.group,
      m.lattice.join("x"),
      checks.includes("mismatch") ? "mismatch" : checks.includes("ok") ? "ok" : "absent",
      short(m.plaquette),
      short(m.rectangle),
      short(Math.hypot(re, im)),
      short(m.action.wilson),
      short(m.action.forceNorm2),
      ...(last ? [String(last.t), short(last.energyClover), short(last.topologicalCharge)] : []),
    ];
  });
  return table(header, rows);
}

/** Names and values of all numbers, nested keys joined with dots: `action.wilson`, `polyakov.t.0`, `flow.10.t`. */
export function csvRows(m: Measurement): { readonly header: readonly string[]; readonly row: readonly string[] } {
  const cells: [string, string][] = [];
  const walk = (key: string, value: unknown): void => {
    if (typeof value === "object" && value !== null) for (const [k, v] of Object.entries(value)) walk(key === "" ? k : `${key}.${k}`, v);
    else cells.push([key, quote(String(value ?? ""))]);
  };
  const { lattice, warnings, ...rest } = m;
  walk("", { ...rest, lattice: lattice.join("x"), warnings: warnings.join("; ") });
  return { header: cells.map(([k]) => k), row: cells.map(([, v]) => v) };
}

/** RFC 4180. */
function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
