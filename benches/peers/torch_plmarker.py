"""The other side of `cargo xtask bench ie-markers`: PL-Marker's layout in plain PyTorch.

Speaks JSON lines as torch_bert.py does:

    {"op": "hello"}                                   versions
    {"op": "load", "dir": "...", "device": "cpu", "dtype": "f32", "threads": 2, "types": 6, "relations": 13}
                                                      "seconds" that loading took
    {"op": "extract", "layout": "published", "texts": {"sentences": [["the", ...]], "entities": [[[1, 2], ...]]},
     "width": 8, "lengths": [512, 256], "pairs": [256, 16]}
                                                      "seconds" from words to decoded entities and relations
    {"op": "compare", as above, "scores": {"entities": [[-0.1, ...], ...], "relations": [[...], ...]}, "bound": 1e-3}
                                                      "differences", or an error where one is above the bound
    {"op": "peak_memory"}                             "value" in MiB, of the process or the GPU

Entities: every span of up to `width` words has a start and an end marker behind the text, `pairs[0]` spans a row; a
`width` of 0 leaves them out.
Relations: each given entity in turn stands between two solid markers, all entities have levitated ones. The layout
"published" pads every text to `lengths` and every row to `pairs`, as PL-Marker's scripts do; "tight" pads to the longest
of the batch. Batches have 16 rows.

Both heads are linear maps without bias: weight of class i and component j is ((37 * i + 11 * j) % 101 - 50) / 500.
Components are the states of start marker, end marker, first and last token of a span, and of the subject's solid
markers, then the object's levitated ones. Markers are the words 1 and on of the vocabulary, with the vectors that they
have: 1 and 2 of entities; 1 and 2 around the subject, 3 and 4 of objects. `scores` to compare with are
log-probabilities: of each span by start and end, and of each subject with each entity, itself among them.

Needs torch, transformers and safetensors (run with torch 2.15, transformers 5.23).
"""

import time

import torch
import transformers

from bert_peer import BertPeer, read

BATCH = 16
SPAN = (1, 2)
SOLID = (1, 2)
LEVITATED = (3, 4)


def head(request, width, classes):
    """A linear map with the weights that both sides have."""
    made = torch.nn.Linear(width, classes, bias=False)
    i, j = torch.arange(classes).unsqueeze(1), torch.arange(width).unsqueeze(0)
    with torch.no_grad():
        made.weight.copy_(((37 * i + 11 * j) % 101 - 50) / 500)
    return made.to(torch.device(request.get("device", "cpu")))


class Row:
    """Ids of a text, and the first and last token of the spans that have markers."""

    def __init__(self, ids, spans, keys):
        self.ids, self.spans, self.keys = ids, spans, keys


class Peer(BertPeer):
    def build(self, request):
        model = read(transformers.BertModel, request, add_pooling_layer=False)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(request["dir"], local_files_only=True)
        width = 4 * model.config.hidden_size
        self.entity_head = head(request, width, request["types"] + 1)
        self.relation_head = head(request, width, request["relations"])
        return model

    def subwords(self, words):
        """Ids of a sentence with [CLS] and [SEP], and where each word begins; one more for the end."""
        ids, starts = [self.tokenizer.cls_token_id], []
        for pieces in self.tokenizer(words, add_special_tokens=False)["input_ids"]:
            starts.append(len(ids))
            ids.extend(pieces)
        starts.append(len(ids))
        return ids + [self.tokenizer.sep_token_id], starts

    def states(self, rows, length, pairs, markers):
        """States [rows, length + 2 * pairs, width] of texts with `markers` under the mask."""
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
                ids[number, places] = markers[side]
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

    def batches(self, rows, length, pairs, published, markers):
        """Batches with their states and the sizes they were padded to."""
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            if not published:
                length = max(len(row.ids) for row in batch)
                pairs = max(len(row.spans) for row in batch)
            yield batch, self.states(batch, length, pairs, markers), length, pairs

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

    @torch.no_grad()
    def compare(self, request):
        texts = [self.subwords(words) for words in request["texts"]["sentences"]]
        layout, differences = request["layout"], {}
        for name, scores in [("entities", self.entity_scores), ("relations", self.relation_scores)]:
            ours = [own.log_softmax(1).cpu() for _, own in scores(texts, request, layout == "published")]
            ours, theirs = torch.cat(ours), torch.tensor(request["scores"][name])
            if ours.shape != theirs.shape:
                raise ValueError(f"{name}, {layout}: {list(ours.shape)} scores, {list(theirs.shape)} to compare with")
            differences[name] = (ours - theirs).abs().max().item()
            if not differences[name] <= request["bound"]:
                raise ValueError(f"{name}, {layout}: scores differ by {differences[name]}")
        return {"differences": differences}

    def entity_scores(self, texts, request, published):
        """Rows with the scores [spans, classes] of their spans."""
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
        for batch, states, length, pairs in self.batches(rows, request["lengths"][0], limit, published, SPAN):
            for row, own in zip(batch, states):
                ends, count = torch.tensor(row.spans), len(row.spans)
                feature = [own[length : length + count], own[length + pairs : length + pairs + count]]
                feature += [own[ends[:, 0]], own[ends[:, 1]]]
                yield row, self.entity_head(torch.cat(feature, 1))

    def entities(self, texts, request, published):
        found = []
        for row, scores in self.entity_scores(texts, request, published):
            best, label = scores.softmax(1).max(1)
            kept = []
            for at in best.argsort(descending=True).tolist():
                (_, first, last), kind = row.keys[at], label[at].item()
                clash = any(k == kind and first <= b and a <= last for a, b, k in kept)
                if kind != 0 and not clash:
                    kept.append((first, last, kind))
            found.extend(kept)
        return found

    def relation_scores(self, texts, request, published):
        """Rows with the scores [objects, classes] of their objects."""
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
        for batch, states, length, pairs in self.batches(rows, request["lengths"][1], limit, published, LEVITATED):
            for row, own in zip(batch, states):
                count = len(row.spans)
                _, _, first, last = row.keys
                ends = torch.cat([own[first], own[last]]).expand(count, -1)
                feature = [ends, own[length : length + count], own[length + pairs : length + pairs + count]]
                yield row, self.relation_head(torch.cat(feature, 1))

    def relations(self, texts, request, published):
        scores = {}
        for row, lines in self.relation_scores(texts, request, published):
            sentence, subject, *_ = row.keys
            for at, line in enumerate(lines.log_softmax(1)):
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
    peer.serve(extract=peer.extract, compare=peer.compare)


if __name__ == "__main__":
    main()
