/** Reference of every public name, from the declarations of the package by API Extractor: signature, docstring, file. */
import { Extractor, ExtractorConfig, CompilerState } from "@microsoft/api-extractor";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One public name. */
export interface Name {
  readonly name: string;
  readonly kind: string;
  readonly signature: string;
  /** Docstring without its stars. */
  readonly text: string;
  /** Source file. */
  readonly file: string;
  readonly members: readonly Name[];
}

interface Item {
  readonly kind: string;
  readonly name?: string;
  readonly docComment?: string;
  readonly excerptTokens?: readonly { readonly text: string }[];
  readonly fileUrlPath?: string;
  readonly members?: readonly Item[];
}

const KINDS: Readonly<Record<string, string>> = { Function: "function", Class: "class", Interface: "interface", TypeAlias: "type", Variable: "constant", Namespace: "namespace" };

function nameOf(item: Item, file: string): Name {
  const own = item.fileUrlPath?.replace(/^dist\//, "src/").replace(/\.d\.ts$/, ".ts") ?? file;
  return {
    name: item.name ?? (item.kind === "Constructor" ? "constructor" : item.kind),
    kind: KINDS[item.kind] ?? "member",
    signature: (item.excerptTokens ?? []).map((t) => t.text).join("").replace(/^export declare /, "").replace(/^export /, "").trim(),
    text: (item.docComment ?? "").replace(/^\/\*\*\n?/, "").replace(/\s*\*\/\s*$/, "").split("\n").map((line) => line.replace(/^\s*\*? ?/, "")).join("\n").trim(),
    file: own,
    members: (item.members ?? []).map((m) => nameOf(m, own)),
  };
}

/** The names of each entry, from the declarations in dist. */
export function reference(root: string, entries: readonly string[]): ReadonlyMap<string, readonly Name[]> {
  const folder = mkdtempSync(join(tmpdir(), "gaugegrad-reference-"));
  const fileOf = (entry: string): string => join(root, "dist", entry, "index.d.ts");
  const quiet = { default: { logLevel: "none" as never } };
  const config = (entry: string): ExtractorConfig =>
    ExtractorConfig.prepare({
      packageJsonFullPath: join(root, "package.json"),
      configObjectFullPath: undefined,
      configObject: {
        projectFolder: root, mainEntryPointFilePath: fileOf(entry), newlineKind: "lf" as never,
        compiler: { overrideTsconfig: { compilerOptions: { target: "es2022", lib: ["es2023", "esnext.disposable"], module: "nodenext", moduleResolution: "nodenext", types: ["node"], strict: true, skipLibCheck: true }, files: entries.map(fileOf) } },
        apiReport: { enabled: false }, dtsRollup: { enabled: false }, tsdocMetadata: { enabled: false }, docModel: { enabled: true, apiJsonFilePath: join(folder, `${entry}.api.json`) },
        messages: { compilerMessageReporting: quiet, extractorMessageReporting: quiet, tsdocMessageReporting: quiet },
      },
    });
  try {
    const compilerState = CompilerState.create(config(entries[0]!), { additionalEntryPoints: entries.slice(1).map(fileOf) });
    return new Map(
      entries.map((entry) => {
        const { succeeded } = Extractor.invoke(config(entry), { localBuild: true, compilerState, messageCallback: (m) => void (m.handled = true) });
        if (!succeeded) throw new Error(`reference of gaugegrad/${entry}: API Extractor failed`);
        const model = JSON.parse(readFileSync(join(folder, `${entry}.api.json`), "utf8")) as { readonly members: readonly { readonly members: readonly Item[] }[] };
        return [entry, model.members[0]!.members.map((item) => nameOf(item, ""))];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
