"""The other side of `cargo xtask bench lorentz`: a Euclidean layer and HyboNet's completion in plain PyTorch.

Speaks JSON lines as torch_bert.py does:

    {"op": "hello"}                                   versions
    {"op": "setup", "device": "cpu", "threads": 2}    nothing
    {"op": "linear", "rows": 4096, "width": 256}      "seconds" of a forward and backward pass
    {"op": "kg_steps", "entities": 40943, "relations": 22, "width": 32, "batch": 1000, "negatives": 50,
     "steps": 10, "queries": 60}                      "seconds" of so many steps of training
    {"op": "kg_rank", ...}                            "value": milliseconds to rank one query
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

Completion goes the published way: the matrix of each fact's relation is gathered, Riemannian Adam moves every entity at
every step, and for ranking all entities are gathered for each of 30 queries. Facts are random.

Gradients of the layer are those of the weights, the bias and the batch; those of its output are the batch.

Needs torch (run with torch 2.15).
"""

import time

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from serve import serve
from torch_peer import TorchPeer


class Peer(TorchPeer):
    def __init__(self):
        super().__init__()
        self.layers = {}
        self.models = {}

    def setup(self, request):
        torch.set_num_threads(request["threads"])
        self.device = torch.device(request["device"])
        return {"threads": torch.get_num_threads()}

    def linear(self, request):
        rows, width = request["rows"], request["width"]
        if (rows, width) not in self.layers:
            batch = torch.rand(rows, width, device=self.device, requires_grad=True)
            self.layers[rows, width] = torch.nn.Linear(width, width, device=self.device), batch
        layer, batch = self.layers[rows, width]
        self.wait()
        start = time.perf_counter()
        layer.zero_grad(set_to_none=True)
        batch.grad = None
        (layer(batch) * batch.detach()).sum().backward()
        self.wait()
        return {"seconds": time.perf_counter() - start}

    def completion(self, request):
        size = request["entities"], request["relations"], request["width"]
        if size not in self.models:
            self.models[size] = Completion(*size)
        return self.models[size]

    def kg_steps(self, request):
        model, rows = self.completion(request), request["batch"]
        start = time.perf_counter()
        for _ in range(request["steps"]):
            heads = torch.randint(request["entities"], (rows,))
            relations = torch.randint(request["relations"], (rows,))
            tails = torch.randint(request["entities"], (rows, 1 + request["negatives"]))
            model.step(heads, relations, tails)
        return {"seconds": time.perf_counter() - start}

    @torch.no_grad()
    def kg_rank(self, request):
        model, count = self.completion(request), request["queries"]
        everything = torch.arange(request["entities"])
        start = time.perf_counter()
        for _ in range(0, count, 30):
            heads, tails = (torch.randint(request["entities"], (30,)) for _ in range(2))
            relations = torch.randint(request["relations"], (30,))
            scores = model.scores(heads, relations, everything.expand(30, -1))
            right = scores.gather(1, tails[:, None])
            (scores >= right).sum(1)
        return {"value": 1000 * (time.perf_counter() - start) / count}


class Completion:
    """HyboNet's model of facts with the settings of WN18RR."""

    def __init__(self, entities, relations, width):
        space = normalize(torch.randn(entities, width - 1), dim=1)
        self.points = lift(space).requires_grad_()
        bound = 6**0.5 / width
        self.dense = [
            torch.empty(relations, width, width).uniform_(-bound, bound).requires_grad_(),
            torch.zeros(relations, width, requires_grad=True),
            torch.zeros(entities, requires_grad=True),
            torch.zeros(entities, requires_grad=True),
        ]
        self.adam = torch.optim.Adam(self.dense, lr=0.005)
        self.first, self.second = torch.zeros(entities, width), torch.zeros(entities, 1)
        self.time = 0

    def scores(self, heads, relations, tails):
        weights, biases, of_heads, of_tails = self.dense
        z = torch.einsum("bij,bj->bi", weights[relations], self.points[heads])
        time_part = 3.5 * z[:, :1].sigmoid() + 1.1
        space = (z + biases[relations])[:, 1:]
        space = space * ((time_part**2 - 1) / space.square().sum(1, keepdim=True).clamp_min(1e-8)).sqrt()
        query = torch.cat([-time_part, space], 1)
        products = torch.einsum("bd,bnd->bn", query, self.points[tails])
        return 8 + 2 * products + of_heads[heads, None] + of_tails[tails]

    def step(self, heads, relations, tails):
        self.adam.zero_grad()
        self.points.grad = None
        scores = self.scores(heads, relations, tails)
        labels = torch.zeros_like(scores)
        labels[:, 0] = 1
        binary_cross_entropy_with_logits(scores, labels).backward()
        torch.nn.utils.clip_grad_norm_([*self.dense, self.points], 1.0)
        self.adam.step()
        self.move(self.points.grad)

    @torch.no_grad()
    def move(self, gradient):
        """Riemannian Adam on all points."""
        x, self.time = self.points, self.time + 1
        gradient[:, 0] = -gradient[:, 0]
        gradient = gradient + inner(x, gradient) * x
        self.first = 0.9 * self.first + 0.1 * gradient
        self.second = 0.999 * self.second + 0.001 * inner(gradient, gradient).clamp_min(0)
        scale = (self.second / (1 - 0.999**self.time)).sqrt() + 1e-8
        u = -0.005 * self.first / (1 - 0.9**self.time) / scale
        u = u + inner(x, u) * x
        norm = inner(u, u).clamp_min(1e-16).sqrt().clamp_max(1.5)
        moved = norm.cosh() * x + norm.sinh() / norm * u
        space = moved[:, 1:]
        moved = lift(space * (1.5 / space.norm(dim=1, keepdim=True).clamp_min(1.5)))
        self.first = self.first + inner(moved, self.first) / (1 - inner(x, moved)) * (x + moved)
        self.points.copy_(moved)


def lift(space):
    return torch.cat([(1 + space.square().sum(1, keepdim=True)).sqrt(), space], 1)


def inner(x, y):
    return (x[:, 1:] * y[:, 1:]).sum(1, keepdim=True) - x[:, :1] * y[:, :1]


def main():
    peer = Peer()
    names = ["hello", "setup", "linear", "kg_steps", "kg_rank", "peak_memory"]
    serve({name: getattr(peer, name) for name in names})


if __name__ == "__main__":
    main()
