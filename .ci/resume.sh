#!/usr/bin/env bash
# A short training run, stopped and resumed, ends with the same bytes as one that was not.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
go build -o "$out/train" ./cmd/train
flags=(-preset nano -batch 8 -seq 64 -save-every 20 -eval-every 20 -log-every 10)

"$out/train" "${flags[@]}" -steps 40 -out "$out/whole" >/dev/null
"$out/train" "${flags[@]}" -steps 20 -out "$out/parts" >/dev/null
"$out/train" -resume "$out/parts" -steps 40 -threads 1 >/dev/null
for f in model.safetensors optimizer.safetensors; do
  cmp "$out/whole/checkpoints/last/$f" "$out/parts/checkpoints/last/$f"
done
echo "40 steps equal 20 and 20: model.safetensors and optimizer.safetensors, byte for byte"
