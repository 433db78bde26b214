/** Masked stout maps against numbers of independent programs (numpy, C, torch). */
import { describe, expect, test } from "vitest";
import { type AlgebraField, DirectionalField, type LinkField, type Links, broadcast, number, record, sum, sumLogs } from "../../src/autograd/index.ts";
import { closedFormLinks, directionField, gaugeAction, lattice, plaquettes } from "../../src/gauge/index.ts";
import { fieldTransformed, maskedStout } from "../../src/flows/index.ts";
import { inner, squaresOf } from "./helpers.ts";

const close = (a: number, b: number, relative = 1e-12): void => expect(Math.abs(a - b) / Math.max(1, Math.abs(b))).toBeLessThan(relative);
const links = (N: number, extents: readonly number[], kappa = 0.8): LinkField => closedFormLinks(lattice(extents), N, kappa) as LinkField;

describe("half steps", () => {
  const rows: readonly [extents: number[], N: number, rho: number, first: [number, number], last: [number, number]][] = [
    [[4, 4], 1, 0.2, [-2.7830381446637, 0.7222554863278], [-2.7358919297733, 0.7989007687638]],
    [[4, 4], 2, 0.2, [-10.2706440073833, 0.8681825053837], [-10.3938866579815, 0.9059558972339]],
    [[4, 4], 3, 0.15, [-17.2208620652656, 0.7927788358136], [-17.2385830988499, 0.8070404432164]],
    [[4, 4, 4, 4], 1, 0.1, [-81.5379069583422, 0.7941466426718], [-74.3597996096881, 0.7865100032029]],
    [[4, 4, 4, 4], 2, 0.1, [-281.5810849675669, 0.8673274665687], [-263.0836474009758, 0.8615304507988]],
    [[4, 4, 4, 4], 3, 0.1, [-625.4873772993245, 0.7647424561499], [-562.2458135249443, 0.7544387266426]],
  ];
  test.each(rows)("%j N = %i rho = %f", (extents, N, rho, first, last) => {
    const V = links(N, extents);
    const steps = maskedStout({ rho }).stepsOn(V.lattice);
    for (const [step, [logDet, plaquette]] of [[steps[0]!, first], [steps.at(-1)!, last]] as const) {
      const image = step.image(V);
      close(image.logDet, logDet);
      close(plaquettes(image.links).mean, plaquette);
    }
  });
});

describe("whole sweeps", () => {
  type Row = readonly [N: number, extents: number[], rho: number, beta: number, sweeps: number, plaqV: number | undefined, plaqF: number, logDet: number, SW: number, SFT: number, along: number, F2?: readonly [sum: number, largest: number]];
  const rows: readonly Row[] = [
    [1, [6, 4], 0.2, 2.0, 1, 0.80826779462932, 0.89711498666612, -19.537195371579, 4.938480640026, 24.475676011605, 3.2228414246, [1.747370349, 0.298476818]],
    [2, [6, 4], 0.15, 2.2, 1, 0.91020188843021, 0.95250237991638, -47.00351189542, 2.507874340415, 49.511386235836, -3.5723188547, [1.803774493, 0.329899444]],
    [3, [6, 4], 0.12, 6.0, 1, 0.82502009661235, 0.89190107475529, -88.582471873997, 15.566245235239, 104.148717109236, 1.2357004784, [2.589428763, 0.173745237]],
    [1, [6, 4], 0.2, 2.0, 2, undefined, 0.94284119128281, -41.17591625405, 2.743622818425, 43.919539072475, -9.8565520726],
    [2, [6, 4], 0.15, 2.2, 2, undefined, 0.97114906748108, -95.889974481445, 1.523329236999, 97.413303718444, -11.3530427077],
    [3, [6, 4], 0.12, 6.0, 2, undefined, 0.93055405936905, -183.216109577616, 10.000215450856, 193.216325028472, -37.2330156383],
    [1, [4, 4, 4, 4], 0.08, 1.0, 1, 0.78281874119384, 0.88628982303959, -521.047158192991, 174.658831811189, 695.70599000418, 144.2162529116],
    [2, [4, 4, 4, 4], 0.08, 2.3, 1, 0.85401830526684, 0.93668373352118, -1739.081120106831, 223.683706216368, 1962.764826323199, -53.5769069554],
    [3, [4, 6, 4, 8], 0.06, 5.7, 1, 0.74960562387505, 0.85425999739243, -8442.106188845835, 3827.948612489353, 12270.054801335187, 3854.79841647],
  ];
  test.each(rows.map((row) => ({ row })))("N, extents, rho, beta, sweeps: $row", ({ row: [N, extents, rho, beta, sweeps, plaqV, plaqF, logDet, SW, SFT, along, F2] }) => {
    const V = links(N, extents);
    const F = maskedStout({ rho, sweeps });
    const S = gaugeAction.wilson({ beta });
    const image = F.image(V);
    if (plaqV !== undefined) close(plaquettes(V).mean, plaqV);
    close(plaquettes(image.links).mean, plaqF);
    close(image.logDet, logDet);
    close(S.value(image.links), SW);
    const transformed = fieldTransformed(S, F);
    close(transformed.value(V), SFT);
    const force = transformed.force(V) as AlgebraField;
    close(inner(force, directionField(V.lattice, N) as AlgebraField), along, 1e-10);
    if (F2 === undefined) return;
    // per link: mean and largest of the squares
    const squares = V.fields.flatMap((_, mu) => squaresOf(force, mu));
    close(squares.reduce((a, b) => a + b, 0), F2[0], 1e-8);
    close(Math.max(...squares), F2[1], 1e-8);
  });

  test("log det of every half step, N = 3 on 4x6x4x8", () => {
    const V = links(3, [4, 6, 4, 8]);
    let W = V;
    const steps = maskedStout({ rho: 0.06 }).stepsOn(V.lattice);
    const expected = [-973.561966573381, -1026.36945083636, -1052.027957827012, -1101.51089070716, -1083.728979873211, -1116.12872841196, -1033.203147708271, -1055.575066908478];
    steps.forEach((s, k) => {
      const image = s.image(W);
      close(image.logDet, expected[k]!);
      W = image.links;
    });
  });
});

