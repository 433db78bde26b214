/** Text helpers of the report room: cleaning, escaping, numbers and durations as people read them. */

/**
 * One line of harmless text. Control characters, bidirectional overrides and unpaired surrogates go, because they are
 * illegal in XML, move a terminal's cursor, or make a text read differently from what it is.
 */
export function plainText(value: unknown): string {
  return String(value)
    .replace(/\s+/g, " ")
    .replace(/[\p{Cc}\p{Surrogate}\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu, "")
    .trim();
}

/** Text for HTML content and quoted attributes; keeps line breaks. */
export function escapeHtml(value: unknown): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(value)
    .replace(/\r\n?/g, "\n")
    .replace(/[\p{Cc}\p{Surrogate}\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/gu, (c) => (c === "\n" || c === "\t" ? c : ""))
    .replace(/[&<>"']/g, (c) => entities[c]!);
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A power of ten with a true superscript: `10⁻⁵`. */
export function powerOfTen(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((d) => superscripts[Number(d)]!).join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/** A number with at most `digits` significant digits and no trailing zeros; very large or small ones with a power of ten. */
export function numberText(value: number, digits = 6): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e6) return minus(String(Number(value.toPrecision(digits))));
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  return minus(`${Number(mantissa)}×${powerOfTen(Number(exponent))}`);
}

/** Seconds as `42 s`, `3 min 05 s`, `2 h 03 min`, `4 d 07 h`. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "unknown";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} d ${two(Math.floor((s % 86_400) / 3600))} h`;
}

/** At most `columns` characters, the last one an ellipsis if something was cut. */
export function ellipsis(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join("")}…`;
}

/** Lines of at most `columns` characters, broken at spaces; at most `rows` of them, the last one shortened. */
export function wrapText(text: string, columns: number, rows: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").filter((w) => w !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  const kept = lines.slice(0, rows);
  if (lines.length > rows) kept[rows - 1] = lines.slice(rows - 1).join(" ");
  return kept.map((line) => ellipsis(line, columns));
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** A true minus sign in place of the hyphen. */
export function minus(text: string): string {
  return text.replaceAll("-", "−");
}
