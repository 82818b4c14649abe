"""Writes the compressed tables that Parley.Text embeds: Unicode decompositions and the spelling list.

Usage: python3 make_unicode_tables.py SPELLING_JSON RESOURCES_FOLDER

The interpreter's own unicodedata is the source; string.Normalize of .NET does nothing where globalization is
invariant. Every line of the text, in UTF-8 under gzip, is one of
    D point c point...   canonical decomposition, in full
    K point c point...   compatibility decomposition, in full, where it differs from the canonical one
    P first second both  a pair that composes
    R class from to      points of one combining class other than 0
    V version            the version of Unicode
with all numbers in hexadecimal. Hangul syllables are left to arithmetic.
"""

import gzip
import json
import pathlib
import sys
import unicodedata


def points():
    for point in range(0x110000):
        if not (0xD800 <= point < 0xE000 or 0xAC00 <= point <= 0xD7A3):
            yield point


def lines():
    yield f"V {unicodedata.unidata_version}"
    for point in points():
        text = chr(point)
        canonical = unicodedata.normalize("NFD", text)
        compatible = unicodedata.normalize("NFKD", text)
        if canonical != text:
            yield f"D {point:x} " + " ".join(f"{ord(c):x}" for c in canonical)
        if compatible != canonical:
            yield f"K {point:x} " + " ".join(f"{ord(c):x}" for c in compatible)
        parts = unicodedata.decomposition(text).split()
        if len(parts) == 2 and not parts[0].startswith("<") and unicodedata.normalize("NFC", text) == text:
            yield f"P {parts[0].lower()} {parts[1].lower()} {point:x}"
    start, kind = 0, 0
    for point in range(0x110001):
        now = 0 if point == 0x110000 else unicodedata.combining(chr(point))
        if now != kind:
            if kind:
                yield f"R {kind:x} {start:x} {point - 1:x}"
            start, kind = point, now


def write(path, text):
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(path, path.stat().st_size)


spelling, folder = sys.argv[1], pathlib.Path(sys.argv[2])
write(folder / "unicode-normal.gz", "\n".join(lines()) + "\n")
pairs = json.loads(pathlib.Path(spelling).read_text(encoding="utf-8"))
write(folder / "english-spelling.gz", "".join(f"{a}\t{b}\n" for a, b in pairs.items()))
