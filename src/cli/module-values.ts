/** What a user's module offers to a command. */

/** Its exports, each value once; a function without arguments may make the value. `only` names one of them. */
export async function moduleValues(exports: Readonly<Record<string, unknown>>, only: string | undefined): Promise<{ name: string; value: unknown }[]> {
  const found: { name: string; value: unknown }[] = [];
  for (const [name, exported] of Object.entries(exports)) {
    if (only !== undefined && name !== only) continue;
    const value: unknown = typeof exported === "function" && exported.length === 0 && !isClass(exported) ? await (exported as () => unknown)() : await exported;
    if (!found.some((f) => f.value === value)) found.push({ name, value });
  }
  return found;
}

function isClass(f: unknown): boolean {
  return /^class\b/.test(Function.prototype.toString.call(f));
}
