"""The other side of `cargo xtask bench lorentz`: a Euclidean layer in plain PyTorch.

Speaks JSON lines as torch_bert.py does:

    {"op": "hello"}                                   versions
    {"op": "setup", "device": "cpu", "threads": 2}    nothing
    {"op": "linear", "rows": 4096, "width": 256}      "seconds" of a forward and backward pass
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

Gradients are those of the weights, the bias and the batch.

Needs torch (run with torch 2.15).
"""

import time

import torch

from serve import serve
from torch_peer import TorchPeer


class Peer(TorchPeer):
    def __init__(self):
        super().__init__()
        self.layers = {}

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
        layer(batch).sum().backward()
        self.wait()
        return {"seconds": time.perf_counter() - start}


def main():
    peer = Peer()
    serve({"hello": peer.hello, "setup": peer.setup, "linear": peer.linear, "peak_memory": peer.peak_memory})


if __name__ == "__main__":
    main()
