/** Numbers as physicists write them. */

/** Value with its error in the last digits: 0.70265(10). Two digits of the error are given. */
export function withError(value: number, error: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (!(error > 0) || !Number.isFinite(error)) return value.toPrecision(6);
  const exponent = Math.floor(Math.log10(error));
  const decimals = Math.max(0, 1 - exponent);
  const digits = Math.round(error * 10 ** decimals);
  if (decimals === 0) return `${value.toFixed(0)}(${error.toFixed(0)})`;
  const shown = exponent >= 0 ? error.toFixed(decimals) : String(digits);
  return `${value.toFixed(decimals)}(${shown})`;
}

/** Columns of text, aligned; the header is underlined. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((h, k) => Math.max(h.length, ...rows.map((r) => (r[k] ?? "").length)));
  const line = (cells: readonly string[]): string => cells.map((c, k) => (k === 0 ? c.padEnd(widths[k]!) : c.padStart(widths[k]!))).join("  ").trimEnd();
  return [line(header), widths.map((w) => "-".repeat(w)).join("  "), ...rows.map(line)].join("\n");
}

/** 12.3 MB. */
export function bytesText(n: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let k = 0;
  while (n >= 1000 && k < units.length - 1) {
    n /= 1000;
    k++;
  }
  return `${k === 0 ? n : n.toFixed(1)} ${units[k]}`;
}

/** Text of a file on one line for people: characters that steer a terminal (C0, DEL, C1) and line ends become "?". */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?");
}
