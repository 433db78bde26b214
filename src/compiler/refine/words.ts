/**
 * Words over letters: sums of products that do not commute. A letter is an even number, its adjoint the odd one behind it. Equal pieces of words are made once, as new letters.
 */

/** A multiple of a word. */
export interface Term {
  readonly coefficient: number;
  readonly letters: readonly number[];
}

/** What a letter stands for. */
export type Meaning<Source> =
  | { readonly is: "source"; readonly source: Source }
  | { readonly is: "pair"; readonly letters: readonly [number, number] }
  | { readonly is: "sum"; readonly terms: readonly Term[] };

/** Keys of pairs of letters are numbers. */
const MOST = 2 ** 24;

interface Word {
  letters: number[];
  readonly cyclic: boolean;
}

/** (x y)^+ = y^+ x^+. */
export const adjoint = (letters: readonly number[]): number[] => letters.map((l) => l ^ 1).reverse();

export class Words<Source> {
  readonly #symbols: Meaning<Source>[] = [];
  readonly #letters = new Map<string, number>();
  readonly #sums = new Map<string, number>();
  readonly #key: (source: Source) => string;

  constructor(key: (source: Source) => string) {
    this.#key = key;
  }

  /** The letter of a source or of its adjoint. */
  letter(source: Source, adjoint: boolean): number {
    const key = this.#key(source);
    let l = this.#letters.get(key);
    if (l === undefined) this.#letters.set(key, (l = this.#add({ is: "source", source })));
    return l + (adjoint ? 1 : 0);
  }

  symbol(letter: number): Meaning<Source> {
    return this.#symbols[letter >> 1]!;
  }

  source(letter: number): Source {
    return (this.symbol(letter) as Meaning<Source> & { readonly is: "source" }).source;
  }

  /** The sums with equal pieces made once, and how many products all of that takes. */
  share(sums: readonly { readonly terms: readonly Term[]; readonly cyclic: boolean }[]): { readonly terms: readonly (readonly Term[])[]; readonly products: number } {
    const words = sums.map((s) => s.terms.map((t): Word => ({ letters: [...t.letters], cyclic: s.cyclic })));
    this.#pairs(words.flat());
    const terms = sums.map((s, k) => {
      const shorter = s.terms.map((t, j): Term => ({ ...t, letters: words[k]![j]!.letters }));
      return s.cyclic ? shorter : this.#factored(shorter);
    });
    const cost = (list: readonly Term[], free: number): number => list.reduce((n, t) => n + t.letters.length - free, 0);
    const inside = this.#symbols.reduce((n, s) => n + (s.is === "pair" ? 1 : s.is === "sum" ? cost(s.terms, 1) : 0), 0);
    return { terms, products: terms.reduce((n, list, k) => n + cost(list, sums[k]!.cyclic ? 2 : 1), inside) };
  }

  #add(symbol: Meaning<Source>): number {
    return 2 * (this.#symbols.push(symbol) - 1);
  }

  /** Pairs of neighbours that stand in several words become letters, those of most words first. */
  #pairs(words: readonly Word[]): void {
    const places = new Map<number, Set<Word>>();
    const each = (w: Word, act: (set: Set<Word>) => void): void => {
      const n = w.letters.length;
      for (let k = 0; k < (w.cyclic && n > 2 ? n : n - 1) && !(w.cyclic && n === 2); k++) {
        const [x, y] = [w.letters[k]!, w.letters[(k + 1) % n]!];
        const key = Math.min(x * MOST + y, (y ^ 1) * MOST + (x ^ 1));
        let set = places.get(key);
        if (!set) places.set(key, (set = new Set()));
        act(set);
      }
    };
    for (const w of words) each(w, (set) => set.add(w));
    let most = 0;
    for (const set of places.values()) most = Math.max(most, set.size);
    // pairs that come up on the way stand in no more words than what they are made of, and behind the others
    for (let size = most; size > 1; size--)
      for (const [key, set] of places) {
        if (set.size !== size) continue;
        const [x, y] = [Math.floor(key / MOST), key % MOST];
        const z = this.#add({ is: "pair", letters: [x, y] });
        const members = [...set];
        for (const w of members) {
          each(w, (other) => other.delete(w));
          w.letters = replaced(w, x, y, z);
          each(w, (other) => other.add(w));
        }
      }
  }

  /** x w_1 + x w_2 = x (w_1 + w_2), the largest such sum first. */
  #factored(given: readonly Term[]): readonly Term[] {
    let terms = [...given];
    for (;;) {
      const groups = new Map<string, Term[]>();
      for (const side of [0, -1])
        for (const t of terms) {
          if (t.letters.length < 2) continue;
          const key = `${side} ${t.letters.at(side)!} ${Math.abs(t.coefficient)}`;
          const group = groups.get(key);
          if (group) group.push(t);
          else groups.set(key, [t]);
        }
      let best: [string, Term[]] | undefined;
      for (const g of groups) if (g[1].length > (best?.[1].length ?? 1)) best = g;
      if (!best) return terms;
      const [first, x] = [best[0].startsWith("0"), Number(best[0].split(" ")[1])];
      const group = new Set(best[1]);
      const { sign, letter } = this.#sum(best[1].map((t): Term => ({ coefficient: Math.sign(t.coefficient), letters: first ? t.letters.slice(1) : t.letters.slice(0, -1) })));
      const joined: Term = { coefficient: sign * Math.abs(best[1][0]!.coefficient), letters: first ? [x, letter] : [letter, x] };
      const at = terms.indexOf(best[1][0]!);
      terms = terms.flatMap((t, k) => (k === at ? [joined] : group.has(t) ? [] : [t]));
    }
  }

  /** The letter of a sum with signs, of its adjoint, or of one of these with the other signs. */
  #sum(terms: readonly Term[]): { readonly sign: number; readonly letter: number } {
    const forms = [0, 1].map((dagger) => {
      const list = terms.map((t): Term => ({ ...t, letters: dagger ? adjoint(t.letters) : t.letters }));
      const text = (t: Term): string => t.letters.join(".");
      const sorted = [...list].sort((s, t) => (text(s) < text(t) ? -1 : 1));
      const sign = sorted[0]!.coefficient;
      return { dagger, sign, list: list.map((t): Term => ({ ...t, coefficient: sign * t.coefficient })), key: sorted.map((t) => `${sign * t.coefficient}:${text(t)}`).join() };
    });
    const form = forms[0]!.key <= forms[1]!.key ? forms[0]! : forms[1]!;
    let l = this.#sums.get(form.key);
    if (l === undefined) {
      l = this.#add({ is: "sum", terms: this.#factored(form.list) });
      this.#sums.set(form.key, l);
    }
    return { sign: form.sign, letter: l + form.dagger };
  }
}

/** The letters of a word with z for x y, and its adjoint for that of x y. */
function replaced({ letters, cyclic }: Word, x: number, y: number, z: number): number[] {
  const is = (p: number, q: number): number | undefined => (p === x && q === y ? z : p === (y ^ 1) && q === (x ^ 1) ? z ^ 1 : undefined);
  let list = letters;
  if (cyclic) {
    const across = is(list.at(-1)!, list[0]!);
    if (across !== undefined) list = [across, ...list.slice(1, -1)];
  }
  const out: number[] = [];
  for (let k = 0; k < list.length; k++) {
    const left = out.length + list.length - k;
    const joined = k + 1 < list.length && !(cyclic && left <= 2) ? is(list[k]!, list[k + 1]!) : undefined;
    out.push(joined ?? list[k]!);
    if (joined !== undefined) k++;
  }
  return out;
}
