/** What is read from a checkpoint is looked at before it is used: a right checksum does not say that this program wrote it. */
import type { FieldData, SiteValues } from "../../autograd/index.ts";
import { FileFormatError } from "../../errors.ts";
import type { CheckpointState } from "../records.ts";

type Check = (x: unknown) => boolean;
const count: Check = (x) => Number.isSafeInteger(x) && (x as number) >= 0;
const text: Check = (x) => typeof x === "string";
const record: Check = (x) => typeof x === "object" && x !== null && !Array.isArray(x) && !ArrayBuffer.isView(x);
const listOf = (check: Check): Check => (x) => Array.isArray(x) && x.every(check);
const finite: Check = (x) => x instanceof Float64Array && x.every(Number.isFinite);
/** Canonical arrays, or values that are still in the file. */
const values: Check = (x) => listOf(finite)(x) || isLater(x);
const shaped = (keys: Readonly<Record<string, Check>>): Check => (x) => record(x) && Object.entries(keys).every(([key, check]) => check((x as Record<string, unknown>)[key]));
const orNull = (check: Check): Check => (x) => x === null || check(x);

const training: Check = shaped({
  version: (x) => x === 1,
  names: listOf(text),
  parameters: finite,
  optimiser: record,
  offset: record,
  step: count,
  counters: shaped({ rounds: count, accepted: count }),
  best: orNull(shaped({ round: count, parameters: finite })),
  buffer: listOf(record),
  accumulated: (x) => x === undefined || shaped({ batches: count, gradient: finite })(x),
  average: (x) => x === undefined || shaped({ decay: Number.isFinite, power: Number.isFinite, sum: finite })(x),
});

/** What each key holds. Whether links and extents belong together, and to the run, is looked at besides. */
const KEYS: Readonly<Record<keyof CheckpointState, Check>> = {
  version: (x) => x === 1,
  command: text,
  configurationHash: text,
  configuration: (x) => record(x) && record((x as Record<string, unknown>)["sampler"]),
  arithmetic: shaped({ engine: text, fusedMultiplyAdd: (x) => typeof x === "boolean" }),
  position: count,
  total: count,
  done: (x) => typeof x === "boolean",
  phase: (x) => ["thermalise", "train", "sample", "epochs"].includes(x as string),
  random: shaped({ seed: count, stream: count }),
  group: count,
  extents: listOf(count),
  links: values,
  matter: (x) => x === undefined || values(x),
  parameters: orNull(shaped({ names: listOf(text), values: finite })),
  training: orNull(training),
  sampler: (x) => x === undefined || finite(x),
  shards: (x) => x === undefined || shaped({ links: listOf(listOf(finite)), buffers: listOf(listOf(record)) })(x),
  counters: (x) => record(x) && Object.values(x as object).every(shaped({ done: count, accepted: count })),
  metrics: shaped({ bytes: count, lines: count, sha256: text }),
};

const isLater = (x: unknown): x is SiteValues => record(x) && typeof (x as { read?: unknown }).read === "function";

/** Reals of each field. */
export const sizesOf = (data: FieldData): number[] => (isLater(data) ? data.components.map((n) => n * data.sites) : data.map((a) => a.length));

/** The state of a checkpoint of a run; values that are still in the file throw the same when they are read. @throws FileFormatError that names the file and what is wrong in it. */
export function expectState(file: string, x: unknown): CheckpointState<FieldData> {
  if (!record(x)) throw new FileFormatError(`${file}: got a checkpoint of another kind, expected one of a run`);
  const state = x as CheckpointState<FieldData>;
  const bad = (Object.entries(KEYS) as [keyof CheckpointState, Check][]).find(([key, check]) => !check(state[key]));
  if (bad) throw unlike(file, bad[0]);
  const size = state.extents.reduce((v, L) => v * L, 2 * state.group * state.group);
  if ([state.links, ...(state.shards?.links ?? [])].some((links) => sizesOf(links).join() !== state.extents.map(() => size).join())) throw new FileFormatError(`${file}: got links of other sizes than its extents ${state.extents.join("x")} and N = ${state.group} have, expected ${size} reals a direction: restore it from a copy`);
  return { ...state, links: looked(file, "links", state.links), ...(state.matter ? { matter: looked(file, "matter", state.matter) } : {}) };
}

const unlike = (file: string, key: string): FileFormatError => new FileFormatError(`${file}: got a checkpoint whose "${key}" is not what a run stores, expected one of a run: restore it from a copy`);

/** Values that are still in the file are looked at when they are read. */
function looked(file: string, key: string, data: FieldData): FieldData {
  if (!isLater(data)) return data;
  const { components, sites } = data;
  const perSite = components.reduce((s, n) => s + n, 0);
  return {
    components,
    sites,
    read(some, out) {
      data.read(some, out);
      for (let k = 0; k < some.length * perSite; k++) if (!Number.isFinite(out[k])) throw unlike(file, key);
    },
  };
}
