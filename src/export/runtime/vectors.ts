/** Vectors of an exported library: W sites in the lanes of one, by the extensions of gcc and clang; one site without them. */
import { fill, prefixes } from "../template.ts";

/** Stage s of turning over a square of W vectors: lanes of two of them that go to the first and to the second. */
function stage(W: number, s: number): string {
  const list = (second: boolean): string => Array.from({ length: W }, (_, l) => ((l & s) === 0 ? l + (second ? s : 0) : W + l - (second ? 0 : s))).join(", ");
  return `#define FIRST${s} ${list(false)}\n#define SECOND${s} ${list(true)}`;
}

const lanes = (W: number): string => {
  const stages = [1, 2, 4].filter((s) => s < W);
  const square = `${stages.map((s) => stage(W, s)).join("\n")}\n#define SQUARE ${stages.map((s) => `STAGE(${s}, FIRST${s}, SECOND${s})`).join(" ")}`;
  const cases = Array.from({ length: W - 1 }, (_, k) => `    case ${k + 1}: for (int i = 0; i < n; i++) to[i] = SHUFFLE(from[i], ${Array.from({ length: W }, (_x, l) => l ^ (k + 1)).join(", ")}); break;`);
  return `#define ALL(x) ((V){${Array.from({ length: W }, () => "x").join(", ")}})\n#define PERMUTATIONS \\\n${cases.join(" \\\n")}\n${square}`;
};

const TEXT = `/* Values are vectors of W doubles, the sites at one place of W equal parts of the lattice. -D@P@_LANES=1, 2, 4 or 8 chooses. */
#ifndef @P@_LANES
#if !defined(__GNUC__)
#define @P@_LANES 1
#elif defined(__AVX512F__)
#define @P@_LANES 8
#elif defined(__AVX__)
#define @P@_LANES 4
#else
#define @P@_LANES 2
#endif
#endif
enum { W = @P@_LANES };
#if defined(__GNUC__)
#define MICRO static __attribute__((noinline))
#define UNUSED __attribute__((unused))
#else
#define MICRO static
#define UNUSED
#endif
#define PART MICRO
#define APART MICRO
#define KERNEL static
#if @P@_LANES == 1
typedef double V;
typedef int M;
#define LANE(v, l) (v)
#define ALL(x) (x)
#define PERMUTATIONS
#define choose(c, a, b) ((c) ? (a) : (b))
#define magnitude(a) fabs(a)
#define root(a) sqrt(a)
#define lane_max(a) (a)
#define transpose(x) ((void)0)
#else
typedef double V __attribute__((vector_size(8 * @P@_LANES), may_alias));
typedef int64_t M __attribute__((vector_size(8 * @P@_LANES), may_alias));
#define LANE(v, l) (v)[l]
#ifdef __clang__
#define SHUFFLE(x, ...) __builtin_shufflevector(x, x, __VA_ARGS__)
#define MIX(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
#define SHUFFLE(x, ...) __builtin_shuffle(x, (M){__VA_ARGS__})
#define MIX(x, y, ...) __builtin_shuffle(x, y, (M){__VA_ARGS__})
#endif
#if @P@_LANES == 8
@eight@
#elif @P@_LANES == 4
@four@
#else
@two@
#endif
UNUSED static inline V choose(M c, V a, V b) { return (V)(((M)a & c) | ((M)b & ~c)); }
UNUSED static inline V magnitude(V a) { return (V)((M)a & (INT64_MAX + (M){0})); }
UNUSED static inline V root(V a) { V r = a; for (int l = 0; l < W; l++) r[l] = sqrt(a[l]); return r; }
UNUSED static inline double lane_max(V a) { double m = a[0]; for (int l = 1; l < W; l++) m = a[l] > m ? a[l] : m; return m; }
/* Lane l of vector k and lane k of vector l change places: pairs of vectors exchange lanes whose numbers differ in one bit, bit by bit. */
#define STAGE(s, A, B) \\
  for (int k = 0; k < W; k++) \\
    if ((k & s) == 0) { \\
      const V x = v[k], y = v[k + s]; \\
      v[k] = MIX(x, y, A); \\
      v[k + s] = MIX(x, y, B); \\
    }
UNUSED static inline void transpose(V* v) { SQUARE }
#endif

/* A vector to memory that is not read again soon, past the caches: no line is fetched to be overwritten. SETTLE: other threads see them. */
#if defined(__AVX512F__) && @P@_LANES == 8
#include <immintrin.h>
#define STREAM(to, x) _mm512_stream_pd(to, (__m512d)(x))
#elif defined(__AVX__) && @P@_LANES == 4
#include <immintrin.h>
#define STREAM(to, x) _mm256_stream_pd(to, (__m256d)(x))
#elif defined(__SSE2__) && @P@_LANES == 2
#include <emmintrin.h>
#define STREAM(to, x) _mm_stream_pd(to, (__m128d)(x))
#endif
#ifdef STREAM
#define SETTLE() _mm_sfence()
#else
#define STREAM(to, x) memcpy(to, &(x), sizeof(V))
#define SETTLE() ((void)0)
#endif
#ifdef __GNUC__
#define PREFETCH(x) __builtin_prefetch(x)
#else
#define PREFETCH(x) ((void)(x))
#endif

static void* allocate(int64_t bytes) {
  const int64_t room = (bytes + 127) / 64 * 64;
  void* x = aligned_alloc(64, (size_t)room);
  if (x) memset(x, 0, (size_t)room);
  return x;
}

static void deallocate(void* x) { free(x); }

/* The n components of an operand at a displaced block, blocks being "stride" vectors apart: in place, or copied with lanes exchanged where the displacement leaves the part. */
UNUSED MICRO const V* across(const double* base, int n, int stride, int32_t entry, V* copy) {
  const V* from = (const V*)(base + (int64_t)(entry / W) * stride * W);
#if @P@_LANES == 1
  (void)n;
  (void)copy;
  return from;
#else
  V* to = copy;
  switch (entry % W) {
    PERMUTATIONS
    default: return from;
  }
  return copy;
#endif
}
`;

/** The part of NAME.c before everything else. */
export const vectors = (name: string): string => fill(TEXT, { ...prefixes(name), eight: lanes(8), four: lanes(4), two: lanes(2) });
