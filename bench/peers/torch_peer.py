"""Plaquette sum and its gradient by PyTorch's autograd, without and with one stout step; SU(3), 8^4, one thread, complex128."""
import numpy as np
import torch

from lattice_works import force, links, report

torch.set_num_threads(1)
L = 8


def shift(x, mu, step=1):
    return torch.roll(x, -step, 3 - mu)


def dagger(x):
    return x.conj().transpose(-1, -2)


def staple(u, mu):
    total = 0
    for nu in range(4):
        if nu == mu:
            continue
        total = total + u[nu] @ shift(u[mu], nu) @ dagger(shift(u[nu], mu))
        total = total + shift(dagger(u[nu]) @ u[mu] @ shift(u[nu], mu), nu, -1)
    return total


def stout(u):
    out = []
    for mu in range(4):
        omega = staple(u, mu) @ dagger(u[mu])
        anti = (omega - dagger(omega)) / 2
        anti = anti - torch.diagonal(anti, dim1=-2, dim2=-1).sum(-1)[..., None, None] * torch.eye(3, dtype=u.dtype) / 3
        out.append(torch.linalg.matrix_exp(0.1 * anti) @ u[mu])
    return torch.stack(out)


def action(u):
    total = 0
    for mu in range(4):
        for nu in range(mu + 1, 4):
            p = u[mu] @ shift(u[nu], mu) @ dagger(shift(u[mu], nu)) @ dagger(u[nu])
            total = total + torch.diagonal(p, dim1=-2, dim2=-1).sum().real
    return total


def gradient_of(f):
    u = torch.from_numpy(links("su3", 3, L)).requires_grad_()

    def run():
        u.grad = None
        f(u).backward()
        return u.grad

    return run, force(u.detach().numpy(), run().numpy()).view(np.float64), L**4


report("PyTorch", torch.__version__, {
    "plaquette force": lambda: gradient_of(action),
    "stout force": lambda: gradient_of(lambda u: action(stout(u))),
})
