/**
 * A run file from questions: group, lattice, action, fermions, sampler, measurements. Every question has a default; the kinds and their options come
 * from the registry. A generator that yields questions and receives answers, so that whoever asks (a terminal, a test) decides how.
 */
import { ConfigurationError, GaugegradError } from "../../errors.ts";
import { parseGroup } from "../../gauge/index.ts";
import { nearest } from "../../util/index.ts";
import { parseRun } from "./parse.ts";
import { builtIn } from "../parts/built-in.ts";
import type { Part } from "../parts/part.ts";
import { resolveRun } from "./resolve.ts";
import { commented, outputText, partSection, placeText } from "./starter-text.ts";

/** One question; an empty answer takes the default. */
export interface Question {
  readonly text: string;
  readonly fallback: string;
  readonly choices?: readonly string[];
  /** What was wrong with the last answer. */
  readonly problem?: string;
}

type Asking<T> = Generator<Question, T, string>;

/** The person wants the question before this one again, or no more of them. */
class Turn extends Error {
  readonly to: "back" | "quit";

  constructor(to: "back" | "quit") {
    super(to);
    this.to = to;
  }
}

/** Asks until `read` accepts; answers of an earlier round are the defaults of the next one. */
class Form {
  readonly #earlier = new Map<string, string>();
  /** Questions of this round so far, and how many of the first ones keep their earlier answers unasked. */
  #asked = 0;
  #kept = 0;
  /** What was wrong with the whole of an earlier round. */
  problem: string | undefined;
  /** Only what no run is without; defaults for the rest. */
  simple = false;

  /** From the start, or from the question before the last one that was asked. */
  again(back = false): void {
    this.#kept = back ? Math.max(0, this.#asked - 2) : 0;
    this.#asked = 0;
  }

  /** A question that simple rounds leave out. */
  *detail<T>(text: string, fallback: string, read: (answer: string) => T, choices?: readonly string[]): Asking<T> {
    return this.simple ? read(fallback) : yield* this.ask(text, fallback, read, choices);
  }

