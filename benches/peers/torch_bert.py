"""The other side of `cargo xtask bench`: transformers' BertModel on PyTorch.

Speaks JSON lines: one request a line on standard input, one answer a line on standard output.
An answer is `{"ok": true, ...}` or `{"ok": false, "error": "..."}`.

    {"op": "hello"}                                   versions
    {"op": "load", "dir": "...", "device": "cpu", "dtype": "f32", "threads": 2}
                                                      "seconds" that loading took
    {"op": "forward", "batch": 32, "seq": 128}        "seconds"; "sum" of the last hidden states
    {"op": "train_step", "batch": 32, "seq": 128, "rate": 1e-5}
                                                      "seconds" of forward, backward and AdamW; "loss"
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

Token ids are (7 * position + 31 * row) % 20000 + 1000, all unmasked, so that both sides compute the
same thing. There is no pooler. The loss is the mean square of the last hidden states: any scalar that needs every
weight does. Dropout is off.

Needs torch, transformers and safetensors (run with torch 2.15, transformers 5.23).
"""

import resource
import sys
import time

import torch
import transformers

from serve import serve

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class Peer:
    def __init__(self):
        self.model = None
        self.optimizer = None
        self.inputs = {}

    def hello(self, _):
        return {
            "versions": {
                "python": sys.version.split()[0],
                "torch": torch.__version__,
                "transformers": transformers.__version__,
                "cuda": torch.version.cuda or "none",
            }
        }

    def load(self, request):
        if "threads" in request:
            torch.set_num_threads(request["threads"])
        self.device = torch.device(request.get("device", "cpu"))
        start = time.perf_counter()
        self.model = transformers.BertModel.from_pretrained(
            request["dir"],
            dtype=DTYPES[request.get("dtype", "f32")],
            add_pooling_layer=False,
            local_files_only=True,
        )
        self.model.to(self.device).eval()
        self.wait()
        self.optimizer = None
        self.inputs = {}
        return {"seconds": time.perf_counter() - start, "threads": torch.get_num_threads()}

    def forward(self, request):
        ids = self.ids(request)
        self.wait()
        start = time.perf_counter()
        with torch.inference_mode():
            hidden = self.model(input_ids=ids).last_hidden_state
            self.wait()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "sum": hidden.float().sum().item()}

    def train_step(self, request):
        ids = self.ids(request)
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(
                self.model.parameters(), lr=request.get("rate", 1e-5), weight_decay=0.01
            )
        self.wait()
        start = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.model(input_ids=ids).last_hidden_state.float().square().mean()
        loss.backward()
        self.optimizer.step()
        self.wait()
        return {"seconds": time.perf_counter() - start, "loss": loss.item()}

    def peak_memory(self, _):
        if self.model is not None and self.device.type == "cuda":
            return {"value": torch.cuda.max_memory_allocated(self.device) / 2**20}
        return {"value": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}

    def ids(self, request):
        """Token ids of shape [batch, seq]; made once, so that making them is not timed."""
        if self.model is None:
            raise ValueError("no model: send `load` first")
        shape = (request["batch"], request["seq"])
        if shape not in self.inputs:
            rows = torch.arange(shape[0]).unsqueeze(1)
            positions = torch.arange(shape[1]).unsqueeze(0)
            ids = (7 * positions + 31 * rows) % 20000 + 1000
            ids %= self.model.config.vocab_size
            self.inputs[shape] = ids.to(self.device)
        return self.inputs[shape]

    def wait(self):
        if self.model is not None and self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def main():
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    peer = Peer()
    serve({
        "hello": peer.hello,
        "load": peer.load,
        "forward": peer.forward,
        "train_step": peer.train_step,
        "peak_memory": peer.peak_memory,
    })


if __name__ == "__main__":
    main()
