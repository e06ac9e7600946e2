"""The other side of `cargo xtask bench moe`: dense feed-forward layers on PyTorch.

Speaks JSON lines: one request a line on standard input, one answer a line on standard output.
An answer is `{"ok": true, ...}` or `{"ok": false, "error": "..."}`.

    {"op": "hello"}                                            versions
    {"op": "load", "device": "cpu", "threads": 2}              nothing
    {"op": "forward", "tokens": 16, "width": 768, "neurons": 3072}
                                                               "seconds"; "sum" of the outputs

The layer is linear, ReLU, linear, with biases and random weights; inputs are random. The time of a
dense layer does not depend on the values.

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
        self.inputs = {}

    def load(self, request):
        torch.set_num_threads(request["threads"])
        torch.manual_seed(0)
        self.device = torch.device(request.get("device", "cpu"))
        return {"threads": torch.get_num_threads()}

    def forward(self, request):
        width, neurons = request["width"], request["neurons"]
        shape = (request["tokens"], width)
        if (width, neurons) not in self.layers:
            layer = torch.nn.Sequential(
                torch.nn.Linear(width, neurons), torch.nn.ReLU(), torch.nn.Linear(neurons, width)
            )
            self.layers[width, neurons] = layer.to(self.device).eval()
        if shape not in self.inputs:
            self.inputs[shape] = torch.randn(shape, device=self.device)
        layer, x = self.layers[width, neurons], self.inputs[shape]
        with torch.inference_mode():
            self.wait()
            start = time.perf_counter()
            y = layer(x)
            self.wait()
        return {"seconds": time.perf_counter() - start, "sum": y.float().sum().item()}


def main():
    peer = Peer()
    serve({"hello": peer.hello, "load": peer.load, "forward": peer.forward})


if __name__ == "__main__":
    main()
