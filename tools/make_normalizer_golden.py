"""Runs openai/whisper's own normalizers over texts and odd inputs and writes pairs as JSON.

Usage: python3 make_normalizer_golden.py TEXT_JSONL OUT_JSON   (the package must be importable as whisper_norm)
"""

import json
import random
import sys
import unicodedata

from whisper_norm.basic import BasicTextNormalizer
from whisper_norm.english import EnglishTextNormalizer

random.seed(7)
WORDS = ("zero oh one two six nine ten twelve nineteen ones sixes first second third fifth twelfth twentieth twenty thirty "
         "ninety fifties hundred thousand million hundreds thousandth millionth minus plus pound dollars cents euro per cent "
         "percent and double triple point and a half 1 20 3.5 2.0 $4 -7 £0.05 1960 s th colour it's grey").split()
ODD = ["", " ", "\t\n", "ΣΑΣ ΟΔΟΣ", "İstanbul", "ﬁne ２３ ½ ①", "한국어 각", "e\u0301 \u212b \u1e9b\u0323", "नमस्ते", "a () b (c) (( d ) e ) f", "[a [b] c] <d",
       "won't can't let's ain't y'all i'ma mr. mrs. dr. prof. st. lt. col. he'd been she's gone", "1,000.50 $3,000 7%. a% .5 5.", "x\u1cf5y", "ß Þ đ œ",
       "two dollars and seven cents", "$2 and ¢7", "£0.5", "five hundred percent", "two point five million", "A1B2 3rd 4 th", "hello 'tis  'n", "3.1.4 192.168.0.1",
       "ten and a half", "and a half", "cat and a half dog", "twenty one twenty one", "zero thousand", "0 million", "1.2345 thousand"]
texts = list(ODD)
texts += [json.loads(line)["text_written"] for line in open(sys.argv[1], encoding="utf-8")][:120]
texts += [" ".join(random.choice(WORDS) for _ in range(random.randint(1, 9))) for _ in range(300)]
english, basic, plain = EnglishTextNormalizer(), BasicTextNormalizer(), BasicTextNormalizer(remove_diacritics=True)
cases = []
for text in texts:
    try:
        cases.append({"text": text, "english": english(text), "basic": basic(text), "plain": plain(text)})
    except (AssertionError, IndexError, TypeError, ValueError) as error:
        print("the reference fails on", repr(text), type(error).__name__)
forms = [{"text": t, **{f: unicodedata.normalize(f, t) for f in ("NFC", "NFD", "NFKC", "NFKD")}}
         for t in ODD + ["".join(chr(random.choice([0x41, 0x61, 0x301, 0x327, 0x323, 0x1100, 0x1161, 0x11a8, 0xac00, 0x1e9b, 0xfb01, 0x9c7, 0x9be, 0x915, 0x93c, 0x1d15e, 0x2f800, 0x345, 0x3b1])) for _ in range(8)) for _ in range(100)]]
with open(sys.argv[2], "w", encoding="utf-8") as out:
    json.dump({"cases": cases, "forms": forms}, out, ensure_ascii=False, indent=0)
    out.write("\n")
