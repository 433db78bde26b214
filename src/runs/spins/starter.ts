/** The starter run file of the spins. */
export const spinStarter = {
  name: "spins",
  command: "spins sample",
  summary: "self-learning Monte Carlo of the double-exchange model on 6x6",
  text: `# Classical spins coupled to fermions: gaugegrad spins sample run.toml --dir out
# gaugegrad spins train run.toml --dir model trains the effective model alone and writes model.json

[model]                     # H = -t sum (c^+ c + h.c.) + J/2 sum S . c^+ sigma c
lattice = [6, 6]
J = 1.0
T = 0.1
mu = 0.0

[effective]                 # the weight that proposes; the exact weight decides
kind = "attention"          # exact (local Metropolis), linear, attention
shells = 6                  # couplings of spins at so many distances
reach = 2                   # largest shell that attention joins
layers = 1
# file = "model/model.json" # a trained model instead of training now; with spins train the model that gets further blocks

[training]
method = "offline"          # on exact samples, or online: while sampling
optimiser = "gaussNewton"   # or adamW
samples = 200
test = 100
steps = 5                   # after each new block
# run = "model"             # exact samples of another run instead of new ones

[sampler]
seed = 1
thermalise = 20
steps = 200
updates = 72                # local updates of a proposal
# start = "out/spins.json"  # spins of another run instead of random ones

[output]
checkpoint = 20             # units between two checkpoints; an interrupted run goes on from the last one
`,
} as const;
