/** Exports a subject: what the library is, and its files. */
import { readFileSync } from "node:fs";
import { type Lattice, type ValueType, components, domainOf, kind, spinOf } from "../autograd/index.ts";
import { CUDA_SHIM } from "../backend/index.ts";
import { ConfigurationError } from "../errors.ts";
import { groupOf, lattice } from "../gauge/index.ts";
import { guard, is, printable } from "../util/index.ts";
import { header } from "./header.ts";
import { julia } from "./julia.ts";
import { deviceMakefile, makefile } from "./makefile.ts";
import { type Solver, portable } from "./portable.ts";
import { constraintOf, takesLinks } from "./programs.ts";
import { python } from "./python.ts";
import { readme } from "./readme.ts";
import { referenceCases } from "./reference.ts";
import { source } from "./source.ts";
import type { HostField, LibrarySpec } from "./spec.ts";
import { testSource } from "./test-source.ts";
import { type ExportSubject, fieldsOf, parametersOf, placed } from "./subject.ts";

/** What is exported and how it is called. */
export interface LibraryOptions {
  /** Prefix of all names and of the files: an identifier of C. */
  readonly name: string;
  /** Colours of the links. */
  readonly N: number;
  /** Extents of the tests, and of directions on which the formula depends. */
  readonly extents: readonly number[];
  /** Who solves linear systems: the library's conjugate gradient (default), or the host, which sets the solutions as fields. */
  readonly solver?: Solver;
  /** The language of the kernels; default c. */
  readonly to?: "c" | "cuda";
  /** Version of this package. */
  readonly version: string;
  /** Entries of what the subject rests on, besides this package. */
  readonly bibtex?: string;
}

/** Names of files that a library has already, of headers that its files take in, words of Python, and modules that come with it (they, or what they are for, would be missed): NAME.h, NAME.py or the module would stand for those. */
const TAKEN = (
  "test cuda_shim math omp stdatomic stddef stdint stdio stdlib string array ctypes numpy torch jax os base core main and as assert async await break class continue def del elif else except finally for from global if import " +
  "in is lambda nonlocal not or pass raise return try while with yield " +
  "abc argparse ast asyncio base64 bdb binascii bisect builtins bz2 calendar cmath cmd code codecs codeop collections colorsys compileall configparser contextlib contextvars copy copyreg csv curses dataclasses datetime dbm decimal " +
  "difflib dis doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http imaplib " +
  "importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox marshal mimetypes mmap modulefinder multiprocessing netrc ntpath numbers opcode operator optparse pathlib pdb pickle pickletools pkgutil " +
  "platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site " +
  "smtplib socket socketserver sqlite3 ssl stat statistics stringprep struct subprocess symtable sys sysconfig syslog tabnanny tarfile tempfile termios textwrap this threading time timeit tkinter token tokenize tomllib trace " +
  "traceback tracemalloc tty turtle types typing unicodedata unittest urllib uuid venv warnings wave weakref webbrowser wsgiref xml zipapp zipfile zipimport zlib zoneinfo"
).split(" ");

/** What a field that the host sets is, for people. */
function textOf(type: ValueType): string {
  const domain = domainOf(type);
  const where = domain === "all" ? "" : `, zero on ${domain === "even" ? "odd" : "even"} sites`;
  if (type.kind === "vector") {
    const signs = type.boundary.some((s) => s < 0) ? `, boundary signs (${type.boundary.join(", ")})` : "";
    return `colour vector with ${spinOf(type)} spin component${spinOf(type) === 1 ? "" : "s"}${signs}${where}`;
  }
  if (type.kind === "matrix" && type.algebra) return `antihermitian${type.N > 1 ? ", traceless" : ""} matrix field, T_a times the components of its algebra${where}`;
  return `${type.kind === "spin" && type.unit ? "unit spin" : type.kind} field${where}`;
}

