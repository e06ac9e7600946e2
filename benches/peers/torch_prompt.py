"""The other side of `cargo xtask bench prompt`: PEFT and plain PyTorch tuning a soft prompt of a masked LM.

Speaks JSON lines as torch_bert.py does:

    {"op": "hello"}                                   versions
    {"op": "load", "dir": "...", "device": "cpu", "dtype": "f32", "threads": 2}
                                                      "seconds" that loading took
    {"op": "forward", "variant": "peft", "batch": 16, "seq": 32, "slots": 100, "mask_id": 4, "labels": [7, 8]}
                                                      "seconds"; "loss"
    {"op": "train_step", as above, "rate": 1e-3}      "seconds" of forward, backward and AdamW; "loss"
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

Variants, all of which compute the same loss from the same fresh prompt:

    peft      PEFT's PromptTuning on the frozen model; logits of all positions and words
    slot0     frozen model; head at position 0, for the label words only
    unfrozen  as the method's own code: gradients of all weights are computed, only the prompt is stepped;
              logits of all positions and words

Token ids are (7 * position + 31 * row) % 20000 + 1000 modulo the vocabulary, all unmasked. Row i, column j of the
prompt is ((37 * i + 11 * j) % 101 - 50) / 1000 and row 0 the word vector of the mask; slots get no position
embedding (PEFT adds one, so its prompt has it subtracted). The class of row r is r modulo the number of label
words; the loss is the cross entropy over the label words at position 0. Dropout is off. AdamW has no weight decay;
each variant has its own prompt and optimizer, made anew for a request with other fields. The prompt is float32.
Peak memory is that of the whole process: start one for each variant whose memory is to be known.

Needs peft, torch, transformers and safetensors (run with peft 0.21.2, torch 2.15, transformers 5.23).
"""

import time

import peft
import torch
import transformers
from torch.nn.functional import cross_entropy, linear

from bert_peer import BertPeer, read, token_ids


class Plain:
    """A prompt before the text of a model, without PEFT."""

    def __init__(self, peer, request):
        self.model, self.variant = peer.model, request["variant"]
        slots = request["slots"]
        self.words = self.model.get_input_embeddings().weight
        self.places = peer.places(slots)
        self.mask = self.words[request["mask_id"]].detach().float().unsqueeze(0)
        self.weight = torch.nn.Parameter(peer.prompt(slots))

    def label_logits(self, ids, labels):
        slots = torch.cat([self.mask, self.weight[1:]]) - self.places
        text = self.model.get_input_embeddings()(ids)
        slots = slots.to(text.dtype).expand(ids.shape[0], -1, -1)
        embeds = torch.cat([slots, text], 1)
        if self.variant == "unfrozen":
            return self.model(inputs_embeds=embeds).logits[:, 0, labels]
        hidden = self.model.bert(inputs_embeds=embeds).last_hidden_state[:, 0]
        head = self.model.cls.predictions
        return linear(head.transform(hidden), head.decoder.weight[labels], head.decoder.bias[labels])


class Peft:
    """The same through PEFT."""

    def __init__(self, peer, request):
        slots = request["slots"]
        config = peft.PromptTuningConfig(task_type="FEATURE_EXTRACTION", num_virtual_tokens=slots)
        self.model = peft.get_peft_model(peer.model, config).to(peer.device).eval()
        self.weight = self.model.prompt_encoder["default"].embedding.weight
        with torch.no_grad():
            self.weight.copy_(peer.prompt(slots))
            self.weight[0] = peer.model.get_input_embeddings().weight[request["mask_id"]]
            self.weight.sub_(peer.places(slots))

    def label_logits(self, ids, labels):
        return self.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, 0, labels]


class Peer(BertPeer):
    packages = (transformers, peft)

    def build(self, request):
        return read(transformers.BertForMaskedLM, request)

    def reset(self):
        self.states = {}

    def forward(self, request):
        state, _, inputs = self.state(request)
        self.wait()
        start = time.perf_counter()
        with torch.inference_mode():
            loss = self.loss(state, inputs)
            self.wait()
        return {"seconds": time.perf_counter() - start, "loss": loss.item()}

    def train_step(self, request):
        state, optimizer, inputs = self.state(request)
        self.wait()
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = self.loss(state, inputs)
        loss.backward()
        optimizer.step()
        self.wait()
        return {"seconds": time.perf_counter() - start, "loss": loss.item()}

    def loss(self, state, inputs):
        ids, labels, classes = inputs
        return cross_entropy(state.label_logits(ids, labels).float(), classes)

    def state(self, request):
        """Prompt, optimizer and inputs of a request; made once, so that making them is not timed."""
        limits = self.loaded().config
        variant = request["variant"]
        kinds = {"peft": Peft, "slot0": Plain, "unfrozen": Plain}
        if variant not in kinds:
            raise ValueError(f"variant {variant!r} is none of {', '.join(kinds)}")
        batch, seq, slots, labels = (request[key] for key in ("batch", "seq", "slots", "labels"))
        if slots + seq > limits.max_position_embeddings:
            raise ValueError(f"{slots} slots and {seq} tokens exceed {limits.max_position_embeddings} positions")
        if max(*labels, request["mask_id"]) >= limits.vocab_size:
            raise ValueError(f"a label or the mask is not below the vocabulary's size {limits.vocab_size}")
        rate = request.get("rate", 1e-3)
        key = (variant, batch, seq, slots, request["mask_id"], tuple(labels), rate)
        if key not in self.states:
            state = kinds[variant](self, request)
            optimizer = torch.optim.AdamW([state.weight], lr=rate, weight_decay=0.0)
            classes = torch.arange(batch) % len(labels)
            inputs = (token_ids(batch, seq, limits.vocab_size), torch.tensor(labels), classes)
            self.states[key] = (state, optimizer, tuple(x.to(self.device) for x in inputs))
        for weight in self.model.parameters():
            weight.requires_grad_(variant == "unfrozen")
            if variant != "unfrozen":
                weight.grad = None
        return self.states[key]

    def prompt(self, slots):
        i, j = torch.arange(slots).unsqueeze(1), torch.arange(self.model.config.hidden_size).unsqueeze(0)
        return (((37 * i + 11 * j) % 101 - 50) / 1000).to(self.device)

    def places(self, slots):
        """The position vectors of the slots' places."""
        return self.model.bert.embeddings.position_embeddings.weight[:slots].detach().float()


def main():
    peer = Peer()
    peer.serve(forward=peer.forward, train_step=peer.train_step)


if __name__ == "__main__":
    main()
