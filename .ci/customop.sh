#!/usr/bin/env bash
# examples/customop is a module of its own, as a user's is: it builds with the versions of this one, passes its tests, and
# its program trains, resumes and generates.
set -euo pipefail
cd "$(dirname "$0")/../examples/customop"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
go mod tidy -diff
go vet ./...
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
go test ./...
go run . -model leaky-rnn -preset nano -integrators 48 -steps 20 -data '../../docs/*.md' -seq 64 -out "$out/leaky" >/dev/null
go run . -resume "$out/leaky" -steps 40 -recompute >"$out/console"
grep -q '^resumed at step 20 ' "$out/console"
go run . generate -from "$out/leaky" -prompt "The model " -n 100 >"$out/text"
grep -q '^The model ' "$out/text"
echo "examples/customop trains, resumes and generates"
