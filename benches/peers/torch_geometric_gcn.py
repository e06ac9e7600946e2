"""The other side of `cargo xtask bench graph-imbalance`: a GCN of PyTorch Geometric on Cora.

Speaks JSON lines: one request a line on standard input, one answer a line on standard output.
An answer is `{"ok": true, ...}` or `{"ok": false, "error": "..."}`.

    {"op": "hello"}                                        versions
    {"op": "load", "file": "...", "threads": 2, "hidden": 32, "dropout": 0.5, "train": [..]}
                                                           reads the graph and makes the networks
    {"op": "train_step", "form": FORM}                     "seconds" of forward, loss, backward and
                                                           Adam over the training nodes; "loss"
    {"op": "forward", "form": FORM}                        "seconds" of an evaluation

The graph is a gzip'd safetensors file: `edge_index` [2, E] (each edge once), `x_indptr`, `x_indices`
(features that are all 1), `y`. The network is what PyTorch Geometric's own example is: two cached
GCNConv with ReLU and dropout between them. It comes in four forms:

- "dense": features as a dense table, edges as a list of pairs: how users run it;
- "sparse": the first layer's product is `torch.sparse.mm` with the features in compressed rows;
- "adjacency": that, and a sparse matrix of compressed rows in place of the list of edges, which
  PyTorch Geometric recommends: the fastest evaluation;
- "by_hand": torch alone, with both sparse matrices and their transposes made once, so that no backward
  pass transposes: the fastest step.

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
from torch_geometric.nn.conv.gcn_conv import gcn_norm
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


class Product(torch.autograd.Function):
    """A constant sparse matrix, given with its transpose, times a dense one."""

    @staticmethod
    def forward(ctx, matrix, transposed, dense):
        ctx.transposed = transposed
        return matrix @ dense

    @staticmethod
    def backward(ctx, gradient):
        return None, None, ctx.transposed @ gradient


class GcnByHand(torch.nn.Module):
    def __init__(self, width, hidden, classes, dropout):
        super().__init__()
        self.dropout = dropout
        self.weights = torch.nn.ParameterList(
            [torch.empty(width, hidden), torch.empty(hidden, classes)]
        )
        self.biases = torch.nn.ParameterList([torch.zeros(hidden), torch.zeros(classes)])
        for weight in self.weights:
            glorot(weight)

    def forward(self, x, propagation):
        x = Product.apply(*x, self.weights[0])
        x = (Product.apply(*propagation, x) + self.biases[0]).relu()
        x = torch.nn.functional.dropout(x, self.dropout, self.training)
        return Product.apply(*propagation, x @ self.weights[1]) + self.biases[1]


def with_transpose(matrix):
    return matrix, matrix.t().to_sparse_csr()


class Peer:
    def __init__(self):
        self.forms = {}

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
        edges = to_undirected(torch.from_numpy(arrays["edge_index"].astype(numpy.int64)))
        self.y = torch.from_numpy(arrays["y"].astype(numpy.int64))
        indptr = torch.from_numpy(arrays["x_indptr"].astype(numpy.int64))
        indices = torch.from_numpy(arrays["x_indices"].astype(numpy.int64))
        nodes, width = len(self.y), int(arrays["x_indices"].max()) + 1
        ones = torch.ones(len(indices))
        sparse = torch.sparse_csr_tensor(indptr, indices, ones, (nodes, width))
        classes = int(self.y.max()) + 1
        adjacency = torch.sparse_coo_tensor(edges, torch.ones(edges.shape[1]), (nodes, nodes))
        adjacency = adjacency.coalesce().to_sparse_csr()
        propagation, _ = gcn_norm(adjacency, num_nodes=nodes)
        self.train = torch.tensor(request["train"])
        sizes = (width, request["hidden"], classes, request["dropout"])
        for form, x, graph, model in [
            ("dense", sparse.to_dense(), edges, Gcn(*sizes, sparse=False)),
            ("sparse", sparse, edges, Gcn(*sizes, sparse=True)),
            ("adjacency", sparse, adjacency, Gcn(*sizes, sparse=True)),
            ("by_hand", with_transpose(sparse), with_transpose(propagation), GcnByHand(*sizes)),
        ]:
            optimizer = torch.optim.Adam(model.parameters(), lr=0.0075)
            self.forms[form] = (x, graph, model, optimizer)
        return {"nodes": nodes, "edges": edges.shape[1], "width": width}

    def train_step(self, request):
        x, graph, model, optimizer = self.forms[request["form"]]
        model.train()
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        logits = model(x, graph)
        loss = torch.nn.functional.cross_entropy(logits[self.train], self.y[self.train])
        loss.backward()
        optimizer.step()
        return {"seconds": time.perf_counter() - start, "loss": loss.item()}

    def forward(self, request):
        x, graph, model, _ = self.forms[request["form"]]
        model.eval()
        start = time.perf_counter()
        with torch.inference_mode():
            model(x, graph)
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
