/* The force of the plaquette action through one stout step by the hand-derived recursion (arXiv:hep-lat/0311018), in the manner of loops.c, whose products and
   neighbours it uses; any rho for which no TA(rho C U^+) is longer than 1. Three passes: smeared links and staples; what the exponential leaves of the
   smeared force; staples of that. With the smeared force G' (dS = Re tr G'^+ dU'), E = exp(A), A = i H = rho TA(C U^+) and U' = E U,
     L = rho TA(A'),  A' the cotangent of A for that of E, G' U^+,   M = L U,   R = E^+ G' - L C,   G = R + (derivative of C along M),
   the last because C is the gradient of the plaquette sum, whose second derivative is symmetric. In the plane mu nu both staples above a site need
   P = U_mu(n+nu) U_nu(n+mu)^+ and its derivative, once as it is and once conjugated. */
#define POWERS 20

/* Hermitian: the diagonal, and 01, 02, 12 above it. */
typedef struct { V d[3], re[3], im[3]; } Hermitian;

MAKE(nn_add, STRAIGHT(i, k), STRAIGHT(k, j), 1)
MAKE(an, DAGGER(i, k), STRAIGHT(k, j), 0)

/* H = -i rho TA(a). */
static inline void hermitian(Hermitian* h, const V* a, double rho) {
  const V mean = (a[1] + a[9] + a[17]) * (1.0 / 3);
  for (int i = 0; i < 3; i++) {
    h->d[i] = rho * (a[8 * i + 1] - mean);
    for (int j = i + 1; j < 3; j++) {
      h->re[i + j - 1] = 0.5 * rho * (a[2 * (3 * i + j) + 1] + a[2 * (3 * j + i) + 1]);
      h->im[i + j - 1] = -0.5 * rho * (a[2 * (3 * i + j)] - a[2 * (3 * j + i)]);
    }
  }
}

/* (x y + y x) / 2. */
static inline void symmetric(Hermitian* z, const Hermitian* x, const Hermitian* y) {
  const V p = x->re[0] * y->re[0] + x->im[0] * y->im[0], q = x->re[1] * y->re[1] + x->im[1] * y->im[1], r = x->re[2] * y->re[2] + x->im[2] * y->im[2];
  z->d[0] = x->d[0] * y->d[0] + p + q;
  z->d[1] = x->d[1] * y->d[1] + p + r;
  z->d[2] = x->d[2] * y->d[2] + q + r;
  for (int k = 0; k < 3; k++) {
    const int i = k == 2, j = k == 0 ? 1 : 2;
    z->re[k] = 0.5 * ((x->d[i] + x->d[j]) * y->re[k] + (y->d[i] + y->d[j]) * x->re[k]);
    z->im[k] = 0.5 * ((x->d[i] + x->d[j]) * y->im[k] + (y->d[i] + y->d[j]) * x->im[k]);
  }
  /* 01 through 2: x02 y12^*; 02 through 1: x01 y12; 12 through 0: x01^* y02; and with x and y exchanged */
  for (int s = 0; s < 2; s++) {
    const Hermitian *a = s ? y : x, *b = s ? x : y;
    z->re[0] += 0.5 * (a->re[1] * b->re[2] + a->im[1] * b->im[2]);
    z->im[0] += 0.5 * (a->im[1] * b->re[2] - a->re[1] * b->im[2]);
    z->re[1] += 0.5 * (a->re[0] * b->re[2] - a->im[0] * b->im[2]);
    z->im[1] += 0.5 * (a->re[0] * b->im[2] + a->im[0] * b->re[2]);
    z->re[2] += 0.5 * (a->re[0] * b->re[1] + a->im[0] * b->im[1]);
    z->im[2] += 0.5 * (a->re[0] * b->im[1] - a->im[0] * b->re[1]);
  }
}

/* f of exp(i H) = f0 + f1 H + f2 H^2, derivatives by c1 = tr H^2 / 2 and by c0 = det H (H^3 = c1 H + c0), Horner's rule on the Taylor series. */
typedef struct { V f[3][2], by1[3][2], by0[3][2]; } Coefficients;

