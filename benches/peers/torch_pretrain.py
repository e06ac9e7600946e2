"""The other side of `cargo xtask bench pretrain`: masked-LM pre-training with transformers' BertForMaskedLM.

Speaks JSON lines as torch_bert.py does:

    {"op": "hello"}                                   versions
    {"op": "load", "dir": "...", "text": "....safetensors", "device": "cpu", "dtype": "f32", "threads": 2,
     "batch": 32, "steps": 400, "warmup": 100, "rate": 6e-4, "betas": [0.9, 0.98], "epsilon": 1e-6,
     "weight_decay": 0.01, "max_grad_norm": 1.0}      "seconds" that loading took
    {"op": "held_out_loss", "step": 50}               trains up to that step; "value", the mean loss at the places
                                                      of the held-out windows that are to be predicted
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

The text's file has `training_ids`, `training_labels`, `held_out_ids` and `held_out_labels`, [windows, length] each,
noise included; labels are -100 where nothing is to be predicted. Step n takes the windows n * batch to
(n + 1) * batch. Matrices have weight decay, vectors have none. The learning rate rises linearly from 0 at step 0 and
falls linearly to 0 after the last step. Dropout is that of the directory.

Needs torch, transformers and safetensors (run with torch 2.15, transformers 5.24).
"""

import torch
import transformers
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import LambdaLR

from bert_peer import BertPeer, read

HELD_OUT_BATCH = 32


class Peer(BertPeer):
    def build(self, request):
        return read(transformers.BertForMaskedLM, request)

    def load(self, request):
        answer = super().load(request)
        self.settings = request
        self.text = {name: ids.long().to(self.device) for name, ids in load_file(request["text"]).items()}
        parameters = list(self.model.parameters())
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in parameters if p.dim() > 1], "weight_decay": request["weight_decay"]},
                {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
            ],
            lr=request["rate"],
            betas=tuple(request["betas"]),
            eps=request["epsilon"],
        )
        warmup, steps = request["warmup"], request["steps"]
        self.schedule = LambdaLR(
            self.optimizer, lambda n: n / warmup if n < warmup else (steps - n) / (steps - warmup)
        )
        self.done = 0
        self.losses = {}
        return answer

    def held_out_loss(self, request):
        self.loaded()
        wanted = request["step"]
        while self.done < wanted:
            self.train_step()
        if wanted not in self.losses:
            if self.done > wanted:
                raise ValueError(f"step {wanted} is past: {self.done} are done")
            self.losses[wanted] = self.evaluate()
        return {"value": self.losses[wanted]}

    def train_step(self):
        batch = self.settings["batch"]
        place = slice(self.done * batch, (self.done + 1) * batch)
        self.model.train()
        self.optimizer.zero_grad(set_to_none=True)
        logits, labels = self.predictions("training", place)
        cross_entropy(logits, labels).backward()
        clip_grad_norm_(self.model.parameters(), self.settings["max_grad_norm"])
        self.optimizer.step()
        self.schedule.step()
        self.done += 1

    def evaluate(self):
        self.model.eval()
        total, count = 0.0, 0
        with torch.inference_mode():
            for start in range(0, len(self.text["held_out_ids"]), HELD_OUT_BATCH):
                logits, labels = self.predictions("held_out", slice(start, start + HELD_OUT_BATCH))
                total += cross_entropy(logits, labels, reduction="sum").item()
                count += len(labels)
        return total / count

    def predictions(self, part, place):
        """Logits and labels at the places of some windows that are to be predicted."""
        ids, labels = (self.text[f"{part}_{kind}"][place] for kind in ("ids", "labels"))
        chosen = labels >= 0
        hidden = self.model.bert(input_ids=ids).last_hidden_state
        return self.model.cls(hidden[chosen]).float(), labels[chosen]


def main():
    peer = Peer()
    peer.serve(held_out_loss=peer.held_out_loss)


if __name__ == "__main__":
    main()
