#!/bin/sh
# Compiles the kernels of the tests to PTX with clang alone.
set -e
cd "$(dirname "$0")"
for f in *.cu; do
  ${CLANG:-clang-19} -x cuda --cuda-device-only --cuda-gpu-arch=sm_80 --cuda-feature=+ptx70 -nocudainc -nocudalib \
    -std=c++17 -O3 -ffp-contract=off -Wno-unknown-cuda-version -S -o "${f%.cu}.ptx" "$f"
done
