/* Hand-written loops on blocks of W sites, the yardstick of the emitters: plaquette action and force from all staples, the same through a
   stout step (stout.c), and the staggered operator. Links [block][direction][18][W], vectors [block][6][W]; neighbour tables [block][2 direction + (0 forward, 1 back)] hold
   block * W + the exclusive-or mask of the lanes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef double V __attribute__((vector_size(8 * W)));
typedef int64_t M __attribute__((vector_size(8 * W)));
#define MICRO static __attribute__((noinline)) void

int64_t reserve(int64_t bytes) { void* p = aligned_alloc(64, (bytes + 63) / 64 * 64); memset(p, 0, bytes); return (int64_t)p; }
void release(int64_t p) { free((void*)p); }
void put(int64_t to, void* from, int64_t bytes) { memcpy((void*)to, from, bytes); }
void get(void* to, int64_t from, int64_t bytes) { memcpy(to, (void*)from, bytes); }

static inline V swap(V x, int mask) {
  M m;
  for (int l = 0; l < W; l++) m[l] = l ^ mask;
#ifdef __clang__
  V r;
  for (int l = 0; l < W; l++) r[l] = x[l ^ mask];
  return r;
#else
  return __builtin_shuffle(x, m);
#endif
}
MICRO swapped(V* to, const V* from, int n, int mask) { for (int k = 0; k < n; k++) to[k] = swap(from[k], mask); }
static inline const V* fetch(const V* f, int64_t stride, int64_t offset, int n, int32_t e, V* copy) {
  const V* x = f + (e / W) * stride + offset;
  if (e % W == 0) return x;
  swapped(copy, x, n, e % W);
  return copy;
}

/* c (+)= a b with a or b conjugated and transposed. */
#define PRODUCT(name, AR, AI, SA, BR, BI, SB, ADD)                                                        \
  MICRO name(V* restrict c, const V* a, const V* b) {                                                     \
    for (int i = 0; i < 3; i++)                                                                           \
      for (int j = 0; j < 3; j++) {                                                                       \
        V re = ADD ? c[2 * (3 * i + j)] : (V){0}, im = ADD ? c[2 * (3 * i + j) + 1] : (V){0};             \
        for (int k = 0; k < 3; k++) {                                                                     \
          const V ar = a[AR], ai = a[AI], br = b[BR], bi = b[BI];                                         \
          re += ar * br;                                                                                  \
          re -= (SA * SB) * (ai * bi);                                                                    \
          im += SB * (ar * bi);                                                                           \
          im += SA * (ai * br);                                                                           \
        }                                                                                                 \
        c[2 * (3 * i + j)] = re;                                                                          \
        c[2 * (3 * i + j) + 1] = im;                                                                      \
      }                                                                                                   \
  }
#define STRAIGHT(x, y) 2 * (3 * x + y), 2 * (3 * x + y) + 1, 1
#define DAGGER(x, y) 2 * (3 * y + x), 2 * (3 * y + x) + 1, -1
#define MAKE(name, A, B, ADD) PRODUCT(name, A, B, ADD)
#define EXPAND(...) __VA_ARGS__
#undef MAKE
#define MAKE2(name, ar, ai, sa, br, bi, sb, add) PRODUCT(name, ar, ai, sa, br, bi, sb, add)
#define MAKE(name, A, B, ADD) MAKE2(name, A, B, ADD)
MAKE(nn, STRAIGHT(i, k), STRAIGHT(k, j), 0)
MAKE(na, STRAIGHT(i, k), DAGGER(k, j), 0)
MAKE(na_add, STRAIGHT(i, k), DAGGER(k, j), 1)
MAKE(an_add, DAGGER(i, k), STRAIGHT(k, j), 1)

