/** Every page: the search, which loads its index when it is first used. */
import MiniSearch from "minisearch";

const root = document.documentElement.dataset["root"] ?? "";

/** Loads a classic script once; pages may come from `file:`, where nothing else can be loaded. */
export function load(file: string): Promise<void> {
  return new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = root + file;
    script.onload = () => done();
    script.onerror = () => fail(new Error(`${file} cannot be loaded`));
    document.head.append(script);
  });
}

const input = document.querySelector<HTMLInputElement>("#search")!;
const found = document.querySelector<HTMLUListElement>("#found")!;
let index: Promise<MiniSearch<{ title: string; path: string }>> | undefined;
const ready = (): NonNullable<typeof index> =>
  (index ??= load("search.js").then(() => MiniSearch.loadJSON((globalThis as unknown as { gaugegradSearch: string }).gaugegradSearch, { fields: ["title", "text"], storeFields: ["title", "path"] })));

input.addEventListener("focus", () => void ready());
input.addEventListener("input", async () => {
  const search = await ready();
  const hits = input.value.trim() === "" ? [] : search.search(input.value, { prefix: true, fuzzy: 0.15, boost: { title: 4 } }).slice(0, 12);
  found.replaceChildren(
    ...hits.map((h) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = root + String(h["path"]);
      link.textContent = String(h["title"]);
      item.append(link);
      return item;
    }),
  );
  found.hidden = hits.length === 0;
});
input.form!.addEventListener("submit", (event) => {
  event.preventDefault();
  found.querySelector("a")?.click();
});
input.addEventListener("keydown", (event) => {
  if (event.key === "Escape") found.hidden = true;
  if (event.key === "ArrowDown") found.querySelector("a")?.focus();
});
