"""What the peers share: the folder with links and weights, timing, and the numbers that are compared before any time is printed."""
import json
import sys
import time

import numpy as np

folder, asked = sys.argv[1], sys.argv[2:]
HIDDEN = 64


def links(name, n, extent):
    """Links as [mu, t, z, y, x, row, column]."""
    return np.fromfile(f"{folder}/{name}.bin", dtype=np.complex128).reshape(4, *[extent] * 4, n, n)


def weights():
    """Of the network 4 -> 64 -> 64 -> 1."""
    w = np.fromfile(f"{folder}/weights.bin")
    shapes = [(HIDDEN, 4), (HIDDEN, HIDDEN), (1, HIDDEN)]
    ends = np.cumsum([0] + [a * b for a, b in shapes])
    return [w[ends[k] : ends[k + 1]].reshape(s) for k, s in enumerate(shapes)]


def force(u, g):
    """-(1/2) TA(U G^+), with G = dS/dRe U + i dS/dIm U."""
    m = u @ np.swapaxes(g.conj(), -1, -2)
    a = (m - np.swapaxes(m.conj(), -1, -2)) / 2
    a -= np.trace(a, axis1=-2, axis2=-1)[..., None, None] * np.eye(u.shape[-1]) / u.shape[-1]
    return -a / 2


def nanoseconds(run, sites):
    """Processor time of a run, the median of seven after one that warms up."""
    run()
    samples = []
    for _ in range(7):
        begin = time.process_time()
        run()
        samples.append(time.process_time() - begin)
    return 1e9 * sorted(samples)[3] / sites


def report(name, version, works):
    """works: name of the work -> (run, result as an array, sites); those that were asked for are timed."""
    out = []
    for k, (work, make) in enumerate(works.items()):
        if work not in asked:
            continue
        run, result, sites = make()
        file = f"{folder}/{name}-{k}.bin"
        np.ascontiguousarray(result).tofile(file)
        out.append({"name": f"{name} {version}", "work": work, "file": file, "nsPerSite": nanoseconds(run, sites)})
    print(json.dumps(out))
