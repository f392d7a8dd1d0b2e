#!/usr/bin/env python3
"""Fits the weights of the search's signals and of 'no entry' (src/retrieval/fusion.rs), and says how good they are on shops they have not seen.

    nightdesk eval shop tests/shops/* --signals signals.jsonl
    env/bin/python models/reader/fit.py signals.jsonl

The file holds what each signal says of each message's shortlist. For weights that are to hold for other shops it must be made with readers that were
trained without the shop (train.py --hold-out, and `models.reader` in the configuration); several files are put together. A message chooses among its
candidates and 'none' (conditional logit with an outside option, McFadden 1974); no weight is below zero, so that more evidence never lowers a score. What
'none' scores depends on the message: on the logarithm of its number of words and on the means of four signals over the shortlist.
"""
import json
import sys

import numpy as np
from scipy.optimize import minimize

NO_WEIGHT_BELOW, FIRM = 0.0, 0.1
# The means of shared words, spelling and head did better still on stories, and much worse on short questions.
MEANS = ("phrasing", "sentence", "tokens", "passage")


def read(paths):
    rows = [json.loads(line) for path in paths for line in open(path, encoding="utf-8")]
    return [row for row in rows if row["signals"]], len(rows), rows[0]["names"]


def packed(rows):
    most, width = max(len(row["signals"]) for row in rows), len(rows[0]["signals"][0])
    signals, there, right = np.zeros((len(rows), most, width)), np.zeros((len(rows), most), bool), np.zeros((len(rows), most + 1))
    places = [rows[0]["names"].index(name) for name in MEANS]
    nothing = np.ones((len(rows), 2 + len(places)))
    for number, row in enumerate(rows):
        count = len(row["signals"])
        signals[number, :count], there[number, :count] = row["signals"], True
        right[number, row["right"] if row["right"] else [most]] = 1
        nothing[number, 1], nothing[number, 2:] = np.log(max(1, row["terms"])), signals[number, :count].mean(0)[places]
    return signals, there, right, nothing


def chosen(weights, signals, there, nothing):
    width = signals.shape[2]
    scores = np.where(there, signals @ weights[:width], -1e9)
    scores = np.concatenate([scores, (nothing @ weights[width:])[:, None]], 1)
    scores -= scores.max(1, keepdims=True)
    shares = np.exp(scores)
    return shares / shares.sum(1, keepdims=True)


def fit(rows):
    signals, there, right, nothing = packed(rows)
    width = signals.shape[2]
    firm = FIRM * np.where(np.arange(width + nothing.shape[1]) == width, 0.0, 1.0)

    def loss(weights):
        share = chosen(weights, signals, there, nothing)
        likely = (share * right).sum(1)
        # Of several right entries any will do.
        pull = share - share * right / np.maximum(likely, 1e-12)[:, None]
        gradient = np.concatenate([np.einsum("nc,ncs->s", pull[:, :-1], signals), pull[:, -1] @ nothing])
        return -np.log(np.maximum(likely, 1e-12)).sum() + 0.5 * (firm * weights * weights).sum(), gradient + firm * weights

    bounds = [(NO_WEIGHT_BELOW, None)] * width + [(None, None)] * nothing.shape[1]
    return minimize(loss, np.ones(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5000}).x


def resolved(sure, right, answerable, precision):
    order = np.argsort(-sure, kind="stable")
    hits, count, sure = np.cumsum(right[order]), np.arange(1, len(order) + 1), sure[order]
    keeps = np.append(sure[1:] != sure[:-1], True) & (hits / count >= precision)
    return (hits[keeps].max() if keeps.any() else 0) / answerable


def measure(rows, share):
    first = share[:, :-1].argmax(1)
    right = np.array([place in row["right"] for place, row in zip(first, rows)])
    covered, sure = np.array([row["covered"] for row in rows]), share[:, :-1].max(1)
    wins, losses = sure[right], np.sort(sure[~right])
    auroc = (np.searchsorted(losses, wins, "left") + np.searchsorted(losses, wins, "right")).sum() / 2 / (len(wins) * len(losses))
    bins = np.minimum((sure * 10).astype(int), 9)
    error = sum(abs(sure[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins))
    return [right[covered].mean(), *(resolved(sure, right, covered.sum(), p) for p in (0.8, 0.9)), auroc, error]


def main():
    rows, asked, names = read(sys.argv[1:])
    shops = sorted({row["shop"] for row in rows})
    print(f"{len(shops)} shops, {asked} messages, {asked - len(rows)} of them without a candidate")
    print(f"{'shop held out':20} right first  res@80  res@90   AUROC     ECE")
    table = []
    for shop in shops:
        own = [row for row in rows if row["shop"] == shop]
        signals, there, _, nothing = packed(own)
        table.append(measure(own, chosen(fit([row for row in rows if row["shop"] != shop]), signals, there, nothing)))
        print(f"{shop:20}" + "".join(f"{value:8.3f}" for value in table[-1]))
    print(f"{'mean':20}" + "".join(f"{value:8.3f}" for value in np.mean(table, 0)))
    weights = [round(float(weight), 3) for weight in fit(rows)]
    width = len(names)
    print("signals", dict(zip(names, weights[:width])))
    print("none", {"base": weights[width], "terms": weights[width + 1], **dict(zip(MEANS, weights[width + 2 :]))})


if __name__ == "__main__":
    main()
