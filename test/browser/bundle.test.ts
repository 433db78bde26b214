/** What a page gets: no built-in module of Node is reachable, the seams have the same names on both sides and give the same bits, and all of it is small. */
import { readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, resolve } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { type BuildFailure, build } from "esbuild";
import { describe, expect, test } from "vitest";
import * as browserHost from "../../src/util/host.browser.ts";
import * as nodeHost from "../../src/util/host.node.ts";
import { packageVersion } from "../../src/util/version.browser.ts";

const root = resolve(import.meta.dirname, "../..");
/** Entries that run in a page; that of runs is a part of what Node has, without folders, locks and processes. */
const ROOMS = ["autograd", "linalg", "gauge", "fermions", "check", "samplers", "training", "models", "flows", "spins", "io", "util", "runs", "report"];
const entry = (names: readonly string[]): string => names.map((name, k) => `export * as part${k} from "gaugegrad${name === "" ? "" : `/${name}`}";`).join("\n");

async function bundle(contents: string): Promise<{ readonly code: Uint8Array; readonly problems: readonly string[] }> {
  try {
    const { outputFiles, metafile } = await build({ stdin: { contents, resolveDir: root }, bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022", metafile: true, write: false, logLevel: "silent", tsconfigRaw: "{}" });
    const reached = Object.values(metafile.outputs).flatMap((o) => o.imports.map((i) => i.path));
    return { code: outputFiles[0]!.contents, problems: reached };
  } catch (error) {
    return { code: new Uint8Array(), problems: (error as BuildFailure).errors.map((e) => `${e.location?.file ?? ""}: ${e.text}`) };
  }
}

describe("a bundle for browsers", () => {
  const everything = bundle(entry(["", ...ROOMS]));

  test("no entry reaches a built-in module", async () => {
    const { code, problems } = await everything;
    expect(problems).toEqual([]);
    const text = new TextDecoder().decode(code);
    for (const module of builtinModules) expect(text.includes(`"node:${module}"`), module).toBe(false);
  });

  test("the test sees a built-in module where there is one", async () => {
    const { problems } = await bundle('import "node:fs";');
    expect(problems.join()).toContain('Could not resolve "node:fs"');
    expect((await bundle('import "./dist/runs/index.js";')).problems.length).toBeGreaterThan(0);
  });

  test("from the tape to the plots it takes less than 250 kB compressed", async () => {
    const compressed = (code: Uint8Array): number => brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: code.length } }).length;
    const { code } = await bundle(entry(["autograd", "gauge", "models", "samplers", "training", "flows", "report"]));
    const size = compressed(code);
    console.info(`tape, compiler, gauge, models, samplers, training, flows, report: ${code.length} bytes, ${size} compressed; with fermions, spins, check and files ${compressed((await everything).code)}`);
    expect(code.length).toBeGreaterThan(400_000);
    expect(size).toBeLessThan(250_000);
  });
});

describe("seams", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const names = async (file: string): Promise<string[]> => Object.keys((await import(join(root, "src", file))) as object).sort();

  test("both sides of every seam are there", () => {
    const sides = (end: string): string[] => sources.filter((f) => f.endsWith(end)).map((f) => f.slice(0, -end.length)).sort();
    // Buffer of a page has no other side: Node has its own
    expect(sides(".browser.ts")).toEqual([...sides(".node.ts"), "util/buffer"].sort());
  });

  test.each(["util/host", "util/files", "backend/comm/group", "backend/host", "backend/tfjs/packages", "linalg/native-products", "compiler/divide/divided", "compiler/optional", "report/document", "report/plot", "report/terminal", "report/live/index", "report/quickstart", "runs/folder/stored", "util/version"])("%s has the same names in a page and in Node", async (seam) => {
    expect(await names(`${seam}.browser.ts`)).toEqual(await names(`${seam}.node.ts`));
  });

  test("a page knows the version of the package", () => {
    expect(packageVersion()).toBe((JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version);
  });

  test("hashes and checksums are the same", () => {
    const bytes = Uint8Array.from({ length: 1003 }, (_, k) => (k * 37) % 251);
    const sum = ({ sha256 }: Pick<typeof nodeHost, "sha256">): string => {
      const h = sha256();
      h.update("β = 6");
      h.update(bytes);
      return h.hex();
    };
    expect(sum(browserHost)).toBe(sum(nodeHost));
    expect(browserHost.crc32(bytes)).toBe(nodeHost.crc32(bytes));
    expect(browserHost.crc32(bytes.subarray(10), browserHost.crc32(bytes.subarray(0, 10)))).toBe(nodeHost.crc32(bytes));
    for (const side of [browserHost, nodeHost]) {
      const drawn = Array.from({ length: 50 }, () => side.unguessable());
      expect(new Set(drawn).size).toBe(50);
      expect(drawn.every((x) => Number.isInteger(x) && x >= 0 && x < 2 ** 47)).toBe(true);
      expect(Math.max(...drawn)).toBeGreaterThan(2 ** 40);
    }
  });

  test("bytes read and write as Node's do", () => {
    const text = "\x89HDF and more of Latin-1: \xe9\xff\0 end, 64 bytes at least, so that all fit in";
    const [a, b] = [browserHost.Buffer.from(text, "latin1"), Buffer.from(text, "latin1")];
    expect([...a]).toEqual([...b]);
    expect(a.toString("latin1")).toBe(b.toString("latin1"));
    expect(a.subarray(3, 9).toString("latin1")).toBe(b.subarray(3, 9).toString("latin1"));
    for (const name of ["readUInt16LE", "readUInt16BE", "readUInt32LE", "readUInt32BE", "readInt32LE", "readInt32BE", "readFloatLE", "readFloatBE", "readDoubleLE", "readDoubleBE", "readBigUInt64BE"] as const)
      for (const at of [0, 5, 24]) expect(a[name](at), `${name} at ${at}`).toEqual(b[name](at));
    const [c, d] = [browserHost.Buffer.alloc(64, 0x20), Buffer.alloc(64, 0x20)];
    for (const bytes of [c, d]) {
      bytes.writeUInt16LE(0xfedc, 0);
      bytes.writeUInt16BE(0xfedc, 2);
      bytes.writeUInt32LE(0xfedcba98, 4);
      bytes.writeUInt32BE(0xfedcba98, 8);
      bytes.writeInt32LE(-7, 12);
      bytes.writeBigUInt64BE(123456789012345n, 16);
      bytes.write("\x93NUMPY", 24, "latin1");
      bytes.write("a text that runs over the end", 50, "latin1");
    }
    expect([...c]).toEqual([...d]);
    expect(c.equals(d)).toBe(true);
    expect(c.equals(c.subarray(1))).toBe(false);
    expect([...c.swap32()]).toEqual([...d.swap32()]);
    expect([...c.swap64()]).toEqual([...d.swap64()]);
  });
});
