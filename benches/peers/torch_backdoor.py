"""The other side of `cargo xtask bench backdoor`: a step of RAP's construction in plain PyTorch.

Speaks JSON lines as torch_bert.py does:

    {"op": "hello"}                                   versions
    {"op": "load", "dir": "...", "device": "cpu", "dtype": "f32", "threads": 2}
                                                      "seconds" that loading took
    {"op": "construction_step", "batch": 32, "seq": 64}
                                                      "seconds" of a forward and backward pass
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

Token ids are (7 * position + 31 * row) % 20000 + 1000 modulo the vocabulary, all unmasked; all labels are 1. Gradients
of all weights are computed and one row of the word table's is kept, as the published loop does.

Needs torch, transformers and safetensors (run with torch 2.15, transformers 5.23).
"""

import time

import torch
import transformers
from torch.nn.functional import cross_entropy

from bert_peer import BertPeer, read, token_ids


class Peer(BertPeer):
    def build(self, request):
        return read(
            transformers.BertForSequenceClassification, request, num_labels=2, ignore_mismatched_sizes=True
        )

    def construction_step(self, request):
        model = self.loaded()
        batch, length = request["batch"], request["seq"]
        ids = token_ids(batch, length, model.config.vocab_size).to(self.device)
        labels = torch.ones(batch, dtype=torch.long, device=self.device)
        self.wait()
        start = time.perf_counter()
        model.zero_grad(set_to_none=True)
        cross_entropy(model(input_ids=ids).logits.float(), labels).backward()
        row = model.get_input_embeddings().weight.grad[ids[0, 0]].clone()
        self.wait()
        return {"seconds": time.perf_counter() - start, "norm": row.norm().item()}


def main():
    peer = Peer()
    peer.serve(construction_step=peer.construction_step)


if __name__ == "__main__":
    main()
