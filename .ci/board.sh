#!/usr/bin/env bash
# The page of cmd/board in Chromium: it shows runs while they train, compares them and generates text.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v chromium >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null
fi
go vet -tags browser ./internal/board
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags browser ./internal/board
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
go test -count=1 -v -tags browser -run '^TestBrowser$' ./internal/board -screenshots "$out" | tee "$out/log"
grep -q '^--- PASS: TestBrowser' "$out/log" || { echo "the test in the browser did not run"; exit 1; }
for name in light dark phone run; do
  [ -s "$out/$name.png" ] || { echo "no picture $name.png"; exit 1; }
done
