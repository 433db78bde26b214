/**
 * Builds the site: static files in site/dist that work from any folder, under any path and without a network. Pages are made of the repository's own texts;
 * scripts are classic ones, as browsers load no modules from `file:`.
 */
import { build as bundle } from "esbuild";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Marked } from "marked";
import MiniSearch from "minisearch";
import { type Name, reference } from "./reference.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "..");
const out = resolve(process.argv.find((a) => a.startsWith("--out="))?.slice(6) ?? join(here, "dist"));
const ENTRIES = ["autograd", "linalg", "gauge", "fermions", "check", "samplers", "training", "models", "flows", "spins", "io", "util", "runs", "report"];

interface Page {
  /** Path in the site. */
  readonly path: string;
  readonly title: string;
  readonly group: "Start" | "Learn" | "Results" | "Reference";
  readonly html: string;
  readonly text: string;
  readonly scripts?: readonly string[];
}

const escape = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
const slug = (text: string): string => text.toLowerCase().replace(/<[^>]*>|&\w+;/g, "").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** Where a file of the repository is in the site. */
function placeOf(file: string): string | undefined {
  if (file === "README.md") return "index.html";
  if (/^examples\/.*\.ts$/.test(file)) return `examples.html#${basename(file, ".ts")}`;
  if (file === "docs/results" || file === "docs/results/README.md") return "results/index.html";
  const m = /^docs\/(?:(results)\/)?([\w-]+)\.(md|svg|png)$/.exec(file);
  return m ? `${m[1] ? "results/" : m[3] === "md" ? "learn/" : "images/"}${m[2]}.${m[3] === "md" ? "html" : m[3]}` : undefined;
}

/** An editor with a program that runs in the page. */
const live = (code: string, id: string, title: string): string =>
  `<section class="live" id="${id}" aria-label="${escape(title)}"><pre class="code" tabindex="0"><code>${escape(code)}</code></pre><div class="bar"><button type="button" class="run">Run</button><button type="button" class="stop" disabled>Stop</button><button type="button" class="share">Link to this code</button><span class="state" role="status"></span></div><div class="output" tabindex="0" role="log" aria-label="Output of ${escape(title)}"></div></section>`;

/** Width and height of a picture of the repository, so that its place is there before it is. */
function sizeOf(picture: string): string {
  const bytes = readFileSync(join(root, picture));
  const [width, height] = picture.endsWith(".png") ? [bytes.readUInt32BE(16), bytes.readUInt32BE(20)] : (/<svg\b[^>]*\sviewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(bytes.toString())?.slice(1).map(Number) ?? []);
  if (!(width! > 0 && height! > 0)) throw new Error(`${picture}: got no width and height, expected those of a png or the viewBox of an svg`);
  return ` width="${width}" height="${height}"`;
}

