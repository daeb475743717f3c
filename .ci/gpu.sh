#!/usr/bin/env bash
# The path to a GPU: through gorgonia.org/cu to a CUDA driver that runs kernels on the emulator. Needs gcc and clang-19, no GPU and no CUDA.
set -euo pipefail
cd "$(dirname "$0")/.."
export CGO_ENABLED=1 CGO_CFLAGS=-I$PWD/internal/gpu/driver/include
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

sh internal/gpu/driver/gen-forward.sh
sh internal/gpu/kernels/cuda/build.sh
sh internal/gpu/ptx/testdata/build.sh
git diff --exit-code --stat internal/gpu || { echo "the generators write other files than those committed"; exit 1; }
for tags in gpu gpu,fakecuda; do
  go vet -tags $tags ./internal/gpu/... ./train/... ./cmd/train ./cmd/gpucheck
  go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags $tags ./internal/gpu/driver ./internal/gpu/fakecuda
done
go test -race -run 'Threads|Conflict|FirstError|Tables' ./internal/gpu/ptx
go test -tags gpu ./internal/gpu/driver
go test -tags gpu,fakecuda ./internal/gpu/driver
go test -tags gpu,fakecuda -run 'TestThroughTheDriver|TestAcceleratorErrors' ./train
go run -tags gpu,fakecuda ./cmd/gpucheck -quick -kernels | tail -3

# without a driver the program starts, and says what is missing
go build -tags gpu -o "$out/train" ./cmd/train
if "$out/train" -preset nano -task parity -steps 1 -device gpu -out "$out/run" >"$out/log" 2>&1; then
  echo "trained on a GPU"
else
  tail -1 "$out/log" | grep -q 'gpu: no NVIDIA driver on this machine' || { cat "$out/log"; exit 1; }
fi
go run -tags gpu,fakecuda ./cmd/train -preset nano -model softmax-attention -task parity -steps 1 -batch 1 -seq 8 -device gpu -out "$out/emulated" | tail -3
