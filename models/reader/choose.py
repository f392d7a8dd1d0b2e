#!/usr/bin/env python3
"""Trains the chooser: an adapter of all-MiniLM-L6-v2 that tells which sentences of an answer a good agent would say to a message.

    env/bin/pip install -r models/reader/requirements-choose.txt
    env/bin/python models/reader/choose.py models/reader/shops/* --hold-out tests/shops/* --out models/reader/chooser.safetensors

It reads message and entry together, the entry's question before its sentences, so that each sentence is seen beside the others and beside what was asked
(joint encoding as for extractive question answering, Devlin et al. 2019). A sentence's score is a linear function of the mean of its tokens' vectors. The
loss is the cross-entropy of each sentence's 'said or not' and that of the deciding one among them. Trained are low-rank changes (LoRA, Hu et al. 2021) of
the upper layers and the linear function. Shops that are held out are measured on the way and never trained on.
"""
import argparse
import hashlib
import json
import math
import os
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from labelled import Shop
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

LAYERS, HEADS, WIDTH = 6, 12, 384
LINEAR = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")
# Tokens of a message and of the whole that are read, and sentences; nearly all are shorter.
MESSAGE, WHOLE, SENTENCES, ROWS = 64, 208, 8, 32
END = 102


class Chooser(torch.nn.Module):
    def __init__(self, models, frozen, rank):
        super().__init__()
        tensors = load_file(models / "all-MiniLM-L6-v2.safetensors")
        self.base = {name: value for name, value in tensors.items() if value.dtype == torch.float32}
        # The base is computed with in 16 bits; what is trained is kept in 32.
        self.base = {name: value.bfloat16() for name, value in self.base.items()}
        self.tokenizer = Tokenizer.from_file(str(models / "all-MiniLM-L6-v2.tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.changes = torch.nn.ParameterDict()
        for number in range(frozen, LAYERS):
            for name in LINEAR:
                outputs, inputs = self.base[f"encoder.layer.{number}.{name}.weight"].shape
                key = f"encoder.layer.{number}.{name}".replace(".", "/")
                self.changes[key + "/a"] = torch.nn.Parameter(torch.randn(rank, inputs) / math.sqrt(inputs))
                self.changes[key + "/b"] = torch.nn.Parameter(torch.zeros(outputs, rank))
        self.head = torch.nn.Parameter(torch.zeros(WIDTH))
        self.bias = torch.nn.Parameter(torch.tensor(-1.0))

    def linear(self, name, x):
        y, key = F.linear(x, self.base[name + ".weight"], self.base[name + ".bias"]), name.replace(".", "/")
        if key + "/a" not in self.changes:
            return y
        return y + F.linear(F.linear(x, self.changes[key + "/a"]), self.changes[key + "/b"])

    def norm(self, name, x):
        with torch.autocast("cpu", enabled=False):
            return F.layer_norm(x, (WIDTH,), self.base[name + ".weight"], self.base[name + ".bias"], 1e-12)

    def forward(self, batch):
        ids, kinds, mask, part, _, _, _ = batch
        rows, length = ids.shape
        name = "embeddings."
        states = self.base[name + "word_embeddings.weight"][ids] + self.base[name + "position_embeddings.weight"][:length]
        states = self.norm(name + "LayerNorm", states + self.base[name + "token_type_embeddings.weight"][kinds])
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}."
            query, key, value = (self.linear(layer + own, states).view(rows, length, HEADS, -1).transpose(1, 2) for own in LINEAR[:3])
            seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
            seen = self.linear(layer + LINEAR[3], seen.transpose(1, 2).reshape(rows, length, WIDTH))
            states = self.norm(layer + "attention.output.LayerNorm", states + seen)
            inner = self.linear(layer + LINEAR[5], F.gelu(self.linear(layer + LINEAR[4], states)))
            states = self.norm(layer + "output.LayerNorm", states + inner)
        of = (part[:, None, :] == torch.arange(SENTENCES)[None, :, None]).float()
        means = of @ states.float() / of.sum(-1, keepdim=True).clamp(min=1)
        return means @ self.head + self.bias

    def encoded(self, message, question, sentences):
        """Ids, kinds (0 message, 1 entry) and of each token the number of its sentence; -1 for what is none."""
        first = self.tokenizer.encode(message).ids
        first = first if len(first) <= MESSAGE else [*first[: MESSAGE - 1], END]
        ids, part = list(first), [-1] * len(first)
        for number, text in enumerate([question, *sentences], -1):
            own = self.tokenizer.encode(text, add_special_tokens=False).ids[: WHOLE - 1 - len(ids)]
            ids, part = ids + own, part + [number] * len(own)
        return [*ids, END], [0] * len(first) + [1] * (len(ids) + 1 - len(first)), [*part, -1]


def rows_of(chooser, shops):
    rows = []
    for shop in shops:
        for number, row in enumerate(shop.rows):
            if row["kind"] in ("answerable", "trap") and shop.right[number] and shop.say[number]:
                entry = shop.entries[shop.right[number][0]]
                sentences = entry["answer"][:SENTENCES]
                say = [place for place in shop.say[number] if place < len(sentences)]
                rows.append((shop.name, row, len(sentences), *chooser.encoded(row["message"], entry["question"], sentences), say))
    return rows


def batches(rows, shuffled):
    """Rows of like length together."""
    noise = random.random if shuffled else lambda: 0.0
    order = sorted(range(len(rows)), key=lambda n: len(rows[n][3]) + 8 * noise())
    found = [order[start : start + ROWS] for start in range(0, len(order), ROWS)]
    if shuffled:
        random.shuffle(found)
    return found


def batch_of(rows, chosen):
    width = max(len(rows[number][3]) for number in chosen)
    ids, kinds = torch.zeros(len(chosen), width, dtype=torch.long), torch.zeros(len(chosen), width, dtype=torch.long)
    mask, part = torch.zeros(len(chosen), width, dtype=torch.bool), torch.full((len(chosen), width), -1)
    say, decides, there = (torch.zeros(len(chosen), SENTENCES) for _ in range(3))
    for place, number in enumerate(chosen):
        _, _, count, own_ids, own_kinds, own_part, said = rows[number]
        length = len(own_ids)
        ids[place, :length], kinds[place, :length], part[place, :length] = torch.tensor(own_ids), torch.tensor(own_kinds), torch.tensor(own_part)
        mask[place, :length], say[place, said], decides[place, said[0]], there[place, :count] = True, 1, 1, 1
    return ids, kinds, mask, part, say, decides, there


def loss_of(scores, batch):
    _, _, _, _, say, decides, there = batch
    each = (F.binary_cross_entropy_with_logits(scores, say, reduction="none") * there).sum()
    shares = F.log_softmax(scores.masked_fill(there == 0, -1e9), 1)
    return (each - 0.5 * (shares * decides).sum()) / len(say)


@torch.no_grad()
def scored(chooser, rows):
    chooser.eval()
    found = [None] * len(rows)
    for chosen in batches(rows, False):
        with torch.autocast("cpu", torch.bfloat16):
            values = chooser(batch_of(rows, chosen)).float()
        for place, number in enumerate(chosen):
            found[number] = values[place, : rows[number][2]].tolist()
    chooser.train()
    return found


def measured(rows, found, threshold):
    right = said = wanted = exact = decided = traps = 0
    for (_, row, _, _, _, _, say), score in zip(rows, found):
        chosen = {n for n, value in enumerate(score) if value > threshold} or {max(range(len(score)), key=score.__getitem__)}
        right, said, wanted = right + len(chosen & set(say)), said + len(chosen), wanted + len(say)
        exact += chosen == set(say)
        if row["kind"] == "trap":
            traps, decided = traps + 1, decided + (say[0] in chosen)
    precision, recall = right / said, right / wanted
    return precision, recall, 2 * precision * recall / (precision + recall), exact / len(rows), decided / max(traps, 1)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("shops", nargs="+", type=Path, help="folders of shops to train on")
    options.add_argument("--out", type=Path, required=True, help="the adapter that is written")
    options.add_argument("--hold-out", nargs="*", default=[], type=Path, help="folders of shops that are measured on")
    options.add_argument("--models", type=Path, default=Path("models"), help="folder of the base model (nightdesk models fetch)")
    options.add_argument("--epochs", type=int, default=3)
    options.add_argument("--frozen", type=int, default=2, help="lower layers that stay the base's")
    options.add_argument("--rank", type=int, default=16)
    options.add_argument("--rate", type=float, default=2e-3)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--scores", type=Path, help="file for the scores of the shops that were held out")
    args = options.parse_args()
    random.seed(args.seed)
    torch.manual_seed(args.seed)
    held = {folder.name for folder in args.hold_out}
    folders = sorted(folder for folder in args.shops if (folder / "knowledge.jsonl").is_file() and folder.name not in held)
    data = hashlib.sha256(b"".join((folder / file).read_bytes() for folder in folders for file in ("knowledge.jsonl", "questions.jsonl")))
    chooser = Chooser(args.models, args.frozen, args.rank)
    rows = rows_of(chooser, [Shop(folder) for folder in folders])
    tested = rows_of(chooser, [Shop(folder) for folder in sorted(args.hold_out) if (folder / "knowledge.jsonl").is_file()])
    print(f"{len(rows)} messages of {len(folders)} shops; {len(tested)} held out", flush=True)
    optimizer = torch.optim.AdamW(chooser.parameters(), args.rate, weight_decay=0.01)
    steps = args.epochs * len(batches(rows, True))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.rate, steps, pct_start=0.08)
    began = time.time()
    for epoch in range(args.epochs):
        seen = []
        for chosen in batches(rows, True):
            batch = batch_of(rows, chosen)
            with torch.autocast("cpu", torch.bfloat16):
                scores = chooser(batch)
            loss = loss_of(scores.float(), batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(chooser.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            seen.append(loss.item())
            if len(seen) % 100 == 0:
                print(f"  step {len(seen)}: {sum(seen[-100:]) / 100:.3f} after {time.time() - began:.0f} s", flush=True)
        print(f"epoch {epoch + 1} of {args.epochs}: loss {sum(seen) / len(seen):.3f} after {time.time() - began:.0f} s", flush=True)
        if tested:
            found = scored(chooser, tested)
            for threshold in (-2.0, -1.5, -1.0, -0.5, 0.0):
                figures = zip(("precision", "recall", "F1", "exact", "traps"), measured(tested, found, threshold))
                print(f"  held out, above {threshold}: " + ", ".join(f"{name} {value:.3f}" for name, value in figures), flush=True)
    if args.scores:
        lines = ({"shop": row[0], **row[1], "scores": [round(value, 4) for value in score]} for row, score in zip(tested, found))
        args.scores.write_text("".join(json.dumps(line) + "\n" for line in lines))
    tensors = {"head.weight": chooser.head.detach().reshape(1, -1).clone(), "head.bias": chooser.bias.detach().reshape(1).clone()}
    for key, value in chooser.changes.items():
        name, half = key.replace("/", ".").rsplit(".", 1)
        tensors[f"{name}.lora_{half}"] = value.detach().half().contiguous()
    save_file(tensors, args.out)
    os.chmod(args.out, 0o644)
    recipe = {
        "shops": [folder.name for folder in folders],
        "data_sha256": data.hexdigest(),
        "epochs": args.epochs,
        "frozen": args.frozen,
        "rank": args.rank,
        "rate": args.rate,
        "seed": args.seed,
        "seconds": round(time.time() - began),
        "sha256": hashlib.sha256(args.out.read_bytes()).hexdigest(),
    }
    args.out.with_suffix(".json").write_text(json.dumps(recipe, indent=2) + "\n")
    print(json.dumps(recipe))


if __name__ == "__main__":
    main()
