/** Links and forces between the memory of the host and that of kernels. */
import type { LibrarySpec } from "../spec.ts";
import { fill, prefixes } from "../template.ts";

const TEXT = `static const double* links_at(const @p@_handle* h, const void* links, int64_t n, int mu) {
  const double* base = h->pointers ? ((const double* const*)links)[mu] : (const double*)links;
  return base + h->where[n * DIM + mu];
}

/* Component c of a matrix in the host's memory: row by row, re and im. */
static ptrdiff_t component(const @p@_handle* h, int c) { return (c / 2 / N) * h->row + (c / 2 % N) * h->column + (c % 2) * h->imaginary; }

/* The lanes of a site: the first is its own, others repeat it. */
UNUSED static void put(const @p@_handle* h, double* field, int components, int64_t n, int c, double x) {
  double* block = field + (int64_t)(h->position[n] / W) * components * W + c * W;
  for (int lane = h->position[n] % W; lane < W; lane += h->lanes) block[lane] = x;
}

/* Whole sites: squares of W sites by W numbers are turned over. Number c of the links at a block lies "offsets[c]" vectors from the first. Returns 0 if all are finite. */
APART double read_sites(const double* const* u, const ptrdiff_t* offsets, V* to) {
  int c = 0;
  V zeros = ALL(0.0);
  double zero = 0;
  for (; c + W <= SITE; c += W) {
    V x[W];
    for (int l = 0; l < W; l++) memcpy(&x[l], u[l] + c, sizeof(V));
    transpose(x);
    for (int k = 0; k < W; k++) {
      to[offsets[c + k]] = x[k];
      zeros += 0.0 * x[k];
    }
  }
  for (; c < SITE; c++)
    for (int l = 0; l < W; l++) {
      LANE(to[offsets[c]], l) = u[l][c];
      zero += 0 * u[l][c];
    }
  for (int l = 0; l < W; l++) zero += LANE(zeros, l);
  return zero;
}

APART void write_sites(const V* x, double scale, double* const* u, int lanes) {
  int c = 0;
  for (; c + W <= SITE; c += W) {
    V y[W];
    for (int k = 0; k < W; k++) y[k] = scale * x[c + k];
    transpose(y);
    for (int l = 0; l < lanes; l++) memcpy(u[l] + c, &y[l], sizeof(V));
  }
  for (; c < SITE; c++)
    for (int l = 0; l < lanes; l++) u[l][c] = scale * LANE(x[c], l);
}

/* What is not finite is refused: a result need not depend on all links. */
static int read_links(struct work* w, const void* links) {
  const @p@_handle* h = w->handle;
  ptrdiff_t at[LINK], offsets[SITE];
  double zero = 0;
  for (int c = 0; c < LINK; c++) at[c] = component(h, c);
  for (int c = 0; c < SITE; c++) offsets[c] = c / LINK * LINK * h->blocks + c % LINK;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(h->threads) if (h->threads > 1) reduction(+ : zero)
#endif
  for (int64_t b = 0; b < h->blocks; b++) {
    const double* u[W];
    if (h->runs) {
      for (int l = 0; l < W; l++) u[l] = (const double*)links + h->runs[b * W + l];
      zero += read_sites(u, offsets, (V*)w->links[0] + b * LINK);
      continue;
    }
    for (int mu = 0; mu < DIM; mu++) {
      for (int l = 0; l < W; l++) u[l] = links_at(h, links, h->site[b * W + l], mu);
      double* to = w->links[mu] + b * LINK * W;
      for (int c = 0; c < LINK; c++)
        for (int l = 0; l < W; l++) {
          to[c * W + l] = u[l][at[c]];
          zero += 0 * u[l][at[c]];
        }
    }
  }
  return zero == 0 ? @P@_OK : @P@_NUMBER;
}

/* The links x at block b, or a force as large, to the host. */
static void hand_links(const struct work* w, int64_t b, const V* x, double scale) {
  const @p@_handle* h = w->handle;
  double* u[W];
  if (!w->out) return;
  if (h->runs) {
    for (int l = 0; l < W; l++) u[l] = (double*)w->out + h->runs[b * W + l];
    write_sites(x, scale, u, h->lanes);
    return;
  }
  ptrdiff_t at[LINK];
  for (int c = 0; c < LINK; c++) at[c] = component(h, c);
  for (int mu = 0; mu < DIM; mu++)
    for (int l = 0; l < h->lanes; l++) {
      double* to = (double*)(uintptr_t)links_at(h, w->out, h->site[b * W + l], mu);
      for (int c = 0; c < LINK; c++) to[at[c]] = scale * LANE(x[mu * LINK + c], l);
    }
}

/* out = x^+ y (dagger) or x y */
static void multiply(const double* x, const double* y, int dagger, double* out) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      double re = 0, im = 0;
      for (int k = 0; k < N; k++) {
        const double* a = x + 2 * (dagger ? k * N + i : i * N + k);
        const double* b = y + 2 * (k * N + j);
        const double s = dagger ? -a[1] : a[1];
        re += a[0] * b[0] - s * b[1];
        im += a[0] * b[1] + s * b[0];
      }
      out[2 * (i * N + j)] = re;
      out[2 * (i * N + j) + 1] = im;
    }
}

/* The force x at block b to the host, in the convention of the handle. */
UNUSED static void hand_force(const struct work* w, int64_t b, const V* x) {
  const @p@_handle* h = w->handle;
  if (h->convention == @P@_FORCE || h->convention == @P@_FORCE_TWICE) {
    hand_links(w, b, x, h->convention == @P@_FORCE ? 1 : 2);
    return;
  }
  for (int l = 0; w->out && l < h->lanes; l++)
    for (int mu = 0; mu < DIM; mu++) {
      const int64_t n = h->site[b * W + l];
      double F[LINK], u[LINK], out[LINK];
      for (int c = 0; c < LINK; c++) {
        F[c] = LANE(x[mu * LINK + c], l);
        u[c] = w->links[mu][(b * LINK + c) * W + l];
      }
      if (h->convention == @P@_FORCE_COMPONENTS) {
        double* f = (double*)w->out + (n * DIM + mu) * GENERATORS;
        for (int a = 0; a < GENERATORS; a++) {
          /* both are antihermitian: -Re tr(T_a F) = sum over the entries of T_a and F */
          f[a] = 0;
          for (int c = 0; c < LINK; c++) f[a] += @metric@.0 * generators[a][c] * F[c];
        }
        continue;
      }
      double scale = N;
      if (h->convention == @P@_FORCE_DSDU) multiply(u, F, 1, out);
      else {
        multiply(F, u, 0, out);
        scale = @metric@;
      }
      double* to = (double*)(uintptr_t)links_at(h, w->out, n, mu);
      for (int c = 0; c < LINK; c++) to[component(h, c)] = scale * out[c];
    }
}
`;

/** For programs whose results lie in memory of their own: block by block to the host. */
const AFTERWARDS = `
/* Fields of forces or links that lie in work memory, to the host. */
static void hand_over(const struct work* w, double* const* from, int force) {
  const @p@_handle* h = w->handle;
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(h->threads) if (h->threads > 1)
#endif
  for (int64_t b = 0; b < h->blocks; b++) {
    V x[SITE];
    for (int mu = 0; mu < DIM; mu++) memcpy(x + mu * LINK, from[mu] + b * LINK * W, sizeof(V) * LINK);
    if (force) hand_force(w, b, x);
    else hand_links(w, b, x, 1);
  }
}
`;

/** The part of NAME.c that converts. `afterwards`: some program hands over what it has left in work memory. */
export const conversions = (spec: LibrarySpec, afterwards: boolean): string => fill(`${TEXT}${afterwards ? AFTERWARDS : ""}`, { ...prefixes(spec.name), metric: spec.N === 1 ? 1 : 2 });
