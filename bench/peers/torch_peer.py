"""Plaquette sum and its gradient by PyTorch's autograd, without and with one stout step; SU(3), 8^4, one thread, complex128."""
import json
import time

import torch

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


def time_of(f):
    torch.manual_seed(1)
    a = torch.randn(4, L, L, L, L, 3, 3, dtype=torch.complex128)
    u = torch.linalg.matrix_exp(0.3 * (a - dagger(a)) / 2).requires_grad_()
    samples = []
    for k in range(6):
        u.grad = None
        begin = time.process_time()
        f(u).backward()
        samples.append(time.process_time() - begin)
    return 1e9 * sorted(samples[1:])[2] / L**4


print(json.dumps([
    {"name": "PyTorch", "work": "plaquette force", "nsPerSite": time_of(action)},
    {"name": "PyTorch", "work": "stout force", "nsPerSite": time_of(lambda u: action(stout(u)))},
]))
