/** Loops of weights on channels in C, for memory outside of WebAssembly's: those of contraction-kernel.ts, whose results have the same bits. */

const NEIGHBOURS = ["table", "count", "groups", "blocks", "taps", "x", "stride", "channels", "flags", "lanes", "near"] as const;
const PARAMETERS = {
  flag: ["b", "end", "x", "stride", "channels", "flags"],
  peaks: ["b", "end", "x", "stride", "channels", "flags", "into"],
  apply: [...NEIGHBOURS, "y", "yStride", "weights", "made", "eights", "fours", "nothing", "room"],
  correlate: [...NEIGHBOURS, "y", "yStride", "sums", "out", "eights", "fours", "ownFlags", "cell", "pairs", "units"],
} as const;

/** Names of the functions. */
export const CONTRACTIONS = Object.keys(PARAMETERS) as readonly (keyof typeof PARAMETERS)[];

/** Prototype of a function: where memory begins, then what its namesake takes. */
export const contractionHead = (name: keyof typeof PARAMETERS): string => `void ${name}(int64_t memory, ${PARAMETERS[name].map((p) => `int64_t ${p}`).join(", ")})`;

/** For blocks of `width` sites, at least two. Products must be rounded before they are added: -ffp-contract=off. */
export const contractionSource = (width: number): string => `${neighbours(width)}${PRODUCTS}${SUMS}`;

const neighbours = (width: number): string => `#include <stdint.h>
enum { W = ${width}, BESIDE = 2, MOST = 8 };
typedef double V __attribute__((vector_size(${8 * width}), aligned(16), may_alias));
typedef int64_t M __attribute__((vector_size(${8 * width}), aligned(16), may_alias));
#define ALWAYS static inline __attribute__((always_inline))
#define AT(type, address) ((type*)(memory + (address)))
struct flag { int32_t first, end; };
struct neighbour { int64_t at; int32_t first, end; };

/* Is a number not 0 or -0? Comparing them one by one takes as long as multiplying. */
ALWAYS int some(const V* x) {
  int64_t found = 0;
  for (int l = 0; l < W; l++) found |= (*(const M*)x)[l];
  return (found & INT64_MAX) != 0;
}

${contractionHead("flag")} {
  for (; b < end; b++) {
    const V* at = AT(const V, x + b * stride);
    struct flag f = {0, channels};
    while (f.first < channels && !some(at + f.first)) f.first++;
    if (f.first == channels) f.end = 0;
    while (f.end > 0 && !some(at + f.end - 1)) f.end--;
    AT(struct flag, flags)[b] = f;
  }
}

${contractionHead("peaks")} {
  for (; b < end; b++)
    for (int64_t k = AT(const struct flag, flags)[b].first; k < AT(const struct flag, flags)[b].end; k++) {
      const M a = AT(const M, x + b * stride)[k] & INT64_MAX, most = AT(const M, into)[k], above = (V)a > (V)most;
      AT(M, into)[k] = (a & above) | (most & ~above);
    }
}

/* The neighbour behind an entry: its block in the group times W, plus the number of the permutation of its lanes, or -1. */
ALWAYS struct neighbour neighbour(int64_t memory, int32_t entry, int64_t before, int64_t x, int64_t stride, int64_t channels, int64_t flags, int64_t lanes, int64_t near, int64_t nothing) {
  if (entry < 0) return (struct neighbour){nothing, channels, 0};
  const int64_t block = entry / W + before, from = x + block * stride;
  const struct flag f = AT(const struct flag, flags)[block];
  if (entry % W == 0) return (struct neighbour){from, f.first, f.end};
  const int32_t* lane = AT(const int32_t, lanes + 4 * (entry % W) * W);
  for (int64_t k = 0; k < channels; k++)
    for (int l = 0; l < W; l++) AT(double, near)[k * W + l] = AT(const double, from)[k * W + lane[l]];
  return (struct neighbour){near, f.first, f.end};
}
`;

