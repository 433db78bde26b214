"""Plaquette sum and its gradient by JAX (jit), without and with one stout step; SU(3), 8^4, one thread, complex128."""
import json
import os
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp

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
    total = term = jnp.broadcast_to(jnp.eye(3, dtype=x.dtype), x.shape)
    for n in range(1, 19):
        term = term @ x / n
        total = total + term
    return total


def stout(u):
    out = []
    for mu in range(4):
        omega = staple(u, mu) @ dagger(u[mu])
        anti = (omega - dagger(omega)) / 2
        anti = anti - jnp.trace(anti, axis1=-2, axis2=-1)[..., None, None] * jnp.eye(3) / 3
        out.append(exponential(0.1 * anti) @ u[mu])
    return jnp.stack(out)


def action(u):
    total = 0.0
    for mu in range(4):
        for nu in range(mu + 1, 4):
            p = u[mu] @ shift(u[nu], mu) @ dagger(shift(u[mu], nu)) @ dagger(u[nu])
            total = total + jnp.trace(p, axis1=-2, axis2=-1).sum().real
    return total


def time_of(f):
    a = jax.random.normal(jax.random.PRNGKey(1), (2, 4, L, L, L, L, 3, 3))
    a = a[0] + 1j * a[1]
    u = jax.jit(exponential)(0.3 * (a - dagger(a)) / 2)
    g = jax.jit(jax.value_and_grad(f))
    jax.block_until_ready(g(u))
    samples = []
    for k in range(7):
        begin = time.process_time()
        jax.block_until_ready(g(u))
        samples.append(time.process_time() - begin)
    return 1e9 * sorted(samples)[3] / L**4


print(json.dumps([
    {"name": "JAX", "work": "plaquette force", "nsPerSite": time_of(action)},
    {"name": "JAX", "work": "stout force", "nsPerSite": time_of(lambda u: action(stout(u)))},
]))
