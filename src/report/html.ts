/** The report as one self-contained HTML file: it can be mailed, printed, and opened without a network. */
import { GaugegradError } from "../errors.ts";
import { passiveSvg } from "./passive.ts";
import { styleSheet } from "./style.ts";
import { durationText, escapeHtml, plainText } from "./text.ts";

/** A table of cells that are already formatted; columns of numbers are aligned to the right. */
export interface ReportTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly note?: string | undefined;
}

/** An SVG from one of the plots, with its caption. */
export interface ReportFigure {
  readonly svg: string;
  readonly caption: string;
}

/** One section; its parts appear in the order text, key values, table, figures, code. */
export interface Section {
  readonly heading: string;
  /** Plain paragraphs, separated by empty lines. */
  readonly text?: string | undefined;
  readonly keyValues?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly table?: ReportTable | undefined;
  readonly figures?: readonly ReportFigure[] | undefined;
  readonly code?: string | undefined;
}

/** What made the report, so that it can be made again. */
export interface Generated {
  readonly command: string;
  readonly version: string;
  readonly seed: number | bigint | string;
  readonly elapsedSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** The input of {@link htmlReport}. */
export interface Report {
  readonly title: string;
  readonly subtitle?: string | undefined;
  readonly sections: readonly Section[];
  readonly generated: Generated;
}

/** A report with this many sections gets a list of contents. */
const contentsFrom = 4;

/** List of contents of named sections, or nothing for a few. */
export function contentsHtml(sections: readonly { readonly id: string; readonly heading: string }[]): string {
  if (sections.length < contentsFrom) return "";
  return `<nav aria-label="Contents"><ol>${sections.map(({ id, heading }) => `<li><a href="#${id}">${escapeHtml(heading)}</a></li>`).join("")}</ol></nav>`;
}

/** The whole report as one HTML document. Equal input gives equal bytes; every text is escaped; nothing is loaded from elsewhere. */
export function htmlReport(report: Report): string {
  const { title, subtitle, sections, generated } = report;
  const named = sections.map((section, i) => ({ ...section, id: `section-${i + 1}` }));
  const contents = contentsHtml(named);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="generator" content="gaugegrad ${escapeHtml(generated.version)}">
<title>${escapeHtml(plainText(title))}</title>
<style>
${styleSheet}
</style>
</head>
<body>
<div class="page">
<header>
<h1>${escapeHtml(title)}</h1>
${subtitle === undefined ? "" : `<p class="subtitle">${escapeHtml(subtitle)}</p>\n`}${contents === "" ? "" : `${contents}\n`}</header>
<main>
${named.map((section) => sectionHtml(section, section.id)).join("\n")}
</main>
<footer>
${provenance(generated)}
</footer>
</div>
</body>
</html>
`;
}

/** One section; its heading carries the id. */
export function sectionHtml(section: Section, id: string): string {
  const { heading, text, keyValues, table, figures = [], code } = section;
  const parts = [`<h2 id="${id}">${escapeHtml(heading)}</h2>`];
  if (text !== undefined) parts.push(paragraphs(text));
  if (keyValues !== undefined) parts.push(keyValueList(keyValues));
  if (table !== undefined) parts.push(tableHtml(table, heading));
  if (figures.length > 0) parts.push(`<div class="figures">\n${figures.map((figure) => figureHtml(figure, heading)).join("\n")}\n</div>`);
  if (code !== undefined) parts.push(`<pre tabindex="0"><code>${escapeHtml(code)}</code></pre>`);
  return `<section aria-labelledby="${id}">\n${parts.filter((p) => p !== "").join("\n")}\n</section>`;
}

function paragraphs(text: string): string {
  return text.replace(/\r\n?/g, "\n").split(/\n\s*\n/).map((p) => p.trim()).filter((p) => p !== "").map((p) => `<p>${escapeHtml(p)}</p>`).join("\n");
}

function keyValueList(entries: Readonly<Record<string, string | number | boolean>>): string {
  const pairs = Object.entries(entries);
  return pairs.length === 0 ? "" : `<dl>\n${pairs.map(([key, value]) => `<dt>${escapeHtml(key)}</dt><dd>${escapeHtml(value)}</dd>`).join("\n")}\n</dl>`;
}

/** A number as tables print it: sign, decimals, error in brackets or after a plus-minus sign, power of ten, percent; or a mark for no value. */
const numeric = /^(?:[-+−]?(?:\d[\d ,]*\.?\d*|\.\d+)(?:\([\d.]+\))?(?:\s*(?:±|\+-|\+\/-)\s*[\d.]+)?(?:[eE][-+−]?\d+|×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?\s*%?|[-–—]|NaN|)$/u;

function tableHtml({ header, rows, note }: ReportTable, heading: string): string {
  rows.forEach((row, i) => {
    if (row.length !== header.length) throw new GaugegradError("E_REPORT", `htmlReport: row ${i + 1} of the table in "${plainText(heading)}" has ${row.length} cells, expected ${header.length} as in its header`);
  });
  const right = header.map((_, c) => rows.length > 0 && rows.every((row) => numeric.test(row[c]!.trim())));
  const kind = (c: number): string => (right[c] === true ? ' class="n"' : "");
  const cell = (text: string, c: number): string => (c === 0 && right[0] !== true ? `<th scope="row">${escapeHtml(text)}</th>` : `<td${kind(c)}>${escapeHtml(text)}</td>`);
  const body = rows.length === 0 ? `<tr><td colspan="${Math.max(1, header.length)}">no entries</td></tr>` : rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n");
  return `<div class="scroll" role="region" aria-label="Table: ${escapeHtml(plainText(heading))}" tabindex="0">
<table>
<thead><tr>${header.map((text, c) => `<th scope="col"${kind(c)}>${escapeHtml(text)}</th>`).join("")}</tr></thead>
<tbody>
${body}
</tbody>
</table>
</div>${note === undefined ? "" : `\n<p class="note">${escapeHtml(note)}</p>`}`;
}

function figureHtml({ svg, caption }: ReportFigure, heading: string): string {
  return `<figure>\n${embeddedSvg(svg, `htmlReport: a figure in "${plainText(heading)}"`)}\n<figcaption>${escapeHtml(caption)}</figcaption>\n</figure>`;
}

/** A drawing for a page of this style sheet, which sets its size: style attributes would need a weaker security policy. */
export function embeddedSvg(svg: string, where: string): string {
  return passiveSvg(svg, where).replace(/^(<svg[^>]*?) style="[^"]*"/, "$1");
}

function provenance({ command, version, seed, elapsedSeconds, environment }: Generated): string {
  const facts = { command, "gaugegrad version": version, seed: String(seed), "time taken": durationText(elapsedSeconds), ...environment };
  return `<h2>How this was made</h2>\n${keyValueList(facts)}`;
}
