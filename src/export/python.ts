/** NAME.py: the library through ctypes; numpy where it is installed, any buffer of doubles without it. */
import type { LibrarySpec } from "./spec.ts";
import { fill } from "./template.ts";

const TEXT = `"""@title@, @group@, @D@ dimensions, exported by gaugegrad @version@.

    import @p@
    S = @p@.@className@((@four@))        # extents @directions@; theta=[...] for other parameters
    @setFields@@example@

Links are complex128 of shape (@shape@, @D@, @N@, @N@), C order: numpy arrays, of any strides too, or without numpy anything with a buffer of as many
doubles. Results are numpy arrays where numpy is installed, else array.array("d"). All conventions are in @p@.h. The library is lib@p@.so next to this file
(make), or what @P@_LIBRARY in the environment names.
"""
import array
import ctypes
import math
import operator
import os

try:
    import numpy
except ImportError:
    numpy = None

DIM, N, GENERATORS = @D@, @N@, @generators@
PARAMETERS = @parameterNames@
EXPORTED = (@parameterValues@)
FIELDS = @fieldNames@
FIELD_NUMBERS = (@fieldNumbers@)
CONVENTIONS = ("force", "twice", "dsdu", "cotangent", "components")


class Error(RuntimeError):
    """What the library reports; status is its number."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class _Layout(ctypes.Structure):
    _fields_ = [
        ("order", ctypes.c_int), ("pointers", ctypes.c_int), ("site", ctypes.c_ssize_t * DIM), ("stride", ctypes.c_ssize_t),
        ("sites", ctypes.c_void_p), ("direction", ctypes.c_ssize_t * DIM), ("row", ctypes.c_ssize_t), ("column", ctypes.c_ssize_t), ("imaginary", ctypes.c_ssize_t),
    ]


class _Options(ctypes.Structure):
    _fields_ = [("layout", ctypes.POINTER(_Layout)), ("convention", ctypes.c_int), ("threads", ctypes.c_int)]


def _load():
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.environ.get("@P@_LIBRARY", os.path.join(here, "lib@p@.so"))
    if not os.path.exists(path):
        raise FileNotFoundError(f"@p@: found no {path}, expected the compiled library: run make in {here}, or name the library in @P@_LIBRARY")
    library = ctypes.CDLL(path)
    library.@p@_error.restype = ctypes.c_char_p
    library.@p@_destroy.restype = None
    return library


class @className@:
    """One handle a layout of links: made at the first use of each."""

    def __init__(self, extents, theta=None, convention="force", threads=0):
        self.extents = tuple(operator.index(L) for L in extents)
        if len(self.extents) != DIM:
            raise ValueError(f"extents: got {len(self.extents)}, expected {DIM}")
        self.volume = math.prod(self.extents)
        if all(L > 0 for L in self.extents) and self.volume >= 2**31:
            raise ValueError(f"extents: got {self.extents}, expected less than 2^31 sites")
        if convention not in CONVENTIONS:
            raise ValueError(f"convention: got {convention!r}, expected one of {', '.join(CONVENTIONS)}")
        self._library = _load()
        self._convention = CONVENTIONS.index(convention)
        self._threads = threads
        self._handles = {}
        self._fields = {}
        self.parameters = EXPORTED if theta is None else theta
        self._handle(None)

    def __del__(self):
        for handle in getattr(self, "_handles", {}).values():
            self._library.@p@_destroy(handle)

    @property
    def parameters(self):
        """Values by the names in PARAMETERS, in their order."""
        return tuple(self._theta)

    @parameters.setter
    def parameters(self, theta):
        theta = [float(x) for x in theta]
        if len(theta) != len(PARAMETERS):
            raise ValueError(f"parameters: got {len(theta)}, expected {len(PARAMETERS)}: {', '.join(PARAMETERS)}")
        if not all(map(math.isfinite, theta)):
            raise Error(1, f"parameters: got {theta}, expected finite numbers")
        self._theta = theta
        for handle in self._handles.values():
            self._check(self._library.@p@_set_parameters(handle, self._numbers(theta)))

    def set_field(self, name, data):
        """Sets a field by its name in FIELDS: complex (real fields: float) of shape (@shape@, components)."""
        if name not in FIELDS:
            raise ValueError(f"field: got {name!r}, expected one of {', '.join(FIELDS) or 'none: this library has no fields'}")
        k = FIELDS.index(name)
        self._fields[k] = array.array("d", self._buffer(data, self.volume * FIELD_NUMBERS[k]))
        for handle in self._handles.values():
            self._send(handle, k)
@methods@
    def _check(self, status):
        if status == 4:
            missing = [n for k, n in enumerate(FIELDS) if k not in self._fields]
            raise Error(status, f"{', '.join(missing)}: got no data, expected them before the first evaluation: set_field({missing[0]!r}, data)")
        if status != 0:
            raise Error(status, self._library.@p@_error(status).decode())

    @staticmethod
    def _numbers(values):
        return (ctypes.c_double * max(1, len(values)))(*values)

    def _send(self, handle, k):
        data = self._fields[k]
        self._check(self._library.@p@_set_field(handle, k, (ctypes.c_double * len(data)).from_buffer(data)))

    def _handle(self, strides):
        """The handle for links of these strides (@shape@, mu, row, column), in bytes; None: C order."""
        if strides in self._handles:
            return self._handles[strides]
        options = _Options(None, self._convention, self._threads)
        if strides is not None:
            layout = _Layout(order=0, pointers=0, row=strides[DIM + 1] // 8, column=strides[DIM + 2] // 8, imaginary=1)
            for mu in range(DIM):
                layout.site[mu] = strides[DIM - 1 - mu] // 8
                layout.direction[mu] = mu * (strides[DIM] // 8)
            options.layout = ctypes.pointer(layout)
        handle = ctypes.c_void_p()
        status = self._library.@p@_create((ctypes.c_int * DIM)(*self.extents), self._numbers(self._theta), ctypes.byref(options), ctypes.byref(handle))
        if status == 2:
            raise Error(status, f"extents: got {self.extents}, expected @bounds@, and less than 2^31 sites times lanes")
        self._check(status)
        self._handles[strides] = handle
        for k in self._fields:
            self._send(handle, k)
        return handle

    def _buffer(self, data, count):
        """Doubles of anything that has them in C order, without a copy where that is possible."""
        view = memoryview(numpy.ascontiguousarray(data) if numpy is not None and isinstance(data, numpy.ndarray) else data)
        if view.nbytes != 8 * count:
            raise ValueError(f"got {view.nbytes // 8} doubles, expected {count}")
        return view.cast("B").cast("d")

    def _links(self, links):
        """Handle, address and what must be kept until the call returns."""
        if numpy is not None and isinstance(links, numpy.ndarray):
            shape = (*reversed(self.extents), DIM, N, N)
            if links.shape != shape or links.dtype != numpy.complex128:
                raise ValueError(f"links: got {links.dtype} of shape {links.shape}, expected complex128 of shape {shape}")
            if not _apart(links):
                links = numpy.ascontiguousarray(links)
            return self._handle(None if links.flags.c_contiguous else links.strides), ctypes.c_void_p(links.ctypes.data), links
        view = self._buffer(links, self.volume * DIM * 2 * N * N)
        held = array.array("d", view) if view.readonly else view
        return self._handle(None), ctypes.cast((ctypes.c_double * len(held)).from_buffer(held), ctypes.c_void_p), held

    def _result(self, links, components=False):
        """A field for results in the layout of the links, and its address."""
        if components:
            count, shape, kind = self.volume * DIM * GENERATORS, (*reversed(self.extents), DIM, GENERATORS), "float64"
        else:
            count, shape, kind = self.volume * DIM * 2 * N * N, (*reversed(self.extents), DIM, N, N), "complex128"
        if numpy is not None and isinstance(links, numpy.ndarray):
            # of the strides of the links, as the handle expects
            out = numpy.empty(shape, kind) if components or links.flags.c_contiguous else numpy.ndarray(shape, kind, bytearray(_span(links)), strides=links.strides)
            return out, ctypes.c_void_p(out.ctypes.data)
        out = array.array("d", bytes(8 * count))
        return out, ctypes.cast((ctypes.c_double * count).from_buffer(out), ctypes.c_void_p)


def _apart(links):
    """Strides of whole doubles that leave every number a place of its own: repeated, reversed and packed arrays are copied."""
    span = 16
    for s, n in sorted((s, n) for s, n in zip(links.strides, links.shape) if n > 1):
        if s < span or s % 8 != 0:
            return False
        span += (n - 1) * s
    return True


def _span(links):
    return sum((n - 1) * s for n, s in zip(links.shape, links.strides)) + 16
`;