static inline void invariants(const Hermitian* h, const Hermitian* h2, V* c0, V* c1) {
  *c1 = 0.5 * (h2->d[0] + h2->d[1] + h2->d[2]);
  V c = h2->d[0] * h->d[0] + h2->d[1] * h->d[1] + h2->d[2] * h->d[2];
  for (int k = 0; k < 3; k++) c += 2 * (h2->re[k] * h->re[k] + h2->im[k] * h->im[k]);
  *c0 = c * (1.0 / 3);
}
static const double TAYLOR[POWERS + 1] = {1, 1, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600,
  1.0 / 6227020800, 1.0 / 87178291200, 1.0 / 1307674368000, 1.0 / 20922789888000, 1.0 / 355687428096000, 1.0 / 6402373705728000, 1.0 / 121645100408832000, 1.0 / 2432902008176640000};
static inline void values(V f[3][2], V c0, V c1) {
  for (int r = 0; r < 2; r++) {
    V x = {0}, y = {0}, z = {0};
    for (int n = POWERS; n >= 0; n--) {
      const V top = z;
      z = y;
      y = x + c1 * top;
      x = c0 * top + (n % 2 == r ? (n & 2 ? -TAYLOR[n] : TAYLOR[n]) : 0);
    }
    f[0][r] = x;
    f[1][r] = y;
    f[2][r] = z;
  }
}
MICRO coefficients(Coefficients* c, V c0, V c1) {
  for (int r = 0; r < 2; r++) {
    V x = {0}, y = {0}, z = {0}, dx = {0}, dy = {0}, dz = {0}, top = {0}, dtop = {0}, before = {0};
    for (int n = POWERS; n >= 0; n--) {
      before = dtop;
      top = z;
      dtop = dz;
      z = y;
      y = x + c1 * top;
      x = c0 * top + (n % 2 == r ? (n & 2 ? -TAYLOR[n] : TAYLOR[n]) : 0);
      dz = dy;
      dy = dx + (top + c1 * dtop);
      dx = c0 * dtop;
    }
    c->f[0][r] = x;
    c->f[1][r] = y;
    c->f[2][r] = z;
    c->by1[0][r] = dx;
    c->by1[1][r] = dy;
    c->by1[2][r] = dz;
    /* the derivatives of the series without its first one and two terms by c1 are those by c0 */
    c->by0[0][r] = top + c0 * before;
    c->by0[1][r] = dz;
    c->by0[2][r] = dtop;
  }
}
static inline void polynomial(V* e, const V f[3][2], const Hermitian* h, const Hermitian* h2) {
  for (int r = 0; r < 2; r++)
    for (int i = 0; i < 3; i++) e[8 * i + r] = f[0][r] + f[1][r] * h->d[i] + f[2][r] * h2->d[i];
  for (int k = 0; k < 3; k++) {
    const int i = k == 2, j = k == 0 ? 1 : 2;
    const V re0 = f[1][0] * h->re[k] + f[2][0] * h2->re[k], re1 = f[1][1] * h->re[k] + f[2][1] * h2->re[k];
    const V im0 = f[1][0] * h->im[k] + f[2][0] * h2->im[k], im1 = f[1][1] * h->im[k] + f[2][1] * h2->im[k];
    e[2 * (3 * i + j)] = re0 - im1;
    e[2 * (3 * i + j) + 1] = re1 + im0;
    e[2 * (3 * j + i)] = re0 + im1;
    e[2 * (3 * j + i) + 1] = re1 - im0;
  }
}

/* e = exp(rho TA(a)). */
MICRO exponential(V* e, const V* a, double rho) {
  Hermitian h, h2;
  V c0, c1, f[3][2];
  hermitian(&h, a, rho);
  symmetric(&h2, &h, &h);
  invariants(&h, &h2, &c0, &c1);
  values(f, c0, c1);
  polynomial(e, f, &h, &h2);
}

/* e = exp(rho TA(a)), and l = rho TA(cotangent of rho TA(a)) for the cotangent x of e: i rho times the traceless Hermitian part of
   Gamma = f1 y + f2 (H y + y H) + b1 H + b2 H^2, y = x^+, b_i = Re tr(y B_i). */
