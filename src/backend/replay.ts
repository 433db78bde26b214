/**
 * Launches of kernels one after the other, and the iteration of conjugate gradient, as one call of compiled code. A list of launches lies in the memory that the
 * kernels work on: for each `LAUNCH` entries, two for each of its sums, and three for each field that has memory for one tile, as wide as those of a parameter table, addresses in the unit
 * of the emitter. On a batch all launches run for one tile of samples, then for the next, and an iteration until the samples of a tile are done. Totals are those of `BinnedSums`, digit by digit; divisions and comparisons of the iteration are those of the loop in JavaScript, so the bits do not depend on who iterates.
 */
import { BIN_PARTS, SPECIAL } from "./binned-sum.ts";
import { nearSource } from "./near-source.ts";
import { KERNEL_TYPE, POOL_TYPE } from "./native-threads.ts";

/**
 * Entries of a launch: what the kernel is called by, parameter table, first block and that behind the last, chunks, chunks of a tile, chunks of a sample, exchange before it (0: none), sums, small
 * fields; then partial sums and target of each sum; then for each field with memory for one tile its entry in the table, its address, and what a tile takes of it.
 */
export const LAUNCH = { kernel: 0, table: 1, first: 2, last: 3, chunks: 4, tile: 5, each: 6, crossing: 7, sums: 8, small: 9, size: 10 } as const;
/**
 * Entries of an iteration: list and launches of q = A p, of the update of x and r, and of the next p; the scalars <p, q>, |r|^2, alpha, beta; state; samples, lanes of their scalars, most
 * iterations, samples of a tile.
 */
export const GRADIENT = { lists: 0, pq: 6, rr: 7, alpha: 8, beta: 9, state: 10, batch: 11, lanes: 12, most: 13, tile: 14, size: 15 } as const;
/** Numbers of the state: iterations so far, then for each sample |r|^2, its goal and alpha. */
export const STATE = { samples: 1, size: 3 } as const;

/**
 * In C, with the pool of threads and the ranks of the machine: `replay` runs a list, `gradient` iterates until every sample has reached its goal or there were enough iterations. Before an iteration in which
 * <p, q> is not positive or |r|^2 no number it returns, with the state as it was; the iterations are then those of the samples of that tile, else the most of any. Both return the nanoseconds of exchanges and sums over ranks.
 */
export const replaySource = (): string => `${sumSource()}${nearSource()}${walkSource()}${gradientSource()}`;

const sumSource = (): string => `#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

${KERNEL_TYPE}
${POOL_TYPE}
struct around { char* memory; int64_t S, scratch, batch, lanes, unit, tile; struct pool* pool; const struct near* near; };

static double get(const struct around* w, int64_t at) { return w->unit == 4 ? (double)((float*)w->memory)[at] : ((double*)w->memory)[at]; }
static void put(const struct around* w, int64_t at, double x) {
  for (int64_t l = 0; l < w->lanes; l++)
    if (w->unit == 4) ((float*)w->memory)[at + l] = (float)x;
    else ((double*)w->memory)[at + l] = x;
}
static double bits(int64_t exponent, uint64_t mantissa) {
  union { uint64_t u; double d; } w = {.u = ((uint64_t)exponent << 52) | mantissa};
  return w.d;
}
static void carry(double* s, const double* round) {
  for (int j = 2; j >= 0; j--) {
    const double q = (s[1 + j] + round[j]) - round[j];
    s[1 + j] -= q;
    s[j] += q;
  }
}
/* The highest bin of chunks. */
static double top(const double* p, int64_t chunks) {
  double t = 3;
  for (int64_t c = 0; c < chunks; c++) if (p[${BIN_PARTS} * c] > t) t = p[${BIN_PARTS} * c];
  return t;
}
/* What lies in bin t and the two below it, and what is carried out of them. */
static void gather(const double* p, int64_t chunks, double t, double* s) {
  double round[3];
  for (int j = 0; j < 4; j++) s[j] = 0;
  if (t == ${SPECIAL}.0) {
    for (int64_t c = 0; c < chunks; c++) if (p[${BIN_PARTS} * c] == t) s[0] += p[${BIN_PARTS} * c + 1];
    return;
  }
  const int64_t bin = (int64_t)t;
  for (int j = 0; j < 3; j++) round[j] = bits(40 * (bin + 1 - j) - 5, 1ull << 51);
  for (int64_t c = 0; c < chunks; c++) {
    const double* x = p + ${BIN_PARTS} * c;
    for (int64_t j = 1, down = bin - (int64_t)x[0]; j + down < 4; j++) s[j + down] += x[j];
    if (c % 32 == 31) carry(s, round);
  }
  carry(s, round);
}
static double finished(double* s, double t) {
  double round[3];
  if (t == ${SPECIAL}.0) return s[0];
  const int64_t bin = (int64_t)t;
  for (int j = 0; j < 3; j++) round[j] = bits(40 * (bin + 1 - j) - 5, 1ull << 51);
  carry(s, round);
  for (int j = 2; j >= 0; j--) {
    const double half = bits(40 * (bin + 1 - j) - 58, 0);
    if (s[1 + j] >= half) {
      s[1 + j] -= 2 * half;
      s[j] += 2 * half;
    }
  }
  return s[0] + (s[1] + (s[2] + s[3]));
}
static double total(const double* p, int64_t chunks) {
  double s[4];
  const double t = top(p, chunks);
  gather(p, chunks, t, s);
  return finished(s, t);
}
`;