const exampleOf = ({ linkless, moved }: LibrarySpec["subject"]): string => `${linkless ? "S.value()" : "S.value(U); S.force(U)"}${moved ? `; S.field_forces(${linkless ? "" : "U"})` : ""}`;

export function python(spec: LibrarySpec): string {
  const { name: p, dim: D, N, subject, parameters, fields, generators, axes, bounds } = spec;
  const isAction = subject.kind === "action";
  const shape = [...axes].reverse().map((a) => `L${a}`).join(", ");
  const className = isAction ? "Action" : "Layer";
  const quoted = (names: readonly string[]): string => `(${names.map((n) => `${JSON.stringify(n)}, `).join("")})`;
  return fill(TEXT, { title: spec.title, group: spec.group, D, version: spec.version, p, className, four: Array.from({ length: D }, () => "4").join(", "), directions: axes.join(", "), setFields: fields.map((x) => `S.set_field(${JSON.stringify(x.name)}, data)\n    `).join(""), example: isAction ? exampleOf(subject) : "V = S.smear(U); F, dtheta = S.pullback(U, FV)", shape, N, P: p.toUpperCase(), generators, bounds: bounds.length === 0 ? "1 or more in every direction" : bounds.join(", "), parameterNames: quoted(parameters.map((x) => x.name)), parameterValues: parameters.map((x) => `${x.value}, `).join(""), fieldNames: quoted(fields.map((f) => f.name)), fieldNumbers: fields.map((f) => `${f.components}, `).join(""), methods: isAction ? actionMethods(spec) : layerMethods(spec) });
}

