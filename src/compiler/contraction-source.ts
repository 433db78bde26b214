/** Loops of weights on channels in C, for memory outside of WebAssembly's: those of contraction-kernel.ts in their order, so that the bits are the same. */

const PARAMETERS = {
  gather: ["b", "count", "table", "x", "stride", "bytes", "low", "high", "copyBlocks", "lanes", "to"],
  apply: ["count", "from", "bytes", "y", "stride", "weights", "made", "given", "alongMade", "alongGiven", "begin"],
  correlate: ["count", "from", "bytes", "y", "stride", "into", "out", "channels"],
} as const;

/** Names of the functions. */
export const CONTRACTIONS = Object.keys(PARAMETERS) as readonly (keyof typeof PARAMETERS)[];

/** Prototype of a function: where memory begins, then what its namesake takes. */
export const contractionHead = (name: keyof typeof PARAMETERS): string => `void ${name}(int64_t memory, ${PARAMETERS[name].map((p) => `int64_t ${p}`).join(", ")})`;

/** For blocks of `width` sites, at least two. Products must be rounded before they are added: -ffp-contract=off. */
export function contractionSource(width: number): string {
  return `#include <stdint.h>
#include <string.h>
enum { W = ${width}, ROWS = 4 };
typedef double V __attribute__((vector_size(${8 * width}), aligned(16), may_alias));
typedef double V2 __attribute__((vector_size(16), may_alias));
#define ALWAYS static inline __attribute__((always_inline))
#define AT(type, address) ((type*)(memory + (address)))

${contractionHead("gather")} {
  for (const int64_t end = b + count; b < end; b++, to += bytes) {
    int64_t entry = b * W;
    if (table) {
      entry = *AT(const int32_t, table);
      table += 4;
    }
    const int64_t block = entry / W, permutation = entry % W, inside = block % copyBlocks, from = x + block * stride;
    if (inside < low || inside >= high) memset(AT(char, to), 0, bytes);
    else if (permutation == 0) memcpy(AT(char, to), AT(char, from), bytes);
    else {
      const int32_t* lane = AT(const int32_t, lanes + 4 * permutation * W);
      for (int64_t k = 0; k < bytes; k += 8 * W)
        for (int l = 0; l < W; l++) AT(double, to + k)[l] = *AT(const double, from + k + lane[l]);
    }
  }
}

ALWAYS void applyRows(int rows, int64_t memory, int64_t from, int64_t to, int64_t row, int64_t given, int64_t alongMade, int64_t alongGiven, int64_t begin) {
  V s[ROWS];
  for (int r = 0; r < rows; r++) s[r] = begin ? (V){0} : AT(const V, to)[r];
  for (int64_t g = 0; g < given; g++, from += 8 * W) {
    const V x = *AT(const V, from);
    for (int r = 0; r < rows; r++) s[r] = s[r] + *AT(const double, row + r * alongMade + g * alongGiven) * x;
  }
  for (int r = 0; r < rows; r++) AT(V, to)[r] = s[r];
}

${contractionHead("apply")} {
  for (; count; count--, from += bytes, y += stride) {
    int64_t m = 0;
    for (; m + ROWS <= made; m += ROWS) applyRows(ROWS, memory, from, y + 8 * W * m, weights + m * alongMade, given, alongMade, alongGiven, begin);
    for (; m < made; m++) applyRows(1, memory, from, y + 8 * W * m, weights + m * alongMade, given, alongMade, alongGiven, begin);
  }
}

ALWAYS void correlateRows(int rows, int64_t memory, int64_t count, int64_t from, int64_t bytes, int64_t y, int64_t stride, int64_t into, int64_t channels) {
  for (int64_t i = 0; i < channels; i++) {
    V2 s[ROWS];
    for (int r = 0; r < rows; r++) s[r] = *AT(const V2, into + 16 * (r * channels + i));
    for (int64_t b = 0; b < count; b++)
      for (int pair = 0; pair < W / 2; pair++) {
        const V2 x = *AT(const V2, from + b * bytes + 8 * W * i + 16 * pair);
        for (int r = 0; r < rows; r++) s[r] = s[r] + *AT(const V2, y + b * stride + 8 * W * r + 16 * pair) * x;
      }
    for (int r = 0; r < rows; r++) *AT(V2, into + 16 * (r * channels + i)) = s[r];
  }
}

${contractionHead("correlate")} {
  int64_t m = 0;
  for (; m + ROWS <= out; m += ROWS) correlateRows(ROWS, memory, count, from, bytes, y + 8 * W * m, stride, into + 16 * m * channels, channels);
  for (; m < out; m++) correlateRows(1, memory, count, from, bytes, y + 8 * W * m, stride, into + 16 * m * channels, channels);
}
`;
}
