"""The other side of `cargo xtask bench ie-markers`: PL-Marker's layout in plain PyTorch.

Speaks JSON lines as torch_bert.py does:

    {"op": "hello"}                                   versions
    {"op": "load", "dir": "...", "device": "cpu", "dtype": "f32", "threads": 2, "types": 6, "relations": 13}
                                                      "seconds" that loading took
    {"op": "extract", "layout": "published", "texts": {"sentences": [["the", ...]], "entities": [[[1, 2], ...]]},
     "width": 8, "lengths": [512, 256], "pairs": [256, 16]}
                                                      "seconds" from words to decoded entities and relations
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

Entities: every span of up to `width` words has a start and an end marker behind the text, `pairs[0]` spans a row; a
`width` of 0 leaves them out.
Relations: each given entity in turn stands between two solid markers, all entities have levitated ones. The layout
"published" pads every text to `lengths` and every row to `pairs`, as PL-Marker's scripts do; "tight" pads to the longest
of the batch. Heads are random, as ours are. Batches have 16 rows.

Needs torch, transformers and safetensors (run with torch 2.15, transformers 5.23).
"""

import time

import torch
import transformers

from bert_peer import BertPeer, read

BATCH = 16
SOLID = (1, 2)
LEVITATED = (3, 4)


class Row:
    """Ids of a text, and the first and last token of the spans that have markers."""

    def __init__(self, ids, spans, keys):
        self.ids, self.spans, self.keys = ids, spans, keys


class Peer(BertPeer):
    def build(self, request):
        model = read(transformers.BertModel, request, add_pooling_layer=False)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(request["dir"], local_files_only=True)
        width = model.config.hidden_size
        self.entity_head = torch.nn.Linear(4 * width, request["types"] + 1)
        self.relation_head = torch.nn.Linear(4 * width, request["relations"])
        return model

    def subwords(self, words):
        """Ids of a sentence with [CLS] and [SEP], and where each word begins; one more for the end."""
        ids, starts = [self.tokenizer.cls_token_id], []
        for pieces in self.tokenizer(words, add_special_tokens=False)["input_ids"]:
            starts.append(len(ids))
            ids.extend(pieces)
        starts.append(len(ids))
        return ids + [self.tokenizer.sep_token_id], starts

    def states(self, rows, length, pairs):
        """States [rows, length + 2 * pairs, width] of texts with markers under the mask."""
        total = length + 2 * pairs
        ids = torch.zeros(len(rows), total, dtype=torch.long)
        positions = torch.zeros(len(rows), total, dtype=torch.long)
        seen = torch.zeros(len(rows), total, total, dtype=torch.bool)
        for number, row in enumerate(rows):
            text, spans = len(row.ids), len(row.spans)
            ids[number, :text] = torch.tensor(row.ids)
            positions[number, :text] = torch.arange(text)
            seen[number, :text, :text] = True
            ends = torch.tensor(row.spans)
            own = torch.arange(spans)
            for side in range(2):
                places = length + side * pairs + own
                ids[number, places] = LEVITATED[side]
                positions[number, places] = ends[:, side]
                seen[number, places, :text] = True
                for other in range(2):
                    seen[number, places, length + other * pairs + own] = True
        lowest = torch.finfo(torch.float32).min
        mask = torch.where(seen, 0.0, lowest)[:, None].to(self.device)
        model = self.loaded()
        return model(
            input_ids=ids.to(self.device), position_ids=positions.to(self.device), attention_mask=mask
        ).last_hidden_state

    def batches(self, rows, length, pairs, published):
        """Batches with their states and the sizes they were padded to."""
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            if not published:
                length = max(len(row.ids) for row in batch)
                pairs = max(len(row.spans) for row in batch)
            yield batch, self.states(batch, length, pairs), length, pairs

    @torch.no_grad()
    def extract(self, request):
        self.wait()
        start = time.perf_counter()
        texts = [self.subwords(words) for words in request["texts"]["sentences"]]
        published = request["layout"] == "published"
        entities = self.entities(texts, request, published)
        relations = self.relations(texts, request, published)
        self.wait()
        return {"seconds": time.perf_counter() - start, "found": [len(entities), len(relations)]}

    def entities(self, texts, request, published):
        rows, limit = [], request["pairs"][0]
        for sentence, (ids, starts) in enumerate(texts):
            words = len(starts) - 1
            keys = [
                (sentence, first, last)
                for first in range(words)
                for last in range(first, min(first + request["width"], words))
            ]
            spans = [(starts[first], starts[last + 1] - 1) for _, first, last in keys]
            for at in range(0, len(spans), limit):
                rows.append(Row(ids, spans[at : at + limit], keys[at : at + limit]))
        found = []
        for batch, states, length, pairs in self.batches(rows, request["lengths"][0], limit, published):
            for row, own in zip(batch, states):
                ends, count = torch.tensor(row.spans), len(row.spans)
                feature = [own[length : length + count], own[length + pairs : length + pairs + count]]
                feature += [own[ends[:, 0]], own[ends[:, 1]]]
                scores = self.entity_head(torch.cat(feature, 1)).softmax(1)
                best, label = scores.max(1)
                kept = []
                for at in best.argsort(descending=True).tolist():
                    (_, first, last), kind = row.keys[at], label[at].item()
                    clash = any(k == kind and first <= b and a <= last for a, b, k in kept)
                    if kind != 0 and not clash:
                        kept.append((first, last, kind))
                found.extend(kept)
        return found

    def relations(self, texts, request, published):
        rows, limit = [], request["pairs"][1]
        for sentence, (ids, starts) in enumerate(texts):
            spans = [(starts[first], starts[last + 1] - 1) for first, last in request["texts"]["entities"][sentence]]
            for subject, (first, last) in enumerate(spans):
                marked = ids[:first] + [SOLID[0]] + ids[first : last + 1] + [SOLID[1]] + ids[last + 1 :]
                moved = [
                    (a + (a >= first) + (a > last), b + (b >= first) + (b > last)) for a, b in spans
                ]
                for at in range(0, len(spans), limit):
                    rows.append(Row(marked, moved[at : at + limit], (sentence, subject, first, last + 2)))
        scores = {}
        for batch, states, length, pairs in self.batches(rows, request["lengths"][1], limit, published):
            for row, own in zip(batch, states):
                count = len(row.spans)
                sentence, subject, first, last = row.keys
                ends = torch.cat([own[first], own[last]]).expand(count, -1)
                feature = [ends, own[length : length + count], own[length + pairs : length + pairs + count]]
                for at, line in enumerate(self.relation_head(torch.cat(feature, 1)).log_softmax(1)):
                    scores[sentence, subject, at] = line
        symmetric, found = 3, []
        for (sentence, x, y), line in scores.items():
            if x >= y:
                continue
            other = scores[sentence, y, x]
            block = (len(other) - symmetric) // 2
            swapped = torch.cat(
                [other[:symmetric], other[symmetric + block :], other[symmetric : symmetric + block]]
            )
            kind = (line + swapped).argmax().item()
            if kind != 0:
                found.append((sentence, x, y, kind))
        return found


def main():
    peer = Peer()
    peer.serve(extract=peer.extract)


if __name__ == "__main__":
    main()
