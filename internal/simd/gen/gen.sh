#!/bin/sh
# Writes the assembly and its Go declarations into the folder given, ../ by default.
set -eu
cd "$(dirname "$0")"
dir=${1:-..}
tool=$(mktemp)
trap 'rm -f "$tool"' EXIT
go build -o "$tool" .
cd "$dir"
for group in gemm gemm512 pack vector functions functions512 logsign rows recurrent monomials; do
	"$tool" -kernels $group -pkg simd -out ${group}_amd64.s -stubs ${group}_stubs_amd64.go
done
mkdir -p peak
"$tool" -kernels peak -pkg peak -out peak/peak_amd64.s -stubs peak/peak_stubs_amd64.go
