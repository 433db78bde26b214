/** Starter run files of `gaugegrad flow`. */
const adam = (steps: number, batch: number, rate: string, more = '# objective = "force-matching"   # of phi4 also "path-gradient", "forward-kl"'): string => `
[training]                  # reverse Kullback-Leibler divergence on the model's own samples
${more}
steps = ${steps}
batch = ${batch}
rate = ${rate}
`;
const gaussNewton = (steps: number, batch: number): string => `
[training]                  # least squares: the spread of the log weights of the model's own samples
method = "gauss-newton"
steps = ${steps}
batch = ${batch}
`;
const rest = (samples: number): string => `

[sampler]                   # independence Metropolis: exact whatever the flow
seed = 1
samples = ${samples}

[output]
checkpoint = 20             # units between two checkpoints; an interrupted run goes on from the last one
`;

const begin = (title: string): string => `# ${title}
# gaugegrad flow train run.toml --dir model writes model/flow.gaugegrad; then set flow.file and: gaugegrad flow sample run.toml --dir out
`;

/** One a kind of flow. */
export const flowStarters = [
  {
    name: "flow-u1-2d",
    command: "flow train",
    summary: "coupling flow of U(1) in two dimensions with exact sampling",
    text: `${begin("A gauge equivariant coupling flow of two-dimensional U(1)")}
[lattice]
extents = [8, 8]            # multiples of 4

[target]
kind = "wilson"
group = "U(1)"
beta = 2.0

[flow]
kind = "u1"                 # masked plaquette couplings
layers = 16                 # a multiple of 8: every link moves once in 8
channels = 8                # between the convolutions of a network
depth = 2                   # convolutions of a network
map = "moebius"             # of the circle; or projections, spline
projections = 2             # parts of a map; bins of a spline
loops = true                # networks see the loop around both plaquettes of a moving link
# file = "model/flow.gaugegrad"   # trained weights to sample with
${adam(1500, 64, "5e-3", "finalRate = 5e-5            # along a cosine")}${rest(4000)}`,
  },
  {
    name: "flow-su2-2d",
    command: "flow train",
    summary: "spectral flow of SU(2) in two dimensions with exact sampling; SU(3) and SU(4) alike",
    text: `${begin("A gauge equivariant spectral flow of two-dimensional SU(2)")}
[lattice]
extents = [8, 8]            # multiples of 4

[target]
kind = "wilson"
group = "SU(2)"
beta = 2.0

[flow]
kind = "spectral"           # moves the eigenvalues of plaquettes
layers = 8                  # a multiple of 8: every link moves once in 8
channels = 8                # between the convolutions of a network
depth = 2                   # convolutions of a network
steps = 2                   # of the map of eigenvalues
# file = "model/flow.gaugegrad"   # trained weights to sample with
${adam(1000, 64, "1e-2")}${rest(4000)}`,
  },
  {
    name: "flow-phi4-2d",
    command: "flow train",
    summary: "coupling flow of scalar phi^4 theory in two dimensions with exact sampling",
    text: `${begin("A coupling flow of two-dimensional phi^4 theory, symmetric under phi -> -phi")}
[lattice]
extents = [6, 6]            # even

[target]                    # sum_mu (phi(n+mu) - phi(n))^2 + m2 phi^2 + lambda phi^4
kind = "phi4"
m2 = -4.0
lambda = 6.975

[flow]
kind = "phi4"
layers = 8
channels = 8
depth = 2
# file = "model/flow.gaugegrad"   # trained weights to sample with
${adam(2000, 64, "2e-3", 'objective = "path-gradient"\nfinalRate = 2e-5            # along a cosine')}${rest(4000)}`,
  },
  {
    name: "trivialising-su3-2d",
    command: "flow train",
    summary: "learned trivialising flow of SU(3) in two dimensions, from the action of order t",
    text: `${begin("The trivialising flow along seven loop operators, coefficients affine in t (14 weights)")}
[lattice]
extents = [8, 8]            # at least 3; weights may be used on any larger lattice

[target]
kind = "wilson"
group = "SU(3)"
beta = 4.0

[flow]
kind = "trivialising"
steps = 8                   # steps in time
scheme = "masked"           # log det of the map itself; or "runge-kutta", that of the flow to O(1/steps^3)
knots = 2                   # of each coefficient in t: 2 is affine
# file = "model/flow.gaugegrad"   # trained weights to sample with; without them those of order t
${gaussNewton(6, 128)}${rest(1000)}`,
  },
] as const;