test("rectangles with the four colours, N = 2 on 4x8", () => {
  const V = links(2, [4, 8]);
  const F = maskedStout({ rho: { plaquette: 0.1, rectangle: 0.03 } });
  const { links: U, logDet } = F.image(V);
  close(logDet, -76.594822869182);
  close(plaquettes(U).mean, 0.9638832725096);
  let W = V;
  const expected = [-9.105231662112, -9.328968315179, -9.391224213434, -9.354365616758];
  F.stepsOn(V.lattice).slice(0, 4).forEach((s, k) => {
    const image = s.image(W);
    close(image.logDet, expected[k]!);
    W = image.links;
  });
});

const trips: readonly (readonly [N: number, extents: readonly number[], rho: number])[] = [[1, [4, 4], 0.3], [2, [4, 6], 0.2], [3, [4, 4], 0.15], [4, [4, 4], 0.1], [3, [2, 4, 2, 4], 0.08]];
test.each(trips)("round trip, N = %i on %j", (N, extents, rho) => {
  const V = links(N, extents);
  const F = maskedStout({ rho, sweeps: 2 });
  const back = F.inverse(F.apply(V));
  const worst = Math.max(...V.fields.map((f, mu) => f.toArray().reduce((w, x, i) => Math.max(w, Math.abs(x - back.toArray(mu)[i]!)), 0)));
  expect(worst).toBeLessThan(1e-12);
  expect(back).toBeInstanceOf(DirectionalField);
});

describe("U(1) on 8x8, theta = 2 sin(...) + 1.5 cos(...)", () => {
  const V = new DirectionalField(lattice([8, 8]), 1, "links");
  V.set([0, 1].map((mu) => {
    const u = new Float64Array(128);
    for (let n = 0; n < 64; n++) {
      const [x, t] = V.lattice.coordinates(n) as [number, number];
      const theta = 2 * Math.sin(1 + 0.37 * (x + 2 * t) + 0.91 * mu) + 1.5 * Math.cos(0.5 + 0.23 * (3 * x + t) - 0.4 * mu);
      [u[2 * n], u[2 * n + 1]] = [Math.cos(theta), Math.sin(theta)];
    }
    return u;
  }));
  test.each([
    [0.1, 1, 2, -16.0193013517451, 65.434229504065, 136.13860735018, 0.61394587381],
    [0.2, 2, 4, -84.8496837970948, 135.702766493401, 1422.65161484544, 0.801355145718],
  ])("rho = %f, sweeps = %i, beta = %f", (rho, sweeps, beta, logDet, SFT, F2, plaquette) => {
    const F = maskedStout({ rho, sweeps });
    const S = fieldTransformed(gaugeAction.wilson({ beta }), F);
    const image = F.image(V);
    close(image.logDet, logDet);
    close(plaquettes(image.links).mean, plaquette, 1e-11);
    close(S.value(V), SFT);
    const force = S.force(V) as AlgebraField;
    close(inner(force, force), F2, 1e-11);
  });
});

test("a determinant that is not positive is an error with the site", () => {
  const V = links(3, [4, 4], 0.1);
  expect(() => maskedStout({ rho: 0.9 }).image(V)).toThrow(/updateLogDet.*\[/);
  expect(() => fieldTransformed(gaugeAction.wilson({ beta: 2 }), maskedStout({ rho: 0.9 })).value(V)).toThrow(/not positive/);
  expect(() => maskedStout({ rho: 0.9 }).image(links(1, [4, 4], 0.1))).toThrow(/sumLogs.*not positive.*\[/);
});

test("two determinants that are negative are not one that is positive", () => {
  const V = links(1, [4, 4]);
  const value = (x: number, y: number): number => record((U: Links) => sum(sumLogs([x, y].map((c) => broadcast(number(U[0]!.tape, c))))), V).run(V);
  expect(value(0.5, 3)).toBeCloseTo(16 * Math.log(1.5), 12);
  expect(() => value(-0.5, -3)).toThrow(/not positive/);
});

test("extents on which masks do not close", () => {
  expect(() => maskedStout().apply(links(1, [3, 4]))).toThrow(/multiples of 2/);
  expect(() => maskedStout({ rho: { plaquette: 0.1, rectangle: 0.01 } }).apply(links(1, [6, 4]))).toThrow(/multiples of 4/);
});
