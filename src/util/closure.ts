/** The given numbers and all that `next` leads to from them, ascending. A list instead of recursion, since programs may be deep. */
export function closure(from: Iterable<number>, next: (id: number) => Iterable<number>): number[] {
  const reached = new Set<number>();
  const stack = [...from];
  while (stack.length > 0) {
    const id = stack.pop()!;
    if (reached.has(id)) continue;
    reached.add(id);
    for (const i of next(id)) stack.push(i);
  }
  return [...reached].sort((a, b) => a - b);
}
