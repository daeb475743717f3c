#!/bin/sh
# Compiles every kernel to PTX with Debian's clang: no CUDA toolkit.
set -e
cd "$(dirname "$0")"
for f in ${*:-*.cu ../testdata/*.cu}; do
  ${CLANG:-clang-19} -x cuda --cuda-device-only --cuda-gpu-arch=sm_80 --cuda-feature=+ptx70 -nocudainc -nocudalib \
    -std=c++17 -O3 -ffp-contract=off -fno-exceptions -Wall -Wno-unknown-cuda-version -S -o "${f%.cu}.ptx" "$f"
done
