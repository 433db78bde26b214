/** What a check reports: one item a statement, both numbers, their ratio, and where the tolerance comes from. */
import { DISPLAY, type MimeBundle, table } from "../util/index.ts";

/**
 * `broken`: a symmetry that does not hold and was not required. `accepted`: broken, and declared so in `expect`. `skipped`: does not
 * apply, the note says why. Only `fail` fails a check.
 */
export type CheckStatus = "pass" | "fail" | "broken" | "accepted" | "skipped";

/** One checked statement. */
export interface CheckItem {
  readonly name: string;
  readonly status: CheckStatus;
  /** What the subject gives. */
  readonly value?: number;
  /** What it should be: finite differences, the transformed result, the other side of an identity. */
  readonly reference?: number;
  /** value / reference. */
  readonly ratio?: number;
  /** Measured order of the differences in the step; absent where they are exact up to rounding. */
  readonly order?: number;
  readonly deviation?: number;
  readonly tolerance?: number;
  /** How the tolerance was derived. */
  readonly toleranceFrom?: string;
  /** Worst site, link or parameter. */
  readonly where?: string;
  /** What the numbers suggest, or why the item was skipped. */
  readonly note?: string;
}

/** Everything that identifies a check, for running it again. */
export interface CheckSubject {
  readonly name: string;
  readonly kind: "action" | "layer" | "bijection";
  readonly group: string;
  readonly lattice: readonly number[];
  readonly seed: number;
}

/** Result of `check`. `passed` is true when no item failed; `toString` is a table, `toJSON` the same as data. */
export class CheckReport {
  readonly subject: CheckSubject;
  readonly items: readonly CheckItem[];

  constructor(subject: CheckSubject, items: readonly CheckItem[]) {
    this.subject = subject;
    this.items = items;
  }

  get passed(): boolean {
    return this.items.every((i) => i.status !== "fail");
  }

  toString(): string {
    const { name, kind, group, lattice, seed } = this.subject;
    const rows = this.items.map((i) => [i.name, i.status, digits(i.value), digits(i.reference), ratioText(i.ratio), i.order?.toFixed(1) ?? "-", short(i.deviation), short(i.tolerance)]);
    const remarks = this.items.filter((i) => i.status !== "pass" && i.status !== "skipped").map((i) => {
      const parts = [i.where && `worst at ${i.where}`, i.note, i.status === "fail" && i.toleranceFrom && `tolerance: ${i.toleranceFrom}`];
      return `${i.name}: ${parts.filter(Boolean).join("; ")}`;
    });
    const reasons = new Set(this.items.flatMap((i) => (i.status === "skipped" ? [`skipped: ${i.note}`] : [])));
    const failed = this.items.filter((i) => i.status === "fail").length;
    return [
      `${name}: ${kind} on ${group}, ${lattice.join("x")}, seed ${seed}`,
      table(["item", "result", "value", "reference", "ratio", "order", "deviation", "tolerance"], rows),
      ...remarks,
      ...reasons,
      failed === 0 ? `passed${this.items.some((i) => i.status === "broken") ? "; broken symmetries are reported, not required: expect: { rotations: true, reflections: true, chargeConjugation: true } requires them" : ""}` : `FAILED: ${failed} of ${this.items.length} items; to rerun: the same links and seed ${seed}`,
    ].join("\n");
  }

  toJSON(): CheckSubject & { readonly passed: boolean; readonly items: readonly CheckItem[] } {
    return { ...this.subject, passed: this.passed, items: this.items };
  }

  /** In a notebook. */
  [DISPLAY](): MimeBundle {
    const text = this.toString();
    return { "text/plain": text, "text/html": `<pre style="line-height: 1.3">${text.replace(/&/g, "&amp;").replace(/</g, "&lt;")}</pre>` };
  }
}

function digits(x: number | undefined): string {
  return x === undefined ? "-" : x.toExponential(9);
}

function short(x: number | undefined): string {
  return x === undefined ? "-" : x.toExponential(1);
}

export function ratioText(x: number | undefined): string {
  return x === undefined ? "-" : Math.abs(x) < 1e-3 || Math.abs(x) >= 1e4 ? x.toExponential(3) : x.toFixed(6);
}

/** Status of a deviation; what is not a number fails. */
export function judge(deviation: number, tolerance: number): CheckStatus {
  return deviation <= tolerance ? "pass" : "fail";
}

/** value / reference where the quotient means something. */
export function ratioOf(value: number, reference: number, tolerance: number): { ratio?: number } {
  return Math.abs(reference) > tolerance ? { ratio: value / reference } : {};
}

/** What a wrong ratio of a derivative to its reference usually means. */
export function hint(ratio: number | undefined, N: number): string | undefined {
  if (ratio === undefined) return undefined;
  const near = (x: number): boolean => Math.abs(ratio - x) < 1e-4 * Math.max(1, Math.abs(x));
  const text = `ratio ${ratioText(ratio)}`;
  if (near(0)) return `${text}: the derivative is lost: a detach, or a rule that returns nothing for this input`;
  if (near(-1)) return `${text}: a sign, or adj(X) = -X of an antihermitian matrix`;
  if (near(2)) return `${text}: a term is counted twice, or Re tr is taken for tr + its conjugate`;
  if (near(0.5)) return `${text}: a factor 2 is missing: one of two equal contributions, or the metric -2 tr(XY)`;
  if (N > 2 && near(N)) return `${text} = N: a trace without its 1/N`;
  if (N > 2 && near(1 / N)) return `${text} = 1/N: a 1/N too many`;
  if (near(-2) || near(-0.5)) return `${text}: a sign together with a factor 2`;
  if (near(4) || near(0.25)) return `${text}: a factor 2 twice, or a square`;
  return `${text}: not a usual factor: a wrong or missing term`;
}
