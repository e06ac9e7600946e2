"""What the peers on PyTorch share: versions, waiting for the device, peak memory."""

import resource
import sys

import torch


class TorchPeer:
    """A peer whose device is the CPU until a model is loaded elsewhere."""

    # Modules whose versions `hello` tells besides torch's.
    packages = ()

    def __init__(self):
        self.device = torch.device("cpu")

    def hello(self, _):
        return {
            "versions": {
                "python": sys.version.split()[0],
                "torch": torch.__version__,
                **{package.__name__: package.__version__ for package in self.packages},
                "cuda": torch.version.cuda or "none",
            }
        }

    def peak_memory(self, _):
        """In MiB, of the GPU or else the process."""
        if self.device.type == "cuda":
            return {"value": torch.cuda.max_memory_allocated(self.device) / 2**20}
        return {"value": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}

    def wait(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
