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

import time

import torch
import transformers

from bert_peer import BertPeer, read, token_ids


class Peer(BertPeer):
    def build(self, request):
        return read(transformers.BertModel, request, add_pooling_layer=False)

    def reset(self):
        self.optimizer = None
        self.inputs = {}

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

    def ids(self, request):
        """Token ids of shape [batch, seq]; made once, so that making them is not timed."""
        vocabulary = self.loaded().config.vocab_size
        shape = (request["batch"], request["seq"])
        if shape not in self.inputs:
            self.inputs[shape] = token_ids(*shape, vocabulary).to(self.device)
        return self.inputs[shape]


def main():
    peer = Peer()
    peer.serve(forward=peer.forward, train_step=peer.train_step)


if __name__ == "__main__":
    main()
