"""What the peers on transformers' BERT share: reading a directory, and token ids that both sides can make."""

import time

import torch
import transformers

from serve import serve
from torch_peer import TorchPeer

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class BertPeer(TorchPeer):
    """A peer with one loaded directory. What differs is `build` and the operations."""

    packages = (transformers,)

    def __init__(self):
        super().__init__()
        self.model = None

    def build(self, request):
        """The model of a request to load, on the CPU."""
        raise NotImplementedError

    def reset(self):
        """Forgets what was made for an earlier model."""

    def load(self, request):
        if "threads" in request:
            torch.set_num_threads(request["threads"])
        device = torch.device(request.get("device", "cpu"))
        start = time.perf_counter()
        self.model = self.build(request).to(device).eval()
        self.device = device
        self.wait()
        self.reset()
        return {"seconds": time.perf_counter() - start, "threads": torch.get_num_threads()}

    def loaded(self):
        """The model, or an error where none is loaded."""
        if self.model is None:
            raise ValueError("no model: send `load` first")
        return self.model

    def serve(self, **ops):
        """Answers `hello`, `load`, `peak_memory` and `ops`."""
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        serve({"hello": self.hello, "load": self.load, "peak_memory": self.peak_memory, **ops})


def read(model, request, **settings):
    """The directory of a request to load, as the class `model`."""
    dtype = DTYPES[request.get("dtype", "f32")]
    return model.from_pretrained(request["dir"], dtype=dtype, local_files_only=True, **settings)


def token_ids(batch, length, vocabulary):
    """(7 * position + 31 * row) % 20000 + 1000 modulo the vocabulary, [batch, length]."""
    rows, positions = torch.arange(batch).unsqueeze(1), torch.arange(length).unsqueeze(0)
    return ((7 * positions + 31 * rows) % 20000 + 1000) % vocabulary
