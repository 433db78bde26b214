/** What the report tests share: parsing of SVG and a strict check that it is well formed. */
import { DOMParser } from "linkedom";

/** The few DOM members the tests use. */
export interface Element {
  readonly tagName: string;
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<Element>;
  querySelector(selector: string): Element | null;
}

/** Throws unless every tag is closed in order and attributes are quoted and unique: linkedom's own parser forgives too much. */
export function assertWellFormed(xml: string): void {
  const open: string[] = [];
  let end = 0;
  for (const match of xml.matchAll(/<(\/?)([\w:-]+)((?:\s+[\w:-]+="(?:[^"<>&]|&(?:#\d+|[a-z]+);)*")*)\s*(\/?)>|(?:[^<>&]|&(?:#\d+|[a-z]+);)+/gy)) {
    end = match.index + match[0].length;
    const [, slash, name, attributes = "", empty] = match;
    if (name === undefined) continue;
    const keys = Array.from(attributes.matchAll(/([\w:-]+)="[^"]*"/g), (m) => m[1]);
    if (new Set(keys).size !== keys.length) throw new Error(`attribute twice in <${name}${attributes}>`);
    if (slash === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else if (empty !== "/") open.push(name);
  }
  if (end !== xml.length || open.length > 0) throw new Error(`malformed at ${end}: ${xml.slice(end, end + 60)}; open: ${open.join(" ")}`);
  if (/[^\P{Cc}\t\n]|[\uFFFE\uFFFF]/u.test(xml)) throw new Error("characters that XML forbids");
}

/** Parses an SVG after checking it. */
export function parseSvg(svg: string): Element {
  assertWellFormed(svg);
  return new DOMParser().parseFromString(svg, "image/svg+xml").documentElement as unknown as Element;
}

/** Parses an HTML page. */
export function parsePage(html: string): Element {
  return new DOMParser().parseFromString(html, "text/html").documentElement as unknown as Element;
}

/** The group with this accessible name. */
export function group(svg: Element, name: string): Element | undefined {
  return [...svg.querySelectorAll("g")].find((g) => g.getAttribute("aria-label") === name);
}

/** All text of a drawing, one entry an element. */
export function texts(svg: Element): string[] {
  return Array.from(svg.querySelectorAll("text"), (t) => t.textContent);
}

/** Text that tries to leave its place. */
export const hostile = `"><script>alert(1)</script><img src=x onerror='a()'> & \u0000\u001B[31m\u202E ]]> &lt;`;
