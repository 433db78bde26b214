/** Constraints on fields that the host sets: forces and gradients rest on them, so that data which break them are refused. */
import type { LibrarySpec } from "../spec.ts";

const TEXT = `
/* Matrices of the algebra are antihermitian, for N > 1 traceless; spins have length one. */
static int constrained(int field, const double* data, int64_t volume) {
  for (int64_t n = 0; n < volume && field_constraints[field] != FREE; n++) {
    const double* x = data + n * field_components[field];
    double off = 0, size = 0, trace = 0;
    for (int c = 0; c < field_components[field]; c++) size = fmax(size, fabs(x[c]));
    if (size == 0) continue; /* a site of the other parity */
    if (field_constraints[field] == UNIT) off = fabs(x[0] * x[0] + x[1] * x[1] + x[2] * x[2] - 1);
    else {
      for (int i = 0; i < N; i++) {
        trace += x[2 * (i * N + i) + 1];
        for (int j = 0; j <= i; j++) {
          const double *a = x + 2 * (i * N + j), *b = x + 2 * (j * N + i);
          off = fmax(off, fmax(fabs(a[0] + b[0]), fabs(a[1] - b[1])));
        }
      }
      if (N > 1) off = fmax(off, fabs(trace));
    }
    if (!(off <= 1e-10 * fmax(size, field_constraints[field] == UNIT))) return 0;
  }
  return 1;
}
`;

const NAMES = { none: "FREE", algebra: "ALGEBRA", unit: "UNIT" } as const;

/** The function constrained() of NAME.c; nothing where no field has a constraint. */
export function constraints({ fields }: LibrarySpec): string {
  if (fields.every((f) => f.constraint === "none")) return "";
  return `\nenum { ${Object.values(NAMES).join(", ")} };\nstatic const int field_constraints[] = {${fields.map((f) => NAMES[f.constraint]).join(", ")}};\n${TEXT}`;
}
