/** The nearest known word. */

/** Number of insertions, removals, replacements and swaps of neighbours from one word to another. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_x, j) => (i === 0 ? j : j === 0 ? i : 0)));
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let d = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = d;
    }
  return rows[a.length]![b.length]!;
}

/** The candidate with the fewest changes, when that is less than half of the word; letter case and underscores do not count. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = (s: string): string => s.toLowerCase().replaceAll(/[_-]/g, "");
  let best: { readonly name: string; readonly d: number } | undefined;
  for (const name of candidates) {
    const d = distance(plain(word), plain(name));
    if (d <= Math.max(1, Math.min(3, word.length / 2)) && (!best || d < best.d)) best = { name, d };
  }
  return best?.name;
}