/* F = -(1/2) TA(A). */
MICRO project(V* f, const V* a) {
  const V mean = (a[1] + a[9] + a[17]) * (1.0 / 3);
  for (int i = 0; i < 3; i++) {
    f[8 * i] = (V){0};
    f[8 * i + 1] = -0.5 * (a[8 * i + 1] - mean);
    for (int j = i + 1; j < 3; j++) {
      const V re = -0.25 * (a[2 * (3 * i + j)] - a[2 * (3 * j + i)]), im = -0.25 * (a[2 * (3 * i + j) + 1] + a[2 * (3 * j + i) + 1]);
      f[2 * (3 * i + j)] = re;
      f[2 * (3 * j + i)] = -re;
      f[2 * (3 * i + j) + 1] = f[2 * (3 * j + i) + 1] = im;
    }
  }
}

/* Sum of Re tr over all plaquettes; its force field in `force`. */
double wilson(int64_t links, int64_t force, int64_t table, int32_t blocks) {
  const V* U = (const V*)links;
  V* F = (V*)force;
  const int32_t* nb = (const int32_t*)table;
  V total = {0};
  V c[6][18], t[18], s[18], a[18];
  for (int64_t b = 0; b < blocks; b++)
    for (int mu = 0; mu < 4; mu++) {
      const V* link = U + b * 72 + mu * 18;
      const int32_t there = nb[8 * b + 2 * mu];
      memset(s, 0, sizeof s);
      for (int nu = 0; nu < 4; nu++) {
        if (nu == mu) continue;
        const int32_t up = nb[8 * b + 2 * nu], down = nb[8 * b + 2 * nu + 1];
        const int32_t corner = nb[8 * (int64_t)(there / W) + 2 * nu + 1] ^ (there % W);
        na(t, fetch(U, 72, nu * 18, 18, there, c[0]), fetch(U, 72, mu * 18, 18, up, c[1]));
        na_add(s, t, U + b * 72 + nu * 18);
        nn(t, fetch(U, 72, mu * 18, 18, down, c[2]), fetch(U, 72, nu * 18, 18, corner, c[3]));
        an_add(s, t, fetch(U, 72, nu * 18, 18, down, c[4]));
      }
      nn(a, link, s);
      total += a[0] + a[8] + a[16];
      project(F + b * 72 + mu * 18, a);
    }
  double sum = 0;
  for (int l = 0; l < W; l++) sum += total[l];
  return sum / 4;
}

/* y += sign m x, or sign m^+ x. */
static inline void apply(V* y, const V* m, const V* x, int dagger) {
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++) {
      const V re = dagger ? m[2 * (3 * k + i)] : m[2 * (3 * i + k)], im = dagger ? -m[2 * (3 * k + i) + 1] : m[2 * (3 * i + k) + 1];
      const V xr = dagger ? -x[2 * k] : x[2 * k], xi = dagger ? -x[2 * k + 1] : x[2 * k + 1];
      y[2 * i] += re * xr;
      y[2 * i] -= im * xi;
      y[2 * i + 1] += re * xi;
      y[2 * i + 1] += im * xr;
    }
}
MICRO forward(V* y, const V* m, const V* x) { apply(y, m, x, 0); }
MICRO backward(V* y, const V* m, const V* x) { apply(y, m, x, 1); }

/* out(n) = (1/2) sum_mu [V_mu(n) x(n+mu) - V_mu(n-mu)^+ x(n-mu)] on all sites, phases included in the links. */
void staggered(int64_t links, int64_t in, int64_t out, int64_t table, int32_t blocks) {
  const V *U = (const V*)links, *x = (const V*)in;
  V* y = (V*)out;
  const int32_t* nb = (const int32_t*)table;
  V c[18], d[6];
  for (int64_t b = 0; b < blocks; b++) {
    V sum[6];
    memset(sum, 0, sizeof sum);
    for (int mu = 0; mu < 4; mu++) {
      const int32_t up = nb[8 * b + 2 * mu], down = nb[8 * b + 2 * mu + 1];
      forward(sum, U + b * 72 + mu * 18, fetch(x, 6, 0, 6, up, d));
      backward(sum, fetch(U, 72, mu * 18, 18, down, c), fetch(x, 6, 0, 6, down, d));
    }
    for (int k = 0; k < 6; k++) y[b * 6 + k] = 0.5 * sum[k];
  }
}

#include "stout.c"
