/** Run files of `gaugegrad flow`: every key is known, everything else is an error. */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { ConfigurationError } from "../../errors.ts";
import { count, positive, whole } from "../sections/schema-values.ts";
import { readTables } from "../file/tables.ts";

const links = { group: z.string().regex(/^(su\(?[2-4]\)?|u\(?1\)?)$/i, "expected U(1), SU(2), SU(3) or SU(4)").default("U(1)"), beta: positive };
const network = (layers: number, depth: number) => ({ layers: count.max(256).default(layers), channels: count.max(64).default(8), depth: count.min(2).max(8).default(depth), file: z.string().min(1).optional() });

const target = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("wilson"), ...links }),
  z.strictObject({ kind: z.literal("phi4"), m2: z.number(), lambda: positive }),
]);

const flow = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("u1"), ...network(16, 2), map: z.enum(["moebius", "projections", "spline"]).default("moebius"), projections: count.max(31).optional(), loops: z.boolean().default(true) }),
  z.strictObject({ kind: z.literal("phi4"), ...network(8, 2) }),
  z.strictObject({ kind: z.literal("spectral"), ...network(8, 2), steps: count.max(16).default(2) }),
  z.strictObject({ kind: z.literal("trivialising"), steps: count.max(1000).default(10), knots: count.max(64).default(2), scheme: z.enum(["masked", "runge-kutta"]).default("masked"), file: z.string().min(1).optional() }),
]);

const schema = z.strictObject({
  lattice: z.strictObject({ extents: z.array(count.max(1024)).min(2).max(4) }),
  target,
  flow,
  training: z
    .strictObject({ method: z.enum(["adam", "gauss-newton"]).default("adam"), objective: z.enum(["reverse-kl", "path-gradient", "forward-kl", "force-matching"]).optional(), steps: count.max(10_000_000).default(1000), batch: count.max(65536).default(64), rate: positive.default(1e-3), finalRate: z.number().min(0).optional(), clip: positive.optional() })
    .prefault({}),
  sampler: z.strictObject({ seed: whole.default(0), samples: count.max(2 ** 31 - 1).default(1000) }).prefault({}),
  output: z.strictObject({ checkpoint: count.default(20) }).prefault({}),
});

/** A checked run file of flows, with all defaults. */
export type FlowRun = z.infer<typeof schema>;

/** What does not fit together. */
function contradiction({ lattice: { extents }, target: t, flow: f, training }: FlowRun): string | undefined {
  const multiples = (L: number): boolean => extents.every((x) => x % L === 0);
  if ((f.kind === "phi4") !== (t.kind === "phi4")) return `flow.kind: got ${f.kind} for the target ${t.kind}, expected ${t.kind === "phi4" ? "phi4" : "u1, spectral or trivialising"}`;
  if (f.kind === "phi4" && !multiples(2)) return `lattice.extents: got ${extents.join(", ")}, expected even ones: parity does not close otherwise`;
  if ((f.kind === "u1" || f.kind === "spectral") && (extents.length !== 2 || !multiples(4))) return `lattice.extents: got ${extents.join(", ")} for the flow ${f.kind}, expected two multiples of 4`;
  if (f.kind === "u1" && t.kind === "wilson" && !/^u/i.test(t.group)) return `target.group: got ${t.group} for the flow u1, expected U(1)`;
  if (f.kind === "spectral" && t.kind === "wilson" && /^u/i.test(t.group)) return `target.group: got ${t.group} for the flow spectral, expected SU(2), SU(3) or SU(4): the flow u1 is for U(1)`;
  const { objective = "reverse-kl", method } = training;
  const known = f.kind === "phi4" ? ["reverse-kl", "path-gradient", "forward-kl", "force-matching"] : f.kind === "trivialising" && f.scheme === "masked" ? ["reverse-kl"] : ["reverse-kl", "force-matching"];
  if (!known.includes(objective)) return `training.objective: got ${objective} for the flow ${f.kind}, expected ${known.join(" or ")}`;
  if (method === "gauss-newton" && training.objective !== undefined) return `training.objective: got ${objective} with the method gauss-newton, expected none: it makes the spread of log w small`;
  if (training.method === "gauss-newton" && (f.kind !== "trivialising" || f.scheme !== "masked")) return `training.method: got gauss-newton for the flow ${f.kind}${f.kind === "trivialising" ? ` with scheme ${f.scheme}` : ""}, expected adam: gauss-newton is for the few weights of trivialising flows, scheme masked`;
  if (training.method === "gauss-newton" && training.batch < 2 * (f.kind === "trivialising" ? f.knots : 1)) return `training.batch: got ${training.batch}, expected at least ${2 * (f.kind === "trivialising" ? f.knots : 1)} for gauss-newton, and better several times the number of weights`;
  if (f.kind === "trivialising" && extents.some((L) => L < 3)) return `lattice.extents: got ${extents.join(", ")}, expected at least 3`;
  return undefined;
}

/** Reads a run file; `flow.file` is taken from its folder. @throws FileFormatError, ConfigurationError with the key, what stands there and what was expected. */
export function readFlowRun(file: string): FlowRun {
  const run = readTables(file, "a run file with the tables lattice, target, flow, training, sampler: gaugegrad init flow-u1-2d writes one", schema);
  const wrong = contradiction(run);
  if (wrong !== undefined) throw new ConfigurationError(`${file}: ${wrong}`);
  const { flow: f } = run;
  return { ...run, flow: f.file === undefined ? f : { ...f, file: resolve(dirname(file), f.file) } };
}
