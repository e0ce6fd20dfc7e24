#!/usr/bin/env python3
"""Writes what libFuzzer starts from: the texts of the recorded vectors, one a file, into the folder that is named."""

import hashlib
import json
import pathlib
import sys

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "src/expressions/testdata/vectors.json"


def texts_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from texts_in(member)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for vector in json.loads(VECTORS.read_text()):
        for text in texts_in(vector["template"]):
            data = text.encode("utf-8", "surrogatepass")
            if b"${" in data and len(data) <= 4096:
                (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
