/** The frame of the live page: headings, sliders, and room for the sections that the server sends. */
import { createHash } from "node:crypto";
import { escapeHtml } from "../text.ts";
import { styleSheet } from "../style.ts";
import { clientScript } from "./client.ts";

const liveStyle = `
.state { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; color: var(--soft); font-size: .95rem; }
.state span + span::before { content: "· "; }
.controls { display: grid; grid-template-columns: max-content minmax(8rem, 24rem) max-content; gap: .5rem 1rem; align-items: center; margin: 1rem 0; }
.controls > div { display: contents; }
.controls > div[hidden], [hidden] { display: none; }
.controls select { grid-column: 2 / 4; max-width: 100%; min-width: 0; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--rule); padding: .3rem .4rem; }
.controls input { width: 100%; min-height: 1.8rem; }
.controls output { font-variant-numeric: tabular-nums; min-width: 4.5rem; }
.controls select:focus-visible, .controls input:focus-visible, a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
#slice { min-height: 20rem; }
@media (max-width: 34rem) {
  .controls { grid-template-columns: 1fr max-content; }
  .controls label { grid-column: 1 / 3; margin-bottom: -.4rem; }
  .controls select { grid-column: 1 / 3; }
}
`.trim();

const style = `${styleSheet}\n${liveStyle}`;
const hashOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Scripts and styles of the page itself and nothing else; requests to this server only; no frames, no forms. */
export const contentSecurityPolicy = [
  "default-src 'none'", `script-src ${hashOf(`\n${clientScript}\n`)}`, `style-src ${hashOf(`\n${style}\n`)}`, "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join("; ");

const slider = (k: number): string =>
  `<div id="row-${k}" hidden><label for="at-${k}" id="name-${k}"></label><input id="at-${k}" type="range" min="0" max="0" step="1" value="0"><output id="text-${k}" for="at-${k}"></output></div>`;

/** The page, the same for every view: everything else comes as events. */
export function livePage(title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)}</title>
<style>
${style}
</style>
</head>
<body>
<div class="page">
<header>
<h1 id="title">${escapeHtml(title)}</h1>
<p class="subtitle" id="subtitle"></p>
<p class="state"><span id="connection" role="status">connecting</span><span id="progress"></span></p>
<noscript><p>This page needs JavaScript; gaugegrad report makes one that does not.</p></noscript>
</header>
<main>
<div id="sections">
<section id="fields" data-part="fields" aria-labelledby="fields-title" hidden>
<h2 id="fields-title">Fields of the last configuration</h2>
<div class="controls">
<div><label for="stack">field</label><select id="stack"></select></div>
${slider(0)}
${slider(1)}
</div>
<figure><div id="slice"></div><figcaption id="slice-caption"></figcaption></figure>
</section>
</div>
</main>
</div>
<script>
${clientScript}
</script>
</body>
</html>
`;
}
