#!/usr/bin/env python3
"""Trains the reader: an adapter of all-MiniLM-L6-v2 that tells which entry of a shop answers a message, or that none does.

    python3 -m venv env && env/bin/pip install -r models/reader/requirements.txt
    env/bin/python models/reader/train.py tests/shops/* models/reader/shops/* --out models/reader/reader.safetensors

A shop is a folder with `knowledge.jsonl` (id, question, phrasings, answer) and `questions.jsonl` (message, kind, entry); see tests/shops/README.md.

What is trained: low-rank changes (LoRA, Hu et al. 2021) of the upper three of six layers, and one vector that weighs a message's tokens. The lower three
stay the base's, so that what they make of a text is computed once. A step is one shop: all its entries, up to 256 of its messages. Each message chooses
among all entries of its shop and 'none of them' by a weighted sum of four likenesses: the cosine of message and entry (question and answer), that of
message and nearest phrasing, late interaction (ColBERT, Khattab and Zaharia 2020): each token's nearest token in the entry, and the cosine of message and
nearest sentence of the answer. The loss is the cross-entropy of that choice, plus that of each likeness alone, plus that of choosing the sentences that
answer the message among those of its entry. For one message in five the right entries are taken away, so that 'none' is right although something similar
stands there. Shops that are held out are measured on the way. Same seed, same data, same machine: same adapter.
"""
import argparse
import hashlib
import json
import os
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.scipy.special import logsumexp
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from labelled import Shop

LAYERS, FROZEN, HEADS, WIDTH = 6, 3, 12, 384
# Tokens that are read in a step: nine messages, entries and phrasings of ten are no longer. What stands behind is not read.
MESSAGE, ENTRY, PHRASING, SENTENCES = 24, 96, 12, 6
MESSAGES = 256
TAKEN_AWAY = 0.2
LINEAR = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")
ASKED = ("answerable", "trap", "unanswerable")


