#!/bin/sh
# Writes the assembly and its Go declarations into the folder given, ../ by default.
set -eu
cd "$(dirname "$0")"
dir=${1:-..}
tool=$(mktemp)
trap 'rm -f "$tool"' EXIT
go build -o "$tool" .
cd "$dir"

# write PACKAGE FOLDER GROUP...
write() {
	package=$1 folder=$2
	shift 2
	mkdir -p "$folder"
	for group; do
		(cd "$folder" && "$tool" -kernels "$group" -pkg "$package" -out "${group}_amd64.s" -stubs "${group}_stubs_amd64.go")
	done
}
write simd . adamw arithmetic attention conv count delta diag_steps exp_log gelu glu head_rows layernorm linear_steps log_sums modes polynomial reduce reflections rmsnorm rotary rows runs sigmoid signed_log silu state_rows strided
write matmul matmul bf16 gemm gemm512 gemv pack
write peak peak peak
write simdtest simdtest xstate
