"""Shops in folders: entries and labelled messages, as the trainings read them."""
import json
from pathlib import Path


class Shop:
    def __init__(self, folder):
        self.name = Path(folder).name
        lines = lambda file: [json.loads(line) for line in open(Path(folder) / file, encoding="utf-8") if line.strip()]
        self.entries = lines("knowledge.jsonl")
        # Smalltalk, abuse and calls for a person are messages too that no entry answers.
        self.rows = lines("questions.jsonl")
        place = {entry["id"]: number for number, entry in enumerate(self.entries)}
        named = lambda row: row["entry"] if isinstance(row["entry"], list) else [row["entry"]] if row["entry"] else []
        self.right = [[place[name] for name in named(row)] for row in self.rows]
        self.say = [row.get("say") or [] for row in self.rows]
        self.phrasings = [(number, text) for number, entry in enumerate(self.entries) for text in [entry["question"], *entry["phrasings"]]]