/** A name that ends no comment and no string. */
const commented = (name: string): string => printable(name).replaceAll(/\*\/|["\\]/g, "_");

function boundsOf({ fixed, least, even }: LibrarySpec["portable"], axes: readonly string[]): string[] {
  return axes.flatMap((axis, mu) => {
    if (fixed[mu]! > 0) return [`L${axis} = ${fixed[mu]}, with which the formula goes`];
    return [...(even[mu] ? [`L${axis} even`] : []), ...(least[mu]! > 1 ? [`L${axis} >= ${least[mu]}`] : [])];
  });
}

/** The subject as a function of links, of fields, or of both. */
function functionOf(given: ExportSubject, extents: readonly number[], N: number): ExportSubject {
  const on = (e: readonly number[]): Lattice => lattice(e, { backend: "js", threads: 1 }) as Lattice;
  if (given.kinds) return placed(given, on(extents), N);
  const fields = fieldsOf(given);
  if (given.kind === "layer" || fields.length === 0) return given;
  return takesLinks(given, on(fields[0]!.field.lattice.extents), N) ? given : { ...given, moved: fields.length, linkless: true };
}

function librarySpec(given: ExportSubject, options: LibraryOptions): LibrarySpec {
  guard("export", { subject: [given, is.withFields("a subject of subjectOf", "name")], options: [options, is.keysOf("name", "N", "extents", "solver", "to", "version", "bibtex")] });
  const { name, N, extents, version, solver = "cg", to = "c" } = options;
  guard("export", { name: [name, is.text], N: [N, kind.colours], extents: [extents, is.listOf(is.count, 2)], version: [version, is.text], solver: [solver, is.oneOf("cg", "host")], to: [to, is.oneOf("c", "cuda")] });
  if (!/^[a-z][a-z0-9_]{0,40}$/.test(name)) throw new ConfigurationError(`export: got the name "${name}", expected an identifier in small letters, digits and _, for instance my_action: pass --name`);
  if (TAKEN.includes(name)) throw new ConfigurationError(`export: got the name "${name}", expected one that is no file of the library, header of C, word or module of Python or module of Julia: pass --name my_${name}`);
  const dim = extents.length;
  const axes = ["x", "y", "z", "t"].slice(0, dim - 1).concat("t");
  const set = given.kinds ? [] : fieldsOf(given);
  for (const { name: f, field } of set) if ((field.lattice as Lattice).dim !== dim) throw new ConfigurationError(`export: the field ${f} of ${given.name} lives in ${field.lattice.dim} dimensions, got a lattice of ${dim}: pass --lattice with as many extents`);
  for (const { name: f, field } of set) if ("N" in field.type && field.type.N !== N) throw new ConfigurationError(`export: the field ${f} of ${given.name} has ${String(field.type.N)} colours, got links of ${groupOf(N).name}: pass --group ${groupOf(Number(field.type.N)).name.replaceAll(/[()]/g, "").toLowerCase()}`);
  const subject = functionOf(given, extents, N);
  const fields = fieldsOf(subject);
  const made = portable(subject, N, extents, solver);
  const missed = extents.flatMap((L, mu) => ((made.even[mu] && L % 2 !== 0) || L < made.least[mu]! ? [`L${axes[mu]!} = ${L}`] : []));
  if (missed.length > 0) throw new ConfigurationError(`export: got ${missed.join(", ")}, expected what ${subject.name} asks for, ${boundsOf(made, axes).join(", ")}: pass --lattice with such extents`);
  const group = groupOf(N);
  return {
    name,
    subject,
    title: commented(subject.name),
    portable: made,
    dim,
    N,
    group: subject.linkless ? "no links" : group.name,
    generators: group.generators,
    axes,
    parameters: parametersOf(subject).map((x) => ({ ...x, name: commented(x.name) })),
    fields: [
      ...fields.map(({ name: f, field }): HostField => ({ name: commented(f), text: textOf(field.type as ValueType), components: components(field.type as ValueType), domain: domainOf(field.type as ValueType), constraint: constraintOf(field.type as ValueType) })),
      ...made.solutions.map(({ field: k, shift, ...rest }): HostField => {
        const rhs = commented(fields[k]!.name);
        return { name: `solution of ${rhs}${shift === 0 ? "" : ` at ${shift}`}`, text: `X with (A${shift === 0 ? "" : ` + ${shift}`}) X = ${rhs}, A the operator of the action on the links that it sees; ${textOf(fields[k]!.field.type as ValueType)}`, ...rest, constraint: "none" };
      }),
    ],
    bounds: boundsOf(made, axes),
    version,
    device: to === "cuda",
  };
}

/** A subject as files. */
export interface Exported {
  /** The text of each file by its name. */
  readonly files: ReadonlyMap<string, string>;
  /** What the library asks of the extents, one clause each; none for any. */
  readonly bounds: readonly string[];
  /** Name of the group, or that there are no links. */
  readonly group: string;
}

/**
 * The library of a subject: C with header, Makefile and test, Python and Julia modules, README, licence, references. Numbers of the test are made on the extents given
 * and, where the library takes any, on others.
 * @throws ConfigurationError for a name that C does not take, or a subject that cannot be exported.
 */
export function exportLibrary(subject: ExportSubject, options: LibraryOptions): Exported {
  const spec = librarySpec(subject, options);
  const { name } = spec;
  return {
    bounds: spec.bounds,
    group: spec.group,
    files: new Map([
      [`${name}.h`, header(spec)],
      [`${name}.${spec.device ? "cu" : "c"}`, source(spec)],
      ...(spec.device ? ([["cuda_shim.h", CUDA_SHIM]] as const) : []),
      ["test.c", testSource(spec, referenceCases(spec, options.extents))],
      ["Makefile", spec.device ? deviceMakefile(name) : makefile(name)],
      [`${name}.py`, python(spec)],
      [`${name}.jl`, julia(spec)],
      ["README.md", readme(spec)],
      ["LICENSE", readFileSync(new URL("../../LICENSE", import.meta.url), "utf8")],
      ["references.bib", `@software{gaugegrad,\n  title = {gaugegrad},\n  version = {${spec.version}}\n}\n${options.bibtex ?? ""}`],
    ]),
  };
}
