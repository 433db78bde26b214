/** `gaugegrad export SUBJECT --to c --out DIR`: a layer or an action as a library for other codes. */
import { readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Command, Option } from "commander";
import { ConfigurationError, FileFormatError } from "../../errors.ts";
import { type ExportSubject, type Solver, exportLibrary, placeOf, refusalOf, subjectOf } from "../../export/index.ts";
import { groupOf, lattice, parseGroup } from "../../gauge/index.ts";
import { loadModel, readModel } from "../../models/index.ts";
import { actionOfRun, bibliographyOfName, builtIn, loadModule, networkBuilders } from "../../runs/index.ts";
import { makeFolder, packageVersion, writeFileAtomic } from "../../util/index.ts";
import type { CliContext } from "../context.ts";
import { moduleValues } from "../module-values.ts";
import { extents, printJson, printText, withJson } from "../output.ts";

interface Flags {
  readonly to: "c" | "cuda";
  readonly out: string;
  readonly name?: string;
  readonly only?: string;
  readonly solver: Solver;
  readonly group?: string;
  readonly lattice?: number[];
  readonly json?: boolean;
}

/** What is exported, and what its source says about group and lattice. */
interface Found {
  readonly subject: ExportSubject;
  readonly name: string;
  readonly group: number | undefined;
  readonly extents: readonly number[] | undefined;
  readonly bibtex: string;
}

export function exportCommand(context: CliContext): Command {
  const command = new Command("export")
    .description(
      "Writes an action or a layer as a library for codes in C, C++, Python and Julia: readable C11 that needs nothing but the C library, its Makefile, a test with numbers of this very subject, a Python and a Julia module. " +
        "The subject is a TypeScript or JavaScript module that exports it, a model file (its network), or the folder of a run of hmc, train, slhmc or spins (its effective action with the newest weights, else its target).",
    )
    .argument("<subject>", "MODULE.ts, model file, or folder of a run")
    .addOption(new Option("--to <language>", "what to write").choices(["c", "cuda"]).default("c"))
    .requiredOption("--out <dir>", "folder for the files, new or empty or of an earlier export")
    .option("--name <name>", "prefix of all names, an identifier in small letters; default from the export, model or run")
    .addOption(new Option("--solver <who>", "linear systems of pseudofermions: by the library's conjugate gradient, or by the host, which sets X").choices(["cg", "host"]).default("cg"))
    .option("--only <name>", "the export of the module to take")
    .option("--group <name>", "gauge group: u1, su2, su3, ...; default that of the model, run or fields, else su3")
    .option("--lattice <extents>", "extents Lx,Ly,...,Lt of the test, and of directions on which the formula depends; default those of the run or fields, else 4 in each direction", extents);
  return withJson(command).action(async (given: string, flags: Flags) => {
    const found = await find(context, given, flags);
    const L = flags.lattice ?? found.extents ?? [4, 4, 4, 4];
    const N = flags.group === undefined ? (found.group ?? 3) : parseGroup(flags.group).N;
    const name = flags.name ?? identifier(found.name);
    const { files, bounds, group } = exportLibrary(found.subject, { name, N, extents: L, solver: flags.solver, to: flags.to, version: packageVersion(), bibtex: found.bibtex });
    const folder = resolve(context.directory, flags.out);
    expectRoom(folder, flags.out, [...files.keys()]);
    for (const [file, text] of files) writeFileAtomic(join(folder, file), text);
    if (flags.json) printJson(context, { subject: found.subject.name, kind: found.subject.kind, name, group, bounds, folder: flags.out, files: [...files.keys()] });
    else printText(context, `${found.subject.name} (${group}): ${[...files.keys()].join(", ")} in ${flags.out}\nextents: ${bounds.length === 0 ? "any" : bounds.join(", ")}\nmake -C ${flags.out} ${flags.to === "cuda" ? "shim && ./shim in that folder runs the kernels on the processor" : "check"}`);
  });
}

async function find(context: CliContext, given: string, flags: Flags): Promise<Found> {
  const path = resolve(context.directory, given);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    const { action, group, extents: L, bibtex } = await actionOfRun(path);
    return { subject: subjectOf(action)!, name: basename(path), group: group.N, extents: L, bibtex };
  }
  if (!/\.[cm]?[jt]s$/.test(given)) return ofModel(path, flags.lattice);
  const values = await moduleValues(await loadModule(given, context.directory), flags.only);
  const subjects = values.flatMap(({ name, value }) => {
    const subject = subjectOf(value);
    return subject ? [{ name, subject }] : [];
  });
  const [first] = subjects;
  const refused = values.flatMap(({ value }) => refusalOf(value) ?? []);
  if (!first && refused.length > 0) throw new ConfigurationError(`${given}: got ${refused.join("; ")}`);
  if (!first || subjects.length > 1) {
    const names = subjects.map((s) => s.name).join(", ");
    throw new ConfigurationError(`${given}: got ${first ? `the layers and actions ${names}` : `no layer or recorded action${flags.only === undefined ? "" : ` "${flags.only}"`} among its exports`}, expected one${first ? ": name it with --only" : ": export layer({ name, params, forward }) or action({ name, evaluate })"}`);
  }
  const { N, extents: L } = placeOf(first.subject);
  return { subject: first.subject, name: first.name === "default" ? basename(given).replace(/\.[^.]*$/, "") : first.name, group: N, extents: L, bibtex: bibliographyOfName(first.subject.name, builtIn).bibtex };
}

function ofModel(path: string, given: readonly number[] | undefined): Found {
  const { group: N, dimension } = readModel(path);
  const L = given ?? Array.from({ length: dimension }, () => 4);
  const group = groupOf(N);
  const { layer, network } = loadModel(path, { group: N, dimension: L.length, registry: networkBuilders({ lattice: lattice(L, { threads: 1 }), group }, builtIn) });
  return { subject: subjectOf(layer)!, name: basename(path).replace(/\.[^.]*$/, ""), group: N, extents: L, bibtex: bibliographyOfName(network, builtIn).bibtex };
}

const identifier = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_").replace(/^([^a-z])/, "l$1").replace(/_$/, "");

/** @throws FileFormatError for a folder that holds something else, so that nothing of anybody's is written over. */
function expectRoom(folder: string, shown: string, files: readonly string[]): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new FileFormatError(`${shown}: cannot be made (${(error as Error).message.split(",")[0]}), expected a folder that can be written to: give another --out`);
  }
  const others = readdirSync(folder).filter((f) => !files.includes(f));
  const same = files.filter((f) => f.endsWith(".h")).every((f) => readdirSync(folder).includes(f));
  if (others.length > 0 && !same) throw new FileFormatError(`${shown}: got a folder with ${others.slice(0, 3).join(", ")}${others.length > 3 ? ` and ${others.length - 3} more` : ""}, expected a new or empty one, or that of an earlier export of the same name: give another --out`);
}
