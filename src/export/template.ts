/** Texts with places to fill: @name@. */

/** The text with the values in their places. @throws Error for a place without a value: a mistake of this room. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/@(\w+)@/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`internal: the template asks for ${name}`);
    return String(value);
  });
}

/** The prefix of a library in small and capital letters. */
export const prefixes = (name: string): { readonly p: string; readonly P: string } => ({ p: name, P: name.toUpperCase() });
