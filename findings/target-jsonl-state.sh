#!/usr/bin/env bash
# The Singer target target-jsonl (PyPI 0.1.4) writes each record at once, but prints a state only when its input ends:
# one line, the last state. So a tap that stays never learns that anything was stored, and after a crash everything
# since the start comes again, although it is in the files.
#
# Seen 2026-11-30 with Python 3.11.7, while the input was open and after it had ended:
#   open: 2 records written, 0 states printed
#   ended: {"page": 2}
# Exits 1 if that changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check target-jsonl==0.1.4
mkdir "$folder/out"
echo "{\"destination_path\": \"$folder/out\"}" > "$folder/config.json"
mkfifo "$folder/messages"
"$folder/venv/bin/target-jsonl" --config "$folder/config.json" < "$folder/messages" > "$folder/states" 2> "$folder/log" &
target=$!
exec 3> "$folder/messages"
cat >&3 <<'END'
{"type": "SCHEMA", "stream": "call", "schema": {"properties": {"id": {"type": "integer"}}}, "key_properties": ["id"]}
{"type": "RECORD", "stream": "call", "record": {"id": 1}}
{"type": "STATE", "value": {"page": 1}}
{"type": "RECORD", "stream": "call", "record": {"id": 2}}
{"type": "STATE", "value": {"page": 2}}
END
records() { cat "$folder"/out/*.jsonl 2>/dev/null | wc -l; }
for _ in $(seq 300); do
    [ "$(records)" = 2 ] && break
    sleep 0.1
done
open="open: $(records) records written, $(wc -l < "$folder/states") states printed"
exec 3>&-
wait "$target"
found="$open
ended: $(cat "$folder/states")"
echo "$found"
[ "$found" = 'open: 2 records written, 0 states printed
ended: {"page": 2}' ]