/** Markdown of a file as HTML whose links lead to pages of the site; programs that import the package run in the page. */
function render(file: string, path: string): string {
  let blocks = 0;
  let program = "";
  const marked = new Marked({ gfm: true });
  /** Where a link leads; undefined for files that are no part of the site. */
  const link = (href: string): string | undefined => {
    if (/^[a-z]+:|^#/.test(href)) return href;
    const [target, hash] = href.split("#");
    const place = placeOf(posix.normalize(posix.join(posix.dirname(file), target!)).replace(/\/$/, ""));
    return place === undefined ? undefined : posix.relative(posix.dirname(path), place) + (hash ? `#${hash}` : "");
  };
  marked.use({
    renderer: {
      heading({ tokens, depth }) {
        const html = this.parser.parseInline(tokens);
        return `<h${depth} id="${slug(html)}">${html}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const [to, text] = [link(href), this.parser.parseInline(tokens)];
        return to === undefined ? text : `<a href="${escape(to)}">${text}</a>`;
      },
      image({ href, text }) {
        return `<img src="${escape(link(href) ?? href)}" alt="${escape(text)}"${sizeOf(posix.normalize(posix.join(posix.dirname(file), href)))} loading="lazy">`;
      },
      table(token) {
        const row = (cells: typeof token.header, tag: string): string => `<tr>${cells.map((c) => `<${tag}>${this.parser.parseInline(c.tokens)}</${tag}>`).join("")}</tr>`;
        return `<div class="wide" tabindex="0" role="region" aria-label="table"><table><thead>${row(token.header, "th")}</thead><tbody>${token.rows.map((r) => row(r, "td")).join("")}</tbody></table></div>`;
      },
      code({ text, lang }) {
        // "ts continue" goes on from the program before it, "ts node" takes what pages have not
        if (lang !== "ts" || !/from "gaugegrad/.test(text) || /from "(?:node:|gaugegrad\/runs)/.test(text)) return `<pre tabindex="0"><code>${escape(text)}</code></pre>`;
        program = text;
        return live(program, `program-${++blocks}`, `Program ${blocks} of this page`);
      },
    },
  });
  return marked.parse(read(file)) as string;
}

function docPages(): Page[] {
  const files = ["README.md", ...readdirSync(join(root, "docs")).filter((f) => f.endsWith(".md")).map((f) => `docs/${f}`), ...readdirSync(join(root, "docs/results")).filter((f) => f.endsWith(".md")).map((f) => `docs/results/${f}`)];
  return files.map((file) => {
    const path = placeOf(file)!;
    const html = render(file, path);
    return { path, title: /^# (.*)$/m.exec(read(file))?.[1] ?? path, group: file === "README.md" ? "Start" : path.startsWith("results") ? "Results" : "Learn", html, text: plain(html), scripts: html.includes('class="live"') ? ["live.js"] : [] };
  });
}

const plain = (html: string): string => html.replace(/<[^>]*>/g, " ").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&amp;/g, "&").replace(/\s+/g, " ");

function examplesPage(): Page {
  const lessons = readdirSync(join(root, "examples")).filter((f) => f.endsWith(".ts")).sort();
  const html = `<h1>Examples</h1><p>Edit a program and run it: it runs here, in a worker of this page. The link carries the code.</p>${lessons.map((f) => `<h2>${escape(basename(f, ".ts"))}</h2>${live(read(`examples/${f}`), basename(f, ".ts"), basename(f, ".ts"))}`).join("")}${live("", "shared", "Code of the link")}`;
  return { path: "examples.html", title: "Examples", group: "Start", html, text: plain(html), scripts: ["live.js"] };
}

function playgroundPage(): Page {
  return { path: "playground.html", title: "Playground", group: "Start", html: readFileSync(join(here, "playground.html"), "utf8"), text: "Playground: group, lattice, layer; self-learning HMC in the page; measure a configuration file; report of metrics", scripts: ["playground.js"] };
}

/** `named`: the first of overloads, and of a type and a value of one name, which links lead to. */
function nameHtml(n: Name, depth: number, named = false): string {
  const [body, ...tags] = n.text.split(/^@/m);
  const inline = (text: string): string => escape(text).replace(/`([^`]+)`/g, "<code>$1</code>").replace(/\{@link (\w+)\}/g, "<code>$1</code>");
  const notes = tags.map((t) => {
    const [, tag, text] = /^(\w+)\s*([\s\S]*)$/.exec(t) ?? ["", "", t];
    return `<p class="tag"><b>${escape({ throws: "Errors", param: "Parameter", returns: "Returns" }[tag!] ?? tag!)}</b> ${inline(text!)}</p>`;
  });
  const members = n.members.filter((m) => m.signature !== "");
  return `<section class="name">${depth === 2 ? `<h2${named ? ` id="${escape(n.name)}"` : ""}>${escape(n.name)} <small>${n.kind}</small></h2>` : ""}<pre tabindex="0"><code>${escape(n.signature)}</code></pre>${body!.trim() ? `<p>${inline(body!.trim()).replace(/\n\n/g, "</p><p>")}</p>` : ""}${notes.join("")}${depth === 2 ? `<p class="source">${escape(n.file)}</p>` : ""}${members.length > 0 ? `<details><summary>${members.length} members</summary>${members.map((m) => nameHtml(m, 3)).join("")}</details>` : ""}</section>`;
}

/** Where each name of the main entry is explained. */
async function rootPage(names: ReadonlyMap<string, readonly Name[]>): Promise<Page> {
  const main = new Set([...Object.keys((await import("gaugegrad")) as object), "default"]);
  const rooms = ENTRIES.map((entry) => ({ entry, list: names.get(entry)!.filter((n) => main.delete(n.name)) })).filter(({ list }) => list.length > 0);
  const html = `<h1>gaugegrad</h1><p>What most programs need, without the name of a room. Each name is explained with its room.</p>${rooms.map(({ entry, list }) => `<h2>from gaugegrad/${entry}</h2><p class="index">${list.map((n) => `<a href="${entry}.html#${escape(n.name)}">${escape(n.name)}</a>`).join(" ")}</p>`).join("")}`;
  return { path: "reference/gaugegrad.html", title: "gaugegrad (main entry)", group: "Reference", html, text: rooms.flatMap(({ list }) => list.map((n) => n.name)).join(" ") };
}

async function referencePages(): Promise<Page[]> {
  const names = reference(root, ENTRIES);
  const pages = [...names].map(([entry, list]): Page => {
    const sorted = [...list].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
    const html = `<h1>gaugegrad/${entry}</h1><p class="index">${[...new Set(sorted.map((n) => n.name))].map((n) => `<a href="#${escape(n)}">${escape(n)}</a>`).join(" ")}</p>${sorted.map((n, k) => nameHtml(n, 2, n.name !== sorted[k - 1]?.name)).join("")}`;
    return { path: `reference/${entry}.html`, title: `gaugegrad/${entry}`, group: "Reference", html, text: sorted.map((n) => `${n.name} ${n.text}`).join(" ") };
  });
  const count = [...names.values()].reduce((s, l) => s + l.length, 0);
  const html = `<h1>Reference</h1><p>${count} public names, from the declarations of the package. What most programs need is in <a href="gaugegrad.html">gaugegrad</a> itself; everything else is in the entry of its room.</p><ul>${pages.map((p) => `<li><a href="${basename(p.path)}">${p.title}</a></li>`).join("")}</ul>`;
  return [{ path: "reference/index.html", title: "Reference", group: "Reference", html, text: "Reference of all public names" }, await rootPage(names), ...pages];
}

function pageHtml(page: Page, pages: readonly Page[]): string {
  const up = "../".repeat(page.path.split("/").length - 1);
  const short = (p: Page): string => (p.path === "index.html" ? "gaugegrad" : p.title.replace(/^Results$/, "Overview"));
  const group = (name: Page["group"]): string => `<details${name === page.group ? " open" : ""}><summary>${name}</summary><ul>${pages.filter((p) => p.group === name).map((p) => `<li><a href="${up}${p.path}"${p === page ? ' aria-current="page"' : ""}>${escape(short(p))}</a></li>`).join("")}</ul></details>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(page.title)}${page.path === "index.html" ? "" : " - gaugegrad"}</title><meta http-equiv="Content-Security-Policy" content="default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; connect-src 'none'"><link rel="icon" href="data:,"><link rel="stylesheet" href="${up}style.css"><script>document.documentElement.dataset.root=${JSON.stringify(up)}</script></head>
<body><a class="skip" href="#content">Skip to content</a><header><a class="home" href="${up}index.html">gaugegrad</a><form role="search"><label for="search">Search</label><input id="search" type="search" autocomplete="off" aria-controls="found"><ul id="found" hidden></ul></form></header>
<nav aria-label="Pages">${(["Start", "Learn", "Results", "Reference"] as const).map(group).join("")}</nav>
<main id="content" tabindex="-1">${page.html}</main><script src="${up}page.js"></script>${(page.scripts ?? []).map((s) => `<script src="${up}${s}"></script>`).join("")}</body></html>
`;
}

/** Scripts of pages, and the worker as a text that pages start from memory: browsers start none from `file:`. */
async function scripts(): Promise<void> {
  const common = { bundle: true, minify: true, platform: "browser", target: "es2022", format: "iife", tsconfigRaw: "{}", legalComments: "none", absWorkingDir: root } as const;
  await bundle({ ...common, entryPoints: ["page", "live", "playground"].map((f) => join(here, `${f}.ts`)), outdir: out });
  const { outputFiles } = await bundle({ ...common, entryPoints: [join(here, "worker.ts")], write: false });
  writeFileSync(join(out, "worker.js"), `globalThis.gaugegradWorker=${JSON.stringify(outputFiles[0]!.text)};`);
}

/** @throws Error for an id that stands twice on a page: links would lead to the first alone. */
function expectIds(page: Page): void {
  const ids = [...page.html.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]!);
  const twice = ids.find((id, k) => ids.indexOf(id) !== k);
  if (twice !== undefined) throw new Error(`${page.path}: got the id ${twice} twice, expected it once`);
}

function searchIndex(pages: readonly Page[]): string {
  const documents = pages.flatMap((p) => {
    if (p.group !== "Reference" || p.path.endsWith("index.html")) return [{ title: p.title, text: p.text, path: p.path }];
    return [...p.html.matchAll(/<section class="name"><h2 id="([^"]+)">[\s\S]*?(?=<section class="name"><h2|$)/g)].map((m) => ({ title: m[1]!, text: plain(m[0]).slice(0, 1500), path: `${p.path}#${m[1]}` }));
  });
  const search = new MiniSearch({ fields: ["title", "text"], storeFields: ["title", "path"] });
  search.addAll(documents.map((d, id) => ({ id, ...d })));
  return `globalThis.gaugegradSearch=${JSON.stringify(JSON.stringify(search))};`;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const pages: Page[] = [...docPages(), examplesPage(), playgroundPage(), ...(process.argv.includes("--no-reference") ? [] : await referencePages())];
for (const page of pages) {
  expectIds(page);
  mkdirSync(dirname(join(out, page.path)), { recursive: true });
  writeFileSync(join(out, page.path), pageHtml(page, pages));
}
for (const f of readdirSync(join(root, "docs/results")).filter((name) => name.endsWith(".svg"))) cpSync(join(root, "docs/results", f), join(out, "results", f));
cpSync(join(here, "style.css"), join(out, "style.css"));
for (const f of readdirSync(join(root, "docs")).filter((name) => /\.(?:png|svg)$/.test(name))) cpSync(join(root, "docs", f), join(out, "images", f));
writeFileSync(join(out, "search.js"), searchIndex(pages));
await scripts();
console.log(`${pages.length} pages in ${relative(process.cwd(), out) || "."}`);