/** A function of fields alone takes no links, and one of both has forces of both. */
function actionMethods({ name: p, parameters, fields, subject: { linkless = false, moved = 0 } }: LibrarySpec): string {
  const self = linkless ? "self" : "self, links";
  const at = linkless ? "handle, address = self._handle(None), None" : "handle, address, kept = self._links(links)";
  return `
    def value(${self}):
        """S${linkless ? " of the fields that are set" : "[U]"}."""
        ${at}
        value = ctypes.c_double()
        self._check(self._library.${p}_value(handle, address, ctypes.byref(value)))
        return value.value
${linkless ? "" : linkForces(p)}${
  moved === 0
    ? ""
    : `
    def field_forces(${self}):
        """S and the forces of ${fields.slice(0, moved).map((f) => f.name).join(", ")} by name: arrays of float of shape (sites in the order of set_field, numbers)."""
        ${at}
        value, made = ctypes.c_double(), [array.array("d", bytes(8 * self.volume * n)) for n in FIELD_NUMBERS[:${moved}]]
        to = (ctypes.c_void_p * ${moved})(*(x.buffer_info()[0] for x in made))
        self._check(self._library.${p}_field_forces(handle, address, ctypes.byref(value), to))
        shaped = [numpy.frombuffer(x).reshape(*reversed(self.extents), n) for x, n in zip(made, FIELD_NUMBERS)] if numpy is not None else made
        return value.value, dict(zip(FIELDS, shaped))
`
}${
  parameters.length === 0
    ? ""
    : `
    def gradient(${self}):
        """S and dS/d(parameter) in the order of PARAMETERS."""
        ${at}
        value, gradient = ctypes.c_double(), (ctypes.c_double * len(PARAMETERS))()
        self._check(self._library.${p}_gradient(handle, address, ctypes.byref(value), gradient))
        return value.value, list(gradient)
`
}`;
}

const linkForces = (p: string): string => `
    def force(self, links):
        """The force in the convention chosen: matrices in the layout of the links, or components."""
        handle, address, kept = self._links(links)
        force, to = self._result(kept, CONVENTIONS[self._convention] == "components")
        self._check(self._library.${p}_force(handle, address, to))
        return force

    def value_and_force(self, links):
        """S[U] and its force, from one pass."""
        handle, address, kept = self._links(links)
        value = ctypes.c_double()
        force, to = self._result(kept, CONVENTIONS[self._convention] == "components")
        self._check(self._library.${p}_value_and_force(handle, address, ctypes.byref(value), to))
        return value.value, force
`;

function layerMethods({ name: p, parameters }: LibrarySpec): string {
  return `
    def smear(self, links):
        """The smeared links."""
        handle, address, kept = self._links(links)
        smeared, to = self._result(kept)
        self._check(self._library.${p}_smear(handle, address, to))
        return smeared

    def pullback(self, links, smeared_force):
        """From the force with respect to the smeared links (of the same kind and strides as the links; convention "cotangent": their cotangent) to that with respect to the thin links, and the derivatives by the parameters."""
        components = CONVENTIONS[self._convention] == "components"
        handle, address, kept = self._links(links)
        if components:
            view = self._buffer(smeared_force, self.volume * DIM * GENERATORS)
            held = array.array("d", view)
            source = ctypes.cast((ctypes.c_double * len(held)).from_buffer(held), ctypes.c_void_p)
        else:
            other, source, held = self._links(smeared_force)
            if other is not handle:
                raise ValueError("smeared_force: got other strides than those of the links, expected the same")
        force, to = self._result(kept, components)
        gradient = (ctypes.c_double * max(1, len(PARAMETERS)))()
        self._check(self._library.${p}_pullback(handle, address, source, to, gradient))
        return force, list(gradient)[:${parameters.length}]
`;
}
