/**
 * Kernels that every device has: sums whose bits depend on no order (see binned-sum.ts), copies and zeros. Values of a sum become records of bin, carry and three
 * sums, one for at most FAN of them, and records become fewer in the same way until FAN are left, whose total goes to its scalar. Threads of one pass take
 * values side by side.
 */
import { ENGINE_WORDS } from "./words.ts";

/** Values or records that one thread adds. */
export const FAN = 64;
/** Doubles of a record. */
export const RECORD = 5;
/** Totals of one launch. */
export const TOTALS = 64;

export const RUNTIME = `${ENGINE_WORDS}
enum { FAN = ${FAN}, RECORD = ${RECORD}, DIGITS = 40, LOWEST = 3 };
#define SPECIAL 1e9
static __device__ double bin_round(int64_t t) { return __longlong_as_double(((long long)(DIGITS * t - 5) << 52) | (1ll << 51)); }
static __device__ double bin_unit(int64_t t) { return __longlong_as_double((long long)(DIGITS * t - 57) << 52); }

/* Moves what exceeds each bin to the one above; s[0] is what was carried out of the highest one. */
static __device__ void carry(int64_t t, double* s) {
  for (int j = 2; j >= 0; j--) {
    const double c = bin_round(t + 1 - j), q = (s[1 + j] + c) - c;
    s[1 + j] -= q;
    s[j] += q;
  }
}

/* The record of the values x[0], x[stride], ... before x[n]. */
static __device__ void record_of(const double* x, int64_t n, int64_t stride, double* r) {
  double largest = 0, plain = 0;
  for (int64_t k = 0; k < n; k += stride) {
    const double y = fabs(x[k]);
    if (!(y <= largest)) largest = y;
    plain += x[k];
  }
  for (int j = 1; j < RECORD; j++) r[j] = 0;
  if (!(largest < 0x1p960) || plain != plain) {
    r[0] = SPECIAL;
    r[1] = plain;
    return;
  }
  int64_t t = ((__double_as_longlong(largest) >> 52) + 57) / DIGITS;
  if (t < LOWEST) t = LOWEST;
  const double c0 = bin_round(t), c1 = bin_round(t - 1), c2 = bin_round(t - 2);
  for (int64_t k = 0; k < n; k += stride) {
    double v = x[k], q = (v + c0) - c0;
    r[2] += q;
    v -= q;
    q = (v + c1) - c1;
    r[3] += q;
    v -= q;
    r[4] += (v + c2) - c2;
  }
  r[0] = (double)t;
  carry(t, r + 1);
}

/* The record of the records x[0], x[stride], ... before x[n]: bins below the three highest never count. */
static __device__ void merged(const double* x, int64_t n, int64_t stride, double* r) {
  double top = LOWEST;
  for (int64_t k = 0; k < n; k += stride) top = x[RECORD * k] > top ? x[RECORD * k] : top;
  r[0] = top;
  for (int j = 1; j < RECORD; j++) r[j] = 0;
  for (int64_t k = 0; k < n; k += stride) {
    const double* y = x + RECORD * k;
    if (top == SPECIAL) {
      if (y[0] == SPECIAL) r[1] += y[1];
      continue;
    }
    const int down = (int)(top - y[0]);
    for (int j = 0; j < 4 && j + down < 4; j++) r[1 + j + down] += y[1 + j];
  }
  if (top != SPECIAL) carry((int64_t)top, r + 1);
}

/* Digits in [-1/2, 1/2): there is one way to write a total. */
static __device__ double total_of(double* r) {
  if (r[0] == SPECIAL) return r[1];
  const int64_t t = (int64_t)r[0];
  double* s = r + 1;
  for (int j = 2; j >= 0; j--) {
    const double above = bin_unit(t + 1 - j);
    if (s[1 + j] >= above / 2) {
      s[1 + j] -= above;
      s[j] += above;
    }
  }
  return s[0] + (s[1] + (s[2] + s[3]));
}

/* Each of the sums has n values or records, of which it leaves m records. */
struct pass { const double* from; double* to; int64_t n, m, sums; };
ENTRY(sum_values, struct pass) {
  const int64_t t = THREAD, k = t % a.m;
  if (t < a.sums * a.m) record_of(a.from + t / a.m * a.n + k, a.n - k, a.m, a.to + RECORD * t);
}
ENTRY(sum_records, struct pass) {
  const int64_t t = THREAD, k = t % a.m;
  if (t < a.sums * a.m) merged(a.from + RECORD * (t / a.m * a.n + k), a.n - k, a.m, a.to + RECORD * t);
}
struct totals { const double* from; double* memory; int64_t n, sums; int32_t at[${TOTALS}]; };
ENTRY(sum_totals, struct totals) {
  const int64_t t = THREAD;
  double r[RECORD];
  if (t >= a.sums) return;
  merged(a.from + RECORD * t * a.n, a.n, 1, r);
  a.memory[a.at[t]] = total_of(r);
}

/* n doubles of each of the blocks; to itself for zeros. */
struct blocks { double* memory; int64_t from, from_stride, to, to_stride, n, blocks; };
ENTRY(copy_blocks, struct blocks) {
  const int64_t t = THREAD, b = t / a.n, k = t % a.n;
  if (b < a.blocks) a.memory[a.to + b * a.to_stride + k] = a.memory[a.from + b * a.from_stride + k];
}
ENTRY(zero_blocks, struct blocks) {
  const int64_t t = THREAD, b = t / a.n, k = t % a.n;
  if (b < a.blocks) a.memory[a.to + b * a.to_stride + k] = 0;
}
`;
