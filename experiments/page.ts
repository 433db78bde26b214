/** Result pages: Markdown with figures beside it, made from results alone. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { withError } from "gaugegrad/util";

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Page {
  readonly name: string;
  readonly title: string;
  /** Paragraphs before and after the table. */
  readonly text: readonly string[];
  readonly table: Table;
  /** More tables, each under a line about it. */
  readonly further?: readonly (Table & { readonly text: string })[];
  readonly figures: Readonly<Record<string, string>>;
  readonly conclusions: readonly string[];
  readonly seconds: number;
  readonly quick: boolean;
}

/** Writes NAME.md and its figures. */
export function writePage(folder: string, page: Page): void {
  mkdirSync(folder, { recursive: true });
  const figures = Object.entries(page.figures).map(([label, svg], k) => {
    const file = `${page.name}${k === 0 ? "" : `-${k + 1}`}.svg`;
    writeFileSync(join(folder, file), `${svg}\n`);
    return `![${label}](${file})`;
  });
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const markdown = ({ header, rows }: Table): string => [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");
  const { user, system } = process.cpuUsage();
  const minutes = (seconds: number): string => (seconds / 60).toFixed(0);
  const command = `npm run reproduce -- ${page.name}${page.quick ? " --quick" : ""}`;
  writeFileSync(
    join(folder, `${page.name}.md`),
    [
      `# ${page.title}`,
      ...page.text,
      ...figures,
      markdown(page.table),
      ...(page.further ?? []).flatMap((t) => [t.text, markdown(t)]),
      ...page.conclusions,
      `Made by \`${command}\` in ${minutes(page.seconds)} minutes (${minutes((user + system) / 1e6)} of processor time) on ${cpus().length} threads of ${cpus()[0]?.model.trim() ?? "an unknown processor"}, Node ${process.versions.node}. The same command gives the same numbers on the same arithmetic.`,
    ].join("\n\n") + "\n",
  );
}

/** 0.713(12); numbers that are known to rounding, as those of the target itself, without an error. */
export const shown = ([mean, error]: readonly [number, number, ...unknown[]]): string => (error < 1e-9 ? String(Number(mean.toFixed(8))) : withError(mean, error));

/** Mean over seeds; the error is the larger of the scatter of the seeds and their combined statistical errors. */
export function overSeeds(values: readonly (readonly [mean: number, error: number, ...unknown[]])[]): [mean: number, error: number] {
  const n = values.length;
  const mean = values.reduce((s, [x]) => s + x, 0) / n;
  const statistical = Math.sqrt(values.reduce((s, [, e]) => s + e * e, 0)) / n;
  const scatter = n > 1 ? Math.sqrt(values.reduce((s, [x]) => s + (x - mean) ** 2, 0) / (n * (n - 1))) : 0;
  return [mean, Math.max(statistical, scatter)];
}