class Base:
    """The base model, of which the lower layers are run once for each text."""

    def __init__(self, models):
        tensors = load_file(models / "all-MiniLM-L6-v2.safetensors")
        self.weights = {name: jnp.asarray(value) for name, value in tensors.items() if value.dtype == np.float32}
        self.tokenizer = Tokenizer.from_file(str(models / "all-MiniLM-L6-v2.tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.lower = jax.jit(lambda weights, ids, mask: upper(weights, embedded(weights, ids), mask, range(FROZEN)))

    def parts(self, parts, length):
        """Which of the parts each token of their joined text is of; -1 for the model's own marks."""
        ends = np.cumsum([len(part) + 1 for part in parts])
        encoded = self.tokenizer.encode(" ".join(parts))
        of = [-1 if start == end else int(np.searchsorted(ends, start, "right")) for start, end in encoded.offsets]
        return np.array(of if len(of) <= length else of[: length - 1] + [-1], np.int32)

    def read(self, texts, length):
        ids = [self.tokenizer.encode(text).ids for text in texts]
        ids = [row if len(row) <= length else row[: length - 1] + [row[-1]] for row in ids]
        order, out = sorted(range(len(ids)), key=lambda n: len(ids[n])), [None] * len(ids)
        for start in range(0, len(order), 64):
            batch = order[start : start + 64]
            width = -(-max(len(ids[n]) for n in batch) // 16) * 16
            tokens, mask = np.zeros((64, width), np.int32), np.zeros((64, width), np.float32)
            for row, number in enumerate(batch):
                tokens[row, : len(ids[number])], mask[row, : len(ids[number])] = ids[number], 1
            mask[len(batch) :, 0] = 1
            states = np.asarray(self.lower(self.weights, tokens, mask))
            for row, number in enumerate(batch):
                out[number] = states[row, : len(ids[number])].astype(np.float16)
        return out


def norm(x, weight, bias):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + 1e-12) * weight + bias


def embedded(weights, ids):
    name = "embeddings."
    rows = weights[name + "word_embeddings.weight"][ids] + weights[name + "position_embeddings.weight"][: ids.shape[1]]
    rows = rows + weights[name + "token_type_embeddings.weight"][0]
    return norm(rows, weights[name + "LayerNorm.weight"], weights[name + "LayerNorm.bias"])


def upper(weights, states, mask, layers):
    rows, length, _ = states.shape
    hidden = jnp.where(mask[:, None, None, :] > 0, 0.0, -1e9)
    for number in layers:
        layer = f"encoder.layer.{number}."
        linear = lambda name, x: x @ weights[layer + name + ".weight"].T + weights[layer + name + ".bias"]
        normed = lambda name, x: norm(x, weights[layer + name + ".LayerNorm.weight"], weights[layer + name + ".LayerNorm.bias"])
        query, key, value = (linear(name, states).reshape(rows, length, HEADS, -1) for name in LINEAR[:3])
        share = jax.nn.softmax(jnp.einsum("blhd,bmhd->bhlm", query, key) / np.sqrt(WIDTH / HEADS) + hidden, -1)
        seen = jnp.einsum("bhlm,bmhd->blhd", share, value).reshape(rows, length, WIDTH)
        states = normed("attention.output", states + linear(LINEAR[3], seen))
        inner = jax.nn.gelu(linear(LINEAR[4], states), approximate=True)
        states = normed("output", states + linear(LINEAR[5], inner))
    return states


def unit(x):
    return x / jnp.sqrt((x * x).sum(-1, keepdims=True) + 1e-9)


def pooled(states, mask):
    return unit((states * mask[..., None]).sum(1) / mask.sum(1)[:, None])


def adapted_names():
    return [f"encoder.layer.{number}.{name}" for number in range(FROZEN, LAYERS) for name in LINEAR]


def likenesses(weights, params, batch):
    """Of each message and entry: whole and whole, message and nearest phrasing, tokens and tokens, message and nearest sentence; and of each message and
    sentence of the entry that it was labelled with: whole and whole, tokens and tokens."""
    changed = dict(weights)
    for name in adapted_names():
        changed[name + ".weight"] = weights[name + ".weight"] + params[name + ".b"] @ params[name + ".a"]
    read = lambda part: upper(changed, batch[part][0], batch[part][1], range(FROZEN, LAYERS))
    messages, entries, phrasings = read("messages"), read("entries"), read("phrasings")
    mask, entry_mask, parts = batch["messages"][1], batch["entries"][1], batch["parts"]
    whole = pooled(messages, mask)
    answer = whole @ pooled(entries, entry_mask).T
    near = (whole @ pooled(phrasings, batch["phrasings"][1]).T).T
    near = jnp.maximum(jax.ops.segment_max(near, batch["owner"], num_segments=entries.shape[0]).T, -1.0)
    # The first token is the model's own mark.
    weight = jax.nn.softmax(jnp.where(mask > 0, messages @ params["weigh"], -1e9).at[:, 0].set(-1e9), -1)
    units, entry_units = unit(messages), unit(entries)
    found = jnp.einsum("bld,emd->blem", units, entry_units)
    found = jnp.where(entry_mask[None, None] > 0, found, -1.0).max(-1)
    tokens = jnp.einsum("bl,ble->be", weight, found)
    # Sentences of the answer are the parts from 1 on; part 0 is the question.
    of = (parts[:, None, :] == jnp.arange(1, SENTENCES + 1)[None, :, None]).astype(jnp.float32)
    there = of.sum(-1) > 0
    sentences = unit(jnp.einsum("esm,emd->esd", of, entry_units) / jnp.maximum(of.sum(-1), 1)[..., None])
    like = jnp.einsum("bd,esd->bes", whole, sentences)
    sentence = jnp.where(there[None], like, -1.0).max(-1)
    labelled = batch["labelled"]
    own = jnp.einsum("bld,bmd->blm", units, entry_units[labelled])
    own = jnp.where(of[labelled][:, None] > 0, own[:, :, None, :], -1.0).max(-1)
    said = jnp.einsum("bl,bls->bs", weight, own)
    liked = jnp.take_along_axis(like, labelled[:, None, None], 1)[:, 0]
    return answer, near, tokens, sentence, said, liked, there[labelled]


def chosen_among(scores, there, target, bias):
    scores = jnp.concatenate([jnp.where(there, scores, -1e9), jnp.full((scores.shape[0], 1), bias)], 1)
    shares = jax.nn.log_softmax(scores, 1)
    return logsumexp(jnp.where(target > 0, shares, -1e9), axis=1), shares


def together(params, found):
    scale = jnp.exp(10 * params["scale"])
    return sum(scale[n] * found[n] for n in range(4))


def loss(params, weights, batch):
    found = likenesses(weights, params, batch)
    answer, near, tokens, sentence, said, liked, has = found
    scale, none = jnp.exp(10 * params["scale"]), 50 * params["none"]
    right = batch["right"] * (1 - batch["taken"][:, None])
    there = (jnp.arange(answer.shape[1]) < batch["counts"][0])[None] & ~((batch["right"] > 0) & (batch["taken"][:, None] > 0))
    target = jnp.concatenate([right, (right.sum(1, keepdims=True) == 0).astype(right.dtype)], 1)
    real = jnp.arange(answer.shape[0]) < batch["counts"][1]
    total = 0.0
    for share, scores, bias in (
        (1.0, together(params, found), none[0]),
        (0.3, scale[4] * answer, none[1]),
        (0.3, scale[5] * tokens, none[2]),
        (0.2, scale[6] * near, none[3]),
        (0.3, scale[7] * sentence, none[4]),
    ):
        likely, _ = chosen_among(scores, there, target, bias)
        total -= share * (likely * real).sum() / real.sum()
    # Which sentences of its entry answer the message.
    for share, scores in ((0.5, scale[8] * said + scale[9] * liked), (0.2, scale[10] * said)):
        shares = jax.nn.log_softmax(jnp.where(has, scores, -1e9), 1)
        count = batch["say"].sum(1)
        total -= share * ((shares * batch["say"]).sum(1) / jnp.maximum(count, 1)).sum() / jnp.maximum((count > 0).sum(), 1)
    return total


def start(weights, rank, random):
    params = {}
    for name in adapted_names():
        outputs, inputs = weights[name + ".weight"].shape
        params[name + ".a"] = jnp.asarray(random.normal(0, 1 / np.sqrt(inputs), (rank, inputs)).astype(np.float32))
        params[name + ".b"] = jnp.zeros((outputs, rank), jnp.float32)
    params["weigh"] = jnp.zeros(WIDTH)
    params["scale"] = jnp.log(jnp.array([8.0, 5.0, 10.0, 5.0, 20.0, 20.0, 20.0, 20.0, 10.0, 10.0, 20.0])) / 10
    params["none"] = jnp.array([14.0, 10.0, 12.0, 10.0, 10.0]) / 50
    return params


def padded(rows, length, count):
    states, mask = np.zeros((count, length, WIDTH), np.float32), np.zeros((count, length), np.float32)
    for number, row in enumerate(rows):
        states[number, : len(row[:length])], mask[number, : len(row[:length])] = row[:length], 1
    # A row of nothing still needs something to look at.
    mask[len(rows) :, 0] = 1
    return states, mask


def batch_of(shop, read, random, chosen=None):
    count = -(-len(shop.entries) // 16) * 16
    taken = TAKEN_AWAY if chosen is None else 0.0
    if chosen is None:
        chosen = random.permutation(len(shop.rows))[:MESSAGES]
    own = [[n for n, (owner, _) in enumerate(shop.phrasings) if owner == entry] for entry in range(len(shop.entries))]
    # The question, and one of the other phrasings.
    phrasings = [n for texts in own for n in ([texts[0], random.choice(texts[1:])] if len(texts) > 1 else texts)]
    owner = np.full(2 * count, count - 1, np.int32)
    owner[: len(phrasings)] = [shop.phrasings[n][0] for n in phrasings]
    right, say, labelled = np.zeros((MESSAGES, count), np.float32), np.zeros((MESSAGES, SENTENCES), np.float32), np.zeros(MESSAGES, np.int32)
    for row, number in enumerate(chosen):
        right[row, shop.right[number]] = 1
        if shop.right[number]:
            labelled[row] = shop.right[number][0]
            # What was cut off cannot be chosen.
            say[row, [n for n in shop.say[number] if n < SENTENCES and (read["parts"][labelled[row]] == n + 1).any()]] = 1
    parts = np.full((count, ENTRY), -1, np.int32)
    for number, row in enumerate(read["parts"]):
        parts[number, : len(row)] = row
    return {
        "messages": padded([read["messages"][n] for n in chosen], MESSAGE, MESSAGES),
        "entries": padded(read["entries"], ENTRY, count),
        "phrasings": padded([read["phrasings"][n] for n in phrasings], PHRASING, 2 * count),
        "owner": owner,
        "right": right,
        "parts": parts,
        "labelled": labelled,
        "say": say,
        "taken": (random.random(MESSAGES) < taken).astype(np.float32),
        "counts": np.array([len(shop.entries), len(chosen)]),
    }


def states_of(base, shop):
    parts = [[entry["question"], *entry["answer"]] for entry in shop.entries]
    return {
        "messages": base.read([row["message"] for row in shop.rows], MESSAGE),
        "entries": base.read([" ".join(part) for part in parts], ENTRY),
        "parts": [base.parts(part, ENTRY) for part in parts],
        "phrasings": base.read([text for _, text in shop.phrasings], PHRASING),
    }


def resolved(sure, right, answerable, precision):
    order = np.argsort(-sure, kind="stable")
    hits = np.cumsum(right[order])
    keeps = hits / np.arange(1, len(order) + 1) >= precision
    return (hits[keeps].max() if keeps.any() else 0) / answerable


def score(weights, params, batch):
    found = likenesses(weights, params, batch)
    there = (jnp.arange(found[0].shape[1]) < batch["counts"][0])[None]
    _, shares = chosen_among(together(params, found), there, jnp.concatenate([batch["right"], batch["right"][:, :1]], 1), 50 * params["none"][0])
    scale = jnp.exp(10 * params["scale"])
    return shares, jnp.where(found[6], scale[8] * found[4] + scale[9] * found[5], -1e9)


def measure(weights, params, shops, read, scores):
    """Of shops that were left out: right entry first, resolved at 80 and 90 % precision, and the sentence most like the message being right."""
    rows = []
    for shop in shops:
        wins, sure, said, asked = [], [], [], 0
        rows_asked = [n for n, row in enumerate(shop.rows) if row["kind"] in ASKED]
        for start in range(0, len(rows_asked), MESSAGES):
            chosen = rows_asked[start : start + MESSAGES]
            batch = batch_of(shop, read[shop.name], np.random.default_rng(0), chosen)
            shares, sentences = (np.asarray(x)[: len(chosen)] for x in scores(weights, params, batch))
            best = shares[:, :-1].argmax(1)
            wins += [best[n] in shop.right[number] for n, number in enumerate(chosen)]
            sure += list(shares[:, :-1].max(1))
            asked += sum(bool(shop.right[number]) for number in chosen)
            said += [batch["say"][n, sentences[n].argmax()] > 0 for n in range(len(chosen)) if batch["say"][n].any()]
        wins, sure = np.array(wins), np.array(sure)
        rows.append([wins.sum() / asked, resolved(sure, wins, asked, 0.8), resolved(sure, wins, asked, 0.9), np.mean(said)])
    return np.mean(rows, 0)


def train(base, shops, held, args):
    random = np.random.default_rng(args.seed)
    read = {shop.name: states_of(base, shop) for shop in [*shops, *held]}
    params, steps = start(base.weights, args.rank, random), args.epochs * len(shops)
    rate = optax.warmup_cosine_decay_schedule(0, args.rate, max(5, steps // 10), steps, args.rate / 20)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(rate, weight_decay=0.01))
    state, gradient, scores = optimizer.init(params), jax.jit(jax.value_and_grad(loss)), jax.jit(score)

    @jax.jit
    def update(gradients, state, params):
        changes, state = optimizer.update(gradients, state, params)
        return optax.apply_updates(params, changes), state

    began, seen = time.time(), []
    for epoch in range(args.epochs):
        for number in random.permutation(len(shops)):
            value, gradients = gradient(params, base.weights, batch_of(shops[number], read[shops[number].name], random))
            params, state = update(gradients, state, params)
            seen.append(float(value))
        print(f"epoch {epoch + 1} of {args.epochs}: loss {np.mean(seen[-len(shops) :]):.3f} after {time.time() - began:.0f} s", flush=True)
        if held and (epoch % 2 or epoch + 1 == args.epochs):
            first, at_80, at_90, said = measure(base.weights, params, held, read, scores)
            print(f"  held out: right first {first:.3f}, resolved {at_80:.3f} / {at_90:.3f}, right sentence first {said:.3f}", flush=True)
    return params, time.time() - began


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("shops", nargs="+", type=Path, help="folders of shops")
    options.add_argument("--out", type=Path, required=True, help="the adapter that is written")
    options.add_argument("--hold-out", nargs="*", default=[], metavar="SHOP", help="names of shops that are left out, to be measured on")
    options.add_argument("--models", type=Path, default=Path("models"), help="folder of the base model (nightdesk models fetch)")
    options.add_argument("--epochs", type=int, default=8)
    options.add_argument("--rank", type=int, default=32)
    options.add_argument("--rate", type=float, default=2e-3)
    options.add_argument("--seed", type=int, default=1)
    args = options.parse_args()
    unknown = set(args.hold_out) - {folder.name for folder in args.shops}
    if unknown:
        options.error(f"there is no shop {', '.join(sorted(unknown))} among the folders")
    folders = sorted(folder for folder in args.shops if (folder / "knowledge.jsonl").is_file() and folder.name not in args.hold_out)
    if not folders:
        options.error("there is no shop to train on")
    data = hashlib.sha256(b"".join((folder / file).read_bytes() for folder in folders for file in ("knowledge.jsonl", "questions.jsonl")))
    held = [Shop(folder) for folder in sorted(args.shops) if folder.name in args.hold_out]
    params, seconds = train(Base(args.models), [Shop(folder) for folder in folders], held, args)
    tensors = {"head.weight": np.asarray(params["weigh"], np.float32).reshape(1, -1), "head.bias": np.zeros(1, np.float32)}
    for name in adapted_names():
        for half in "ab":
            tensors[f"{name}.lora_{half}"] = np.asarray(params[f"{name}.{half}"], np.float16)
    save_file(tensors, args.out)
    os.chmod(args.out, 0o644)
    recipe = {
        "shops": [folder.name for folder in folders],
        "data_sha256": data.hexdigest(),
        "epochs": args.epochs,
        "rank": args.rank,
        "rate": args.rate,
        "seed": args.seed,
        "seconds": round(seconds),
        "sha256": hashlib.sha256(args.out.read_bytes()).hexdigest(),
    }
    args.out.with_suffix(".json").write_text(json.dumps(recipe, indent=2) + "\n")
    print(json.dumps(recipe))


if __name__ == "__main__":
    main()