  *ask<T>(text: string, fallback: string, read: (answer: string) => T, choices?: readonly string[]): Asking<T> {
    const known = this.#earlier.get(text) ?? fallback;
    if (++this.#asked <= this.#kept) return read(known);
    for (;;) {
      const given = (yield { text, fallback: known, ...(choices ? { choices } : {}), ...(this.problem === undefined ? {} : { problem: this.problem }) }).trim();
      this.problem = undefined;
      if (given === "back" || given === "quit") throw new Turn(given);
      const answer = given === "" ? known : given;
      try {
        const value = read(answer);
        this.#earlier.set(text, answer);
        return value;
      } catch (error) {
        if (!(error instanceof GaugegradError)) throw error;
        this.problem = error.message;
      }
    }
  }

  choose(text: string, choices: readonly string[], fallback: string): Asking<string> {
    return this.ask(text, fallback, (answer) => oneOf(answer, choices), choices);
  }

  /** The lines of a part's starter, each value asked for; lines of another form stay as they are. */
  *lines(section: string, snippet: string, defaults: { readonly [key: string]: string } = {}): Asking<string[]> {
    const out: string[] = [];
    for (const line of snippet.split("\n").filter((l) => l !== "")) {
      const found = /^(\w+) = ("[^"]*"|-?[\d.e+-]+)\s*(?:#\s*(.*))?$/.exec(line);
      if (!found) {
        out.push(line);
        continue;
      }
      const [, key, value, comment] = found as unknown as [string, string, string, string | undefined];
      const quoted = value.startsWith('"');
      const asks = WANTED.has(key) ? "ask" : "detail";
      const answer: string = yield* this[asks](`${section} ${key}${comment === undefined ? "" : ` (${comment})`}`, defaults[key] ?? value.replaceAll('"', ""), (text) => (quoted ? text : numberText(text)));
      out.push(commented(`${key} = ${quoted ? `"${answer}"` : answer}`, comment));
    }
    return out;
  }
}

/** Values of a part's lines that simple rounds ask for. */
const WANTED: ReadonlySet<string> = new Set(["beta", "flavours", "mass", "kappa"]);

function oneOf(answer: string, choices: readonly string[]): string {
  const found = choices.find((c) => c === answer) ?? (choices.filter((c) => c.startsWith(answer)).length === 1 ? choices.find((c) => c.startsWith(answer)) : undefined);
  if (found !== undefined) return found;
  const near = nearest(answer, choices);
  throw new ConfigurationError(`got "${answer}", expected one of ${choices.join(", ")}${near === undefined ? "" : `: did you mean ${near}?`}`);
}

function numberText(answer: string): string {
  if (answer === "" || !Number.isFinite(Number(answer))) throw new ConfigurationError(`got "${answer}", expected a number`);
  return answer;
}

function wholeText(answer: string): string {
  if (!/^\d+$/.test(answer)) throw new ConfigurationError(`got "${answer}", expected a whole number`);
  return answer;
}

function extentsOf(answer: string): string {
  const numbers = answer.split(/[\s,x]+/).filter((x) => x !== "");
  if (numbers.length < 2 || numbers.length > 4 || !numbers.every((x) => /^[1-9]\d*$/.test(x))) throw new ConfigurationError(`got "${answer}", expected two to four extents such as 4 4 4 8, time last`);
  return numbers.join(", ");
}

/** Couplings at which starters are at home. */
const BETA: { readonly [N: number]: string } = { 1: "2.0", 2: "2.5", 3: "6.0" };

function* onceThrough(form: Form, wizard: boolean): Asking<string> {
  if (wizard) form.simple = (yield* form.choose("questions (back: the one before, quit: no file)", ["simple", "expert"], "simple")) === "simple";
  const named = (parts: readonly Part[]): string[] => parts.filter((p) => p.starter !== undefined).map((p) => p.name);
  const group = yield* form.ask("group (U(1), SU(2), SU(3), ...)", "SU(2)", (answer) => parseGroup(answer).name);
  const extents = yield* form.ask("lattice (Lx Ly Lz Lt; fewer numbers for fewer dimensions)", "4 4 4 4", extentsOf);
  const actions = named(builtIn.list("gaugeAction"));
  const action = yield* form.choose("gauge action", actions, "wilson");
  const beta = BETA[parseGroup(group).N];
  const actionLines = yield* form.lines("action", builtIn.get("gaugeAction", action).starter!, beta === undefined ? {} : { beta });
  const start = wizard ? yield* form.choose("start", ["cold", "hot", "near-unit"], "near-unit") : "near-unit";
  const kinds = named(builtIn.list("fermion"));
  const fermions = yield* form.choose("fermions", ["none", ...kinds], "none");
  const fermionLines = fermions === "none" ? [] : yield* form.lines("fermions", builtIn.get("fermion", fermions).starter!, extents.split(", ").length === 2 ? { flavours: "2" } : {});
  // no question makes the guide that slmc proposes with, and the demon method and l2hmc are for U(1) in two dimensions
  const samplers = fermions === "none" ? named(builtIn.list("sampler")).filter((name) => !["slmc", "demon", "l2hmc"].includes(name)) : ["hmc"];
  const sampler = yield* form.choose("sampler", samplers, "hmc");
  const samplerLines = yield* form.lines("sampler", builtIn.get("sampler", sampler).starter!);
  const thermalisation = yield* form.detail("trajectories of thermalisation", "100", wholeText);
  const trajectories = yield* form.ask("trajectories of production", "1000", wholeText);
  const seed = yield* form.detail("seed", "1", wholeText);
  const names = builtIn.list("observable").filter((o) => (o.of ?? "links") === "links").map((o) => o.name);
  const observables = yield* form.detail("measurements beside the plaquette (several with commas)", "polyakov", (answer) => (answer === "none" ? [] : answer.split(/[\s,]+/).map((o) => oneOf(o, names))), ["none", ...names]);
  return [
    `# Made by gaugegrad ${wizard ? "wizard" : "init"}: gaugegrad hmc run.toml --dir out\n`,
    placeText(group, extents, start),
    partSection("[action]", "gaugeAction", action, actionLines),
    ...(fermions === "none" ? [] : [partSection("[fermions]", "fermion", fermions, fermionLines)]),
    partSection("[sampler]", "sampler", sampler, [...samplerLines, `seed = ${seed}`, `thermalisation = ${thermalisation}`, `trajectories = ${trajectories}`]),
    `[measurement]\nevery = 1\n${commented(`observables = [${observables.map((o) => `"${o}"`).join(", ")}]`, names.join(", "))}\n`,
    outputText(),
  ].join("\n");
}

/**
 * Asks for a run of `gaugegrad hmc` and returns its commented run file, which passes a dry run: what does not fit together is asked again. The answer back
 * returns to the question before, quit ends without a file. With `wizard` the first question is how much is asked, simple or expert.
 */
export function* runQuestions({ wizard = false }: { readonly wizard?: boolean } = {}): Asking<string | undefined> {
  const form = new Form();
  for (;;) {
    try {
      const text = yield* onceThrough(form, wizard);
      resolveRun("hmc", { source: "these answers", configuration: parseRun(text, "these answers"), registry: builtIn, base: "." });
      return text;
    } catch (error) {
      if (error instanceof Turn && error.to === "quit") return undefined;
      if (!(error instanceof Turn || error instanceof ConfigurationError)) throw error;
      form.again(error instanceof Turn);
      if (error instanceof ConfigurationError) form.problem = error.message;
    }
  }
}