const PRODUCTS = `
ALWAYS int64_t applyRows(int rows, int beside, int64_t memory, const struct neighbour* const list[BESIDE], int64_t taps, const int64_t y[BESIDE], int64_t w, int64_t given) {
  V s[BESIDE][MOST];
  for (int p = 0; p < beside; p++) for (int r = 0; r < rows; r++) s[p][r] = (V){0};
  for (int64_t k = 0; k < taps; k++, w += 8 * rows * given) {
    int64_t g = list[0][k].first, end = list[0][k].end;
    if (beside > 1 && list[1][k].first < g) g = list[1][k].first;
    if (beside > 1 && list[1][k].end > end) end = list[1][k].end;
    for (; g < end; g++)
      for (int p = 0; p < beside; p++) {
        const V x = AT(const V, list[p][k].at)[g];
        for (int r = 0; r < rows; r++) s[p][r] = s[p][r] + AT(const double, w)[rows * g + r] * x;
      }
  }
  for (int p = 0; p < beside; p++) for (int r = 0; r < rows; r++) AT(V, y[p])[r] = s[p][r];
  return w;
}

#define ROWS(rows) (w = applyRows(rows, beside, memory, list, taps, (const int64_t[]){y[0] + 8 * W * m, beside > 1 ? y[1] + 8 * W * m : 0}, w, given))
ALWAYS void applyBlocks(int beside, int64_t memory, const struct neighbour* const list[BESIDE], int64_t taps, const int64_t y[BESIDE], int64_t w, int64_t made, int64_t eights, int64_t fours, int64_t given) {
  int64_t m = 0;
  for (; m + 8 <= eights; m += 8) ROWS(8);
  for (; m + 4 <= fours; m += 4) ROWS(4);
  for (; m + 3 <= made; m += 3) ROWS(3);
  for (; m + 2 <= made; m += 2) ROWS(2);
  for (; m < made; m++) ROWS(1);
}

${contractionHead("apply")} {
  struct neighbour* const list[BESIDE] = {AT(struct neighbour, room), AT(struct neighbour, room) + taps};
  for (int64_t g = 0; g < groups;) {
    /* the same block of two groups, or two of one */
    const int both = g + 1 < groups;
    for (int64_t n = 0; n < count;) {
      const int beside = both || n + 1 < count ? 2 : 1;
      int64_t own[BESIDE] = {0};
      for (int p = 0; p < beside; p++) {
        const int32_t* row = AT(const int32_t, table) + (both ? n : n + p) * (taps + 1);
        const int64_t before = (both ? g + p : g) * blocks;
        own[p] = y + (row[0] + before) * yStride;
        for (int64_t k = 0; k < taps; k++) list[p][k] = neighbour(memory, row[k + 1], before, x, stride, channels, flags, lanes, near + 8 * W * channels * (p * taps + k), nothing);
      }
      if (beside == 2) applyBlocks(2, memory, (const struct neighbour* const*)list, taps, own, weights, made, eights, fours, channels);
      else applyBlocks(1, memory, (const struct neighbour* const*)list, taps, own, weights, made, eights, fours, channels);
      n += both ? 1 : beside;
    }
    g += both ? 2 : 1;
  }
}
`;

const SUMS = `
struct pair { int64_t from, own; };

/* The part of a sum in a unit, given 3/2 of what rounds to multiples of it, is added at an address; what is left stays. */
ALWAYS void part(V* s, double unit, V* to) {
  const V q = *s + unit - unit;
  *to = *to + q;
  *s = *s - q;
}

ALWAYS void correlateBlock(int rows, int beside, int64_t memory, const struct pair* pairs, int64_t n, int64_t m, int64_t i, int64_t into, int64_t channels, const double* units, int64_t out) {
  V s[BESIDE][MOST];
  for (int p = 0; p < beside; p++) for (int r = 0; r < rows; r++) s[p][r] = (V){0};
  for (int64_t e = 0; e < n; e++)
    for (int p = 0; p < beside; p++) {
      const V x = AT(const V, pairs[e].from)[i + p];
      for (int r = 0; r < rows; r++) s[p][r] = s[p][r] + AT(const V, pairs[e].own)[m + r] * x;
    }
  for (int p = 0; p < beside; p++)
    for (int r = 0; r < rows; r++) {
      V* to = AT(V, into) + 2 * ((m + r) * channels + i + p);
      const double unit = units[1 + m + r] * units[1 + out + i + p];
      part(&s[p][r], unit, to);
      part(&s[p][r], unit * units[0], to + 1);
    }
}

ALWAYS void correlateRows(int rows, int64_t memory, const struct pair* pairs, int64_t n, int64_t m, int64_t into, int64_t channels, const double* units, int64_t out) {
  int64_t i = 0;
  for (; i + 2 <= channels; i += 2) correlateBlock(rows, 2, memory, pairs, n, m, i, into, channels, units, out);
  if (i < channels) correlateBlock(rows, 1, memory, pairs, n, m, i, into, channels, units, out);
}

#define SUM(rows) correlateRows(rows, memory, pair, n, m, into, channels, AT(const double, units), out)
${contractionHead("correlate")} {
  struct pair* pair = AT(struct pair, pairs);
  for (int64_t first = 0; first < count; first += cell)
    for (int64_t k = 0; k < taps; k++) {
      const int64_t into = sums + 16 * W * k * out * channels;
      int64_t n = 0, m = 0;
      for (int64_t g = 0; g < groups; g++)
        for (int64_t b = first; b < first + cell; b++) {
          const int32_t* row = AT(const int32_t, table) + b * (taps + 1);
          const int64_t own = row[0] + g * blocks;
          if (AT(const struct flag, ownFlags)[own].end == 0) continue;
          const struct neighbour x_n = neighbour(memory, row[k + 1], g * blocks, x, stride, channels, flags, lanes, near + 8 * W * channels * n, 0);
          if (x_n.end > 0) pair[n++] = (struct pair){x_n.at, y + own * yStride};
        }
      if (n == 0) continue;
      for (; m + 8 <= eights; m += 8) SUM(8);
      for (; m + 4 <= fours; m += 4) SUM(4);
      for (; m + 3 <= out; m += 3) SUM(3);
      for (; m + 2 <= out; m += 2) SUM(2);
      for (; m < out; m++) SUM(1);
    }
}
`;
