#!/usr/bin/env python3
"""bench.py PACKROOM FOLDER

Reads the benchmark sets of label photographs and tracking numbers that lie in
FOLDER with the program PACKROOM, and prints one table for each, with the
milliseconds of every stage beside those of plain Tesseract on the same pictures.
A set that is not there is passed over with a word.

  labels/       roster.csv property.json truth.json images/*.jpg score.py
  labels-real/  truth.json *.png
  tracking/     couriers/*.json
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata

packroom, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


def read(files, *flags):
    """The readings of files, by name."""
    out = subprocess.run([packroom, "read", "--json", *flags, *files], capture_output=True, text=True).stdout
    return {os.path.basename(r["file"]): r for r in map(json.loads, out.splitlines())}


def tesseract(file):
    """Milliseconds of plain Tesseract, one thread, on the whole picture."""
    start = time.monotonic()
    subprocess.run(["tesseract", file, "-", "--psm", "3"], capture_output=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"})
    return 1000 * (time.monotonic() - start)


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p))]


def stages(readings, plain):
    print(f"\n{'milliseconds':14}{'p50':>8}{'p95':>8}")
    names = sorted({k for r in readings for k in r["ms"]} - {"total"})
    rows = [(n, [r["ms"].get(n, 0) for r in readings]) for n in names]
    rows += [("total", [r["ms"].get("total", 0) for r in readings]), ("tesseract", plain)]
    for name, values in rows:
        print(f"{name:14}{percentile(values, 0.5):8.0f}{percentile(values, 0.95):8.0f}")
    total = [r["ms"].get("total", 0) for r in readings]
    print(f"{'total/tess.':14}{percentile(total, .5) / percentile(plain, .5):8.2f}{percentile(total, .95) / percentile(plain, .95):8.2f}"
          "   (at most 1.20 and 2.50)")


def labels(at):
    files = sorted(glob.glob(at + "/images/*.jpg"))
    readings, plain = {}, []
    for i in range(0, len(files), 10):  # by turns, so that both have the same machine
        part = files[i:i + 10]
        readings.update(read(part, "--roster", at + "/roster.csv", "--property", at + "/property.json"))
        plain += [tesseract(f) for f in part]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as f:
        for r in readings.values():
            f.write(json.dumps(r) + "\n")
        f.flush()
        subprocess.run([sys.executable, at + "/score.py", at + "/truth.json", f.name, "--misses"])
    stages(list(readings.values()), plain)


def bare(s):
    return re.sub(r"[^A-Z0-9]", "", unicodedata.normalize("NFD", str(s or "")).upper())


def real(at):
    truth = json.load(open(at + "/truth.json", encoding="utf-8"))
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as roster:
        roster.write("resident_id,first_name,last_name,unit,status,aliases\nR1,Nobody,Nowhere,0,current,\n")
        roster.flush()
        readings = read([os.path.join(at, t["file"]) for t in truth], "--roster", roster.name)
    right = {"recipient": 0, "tracking": 0}
    for t in truth:
        r = readings.get(t["file"], {})
        ok = {"recipient": bare(r.get("recipient")) in [bare(n) for n in [t["recipient_name"], *t["alt_names"]]],
              "tracking": bare(r.get("tracking")) == bare(t["tracking_number"])}
        for k, v in ok.items():
            right[k] += v
            if not v:
                print(f"  {t['file']}: {k} {r.get(k)!r}, not {t['recipient_name' if k == 'recipient' else 'tracking_number']!r}")
    print("  " + ", ".join(f"{k} right {v} of {len(truth)}" for k, v in right.items()))
    for t in truth:
        if any(b["text"].startswith("[)>") for b in readings.get(t["file"], {}).get("barcodes", [])):
            coded(os.path.join(at, t["file"]), t)


def coded(file, t):
    """How long a label takes whose code names a resident of the building."""
    found = re.match(r"(.+) ([A-Z]{2}) ([0-9]{5})", t["address_lines"][-1])
    if not found:
        return
    city, state, zip_code = found.groups()
    first, last = t["recipient_name"].split(" ", 1)
    with tempfile.TemporaryDirectory() as at:
        with open(at + "/roster.csv", "w") as f:
            f.write(f"resident_id,first_name,last_name,unit,status,aliases\nR1,{first},{last},4B,current,\n")
        with open(at + "/property.json", "w") as f:
            json.dump({"name": "here", "street": t["address_lines"][0], "city": city, "state": state, "zip": zip_code, "timezone": "UTC"}, f)
        out = subprocess.run([packroom, "read", "--json", "--roster", at + "/roster.csv", "--property", at + "/property.json", *[file] * 9], capture_output=True, text=True).stdout
    ms = [r["ms"] for r in map(json.loads, out.splitlines()) if r["decision"] == "match" and "text" not in r["ms"]]
    if ms:
        total = percentile([m["total"] for m in ms], 0.5)
        print(f"  {t['file']}: its code names the recipient, {len(ms)} of 9 settled by it, p50 {total:.0f} ms (at most 300)")


def tracking(at):
    numbers = []
    for file in sorted(glob.glob(at + "/couriers/*.json")):
        courier = json.load(open(file, encoding="utf-8"))
        for form in courier["tracking_numbers"]:
            for want, key in ((True, "valid"), (False, "invalid")):
                numbers += [(want, form["name"], n) for n in form["test_numbers"].get(key, [])]
    valid = {n for want, _, n in numbers if want}
    out = subprocess.run([packroom, "track", "--", *[n for _, _, n in numbers]], capture_output=True, text=True).stdout
    right = {True: 0, False: 0}
    for (want, form, n), line in zip(numbers, out.splitlines()):
        got = json.loads(line)["valid"]
        # what one form refuses may be another's valid number
        if got == want or not want and n in valid:
            right[want] += 1
        else:
            print(f"  {form}: {n} valid {got}, should be {want}")
    print(f"  valid recognised {right[True]} of {sum(w for w, _, _ in numbers)}, invalid refused {right[False]} of {sum(not w for w, _, _ in numbers)}")


for name, run in (("labels", labels), ("labels-real", real), ("tracking", tracking)):
    at = os.path.join(folder, name)
    if not os.path.isdir(at):
        print(f"{name}: not in {folder}, passed over")
        continue
    print(f"\n== {name}", flush=True)
    run(at)
