/** `gaugegrad check MODULE.ts`: derivatives, covariance and symmetries of a user's layers and actions. */
import { Command, InvalidArgumentError, Option } from "commander";
import { ConfigurationError, EXIT } from "../../errors.ts";
import type { LinkField } from "../../autograd/index.ts";
import type { CheckReport, CheckedSubject, Expectation } from "../../check/index.ts";
import type { SpinSubject } from "../../spins/index.ts";
import type { CliContext } from "../context.ts";
import { CommandExit } from "../exit.ts";
import { moduleValues } from "../module-values.ts";
import { type EngineFlags, extents, latticeOptions, positive, printJson, printText, withEngine, withJson, withSeed } from "../output.ts";

/** What --accept and --require take. */
const SYMMETRIES: Readonly<Record<string, keyof Expectation>> = {
  translations: "translations", rotations: "rotations", reflections: "reflections", "charge-conjugation": "chargeConjugation", determinant: "determinant",
};

const NAMES = Object.keys(SYMMETRIES).join(", ");

interface Flags extends EngineFlags {
  readonly group: string;
  readonly lattice: number[];
  readonly start: "hot" | "near-unit";
  readonly width: number;
  readonly accept: Expectation;
  readonly require: Expectation;
  readonly frozen: readonly string[];
  readonly only?: string;
  readonly seed: number;
  readonly json?: boolean;
}

export function checkCommand(context: CliContext): Command {
  const command = new Command("check")
    .description(
      "Checks every layer and action that a TypeScript or JavaScript module exports (or that an exported function without arguments returns): gradients against " +
        "differences along the group, second order, transpose identity, gauge covariance, translations, rotations, reflections, charge conjugation, unitarity, reversibility. " +
        "Weights of spins are checked on their own lattice: gradients on the sphere, O(3), translations, point group. Rotations, reflections and charge conjugation are reported, and fail only with --require. Exit code 4 when a check fails or the forward map would break gauge covariance.",
    )
    .argument("<module>", "file that exports layers or actions; it may import from \"gaugegrad\"")
    .option("--group <name>", "gauge group: u1, su2, su3, ...", "su2")
    .option("--lattice <extents>", "extents Lx,Ly,...,Lt; 2 to 4 of them", extents, [4, 4, 4, 4])
    .addOption(new Option("--start <kind>", "links: Haar-distributed, or near the unit field").choices(["hot", "near-unit"]).default("hot"))
    .option("--width <w>", "width of near-unit links", positive, 0.3)
    .option("--require <names>", `what must hold besides translations and determinant: ${NAMES}, separated by commas`, expectation(true), {})
    .option("--accept <names>", "what may be broken, of the same names", expectation(false), {})
    .option("--frozen <names>", "parameters that the subject treats as constants, as in the parameter gradient: rho, weights[2], or weights for all of them", (text) => text.split(",").map((w) => w.trim()), [])
    .option("--only <name>", "check this export only");
  return withJson(withSeed(withEngine(command))).action(async (file: string, flags: Flags) => {
    const [{ hot, lattice, nearUnit, parseGroup }, { check }, { checkSpins, isSpinSubject, randomSpins }, { loadModule }] = [await import("../../gauge/index.ts"), await import("../../check/index.ts"), await import("../../spins/index.ts"), await import("../../runs/index.ts")];
    const subjects = await subjectsOf(await loadModule(file, context.directory), file, flags.only);
    const group = parseGroup(flags.group);
    const geometry = lattice(flags.lattice, await latticeOptions(flags, context));
    const U: LinkField = flags.start === "hot" ? hot(geometry, group, { seed: flags.seed }) : nearUnit(geometry, group, { seed: flags.seed, width: flags.width });
    const reports: { readonly export: string; readonly report: CheckReport }[] = [];
    for (const { name, subject } of subjects) {
      const report = isSpinSubject(subject)
        ? checkSpins(subject, randomSpins(subject.lattice, { seed: flags.seed }), { seed: flags.seed })
        : check(subject, U, { seed: flags.seed, expect: { ...flags.require, ...flags.accept }, frozen: flags.frozen });
      reports.push({ export: name, report });
      if (!flags.json) printText(context, `${reports.length > 1 ? "\n" : ""}export ${name}: ${String(report)}`);
    }
    if (flags.json) printJson(context, reports.map((r) => ({ export: r.export, ...r.report.toJSON() })));
    if (reports.some((r) => !r.report.passed)) throw new CommandExit(EXIT.physicsCheck);
  });
}

function expectation(holds: boolean): (text: string) => Expectation {
  return (text) =>
    Object.fromEntries(
      text.split(",").map((word) => {
        const key = SYMMETRIES[word.trim()];
        if (!key) throw new InvalidArgumentError(`expected ${NAMES}`);
        return [key, holds];
      }),
    );
}

/** Layers and actions among the exports, each once. @throws ConfigurationError when there is none. */
async function subjectsOf(exports: Readonly<Record<string, unknown>>, file: string, only: string | undefined): Promise<{ name: string; subject: CheckedSubject | SpinSubject }[]> {
  const [{ isSubject }, { isSpinSubject }] = [await import("../../check/index.ts"), await import("../../spins/index.ts")];
  const values = await moduleValues(exports, only);
  const found = values.flatMap(({ name, value }) => (isSubject(value) || isSpinSubject(value) ? [{ name, subject: value as CheckedSubject | SpinSubject }] : []));
  if (found.length > 0) return found;
  const names = Object.keys(exports).join(", ") || "nothing";
  throw new ConfigurationError(
    `${file}: got the exports ${names}${only === undefined ? "" : `, none of them the layer or action "${only}"`}, expected a layer or an action: export layer({ name, params, forward }) or action({ name, evaluate })`,
  );
}