MICRO reversed(V* e, V* l, const V* a, const V* x, double rho) {
  Hermitian h, h2, k, g, part;
  V c0, c1;
  Coefficients c;
  hermitian(&h, a, rho);
  symmetric(&h2, &h, &h);
  invariants(&h, &h2, &c0, &c1);
  coefficients(&c, c0, c1);
  polynomial(e, (const V(*)[2])c.f, &h, &h2);
  /* traces of y, y H, y H^2; Hermitian parts of f1 y and 2 f2 y */
  V t[3][2] = {{{0}}};
  for (int i = 0; i < 3; i++) {
    const V re = x[8 * i], im = -x[8 * i + 1];
    t[0][0] += re;
    t[0][1] += im;
    t[1][0] += h.d[i] * re;
    t[1][1] += h.d[i] * im;
    t[2][0] += h2.d[i] * re;
    t[2][1] += h2.d[i] * im;
    g.d[i] = c.f[1][0] * re - c.f[1][1] * im;
    k.d[i] = 2 * (c.f[2][0] * re - c.f[2][1] * im);
  }
  for (int n = 0; n < 3; n++) {
    const int i = n == 2, j = n == 0 ? 1 : 2;
    const V ur = x[2 * (3 * j + i)], ui = -x[2 * (3 * j + i) + 1], lr = x[2 * (3 * i + j)], li = -x[2 * (3 * i + j) + 1];
    const V sr = ur + lr, si = ui + li, dr = ur - lr, di = ui - li;
    t[1][0] += h.re[n] * sr + h.im[n] * di;
    t[1][1] += h.re[n] * si - h.im[n] * dr;
    t[2][0] += h2.re[n] * sr + h2.im[n] * di;
    t[2][1] += h2.re[n] * si - h2.im[n] * dr;
    g.re[n] = 0.5 * (c.f[1][0] * sr - c.f[1][1] * si);
    g.im[n] = 0.5 * (c.f[1][0] * di + c.f[1][1] * dr);
    k.re[n] = c.f[2][0] * sr - c.f[2][1] * si;
    k.im[n] = c.f[2][0] * di + c.f[2][1] * dr;
  }
  V b1 = {0}, b2 = {0};
  for (int j = 0; j < 3; j++) {
    b1 += c.by1[j][0] * t[j][0] - c.by1[j][1] * t[j][1];
    b2 += c.by0[j][0] * t[j][0] - c.by0[j][1] * t[j][1];
  }
  symmetric(&part, &h, &k);
  for (int i = 0; i < 3; i++) g.d[i] += part.d[i] + b1 * h.d[i] + b2 * h2.d[i];
  const V mean = (g.d[0] + g.d[1] + g.d[2]) * (1.0 / 3);
  for (int i = 0; i < 3; i++) {
    l[8 * i] = (V){0};
    l[8 * i + 1] = rho * (g.d[i] - mean);
  }
  for (int n = 0; n < 3; n++) {
    const int i = n == 2, j = n == 0 ? 1 : 2;
    const V re = rho * (g.re[n] + part.re[n] + b1 * h.re[n] + b2 * h2.re[n]), im = rho * (g.im[n] + part.im[n] + b1 * h.im[n] + b2 * h2.im[n]);
    l[2 * (3 * i + j)] = -im;
    l[2 * (3 * i + j) + 1] = re;
    l[2 * (3 * j + i)] = im;
    l[2 * (3 * j + i) + 1] = re;
  }
}

static inline int32_t corner(const int32_t* nb, int32_t there, int direction) { return nb[8 * (int64_t)(there / W) + direction] ^ (there % W); }

/* Staples of the four links of a block, c[mu]. */
static inline void staples(V c[4][18], const V* U, const int32_t* nb, int64_t b) {
  V p[18], t[18], x[18], y[18], z[18];
  memset(c, 0, 4 * 18 * sizeof(V));
  for (int mu = 0; mu < 4; mu++)
    for (int nu = mu + 1; nu < 4; nu++) {
      const V *m = U + b * 72 + mu * 18, *n = U + b * 72 + nu * 18;
      na(p, fetch(U, 72, mu * 18, 18, nb[8 * b + 2 * nu], x), fetch(U, 72, nu * 18, 18, nb[8 * b + 2 * mu], y));
      nn_add(c[mu], n, p);
      na_add(c[nu], m, p);
    }
  for (int mu = 0; mu < 4; mu++)
    for (int nu = 0; nu < 4; nu++) {
      if (nu == mu) continue;
      const int32_t down = nb[8 * b + 2 * nu + 1];
      nn(t, fetch(U, 72, mu * 18, 18, down, x), fetch(U, 72, nu * 18, 18, corner(nb, nb[8 * b + 2 * mu], 2 * nu + 1), y));
      an_add(c[mu], fetch(U, 72, nu * 18, 18, down, z), t);
    }
}

