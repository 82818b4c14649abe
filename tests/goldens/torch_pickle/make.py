"""Makes the files of this folder: python3 make.py, with Debian's torch 1.13.1. Only for development; tests read the files."""
import argparse
import collections
import os
import pickle
import struct
import zipfile

import torch

HERE = os.path.dirname(os.path.abspath(__file__))


def at(name):
    return os.path.join(HERE, name)


def tensors():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8
    return collections.OrderedDict(
        [
            ("base", base),
            ("transposed", base.t()),
            ("middle", base[1:3]),
            ("every_second", base[:, ::2]),
            ("half", (base * 3).half()),
            ("bfloat16", (base * 3).bfloat16()),
            ("float64", base.double() / 3),
            ("int64", torch.tensor([-1, 2**40, 7])),
            ("int32", torch.tensor([-5, 6], dtype=torch.int32)),
            ("uint8", torch.tensor([0, 255], dtype=torch.uint8)),
            ("bool", torch.tensor([True, False, True])),
            ("scalar", torch.tensor(2.5)),
            ("empty", torch.zeros(0, 3)),
            ("parameter", torch.nn.Parameter(torch.tensor([1.0, -1.0]))),
        ]
    )


torch.save(tensors(), at("plain.pt"))
torch.save(tensors(), at("legacy.pt"), _use_new_zipfile_serialization=False)
torch.save(torch.nn.Linear(3, 2).state_dict(), at("linear.pt"))
torch.save(
    {"dims": {"n_mels": 80, "n_vocab": 51865, "scale": 0.5}, "model_state_dict": {"w": torch.ones(2, 2)}},
    at("whisper_like.pt"),
)
torch.save(
    {
        "epoch": 3,
        "args": argparse.Namespace(arch="wav2vec2", rates=[1, 2, (3, 4)], lr=1e-4),
        "dtype": torch.float16,
        "model": {"encoder.w": torch.tensor([1, 2]), "_extra": None},
        "optimizer": {0: {"step": 10}},
    },
    at("fairseq_like.pt"),
)


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/parley-was-here",)


torch.save({"w": torch.ones(1), "x": Evil()}, at("evil.pt"))
torch.save({"w": torch.ones(1), "x": Evil()}, at("evil_legacy.pt"), _use_new_zipfile_serialization=False)
with zipfile.ZipFile(at("whisper_like.pt")) as old, zipfile.ZipFile(at("deflated.pt"), "w", zipfile.ZIP_DEFLATED) as new:
    for entry in old.namelist():
        new.writestr(entry, old.read(entry))
# A tensor of 2^40 numbers that all are the same one.
torch.save({"w": torch.ones(1).expand(2**20, 2**20)}, at("expanded.pt"))
