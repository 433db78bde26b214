/** Loops of weights on channels in C, for memory outside of WebAssembly's: those of contraction-kernel.ts in their order, so that the bits are the same. */

const PARAMETERS = {
  flag: ["b", "end", "x", "stride", "bytes", "flags"],
  gather: ["b", "count", "table", "x", "stride", "bytes", "low", "high", "copyBlocks", "lanes", "near", "nearStep", "flags", "nothing", "list", "listStep"],
  apply: ["count", "list", "taps", "y", "stride", "weights", "made", "fours", "given", "nothing"],
  correlate: ["count", "list", "flags", "y", "stride", "into", "out", "fours", "channels", "nothing", "pairs"],
} as const;

/** Names of the functions. */
export const CONTRACTIONS = Object.keys(PARAMETERS) as readonly (keyof typeof PARAMETERS)[];

/** Prototype of a function: where memory begins, then what its namesake takes. */
export const contractionHead = (name: keyof typeof PARAMETERS): string => `void ${name}(int64_t memory, ${PARAMETERS[name].map((p) => `int64_t ${p}`).join(", ")})`;

/** For blocks of `width` sites, at least two. Products must be rounded before they are added: -ffp-contract=off. */
export const contractionSource = (width: number): string => `${neighbours(width)}${PRODUCTS}`;

const neighbours = (width: number): string => `#include <stdint.h>
enum { W = ${width}, BESIDE = 2, MOST = 5 };
typedef double V __attribute__((vector_size(${8 * width}), aligned(16), may_alias));
typedef double V2 __attribute__((vector_size(16), may_alias));
#define ALWAYS static inline __attribute__((always_inline))
#define AT(type, address) ((type*)(memory + (address)))

${contractionHead("flag")} {
  for (; b < end; b++) {
    const double* at = AT(const double, x + b * stride);
    int found = 0;
    for (int64_t k = 0; k < bytes / 8 && !found; k++) found = at[k] != 0;
    AT(int32_t, flags)[b] = found;
  }
}

${contractionHead("gather")} {
  for (const int64_t end = b + count; b < end; b++, near += nearStep, list += listStep) {
    int64_t entry = b * W;
    if (table) {
      entry = *AT(const int32_t, table);
      table += 4;
    }
    const int64_t block = entry / W, permutation = entry % W, inside = block % copyBlocks;
    int64_t from = nothing;
    if (inside >= low && inside < high && AT(const int32_t, flags)[block]) {
      from = x + block * stride;
      if (permutation) {
        const int32_t* lane = AT(const int32_t, lanes + 4 * permutation * W);
        for (int64_t k = 0; k < bytes; k += 8 * W)
          for (int l = 0; l < W; l++) AT(double, near + k)[l] = *AT(const double, from + k + lane[l]);
        from = near;
      }
    }
    *AT(int64_t, list) = from;
  }
}
`;

const PRODUCTS = `
ALWAYS int64_t applyRows(int rows, int beside, int64_t memory, int64_t list, int64_t taps, int64_t y, int64_t stride, int64_t w, int64_t given, int64_t nothing) {
  V s[BESIDE][MOST];
  for (int p = 0; p < beside; p++) for (int r = 0; r < rows; r++) s[p][r] = (V){0};
  for (int64_t k = 0; k < taps; k++) {
    int64_t at[BESIDE], some = 0;
    for (int p = 0; p < beside; p++) some |= (at[p] = AT(const int64_t, list)[p * taps + k]) != nothing;
    if (!some) {
      w += 8 * rows * given;
      continue;
    }
    for (int64_t g = 0; g < given; g++, w += 8 * rows)
      for (int p = 0; p < beside; p++) {
        const V x = AT(const V, at[p])[g];
        for (int r = 0; r < rows; r++) s[p][r] = s[p][r] + AT(const double, w)[r] * x;
      }
  }
  for (int p = 0; p < beside; p++) for (int r = 0; r < rows; r++) AT(V, y + p * stride)[r] = s[p][r];
  return w;
}

ALWAYS void applyBlocks(int beside, int64_t memory, int64_t list, int64_t taps, int64_t y, int64_t stride, int64_t w, int64_t made, int64_t fours, int64_t given, int64_t nothing) {
  int64_t m = 0;
  for (; m + 4 <= fours; m += 4) w = applyRows(4, beside, memory, list, taps, y + 8 * W * m, stride, w, given, nothing);
  for (; m + 5 <= made; m += 5) w = applyRows(5, beside, memory, list, taps, y + 8 * W * m, stride, w, given, nothing);
  for (; m < made; m++) w = applyRows(1, beside, memory, list, taps, y + 8 * W * m, stride, w, given, nothing);
}

${contractionHead("apply")} {
  for (; count >= 2; count -= 2, list += 16 * taps, y += 2 * stride) applyBlocks(2, memory, list, taps, y, stride, weights, made, fours, given, nothing);
  if (count) applyBlocks(1, memory, list, taps, y, stride, weights, made, fours, given, nothing);
}

ALWAYS void correlateBlock(int rows, int beside, int64_t memory, int64_t pairs, int64_t n, int64_t m, int64_t i, int64_t into, int64_t channels) {
  V2 s[BESIDE][MOST];
  for (int p = 0; p < beside; p++) for (int r = 0; r < rows; r++) s[p][r] = *AT(const V2, into + 16 * ((m + r) * channels + i + p));
  for (int64_t e = 0; e < n; e++) {
    const int64_t from = AT(const int64_t, pairs)[2 * e] + 8 * W * i, own = AT(const int64_t, pairs)[2 * e + 1] + 8 * W * m;
    for (int pair = 0; pair < W / 2; pair++)
      for (int p = 0; p < beside; p++) {
        const V2 x = *AT(const V2, from + 8 * W * p + 16 * pair);
        for (int r = 0; r < rows; r++) s[p][r] = s[p][r] + *AT(const V2, own + 8 * W * r + 16 * pair) * x;
      }
  }
  for (int p = 0; p < beside; p++) for (int r = 0; r < rows; r++) *AT(V2, into + 16 * ((m + r) * channels + i + p)) = s[p][r];
}

ALWAYS void correlateRows(int rows, int64_t memory, int64_t pairs, int64_t n, int64_t m, int64_t into, int64_t channels) {
  int64_t i = 0;
  for (; i + 2 <= channels; i += 2) correlateBlock(rows, 2, memory, pairs, n, m, i, into, channels);
  if (i < channels) correlateBlock(rows, 1, memory, pairs, n, m, i, into, channels);
}

${contractionHead("correlate")} {
  int64_t n = 0, m = 0;
  for (int64_t b = 0; b < count; b++)
    if (AT(const int64_t, list)[b] != nothing && AT(const int32_t, flags)[b]) {
      AT(int64_t, pairs)[2 * n] = AT(const int64_t, list)[b];
      AT(int64_t, pairs)[2 * n++ + 1] = y + b * stride;
    }
  for (; m + 4 <= fours; m += 4) correlateRows(4, memory, pairs, n, m, into, channels);
  for (; m + 5 <= out; m += 5) correlateRows(5, memory, pairs, n, m, into, channels);
  for (; m < out; m++) correlateRows(1, memory, pairs, n, m, into, channels);
}
`;