static inline V product(const V* a, const V* b) {
  V s = {0};
  for (int k = 0; k < 18; k++) s += a[k] * b[k];
  return s;
}
/* r -= l c */
MICRO subtract(V* restrict r, const V* l, const V* c) {
  V t[18];
  nn(t, l, c);
  for (int k = 0; k < 18; k++) r[k] -= t[k];
}

/* Sum of Re tr over the plaquettes of the smeared links; its force by the links below in `force`. `work`: four fields of links. */
double stout(int64_t links, int64_t force, int64_t work, int64_t table, int32_t blocks, double rho) {
  const V* U = (const V*)links;
  V *F = (V*)force, *S = (V*)work, *C = S + 72 * (int64_t)blocks, *M = C + 72 * (int64_t)blocks, *R = M + 72 * (int64_t)blocks;
  const int32_t* nb = (const int32_t*)table;
  V total = {0};
  V g[4][18], a[18], e[18], l[18], p[18], dp[18], x[18], y[18], z[18], dx[18], dy[18], dz[18];
  for (int64_t b = 0; b < blocks; b++) {
    staples((V(*)[18])(C + 72 * b), U, nb, b);
    for (int mu = 0; mu < 4; mu++) {
      const int64_t at = 72 * b + 18 * mu;
      na(a, C + at, U + at);
      exponential(e, a, rho);
      nn(S + at, e, U + at);
    }
  }
  for (int64_t b = 0; b < blocks; b++) {
    staples(g, S, nb, b);
    for (int mu = 0; mu < 4; mu++) {
      const int64_t at = 72 * b + 18 * mu;
      total += product(g[mu], S + at);
      na(a, C + at, U + at);
      na(x, g[mu], U + at);
      reversed(e, l, a, x, rho);
      nn(M + at, l, U + at);
      an(R + at, e, g[mu]);
      subtract(R + at, l, C + at);
    }
  }
  for (int64_t b = 0; b < blocks; b++) {
    memcpy(g, R + 72 * b, sizeof g);
    for (int mu = 0; mu < 4; mu++)
      for (int nu = mu + 1; nu < 4; nu++) {
        const int64_t m = 72 * b + 18 * mu, n = 72 * b + 18 * nu;
        const V *u = fetch(U, 72, mu * 18, 18, nb[8 * b + 2 * nu], x), *v = fetch(U, 72, nu * 18, 18, nb[8 * b + 2 * mu], y);
        na(p, u, v);
        na(dp, fetch(M, 72, mu * 18, 18, nb[8 * b + 2 * nu], dx), v);
        na_add(dp, u, fetch(M, 72, nu * 18, 18, nb[8 * b + 2 * mu], dy));
        nn_add(g[mu], M + n, p);
        nn_add(g[mu], U + n, dp);
        na_add(g[nu], M + m, p);
        na_add(g[nu], U + m, dp);
      }
    for (int mu = 0; mu < 4; mu++) {
      for (int nu = 0; nu < 4; nu++) {
        if (nu == mu) continue;
        const int32_t down = nb[8 * b + 2 * nu + 1], side = corner(nb, nb[8 * b + 2 * mu], 2 * nu + 1);
        const V *u = fetch(U, 72, mu * 18, 18, down, x), *v = fetch(U, 72, nu * 18, 18, side, y);
        nn(p, u, v);
        nn(dp, fetch(M, 72, mu * 18, 18, down, dx), v);
        nn_add(dp, u, fetch(M, 72, nu * 18, 18, side, dy));
        an_add(g[mu], fetch(M, 72, nu * 18, 18, down, dz), p);
        an_add(g[mu], fetch(U, 72, nu * 18, 18, down, z), dp);
      }
      na(a, U + 72 * b + 18 * mu, g[mu]);
      project(F + 72 * b + 18 * mu, a);
    }
  }
  double sum = 0;
  for (int k = 0; k < W; k++) sum += total[k];
  return sum / 4;
}
