/** Colours of links that may move together: no two of a colour lie in the plaquettes through one link, so that no product of two plaquettes that share a link holds both. */
import { type Lattice, addDisplacements } from "../autograd/index.ts";

const known = new WeakMap<Lattice, Map<number, Colouring>>();

/** Number of colours, and the colour of the link (n, mu) for every site. */
export interface Colouring {
  readonly count: number;
  readonly of: Int32Array;
}

/** Differences of the sites of two mu links in the plaquettes through one link, `shared`. */
function conflicts(lattice: Lattice, mu: number): number[][] {
  const directions = lattice.extents.map((_, nu) => nu);
  const [here, back] = [lattice.step(mu, 0), lattice.step(mu, -1)];
  const found = new Map<string, number[]>();
  for (const shared of directions) {
    const up = lattice.step(shared);
    const sites = shared === mu ? [here, ...directions.flatMap((nu) => (nu === mu ? [] : [lattice.step(nu), lattice.step(nu, -1)]))] : [here, up, back, addDisplacements(back, up)];
    for (const a of sites) for (const b of sites) {
      const d = a.map((x, k) => b[k]! - x);
      if (d.some((x) => x !== 0)) found.set(d.join(), d);
    }
  }
  return [...found.values()];
}

/** The colouring of the mu links of a lattice, by the first colour that is free; four colours on extents that are multiples of 4 in two dimensions. */
export function coloursOf(lattice: Lattice, mu: number): Colouring {
  let byDirection = known.get(lattice);
  if (!byDirection) known.set(lattice, (byDirection = new Map()));
  const found = byDirection.get(mu);
  if (found) return found;
  // for each difference and direction, what a coordinate adds to the number of the other site
  const others = conflicts(lattice, mu).map((d) => lattice.extents.map((L, nu) => Int32Array.from({ length: L }, (_, c) => lattice.site(lattice.step(nu, c + d[nu]!)))));
  const of = new Int32Array(lattice.volume).fill(-1);
  let count = 0;
  // along mu first: two colours there, two others on the next line
  const order = [mu, ...lattice.extents.map((_, nu) => nu).filter((nu) => nu !== mu)];
  const x = lattice.extents.map(() => 0);
  for (let k = 0; k < lattice.volume; k++) {
    let rest = k;
    for (const nu of order) {
      x[nu] = rest % lattice.extents[nu]!;
      rest = (rest - x[nu]!) / lattice.extents[nu]!;
    }
    const taken = new Set<number>();
    for (const to of others) taken.add(of[x.reduce((n, c, nu) => n + to[nu]![c]!, 0)]!);
    let colour = 0;
    while (taken.has(colour)) colour++;
    of[lattice.site(x)] = colour;
    count = Math.max(count, colour + 1);
  }
  const made = { count, of };
  byDirection.set(mu, made);
  return made;
}
