/** The worker of the site: runs programs, trains in the playground, measures files. It knows the package by its own names. */
import * as main from "gaugegrad";
import * as autograd from "gaugegrad/autograd";
import * as check from "gaugegrad/check";
import * as fermions from "gaugegrad/fermions";
import * as flows from "gaugegrad/flows";
import * as gauge from "gaugegrad/gauge";
import * as io from "gaugegrad/io";
import * as linalg from "gaugegrad/linalg";
import * as models from "gaugegrad/models";
import * as report from "gaugegrad/report";
import * as runs from "gaugegrad/runs";
import * as samplers from "gaugegrad/samplers";
import * as spins from "gaugegrad/spins";
import * as training from "gaugegrad/training";
import * as util from "gaugegrad/util";
import { parseHTML } from "linkedom/worker";
import { transform } from "sucrase";
import { play } from "./play.ts";
import type { ToPage, ToWorker } from "./messages.ts";

const rooms = { autograd, check, fermions, flows, gauge, io, linalg, models, report, runs, samplers, spins, training, util };
const scope = globalThis as unknown as { onmessage: (event: { readonly data: ToWorker }) => void; postMessage(message: ToPage): void; document?: unknown };
// plots draw in a document of their own
scope.document ??= parseHTML("<!doctype html><html><body></body></html>").document;

const send = (message: ToPage): void => scope.postMessage(message);

function required(name: string): unknown {
  if (name === "gaugegrad") return main;
  const room = (rooms as Readonly<Record<string, unknown>>)[name.replace("gaugegrad/", "")];
  if (!room) throw new Error(`import "${name}": pages have gaugegrad and its rooms ${Object.keys(rooms).join(", ")}`);
  return room;
}

const text = (x: unknown): string => (typeof x === "string" ? x : typeof x === "object" && x !== null && x.toString === Object.prototype.toString ? JSON.stringify(x) : String(x));

/** Lines that the engine puts before the body of a function made from text. */
const HEAD = 2;

/** Line of the program where an error comes from. */
function lineOf(error: unknown): number | undefined {
  const { stack = "", loc } = error as { readonly stack?: string; readonly loc?: { readonly line: number } };
  if (loc) return loc.line;
  const m = /program\.ts:(\d+):\d+/.exec(stack);
  return m ? Math.max(1, Number(m[1]) - HEAD) : undefined;
}

async function run(code: string): Promise<void> {
  const began = performance.now();
  const say = (...parts: unknown[]): void => {
    const line = parts.map(text).join(" ");
    send(line.startsWith("<svg") ? { kind: "plot", svg: line } : { kind: "line", text: line });
  };
  const console_ = { ...console, log: say, info: say, warn: say, error: say, table: say };
  try {
    const { code: script } = transform(code, { transforms: ["typescript", "imports"], filePath: "program.ts", production: true });
    const AsyncFunction = (async () => {}).constructor as new (...parts: string[]) => (...given: unknown[]) => Promise<void>;
    await new AsyncFunction("require", "exports", "console", `${script}\n//# sourceURL=program.ts`)(required, {}, console_);
    send({ kind: "done", seconds: (performance.now() - began) / 1000 });
  } catch (error) {
    const line = lineOf(error);
    send({ kind: "failed", text: error instanceof Error ? `${error.name}: ${error.message}` : String(error), ...(line === undefined ? {} : { line }) });
  }
}

async function measure(file: io.FileLike, lattice: readonly number[] | undefined): Promise<void> {
  try {
    const { U, format, group, checks, precision, warnings } = await main.readGauge(file, lattice ? { lattice } : {});
    const { mean, planes } = main.plaquettes(U);
    const loops = main.polyakovLoops(U);
    const four = U.lattice.dim === 4;
    const rows: [string, string][] = [
      ["format", `${format}, ${precision} bits`], ["group", group.name], ["lattice", U.lattice.extents.join(" x ")],
      ...Object.entries(checks).map(([name, result]): [string, string] => [name, result]),
      ["plaquette", mean.toPrecision(15)], ...Object.entries(planes).map(([name, x]): [string, string] => [`plaquette ${name}`, x.toPrecision(15)]),
      ["link trace", main.linkTrace(U).toPrecision(15)],
      ...Object.entries(loops).map(([name, [re, im]]): [string, string] => [`Polyakov ${name}`, `${re.toPrecision(15)}, ${im.toPrecision(15)}`]),
      ...(four ? [["topological charge", main.topologicalCharge(U).toPrecision(15)] as [string, string]] : []),
      ...warnings.map((w): [string, string] => ["warning", w]),
    ];
    send({ kind: "measured", rows, ...(four ? { density: main.topologicalChargeDensity(U), extents: U.lattice.extents } : {}) });
  } catch (error) {
    send({ kind: "failed", text: (error as Error).message });
  }
}

scope.onmessage = ({ data }) => {
  if (data.kind === "run") void run(data.code);
  else if (data.kind === "measure") void measure(data.file, data.lattice);
  else
    play(data.setup, send).catch((error: unknown) => send({ kind: "failed", text: (error as Error).message }));
};
