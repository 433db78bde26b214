/** Modules of Python that stand for PyTorch and JAX: as much of their documented interface as the wrappers of exported actions use, on numpy. */
const STAND_INS = `
import sys, types
import numpy

class Tensor:
    def __init__(self, data, requires_grad=False): self.data, self.requires_grad, self.device = numpy.asarray(data), requires_grad, "cpu"
    def detach(self): return Tensor(self.data)
    def cpu(self): return self
    def to(self, device): return self
    def resolve_conj(self): return self
    def numpy(self):
        if self.requires_grad: raise RuntimeError("numpy() of a tensor that requires a gradient")
        return self.data
    def __mul__(self, other): return Tensor(self.data * other.data)

class Context:
    def save_for_backward(self, *tensors):
        assert all(isinstance(t, Tensor) for t in tensors)
        self.saved_tensors = tensors

class Function:
    @classmethod
    def apply(cls, *inputs):
        ctx = Context()
        out = cls.forward(ctx, *inputs)
        assert isinstance(out, Tensor) and out.data.shape == ()
        out.gradient = lambda: cls.backward(ctx, Tensor(numpy.float64(1)))
        return out

torch = types.ModuleType("torch")
torch.autograd = types.SimpleNamespace(Function=Function)
torch.float64 = numpy.float64
torch.from_numpy = lambda x: Tensor(x)
torch.tensor = lambda x, dtype, device: Tensor(dtype(x))
sys.modules["torch"] = torch

class custom_vjp:
    def __init__(self, f): self.f = f
    def defvjp(self, forward, backward): self.forward, self.backward = forward, backward
    def __call__(self, *args): return self.f(*args)
    def value_and_grad(self, *args):
        value, residuals = self.forward(*args)
        cotangents = self.backward(residuals, numpy.float64(1))
        assert isinstance(cotangents, tuple) and len(cotangents) == len(args)
        return value, cotangents[0]

class ShapeDtypeStruct:
    def __init__(self, shape, dtype): self.shape, self.dtype = shape, numpy.dtype(dtype)

def pure_callback(callback, result_shape_dtypes, *args):
    out = callback(*args)
    assert len(out) == len(result_shape_dtypes)
    for x, like in zip(out, result_shape_dtypes): assert x.shape == like.shape and x.dtype == like.dtype, (x.shape, x.dtype)
    return out

jax = types.ModuleType("jax")
jax.config = types.SimpleNamespace(update=lambda name, value: None)
jax.custom_vjp, jax.ShapeDtypeStruct, jax.pure_callback = custom_vjp, ShapeDtypeStruct, pure_callback
sys.modules["jax"] = jax
`;

/** A script that compares the gradients of both wrappers with differences along a curve in SU(3). */
export const comparison = (code: string): string => `${STAND_INS}
extents = (4, 2, 3, 2)
random = numpy.random.default_rng(5)
def unitary(): return numpy.linalg.qr(random.normal(size=(2, 3, 2, 4, 4, 3, 3)) + 1j * random.normal(size=(2, 3, 2, 4, 4, 3, 3)))[0]
U = unitary()
U /= numpy.linalg.det(U)[..., None, None] ** (1 / 3)
# along a curve in the group, dU = X U with X = (V - V^+)/2 without its trace
V = unitary()
X = (V - V.conj().swapaxes(-1, -2)) / 2
X -= numpy.trace(X, axis1=-2, axis2=-1)[..., None, None] * numpy.eye(3) / 3
w, Q = numpy.linalg.eigh(-1j * X)
def moved(s): return (Q * numpy.exp(1j * s * w)[..., None, :]) @ Q.conj().swapaxes(-1, -2) @ U
${code}
h = 1e-3
difference = sum(c * S.value(numpy.ascontiguousarray(moved(k * h))) for k, c in ((-2, 1), (-1, -8), (1, 8), (2, -1))) / (12 * h)
out = ActionOf.apply(Tensor(U, requires_grad=True))
value, gradient = action.value_and_grad(U)
assert float(out.data) == float(value) == S.value(U) == float(action(U))
# torch: dS = Re sum conj(gradient) dU; JAX: Re sum gradient dU
along = (out.gradient().data.conj() * (X @ U)).sum().real, (gradient * (X @ U)).sum().real
print(*(abs(x - difference) / abs(difference) for x in along))`;
