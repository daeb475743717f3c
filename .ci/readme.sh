#!/usr/bin/env bash
# Runs every command of README's ```sh blocks, in their order, in a fresh copy of the committed tree.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
git clone -q . "$out/clone"
cd "$out/clone"
commands=$(awk '/^```sh$/ {on = 1; next} /^```$/ {on = 0} on' README.md | sed 's/ *#.*//' | grep -v '^ *$')
[ -n "$commands" ] || { echo "README.md has no commands"; exit 1; }
while IFS= read -r command; do
  case $command in "go test ./..."*) continue ;; esac # a step of its own
  printf '$ %s\n' "$command"
  bash -euo pipefail -c "$command" </dev/null >"$out/log" 2>&1 || { cat "$out/log"; echo "failed: $command"; exit 1; }
  tail -n 5 "$out/log"
done <<<"$commands"

# what README promises of the default run
bpb=$(grep '"split":"valid"' "$(ls -td runs/*hybrid-text | tail -n 1)"/metrics.jsonl | tail -n 1 | sed 's/.*"bpb":\([0-9.]*\).*/\1/')
awk -v bpb="$bpb" 'BEGIN { exit !(bpb > 0 && bpb < 2.4) }' || { echo "the default run ends with $bpb bits per byte, want under 2.4"; exit 1; }
echo "the default run ends with $bpb bits per byte on the validation files"
