"""By JAX (jit), one thread, float64: plaquette sum and its gradient without and with one stout step, SU(3), 8^4; the gradient by 4416 weights of a gated stout step, SU(2), 4^4."""
import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np

from lattice_works import force, links, report, weights

jax.config.update("jax_enable_x64", True)
L = 8


def shift(x, mu, step=1):
    return jnp.roll(x, -step, 3 - mu)


def dagger(x):
    return jnp.swapaxes(x.conj(), -1, -2)


def staple(u, mu):
    total = 0
    for nu in range(4):
        if nu == mu:
            continue
        total = total + u[nu] @ shift(u[mu], nu) @ dagger(shift(u[nu], mu))
        total = total + shift(dagger(u[nu]) @ u[mu] @ shift(u[nu], mu), nu, -1)
    return total


def exponential(x):
    total = term = jnp.broadcast_to(jnp.eye(x.shape[-1], dtype=x.dtype), x.shape)
    for n in range(1, 19):
        term = term @ x / n
        total = total + term
    return total


def trace(x):
    return jnp.trace(x, axis1=-2, axis2=-1)


def plaquette(u, mu, nu):
    return trace(u[mu] @ shift(u[nu], mu) @ dagger(shift(u[mu], nu)) @ dagger(u[nu])).real


def smeared(u, coefficient):
    """One stout step; the coefficient of a direction is a number or one for each site."""
    out = []
    for mu in range(4):
        omega = staple(u, mu) @ dagger(u[mu])
        anti = (omega - dagger(omega)) / 2
        n = u.shape[-1]
        anti = anti - trace(anti)[..., None, None] * jnp.eye(n) / n
        out.append(exponential(coefficient(mu) * anti) @ u[mu])
    return jnp.stack(out)


def action(u):
    return sum(plaquette(u, mu, nu).sum() for mu in range(4) for nu in range(mu + 1, 4))


def gated(u, w):
    """Wilson action at beta = 2 behind a stout step gated by a network 4 -> 64 -> 64 -> 1 of the plaquettes around a link."""
    first, second, last = w
    around = [sum(plaquette(u, min(mu, nu), max(mu, nu)) for nu in range(4) if nu != mu) / 2 for mu in range(4)]
    x = jnp.stack(around, axis=-1)
    gate = (jnp.tanh(jnp.tanh(x @ first.T) @ second.T) @ last.T)[..., None]
    v = smeared(u, lambda mu: gate)
    return 2 * sum((1 - plaquette(v, mu, nu) / 2).sum() for mu in range(4) for nu in range(mu + 1, 4))


def gradient_of(f):
    u = jnp.asarray(links("su3", 3, L))
    g = jax.jit(jax.value_and_grad(f))
    run = lambda: jax.block_until_ready(g(u))
    return run, force(np.asarray(u), np.asarray(run()[1]).conj()).view(np.float64), L**4


def weight_gradient():
    u, w = jnp.asarray(links("su2", 2, 4)), [jnp.asarray(x) for x in weights()]
    g = jax.jit(jax.grad(gated, argnums=1))
    run = lambda: jax.block_until_ready(g(u, w))
    return run, np.concatenate([np.asarray(x).ravel() for x in run()]), 4**4


report("JAX", jax.__version__, {
    "plaquette force": lambda: gradient_of(action),
    "stout force": lambda: gradient_of(lambda u: action(smeared(u, lambda mu: 0.1))),
    "gated stout gradient": weight_gradient,
})
