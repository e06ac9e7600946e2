"""The other side of `cargo xtask bench distill`: a step of plain PyTorch distillation, as TextBrewer's loop makes it.

Speaks JSON lines as torch_bert.py does:

    {"op": "hello"}                                   versions
    {"op": "load", "dir": "...", "device": "cpu", "dtype": "f32", "threads": 2,
     "student_layers": 3, "classes": 3, "teacher": true}
                                                      "seconds" that loading took
    {"op": "kd_step", "batch": 32, "seq": 128, "temperature": 4, "alpha_ce": 1, "alpha_kd": 1,
     "pairs": [[1, 2], [3, 6]], "alpha_hidden": 1, "rate": 2e-5, "dropout": false}
                                                      "seconds" of a step; "loss", "ce", "kd", "hidden"
    {"op": "kd_step_cached", as above without pairs, "logits": [[0.1, 0.2, 0.3], ..]}
                                                      the same, the teacher's logits known before
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

The student has the first layers of the directory, the teacher all of them, in evaluation mode and without gradients.
Both classify by a pooler from the directory and a linear map: weight of class i and component j is
((37 * i + 11 * j) % 101 - 50) / 500, bias 0. Token ids are (7 * position + 31 * row) % 20000 + 1000 modulo the
vocabulary, all unmasked; the label of row r is r modulo the number of classes.

A step is the teacher's forward pass (kd_step only), the student's forward and backward pass, clipping to norm 1 and
AdamW without weight decay. The loss is alpha_ce * cross entropy + alpha_kd * T^2 * KL(teacher || student) at
temperature T + alpha_hidden * the sum over pairs [student, teacher] of the mean squared difference of hidden states;
0 is the output of the embeddings. All numbers but batch and seq may be left out: they are those above, `pairs` empty.
The student's dropout is off unless the request says otherwise. Logits that are not given are computed by the teacher
before the clock starts. A request that differs from the last one begins anew with the student of the directory, so
that the first answer's loss can be compared with the other side's.

Peak memory is that of the whole process: to see what a teacher costs that is not there, start another one, load
without the teacher and give the logits.

Needs torch, transformers and safetensors (run with torch 2.15, transformers 5.23).
"""

import json
import time

import torch
import transformers
from torch.nn.functional import cross_entropy, kl_div, mse_loss

from bert_peer import BertPeer, read, token_ids


def student(request):
    return classifier(request, num_hidden_layers=request.get("student_layers", 3))


def classifier(request, **settings):
    """A classifier with all layers of the directory, or as `settings` say."""
    model, info = read(
        transformers.BertForSequenceClassification, request, num_labels=request.get("classes", 3),
        ignore_mismatched_sizes=True, output_loading_info=True, **settings,
    )
    missing = sorted(str(key) for key in info["missing_keys"] if not str(key).startswith("classifier."))
    if missing:
        raise ValueError(f"{request['dir']} has no {missing[0]}")
    weight = model.classifier.weight
    i, j = torch.arange(weight.shape[0]).unsqueeze(1), torch.arange(weight.shape[1]).unsqueeze(0)
    with torch.no_grad():
        weight.copy_(((37 * i + 11 * j) % 101 - 50) / 500)
        model.classifier.bias.zero_()
    return model.eval()


class Step:
    """A student, its optimizer and its inputs."""

    def __init__(self, peer, request):
        models = peer.loaded()
        self.student, self.teacher = models["student"], models["teacher"] if "teacher" in models else None
        self.temperature = request.get("temperature", 4.0)
        self.alphas = [request.get(name, 1.0) for name in ("alpha_ce", "alpha_kd", "alpha_hidden")]
        self.pairs = request.get("pairs", [])
        batch, length, limits = request["batch"], request["seq"], self.student.config
        if length > limits.max_position_embeddings:
            raise ValueError(f"{length} tokens exceed {limits.max_position_embeddings} positions")
        self.ids = token_ids(batch, length, limits.vocab_size).to(peer.device)
        self.labels = (torch.arange(batch) % limits.num_labels).to(peer.device)
        self.student.train(request.get("dropout", False))
        self.optimizer = torch.optim.AdamW(self.student.parameters(), lr=request.get("rate", 2e-5), weight_decay=0.0)
        self.cached = None
        if request["op"] == "kd_step_cached":
            if self.pairs:
                raise ValueError("hidden states are not cached: leave `pairs` out")
            if "logits" in request:
                self.cached = torch.tensor(request["logits"], dtype=torch.float32, device=peer.device)
                if self.cached.shape != (batch, limits.num_labels):
                    raise ValueError(f"logits of shape {list(self.cached.shape)}, not {[batch, limits.num_labels]}")
            else:
                self.cached = self.teach().logits
        elif self.teacher is None:
            raise ValueError("no teacher: send `load` with it")

    def teach(self):
        if self.teacher is None:
            raise ValueError("no teacher: send `load` with it, or the logits")
        with torch.no_grad():
            return self.teacher(input_ids=self.ids, output_hidden_states=bool(self.pairs))

    def losses(self):
        """Cross entropy, distillation from logits and from hidden states."""
        taught = self.teach() if self.cached is None else None
        logits = self.cached if taught is None else taught.logits
        output = self.student(input_ids=self.ids, output_hidden_states=bool(self.pairs))
        given, t = output.logits.float(), self.temperature
        log_given, log_wanted = (given / t).log_softmax(-1), (logits.float() / t).log_softmax(-1)
        kd = t**2 * kl_div(log_given, log_wanted, reduction="batchmean", log_target=True)
        hidden = given.new_zeros(())
        for own, other in self.pairs:
            hidden = hidden + mse_loss(output.hidden_states[own].float(), taught.hidden_states[other].float())
        return cross_entropy(given, self.labels), kd, hidden

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        losses = self.losses()
        loss = sum(alpha * one for alpha, one in zip(self.alphas, losses))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimizer.step()
        return loss, *losses


class Peer(BertPeer):
    def build(self, request):
        models = torch.nn.ModuleDict({"student": student(request)})
        if request.get("teacher", True):
            models["teacher"] = classifier(request)
        self.request = request
        return models

    def reset(self):
        self.key = self.state = None
        self.fresh = True

    def step(self, request):
        models, key = self.loaded(), json.dumps(request, sort_keys=True)
        if self.key != key:
            self.key = self.state = None
            if not self.fresh:
                del models["student"]
                models["student"] = student(self.request).to(self.device)
            self.state, self.key = Step(self, request), key
        self.fresh = False
        self.wait()
        start = time.perf_counter()
        losses = self.state.run()
        self.wait()
        seconds = time.perf_counter() - start
        return {"seconds": seconds, **{name: one.item() for name, one in zip(("loss", "ce", "kd", "hidden"), losses)}}


def main():
    peer = Peer()
    peer.serve(kd_step=peer.step, kd_step_cached=peer.step)


if __name__ == "__main__":
    main()
