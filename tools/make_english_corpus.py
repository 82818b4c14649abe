#!/usr/bin/env python3
"""Makes what configs/english-*.json train on, from the data that lies beside the checkout.

    tools/make_english_corpus.py [--shared ../shared] [--out runs/english-corpus]

Sentences of a grammar and of LJ Speech's texts are spoken by the synthetic voices that ../shared/tools/make-corpus knows (its
--install gets them). A voice that is not among them, flite's awb, stays unheard and speaks the development sentences. Recordings of
real speech, noises and rooms are listed as they are; short lists of real speech several times, so that they are heard as often
as they matter. OUT receives a folder with a manifest for each part.
Needs Python 3 and an hour or two of two cores; the same call makes the same files.
"""
import argparse
import json
import pathlib
import re
import subprocess
import wave

PLAIN = re.compile(r"^[a-z' ]+$")
# Said otherwise than written.
ABBREVIATIONS = set("mr mrs dr st co no esq rev capt col gen jr sr etc viz lbs oz vs ft lt hon".split())

# Those of the assorted recordings that training hears; the others are for tests.
MISCELLANEOUS = ("austen", "cards", "goforward", "arctic", "common-voice-en", "sb-spk1_snt1", "sb-spk1_snt3", "sb-spk1_snt5", "sb-spk2_snt2")


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


def unheard(source, folder, limit):
    """Speaks the first sentences with a voice that make-corpus does not use."""
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    with open(folder / "manifest.jsonl", "w") as out:
        for row in map(json.loads, open(source).readlines()[:limit]):
            path = folder / "audio" / f"awb-{row['id']}.wav"
            subprocess.run(["flite", "-voice", "awb", "-t", row["tts"], path], check=True)
            with wave.open(str(path)) as sound:
                seconds = sound.getnframes() / sound.getframerate()
            out.write(json.dumps({"audio_filepath": f"audio/{path.name}", "duration": round(seconds, 4), "text": row["text"]}) + "\n")


def listed(source, target, keep, with_text=True, times=1):
    """Writes a manifest of the kept lines of another one, with whole paths, each as often as said."""
    with open(source) as rows, open(target, "w") as out:
        for row in list(map(json.loads, rows)) * times:
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
    for name, count, seed, prefix in (("grammar", 12000, 77, "xx"), ("grammar-for-lm", 30000, 177, "yy")):
        with open(out / f"{name}.jsonl", "w") as grammar:
            subprocess.run(["python3", tools / "make-text", "--count", str(count), "--seed", str(seed), "--prefix", prefix,
                            "--exclude", text / "dev.jsonl", text / "train.jsonl"], stdout=grammar, check=True)

    with open(out / "diphone.jsonl", "w") as texts:
        texts.writelines(open(out / "grammar.jsonl").readlines()[5000:7000] + open(out / "lj.jsonl").readlines()[::9][:1200])

    # The festival voices (hts) take seconds of computing for a sentence: they speak only part of it all.
    heard = [line.split()[0] for line in open(tools / "voices.tsv") if line.strip() and not line.startswith("#")]
    diphone = [voice for voice in heard if voice.startswith("kal")]
    others = [voice for voice in heard if voice not in diphone]
    quick = [voice for voice in others if "hts" not in voice]
    parts = [("train", text / "train.jsonl", 1, others, 0), ("lj", out / "lj.jsonl", 11, others, 0), ("grammar", out / "grammar.jsonl", 2, quick, 5000),
             ("diphone", out / "diphone.jsonl", 21, diphone, 0), ("dev-heard", text / "dev.jsonl", 4, others, 200)]
    for name, source, seed, voices, limit in parts:
        if not (out / name / "manifest.jsonl").exists():
            print(f"{name}: speaking {source}", flush=True)
            subprocess.run(["python3", tools / "make-corpus", "--text", source, "--out", out / name, "--seed", str(seed), "--format", "wav",
                            "--speakers", ",".join(voices), *(["--limit", str(limit)] if limit else [])], check=True)

    unheard(text / "dev.jsonl", out / "dev-unheard", 200)
    listed(out / "lj/manifest.jsonl", out / "lj-short.jsonl", lambda r: r["duration"] <= 4.2)
    listed(real / "fsdd/train.jsonl", out / "digits.jsonl", lambda r: True, times=3)
    listed(real / "ljspeech/train.jsonl", out / "lj-real.jsonl", lambda r: r["text"] and PLAIN.match(r["text"].lower()), times=8)
    listed(real / "misc/manifest.jsonl", out / "misc-real.jsonl", lambda r: r["id"].startswith(MISCELLANEOUS), times=8)
    listed(real / "librispeech/test-other-7spk.jsonl", out / "librispeech.jsonl", lambda r: True)
    listed(real / "augment/manifest.jsonl", out / "rooms.jsonl", lambda r: "rir" in r["audio_filepath"], with_text=False)
    listed(real / "augment/manifest.jsonl", out / "noises.jsonl", lambda r: not re.search("rir|speech", r["audio_filepath"]), with_text=False)
    listed(real / "esc10/train.jsonl", out / "events.jsonl", lambda r: True, with_text=False)
    with open(out / "noises.jsonl", "a") as noises:
        noises.write(open(out / "events.jsonl").read())

    with open(out / "lm.txt", "w") as lines:
        for source in (text / "train.jsonl", out / "grammar.jsonl", out / "lj.jsonl", out / "novel.jsonl", out / "grammar-for-lm.jsonl"):
            lines.writelines(json.loads(row)["text"] + "\n" for row in open(source))


if __name__ == "__main__":
    main()
