#!/usr/bin/env python3
"""Makes what configs/english-*.json train on, from the data that lies beside the checkout.

    tools/make_english_corpus.py [--shared ../shared] [--out runs/english-corpus]

Sentences of a grammar, of LJ Speech's texts and of a novel are spoken by the synthetic voices that ../shared/tools/make-corpus
knows (its --install gets them), all but the diphone voices (kal*), which stay unheard and speak the development sentences.
Recordings of real speech, noises and rooms are listed as they are. OUT receives a folder with a manifest for each part.
Needs Python 3 and an hour or two of two cores; the same call makes the same files.
"""
import argparse
import json
import pathlib
import re
import subprocess

PLAIN = re.compile(r"^[a-z' ]+$")
# Said otherwise than written.
ABBREVIATIONS = set("mr mrs dr st co no esq rev capt col gen jr sr etc viz lbs oz vs ft lt hon".split())


def spoken(text):
    text = text.replace("’", "'").replace("—", " ").replace("-", " ")
    return " ".join(re.sub(r'["“”().,;:!?\[\]_]', " ", text).lower().split())


def sentences(lines, prefix, domain, path):
    """Writes the lines that are plain words, 3 to 26 of them, each once, in make-corpus' form."""
    seen = set()
    with open(path, "w") as out:
        for line in lines:
            text = spoken(line)
            words = text.split()
            if (PLAIN.match(text) and 3 <= len(words) <= 26 and text not in seen
                    and not ABBREVIATIONS.intersection(words) and not any(w.startswith("'") for w in words)):
                seen.add(text)
                row = {"id": f"{prefix}{len(seen):05d}", "domain": domain, "text": text, "text_written": line, "tts": line.replace('"', "")}
                out.write(json.dumps(row) + "\n")


def listed(source, target, keep, with_text=True):
    """Writes a manifest of the kept lines of another one, with whole paths."""
    with open(source) as rows, open(target, "w") as out:
        for row in map(json.loads, rows):
            if keep(row):
                path = str((source.parent / row["audio_filepath"]).resolve())
                out.write(json.dumps({"audio_filepath": path, "duration": row["duration"], "text": row["text"].lower() if with_text else ""}) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", default="../shared", type=pathlib.Path)
    parser.add_argument("--out", default="runs/english-corpus", type=pathlib.Path)
    args = parser.parse_args()
    tools, data, out = args.shared / "tools", args.shared / "data", args.out
    out.mkdir(parents=True, exist_ok=True)

    text, real = data / "text", data / "real"
    sentences([line.strip() for line in open(text / "ljspeech-sentences.txt")], "lj", "read", out / "lj.jsonl")
    paragraphs = re.split(r"\n\s*\n", open(text / "botchan.txt").read())
    novel = [s for p in paragraphs for s in re.split(r'(?<=[.!?])["”]?\s+', " ".join(p.split()))]
    sentences(novel[30:], "bo", "novel", out / "novel.jsonl")
    with open(out / "grammar.jsonl", "w") as grammar:
        subprocess.run(["python3", tools / "make-text", "--count", "12000", "--seed", "77", "--prefix", "xx",
                        "--exclude", text / "dev.jsonl", text / "train.jsonl"], stdout=grammar, check=True)

    rows = [line.split()[0] for line in open(tools / "voices.tsv") if line.strip() and not line.startswith("#")]
    heard = [voice for voice in rows if not voice.startswith("kal")]
    held_out = [voice for voice in rows if voice.startswith("kal")]
    quick = [voice for voice in heard if "hts" not in voice]
    parts = [("train", text / "train.jsonl", 1, heard, 0), ("lj", out / "lj.jsonl", 11, heard, 0), ("grammar", out / "grammar.jsonl", 2, quick, 5000),
             ("dev-unheard", text / "dev.jsonl", 3, held_out, 200), ("dev-heard", text / "dev.jsonl", 4, heard, 200)]
    for name, source, seed, voices, limit in parts:
        if not (out / name / "manifest.jsonl").exists():
            print(f"{name}: speaking {source}", flush=True)
            subprocess.run(["python3", tools / "make-corpus", "--text", source, "--out", out / name, "--seed", str(seed), "--format", "wav",
                            "--speakers", ",".join(voices), *(["--limit", str(limit)] if limit else [])], check=True)

    listed(out / "lj/manifest.jsonl", out / "lj-short.jsonl", lambda r: r["duration"] <= 4.2)
    listed(real / "fsdd/train.jsonl", out / "digits.jsonl", lambda r: True)
    listed(real / "ljspeech/train.jsonl", out / "lj-real.jsonl", lambda r: r["text"] and PLAIN.match(r["text"].lower()))
    listed(real / "librispeech/test-other-7spk.jsonl", out / "librispeech.jsonl", lambda r: True)
    listed(real / "augment/manifest.jsonl", out / "rooms.jsonl", lambda r: "rir" in r["audio_filepath"], with_text=False)
    listed(real / "augment/manifest.jsonl", out / "noises.jsonl", lambda r: not re.search("rir|speech", r["audio_filepath"]), with_text=False)
    listed(real / "esc10/train.jsonl", out / "events.jsonl", lambda r: True, with_text=False)
    with open(out / "noises.jsonl", "a") as noises:
        noises.write(open(out / "events.jsonl").read())

    with open(out / "lm.txt", "w") as lines:
        for source in (text / "train.jsonl", out / "grammar.jsonl", out / "lj.jsonl", out / "novel.jsonl"):
            lines.writelines(json.loads(row)["text"] + "\n" for row in open(source))


if __name__ == "__main__":
    main()
