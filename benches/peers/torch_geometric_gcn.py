"""The other side of `cargo xtask bench graph-imbalance`: a GCN of PyTorch Geometric on Cora.

Speaks JSON lines: one request a line on standard input, one answer a line on standard output.
An answer is `{"ok": true, ...}` or `{"ok": false, "error": "..."}`.

    {"op": "hello"}                                        versions
    {"op": "load", "file": "...", "threads": 2, "hidden": 32, "dropout": 0.5, "train": [..]}
                                                           reads the graph and makes the networks
    {"op": "train_step", "features": "sparse" | "dense"}   "seconds" of forward, loss, backward and
                                                           Adam over the training nodes; "loss"
    {"op": "forward", "features": "sparse" | "dense"}      "seconds" of an evaluation

The graph is a gzip'd safetensors file: `edge_index` [2, E] (each edge once), `x_indptr`, `x_indices`
(features that are all 1), `y`. The network is what PyTorch Geometric's own example is: two cached
GCNConv with ReLU and dropout between them. "dense" features are how its users run it; "sparse" ones
replace the first layer's product by `torch.sparse.mm`, its fastest form.

Needs torch, torch_geometric, safetensors and numpy (run with torch 2.15, torch_geometric 2.8).
"""

import gzip
import sys
import time

import numpy
import torch
import torch_geometric
from safetensors.numpy import load
from torch_geometric.nn import GCNConv
from torch_geometric.nn.inits import glorot
from torch_geometric.utils import to_undirected

from serve import serve


class Gcn(torch.nn.Module):
    def __init__(self, width, hidden, classes, dropout, sparse):
        super().__init__()
        self.dropout = dropout
        self.sparse = sparse
        if sparse:
            self.weight = torch.nn.Parameter(torch.empty(width, hidden))
            glorot(self.weight)
            self.first = GCNConv(hidden, hidden, cached=True)
            self.first.lin = torch.nn.Identity()
        else:
            self.first = GCNConv(width, hidden, cached=True)
        self.second = GCNConv(hidden, classes, cached=True)

    def forward(self, x, edges):
        x = torch.sparse.mm(x, self.weight) if self.sparse else x
        x = self.first(x, edges).relu()
        x = torch.nn.functional.dropout(x, self.dropout, self.training)
        return self.second(x, edges)


class Peer:
    def __init__(self):
        self.sides = {}

    def hello(self, _):
        return {
            "versions": {
                "python": sys.version.split()[0],
                "torch": torch.__version__,
                "torch_geometric": torch_geometric.__version__,
            }
        }

    def load(self, request):
        torch.manual_seed(0)
        torch.set_num_threads(request.get("threads", 1))
        with gzip.open(request["file"]) as file:
            arrays = load(file.read())
        self.edges = to_undirected(torch.from_numpy(arrays["edge_index"].astype(numpy.int64)))
        self.y = torch.from_numpy(arrays["y"].astype(numpy.int64))
        indptr = torch.from_numpy(arrays["x_indptr"].astype(numpy.int64))
        indices = torch.from_numpy(arrays["x_indices"].astype(numpy.int64))
        nodes, width = len(self.y), int(arrays["x_indices"].max()) + 1
        ones = torch.ones(len(indices))
        sparse = torch.sparse_csr_tensor(indptr, indices, ones, (nodes, width))
        classes = int(self.y.max()) + 1
        self.train = torch.tensor(request["train"])
        for name, x in [("sparse", sparse), ("dense", sparse.to_dense())]:
            model = Gcn(width, request["hidden"], classes, request["dropout"], name == "sparse")
            optimizer = torch.optim.Adam(model.parameters(), lr=0.0075)
            self.sides[name] = (x, model, optimizer)
        return {"nodes": nodes, "edges": self.edges.shape[1], "width": width}

    def train_step(self, request):
        x, model, optimizer = self.sides[request["features"]]
        model.train()
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        logits = model(x, self.edges)
        loss = torch.nn.functional.cross_entropy(logits[self.train], self.y[self.train])
        loss.backward()
        optimizer.step()
        return {"seconds": time.perf_counter() - start, "loss": loss.item()}

    def forward(self, request):
        x, model, _ = self.sides[request["features"]]
        model.eval()
        start = time.perf_counter()
        with torch.inference_mode():
            model(x, self.edges)
        return {"seconds": time.perf_counter() - start}


def main():
    peer = Peer()
    serve({
        "hello": peer.hello,
        "load": peer.load,
        "train_step": peer.train_step,
        "forward": peer.forward,
    })


if __name__ == "__main__":
    main()
