import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const report = process.env["GAUGEGRAD_TEST_REPORT"];
const output = fileURLToPath(new URL("./dist/", import.meta.url));
const source = fileURLToPath(new URL("./src/", import.meta.url));

/** Tests import the package by its name and get the sources. */
export const alias = [
  { find: /^#platform\/(.*)$/, replacement: `${source}$1.node.ts` },
  { find: /^gaugegrad$/, replacement: `${source}index.ts` },
  { find: /^gaugegrad\/([a-z]+)$/, replacement: `${source}$1/index.ts` },
];

/** Files and numbers of other codes are no part of the repository; what they check is checked by fields that the tests make as well. */
const stored = fileURLToPath(new URL("../shared/reference/", import.meta.url));
const left = existsSync(stored) ? [] : ["test/**/*.reference.test.ts"];
if (left.length > 0) console.log(`${left[0]}: left out, there is no ${stored}`);

/** The sources as the build made them, which Node reads in a third of the time: `globalSetup` has built them anew. Otherwise watching would not see a change. */
const built = {
  name: "built sources",
  enforce: "pre" as const,
  resolveId(id: string, importer?: string) {
    const path = alias.reduce((p, { find, replacement }) => p.replace(find, replacement), id);
    const file = path.startsWith(".") && importer ? resolve(dirname(importer), path) : path;
    return file.startsWith(source) ? { id: `${output}${file.slice(source.length).replace(/\.ts$/, ".js")}`, external: true } : null;
  },
};

/** Files of these folders share workers, where the library is read once: a third of their time. What counts memory, engines or the state of a process has a worker of its own. */
const TOGETHER = ["autograd,backend,check,experiments,gauge,io,linalg,models,report", "compiler,fermions,flows,samplers,spins,training,util"].map((rooms) => `test/{${rooms}}/**/*.test.ts`);
const COUNTED = ["test/autograd/{lifetimes,replay,watch}.test.ts", "test/io/fuzz.test.ts"];
const exclude = [...configDefaults.exclude, ...left];

/** Short files of long tests: without times of an earlier run the largest files come first, and these would be waited for at the end. */
const LONG = /\/(spins\/kill|flows\/(phi4|fthmc|check)|fermions\/(dynamical|roots)|fuzz\/(js-native|wasm-tfjs)|ranks\/(divided|shards|mpi|lists)|cli\/(run-chains|run-kill|guided-kill)|export\/cuda|autograd\/ops)\.test/;
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const long = (f: TestSpecification): boolean => LONG.test(f.moduleId);
    return [...sorted.filter(long), ...sorted.filter((f) => !long(f))];
  }
}

export default defineConfig({
  ...(report ? { plugins: [built] } : { resolve: { alias } }),
  test: {
    server: { deps: { external: [new RegExp(`^${output}`)] } },
    globalSetup: ["test/build.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // tests wait for processes, compilers and browsers that they start
    maxWorkers: report ? 3 : 2,
    sequence: { sequencer: LongFirst },
    reporters: report ? ["default", "json"] : ["default"],
    ...(report ? { outputFile: { json: report } } : {}),
    projects: [
      ...TOGETHER.map((files, k) => ({ extends: true as const, test: { name: `together ${k + 1}`, include: [files], exclude: [...exclude, ...COUNTED], isolate: false } })),
      { extends: true as const, test: { name: "alone", include: ["test/**/*.test.ts"], exclude: [...exclude, ...TOGETHER] } },
      { extends: true as const, test: { name: "counted", include: COUNTED, exclude } },
    ],
  },
});
