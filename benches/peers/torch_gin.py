"""The other side of `cargo xtask bench event-contrast`: Python's penman, and a step of GIN in plain PyTorch.

Speaks JSON lines as torch_bert.py does:

    {"op": "hello"}                                   versions
    {"op": "texts", "texts": ["(a / b)", ...]}        keeps graphs in PENMAN notation
    {"op": "decode"}                                  "seconds" of reading them all
    {"op": "encode"}                                  "seconds" of writing them all
    {"op": "views", "first": {"nodes": [3, ...], "edges": [[0, 1], ...]}, "second": {...},
     "sizes": [300, 32, 16, 300], "levels": 5, "queue": 1024, "tau": 0.07, "threads": 2}
                                                      keeps a batch of graphs and makes a network for it
    {"op": "gin_step"}                                "seconds" of losses and gradients
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

The network is that of CLEVE and GCC: sums over neighbors by index_add, as graph libraries compute them, two linear
layers with batch normalization, a linear readout of every level. Keys come from a second network without gradients.
Features are random.

Needs torch and penman (run with torch 2.15, penman 1.3.1).
"""

import time

import penman
import torch
from torch import nn
from torch.nn.functional import cross_entropy, normalize, relu

from serve import serve
from torch_peer import TorchPeer


class Layer(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.first, self.second = nn.Linear(width, hidden), nn.Linear(hidden, hidden)
        self.norms = nn.ModuleList(nn.BatchNorm1d(hidden) for _ in range(3))

    def forward(self, x, source, target):
        x = x + torch.zeros_like(x).index_add(0, source, x[target])
        x = relu(self.norms[0](self.first(x)))
        x = relu(self.norms[1](self.second(x)))
        return relu(self.norms[2](x))


class Gin(nn.Module):
    def __init__(self, sizes, levels):
        super().__init__()
        tokens, positions, degrees, hidden = sizes
        self.degrees = nn.Embedding(513, degrees)
        widths = [tokens + positions + degrees + 1] + [hidden] * (levels - 1)
        self.layers = nn.ModuleList(Layer(width, hidden) for width in widths[:-1])
        self.readouts = nn.ModuleList(nn.Linear(width, hidden) for width in widths)
        self.dropout = nn.Dropout(0.5)

    def forward(self, batch):
        x = torch.cat([batch["tokens"], batch["positions"], self.degrees(batch["degrees"]), batch["seeds"]], 1)
        total = 0
        for level, readout in enumerate(self.readouts):
            if level:
                x = self.layers[level - 1](x, *batch["edges"])
            sums = x.new_zeros(batch["graphs"], x.shape[1]).index_add(0, batch["owner"], x)
            total = total + self.dropout(readout(sums))
        return normalize(total, dim=1)


def batch_of(view, sizes):
    counts = torch.tensor(view["nodes"])
    nodes = int(counts.sum())
    edges = torch.tensor(view["edges"], dtype=torch.long).reshape(-1, 2).T
    seeds = torch.zeros(nodes, 1)
    seeds[torch.cumsum(counts, 0) - counts] = 1
    return {
        "edges": (edges[0], edges[1]),
        "owner": torch.repeat_interleave(torch.arange(len(counts)), counts),
        "graphs": len(counts),
        "degrees": torch.bincount(edges[0], minlength=nodes),
        "tokens": torch.randn(nodes, sizes[0]),
        "positions": torch.randn(nodes, sizes[1]),
        "seeds": seeds,
    }


class Peer(TorchPeer):
    packages = (penman,)

    def texts(self, request):
        self.penmans = request["texts"]
        self.trees = [penman.decode(text) for text in self.penmans]
        return {}

    def decode(self, _):
        start = time.perf_counter()
        for text in self.penmans:
            penman.decode(text)
        return {"seconds": time.perf_counter() - start}

    def encode(self, _):
        start = time.perf_counter()
        for graph in self.trees:
            penman.encode(graph, indent=6)
        return {"seconds": time.perf_counter() - start}

    def views(self, request):
        torch.set_num_threads(request["threads"])
        sizes = request["sizes"]
        self.first, self.second = (batch_of(request[name], sizes) for name in ("first", "second"))
        self.query, self.key = (Gin(sizes, request["levels"]) for _ in range(2))
        self.queue = normalize(torch.randn(request["queue"], sizes[-1]), dim=1)
        self.tau = request["tau"]
        return {"threads": torch.get_num_threads()}

    def gin_step(self, _):
        start = time.perf_counter()
        self.query.zero_grad(set_to_none=True)
        query = self.query(self.first)
        with torch.no_grad():
            keys = self.key(self.second)
        scores = torch.cat([(query * keys).sum(1, keepdim=True), query @ self.queue.T], 1) / self.tau
        cross_entropy(scores, torch.zeros(len(query), dtype=torch.long)).backward()
        self.queue = torch.cat([keys, self.queue])[: len(self.queue)]
        return {"seconds": time.perf_counter() - start}


def main():
    peer = Peer()
    names = ["hello", "texts", "decode", "encode", "views", "gin_step", "peak_memory"]
    serve({name: getattr(peer, name) for name in names})


if __name__ == "__main__":
    main()