const walkSource = (): string => `
/* The launches of a list for samples from begin on, as many as make a tile. */
static int64_t walk(const struct around* w, int64_t list, int64_t count, int64_t begin) {
  double* F = (double*)w->memory;
  int32_t* I = (int32_t*)w->memory;
  const int64_t t = begin / w->tile, end = begin + w->tile < w->batch ? begin + w->tile : w->batch;
  const int64_t* x = (const int64_t*)(I + list);
  int64_t waited = 0;
  for (; count > 0; count--) {
    const kernel k = (kernel)x[${LAUNCH.kernel}];
    const int64_t chunks = x[${LAUNCH.tile}], each = x[${LAUNCH.each}], P = x[${LAUNCH.table}], first = x[${LAUNCH.first}], last = x[${LAUNCH.last}], totals = x[${LAUNCH.sums}];
    const int64_t c0 = t * chunks, c1 = c0 + chunks < x[${LAUNCH.chunks}] ? c0 + chunks : x[${LAUNCH.chunks}];
    const struct crossing* c = (const struct crossing*)(I + x[${LAUNCH.crossing}]);
    const int64_t* small = x + ${LAUNCH.size} + 2 * totals;
    for (int64_t j = 0; j < x[${LAUNCH.small}]; j++, small += 3) *(int64_t*)(I + small[0]) = small[1] - t * small[2];
    int64_t from = 0, to = 0;
    if (x[${LAUNCH.crossing}] && c->stale) {
      waited += cross(w, c, k, x);
      from = c->from;
      to = c->to;
    }
    if (from < to) {
      if (from > 0) k(F, I, P, w->S, first, last, 0, (int32_t)from);
      if (to < c1) k(F, I, P, w->S, first, last, (int32_t)to, (int32_t)c1);
    } else if (w->pool && c1 - c0 >= 2 * w->pool->threads) w->pool->run(w->pool, k, F, P, w->S, w->scratch, first, last, (int32_t)c0, (int32_t)c1);
    else k(F, I, P, w->S, first, last, (int32_t)c0, (int32_t)c1);
    x += ${LAUNCH.size};
    if (totals > 0 && w->near) {
      const int64_t since = now();
      sums(w, x, totals, each);
      waited += now() - since;
    } else
      for (int64_t j = 0; j < totals; j++)
        for (int64_t b = begin; b < end; b++) put(w, x[2 * j + 1] + b * w->lanes, total((const double*)(w->memory + w->unit * x[2 * j]) + ${BIN_PARTS} * each * b, each));
    x = small;
  }
  return waited;
}

int64_t replay(int64_t memory, int64_t list, int64_t count, int64_t S, int64_t scratch, int64_t batch, int64_t lanes, int64_t unit, int64_t tile, int64_t pool, int64_t near) {
  const struct around w = {(char*)memory, S, scratch, batch, lanes, unit, tile, (struct pool*)pool, (const struct near*)near};
  int64_t waited = 0;
  for (int64_t begin = 0; begin < batch; begin += tile) waited += walk(&w, list, count, begin);
  return waited;
}
`;

const gradientSource = (): string => `
struct sample { double rr, goal, alpha; };
/* Iterations of the samples of one tile, from *iterations on; 0 where one fails. */
static int iterate(const struct around* w, const int64_t* g, struct sample* s, int64_t begin, double* iterations, int64_t* waited) {
  const int64_t end = begin + w->tile < w->batch ? begin + w->tile : w->batch;
  for (;;) {
    int going = 0;
    for (int64_t b = begin; b < end; b++) going |= s[b].rr > s[b].goal;
    if (!going || *iterations >= (double)g[${GRADIENT.most}]) return 1;
    *waited += walk(w, g[0], g[1], begin);
    for (int64_t b = begin; b < end; b++) {
      const double a = get(w, g[${GRADIENT.pq}] + b * w->lanes);
      const int on = s[b].rr > s[b].goal;
      if (on && !(a > 0)) return 0;
      s[b].alpha = on ? s[b].rr / a : 0;
      put(w, g[${GRADIENT.alpha}] + b * w->lanes, s[b].alpha);
    }
    *waited += walk(w, g[2], g[3], begin);
    for (int64_t b = begin; b < end; b++) if (s[b].alpha != 0 && !(get(w, g[${GRADIENT.rr}] + b * w->lanes) >= 0)) return 0;
    going = 0;
    for (int64_t b = begin; b < end; b++) {
      double beta = 0;
      if (s[b].alpha != 0) {
        const double a = get(w, g[${GRADIENT.rr}] + b * w->lanes);
        beta = a / s[b].rr;
        s[b].rr = a;
      }
      put(w, g[${GRADIENT.beta}] + b * w->lanes, beta);
      going |= s[b].rr > s[b].goal;
    }
    *iterations += 1;
    if (going) *waited += walk(w, g[4], g[5], begin);
  }
}

int64_t gradient(int64_t memory, int64_t block, int64_t S, int64_t scratch, int64_t unit, int64_t pool, int64_t near) {
  const int64_t* g = (const int64_t*)((const int32_t*)memory + block);
  const struct around w = {(char*)memory, S, scratch, g[${GRADIENT.batch}], g[${GRADIENT.lanes}], unit, g[${GRADIENT.tile}], (struct pool*)pool, (const struct near*)near};
  int64_t waited = 0;
  double* state = (double*)(w.memory + unit * g[${GRADIENT.state}]);
  const double before = state[0];
  double most = before;
  for (int64_t begin = 0; begin < w.batch; begin += w.tile) {
    state[0] = before;
    if (!iterate(&w, g, (struct sample*)(state + ${STATE.samples}), begin, state, &waited)) return waited;
    most = state[0] > most ? state[0] : most;
  }
  state[0] = most;
  return waited;
}
`;
