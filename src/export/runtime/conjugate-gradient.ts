/** Multi-shift conjugate gradient (hep-lat/9612014) of an exported library, for programs that solve. */
import type { LibrarySpec } from "../spec.ts";
import { fill, prefixes } from "../template.ts";

const TEXT = `typedef void application(struct work* w, double* const* operands, double* out);

/* A system (A + shift_k) x_k = b of vectors of n doubles a site on one domain. */
struct system {
  struct work* w;
  application* apply;
  double** operands; /* what A captures, and a place for its argument */
  int captured, n, shifts, iterations, most;
  const double* shift;
  enum domain domain;
};

static double* slice(const struct system* s, double* x, int64_t* count) {
  int64_t first, last;
  range(s->w->handle, s->domain, &first, &last);
  *count = (last - first) * s->n * W;
  return x + first * s->n * W;
}

/* sum x y over the domain, in chunks of a fixed size. */
static double product(const struct system* s, double* x, double* y) {
  int64_t count;
  const double *a = slice(s, x, &count), *b = slice(s, y, &count);
  double total = 0;
  for (int64_t c = 0; c < count; c += 1024) {
    double part[8] = {0};
    const int64_t end = c + 1024 < count ? c + 1024 : count;
    for (int64_t i = c; i < end; i++) part[i & 7] += a[i] * b[i];
    total += ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
  }
  return s->w->handle->share * total;
}

/* y <- u x + v y */
static void combine(const struct system* s, double u, double* x, double v, double* y) {
  int64_t count;
  const double* a = slice(s, x, &count);
  double* b = slice(s, y, &count);
  for (int64_t i = 0; i < count; i++) b[i] = v == 0 ? u * a[i] : u * a[i] + v * b[i];
}

/* out <- (A + shift) x */
static void apply_shifted(const struct system* s, double shift, double* x, double* out) {
  s->operands[s->captured] = x;
  s->apply(s->w, s->operands, out);
  if (shift != 0) combine(s, shift, x, 1, out);
}

/* hep-lat/9612014: the residuals of all shifts are multiples of that of system "base". */
static int iterate(struct system* s, double* const* x, double* r, double* q, double* const* p, double rr, double goal, int base, int all) {
  double zeta[SHIFTS + 1], old[SHIFTS + 1], alpha_old = 1, beta_old = 0;
  int active[SHIFTS + 1];
  for (int k = 0; k < s->shifts; k++) {
    zeta[k] = old[k] = 1;
    active[k] = 1;
  }
  while (rr > goal && s->iterations < s->most) {
    s->iterations++;
    apply_shifted(s, s->shift[base], p[base], q);
    const double pq = product(s, p[base], q);
    if (!(pq > 0)) return @P@_SOLVER;
    const double alpha = rr / pq;
    combine(s, alpha, p[base], 1, x[base]);
    combine(s, -alpha, q, 1, r);
    const double next = product(s, r, r);
    if (!(next >= 0)) return @P@_SOLVER;
    const double beta = next / rr;
    for (int k = 0; all && k < s->shifts; k++) {
      if (k == base || !active[k]) continue;
      const double z = zeta[k], o = old[k];
      const double to = (z * o * alpha_old) / (alpha * beta_old * (o - z) + o * alpha_old * (1 + (s->shift[k] - s->shift[base]) * alpha));
      const double ratio = to / z;
      combine(s, alpha * ratio, p[k], 1, x[k]);
      combine(s, to, r, beta * ratio * ratio, p[k]);
      old[k] = z;
      zeta[k] = to;
      if (to * to * next <= goal) active[k] = 0;
    }
    combine(s, 1, r, beta, p[base]);
    rr = next;
    alpha_old = alpha;
    beta_old = beta;
  }
  return @P@_OK;
}

/* Solves from zero to |b - (A + shift) x| <= tolerance |b|; residuals are computed from their definition, and a system that has lost accuracy goes on. */
static int solve(struct system* s, double* b, double* const* x, double tolerance) {
  const int64_t room = (int64_t)s->n * s->w->handle->blocks * W;
  double *r = s->w->solver, *q = r + room, *p[SHIFTS + 1];
  int base = 0;
  for (int k = 0; k < s->shifts; k++) {
    p[k] = q + (k + 1) * room;
    combine(s, 0, b, 0, x[k]);
    combine(s, 1, b, 0, p[k]);
    if (s->shift[k] < s->shift[base]) base = k;
  }
  combine(s, 1, b, 0, r);
  const double bb = product(s, b, b), goal = tolerance * tolerance * bb;
  if (!(bb >= 0)) return @P@_NUMBER;
  if (bb == 0) return @P@_OK;
  s->iterations = 0;
  int status = iterate(s, x, r, q, p, bb, goal, base, s->shifts > 1);
  for (int tries = 0; status == @P@_OK; tries++) {
    apply_shifted(s, s->shift[base], x[base], q);
    combine(s, 1, b, 0, r);
    combine(s, -1, q, 1, r);
    const double rr = product(s, r, r);
    if (rr <= 4 * goal) break;
    if (s->iterations >= s->most || tries == 8) return @P@_SOLVER;
    combine(s, 1, r, 0, p[base]);
    status = iterate(s, x, r, q, p, rr, goal, base, 0);
  }
  return status;
}
`;

/** The part of NAME.c that solves. */
export const conjugateGradient = (spec: LibrarySpec): string => fill(TEXT, prefixes(spec.name));
