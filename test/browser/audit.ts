/** What is looked at in every page of the site: run in the page, returns what is wrong. Text, as the page knows none of this project's types. */
export const AUDIT = `(() => {
  const parse = (c) => { const [r, g, b, a = 1] = c.match(/[\\d.]+/g).map(Number); return c.startsWith("color(") ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a]; };
  const over = (a, b) => [0, 1, 2].map((k) => a[k] * a[3] + b[k] * (1 - a[3])).concat(1);
  const parents = (e) => { const list = []; for (; e; e = e.parentElement) list.push(e); return list; };
  const back = (e) => parents(e).map((p) => parse(getComputedStyle(p).backgroundColor)).reverse().reduce((b, c) => over(c, b), [255, 255, 255, 1]);
  const light = (c) => { const [r, g, b] = c.map((x) => (x / 255 <= 0.03928 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const faint = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !seen(e) || e.closest("script, style, option, title, [disabled], [aria-hidden=true]")) continue;
    const c = parse(e.closest("svg") ? getComputedStyle(e).fill : getComputedStyle(e).color);
    c[3] *= parents(e).reduce((o, p) => o * Number(getComputedStyle(p).opacity), 1);
    const [a, b] = [light(over(c, back(e))), light(back(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(e.tagName + " " + texts.currentNode.textContent.trim().slice(0, 30));
  }
  const named = (e) => e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim() || e.querySelector("[alt]")?.alt;
  const nameless = all("input:not([type=hidden]), select, textarea, button, summary, a[href], [role=textbox]").filter((e) => !(named(e) && (e.tagName !== "SELECT" || e.labels?.length || e.getAttribute("aria-label"))));
  const pictures = all("img, svg").filter((e) => !e.parentElement.closest("svg") && !(e.getAttribute("alt") || e.getAttribute("aria-label") || e.closest("[aria-hidden=true]")));
  const levels = all("h1, h2, h3, h4, h5, h6").map((h) => Number(h.tagName[1]));
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  return {
    over: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    faint: [...new Set(faint)],
    nameless: [...nameless, ...pictures].map((e) => e.outerHTML.slice(0, 80)),
    headings: levels.filter((l, k) => (k === 0) !== (l === 1) || l > (levels[k - 1] ?? 0) + 1).length,
    twice: ids.filter((id, k) => ids.indexOf(id) !== k),
    landmarks: [document.documentElement.lang, document.querySelectorAll("main").length],
  };
})()`;

/** Of a page without a fault. */
export const CLEAN = { over: 0, faint: [], nameless: [], headings: 0, twice: [], landmarks: ["en", 1] };

/** Sums the shifts of the layout from the beginning on, in \`shifted\`. */
export const WATCH_SHIFTS = `globalThis.shifted = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) shifted += e.value; }).observe({ type: "layout-shift", buffered: true });`;
