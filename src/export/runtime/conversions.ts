/** Links and forces between the memory of the host and that of kernels. */
import type { LibrarySpec } from "../spec.ts";
import { fill, prefixes } from "../template.ts";

const TEXT = `static const double* links_at(const @p@_handle* h, const void* links, int64_t n, int mu) {
  const double* base = h->pointers ? ((const double* const*)links)[mu] : (const double*)links;
  return base + h->where[n * DIM + mu];
}

/* Component c of a matrix in the host's memory: row by row, re and im. */
static ptrdiff_t component(const @p@_handle* h, int c) { return (c / 2 / N) * h->row + (c / 2 % N) * h->column + (c % 2) * h->imaginary; }

/* The lanes of a site: the first is its own, others repeat it. Blocks are "stride" vectors apart. */
UNUSED static void put(const @p@_handle* h, double* field, int stride, int64_t n, int c, double x) {
  double* block = field + (int64_t)(h->position[n] / W) * stride * W + c * W;
  for (int lane = h->position[n] % W; lane < W; lane += h->lanes) block[lane] = x;
}

/* Bytes of a field beyond which a cache of the second, or of the last level does not keep what is written until it is read. */
enum { SECOND_LEVEL = 1 << 20, LAST_LEVEL = 8 << 20 };

/* Whole sites: squares of W sites by W numbers are turned over. Returns 0 if all are finite. */
APART double read_sites(const double* const* u, V* to, int far) {
  int c = 0;
  V zeros = ALL(0.0);
  double zero = 0;
  for (; c + W <= SITE; c += W) {
    V x[W];
    for (int l = 0; l < W; l++) memcpy(&x[l], u[l] + c, sizeof(V));
    transpose(x);
    for (int k = 0; k < W; k++) {
      if (far) STREAM((double*)&to[c + k], x[k]);
      else to[c + k] = x[k];
      zeros += 0.0 * x[k];
    }
  }
  for (; c < SITE; c++)
    for (int l = 0; l < W; l++) {
      LANE(to[c], l) = u[l][c];
      zero += 0 * u[l][c];
    }
  for (int l = 0; l < W; l++) zero += LANE(zeros, l);
  return zero;
}

APART void write_sites(const V* x, double scale, double* const* u, int lanes, int far) {
  int c = 0;
  for (int l = 0; l < lanes; l++) far = far && (uintptr_t)u[l] % sizeof(V) == 0;
  for (; c + W <= SITE; c += W) {
    V y[W];
    for (int k = 0; k < W; k++) y[k] = scale * x[c + k];
    transpose(y);
    for (int l = 0; l < lanes; l++) {
      if (far) STREAM(u[l] + c, y[l]);
      else memcpy(u[l] + c, &y[l], sizeof(V));
    }
  }
  for (; c < SITE; c++)
    for (int l = 0; l < lanes; l++) u[l][c] = scale * LANE(x[c], l);
}

/* Zero times the numbers of a block, in two sums: not a number as soon as one of them is not finite. */
UNUSED static void mark(const V* x, V* marks) {
  for (int c = 0; c < SITE; c += 2)
    for (int k = 0; k < 2; k++) marks[k] += 0.0 * x[c + k];
}

/* Several threads may write the same. */
UNUSED static void judge(struct work* w, const V* marks) {
  const V all = marks[0] + marks[1];
  double zero = 0;
  for (int l = 0; l < W; l++) zero += LANE(all, l);
  if (zero == 0 || !w->out) return;
#ifdef _OPENMP
#pragma omp atomic write
#endif
  w->spoilt = 1;
}

/* Links of the host in blocks. What is not finite is refused: a result need not depend on all links. */
static int fill_blocks(const @p@_handle* h, const void* links, V* to) {
  ptrdiff_t at[LINK];
  double zero = 0;
  const int far = h->bytes > LAST_LEVEL;
  for (int c = 0; c < LINK; c++) at[c] = component(h, c);
#ifdef _OPENMP
#pragma omp parallel num_threads(h->threads) if (h->threads > 1) reduction(+ : zero)
#endif
  {
#ifdef _OPENMP
#pragma omp for schedule(static)
#endif
    for (int64_t b = 0; b < h->blocks; b++) {
      const double* u[W];
      if (h->runs) {
        for (int l = 0; l < W; l++) u[l] = (const double*)links + h->runs[b * W + l];
        /* what is fetched from memory is asked for two blocks before */
        for (int l = 0; far && b + 2 < h->blocks && l < W; l++)
          for (int c = 0; c < SITE; c += 8) PREFETCH((const double*)links + h->runs[(b + 2) * W + l] + c);
        zero += read_sites(u, to + b * SITE, far);
        continue;
      }
      for (int mu = 0; mu < DIM; mu++) {
        for (int l = 0; l < W; l++) u[l] = links_at(h, links, h->site[b * W + l], mu);
        for (int c = 0; c < LINK; c++)
          for (int l = 0; l < W; l++) {
            LANE(to[b * SITE + mu * LINK + c], l) = u[l][at[c]];
            zero += 0 * u[l][at[c]];
          }
      }
    }
    SETTLE();
  }
  return zero == 0 ? @P@_OK : @P@_NUMBER;
}

/* Memory of the host that kernels use as it is holds whole vectors. */
static int misplaced(const @p@_handle* h, const void* x) { return h->own && (uintptr_t)x % sizeof(V) != 0; }

/* Links in blocks are read where they are. */
UNUSED static int read_links(struct work* w, const void* links) {
  if (misplaced(w->handle, links)) return @P@_ARGUMENT;
  if (!w->handle->own) return fill_blocks(w->handle, links, (V*)w->links[0]);
  directions(w->links, (double*)(uintptr_t)links);
  return @P@_OK;
}

/* Where the host wants the result; it may want none. */
UNUSED static int into(struct work* w, void* out) {
  w->out = out;
  return misplaced(w->handle, out) ? @P@_ARGUMENT : @P@_OK;
}

/* Memory of the host that a kernel writes the result to at once, or none. */
UNUSED static V* own_block(const struct work* w, int force) { return w->handle->own && (!force || w->handle->convention == @P@_FORCE) ? (V*)w->out : 0; }

/* The links x at block b, or a force as large, to memory of the host. */
static void hand_block(const @p@_handle* h, void* out, int64_t b, const V* x, double scale) {
  double* u[W];
  if (h->own) {
    for (int c = 0; c < SITE; c++) ((V*)out)[b * SITE + c] = scale * x[c];
    return;
  }
  if (h->runs) {
    for (int l = 0; l < W; l++) u[l] = (double*)out + h->runs[b * W + l];
    write_sites(x, scale, u, h->lanes, h->bytes > SECOND_LEVEL);
    return;
  }
  ptrdiff_t at[LINK];
  for (int c = 0; c < LINK; c++) at[c] = component(h, c);
  for (int mu = 0; mu < DIM; mu++)
    for (int l = 0; l < h->lanes; l++) {
      double* to = (double*)(uintptr_t)links_at(h, out, h->site[b * W + l], mu);
      for (int c = 0; c < LINK; c++) to[at[c]] = scale * LANE(x[mu * LINK + c], l);
    }
}

UNUSED static void hand_links(const struct work* w, int64_t b, const V* x, double scale) {
  if (w->out) hand_block(w->handle, w->out, b, x, scale);
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
  /* blocks of the host's have all lanes */
  const int lanes = h->own && h->convention != @P@_FORCE_COMPONENTS ? W : h->lanes;
  for (int l = 0; w->out && l < lanes; l++)
    for (int mu = 0; mu < DIM; mu++) {
      const int64_t n = h->site[b * W + l];
      double F[LINK], u[LINK], out[LINK];
      for (int c = 0; c < LINK; c++) {
        F[c] = LANE(x[mu * LINK + c], l);
        u[c] = w->links[mu][(b * SITE + c) * W + l];
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
      double* to = (double*)(uintptr_t)links_at(h, w->out, n, mu) + l - l % h->lanes;
      for (int c = 0; c < LINK; c++) to[component(h, c)] = scale * out[c];
    }
}
`;

/** For programs whose results lie in memory of their own: block by block to the host. */
const AFTERWARDS = `
/* Forces or links that lie in work memory, to the host. */
static void hand_over(struct work* w, double* const* from, int force) {
  const @p@_handle* h = w->handle;
#ifdef _OPENMP
#pragma omp parallel num_threads(h->threads) if (h->threads > 1)
#endif
  {
#ifdef _OPENMP
#pragma omp for schedule(static)
#endif
    for (int64_t b = 0; b < h->blocks; b++) {
      const V* x = (const V*)from[0] + b * SITE;
      V marks[2] = {ALL(0.0), ALL(0.0)};
      mark(x, marks);
      judge(w, marks);
      if (force) hand_force(w, b, x);
      else hand_links(w, b, x, 1);
    }
    SETTLE();
  }
}
`;

/** The part of NAME.c that converts. `afterwards`: some program hands over what it has left in work memory. */
export const conversions = (spec: LibrarySpec, afterwards: boolean): string => fill(`${TEXT}${afterwards ? AFTERWARDS : ""}`, { ...prefixes(spec.name), metric: spec.N === 1 ? 1 : 2 });
