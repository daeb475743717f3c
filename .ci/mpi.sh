#!/usr/bin/env bash
# Several processes under Open MPI: the same bits as one, resuming, faults, and two hosts that are network namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v mpicc >/dev/null || ! command -v mpirun >/dev/null || ! command -v ip >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends libopenmpi-dev openmpi-bin gcc libc6-dev iproute2 >/dev/null
fi
export CGO_ENABLED=1 CC=mpicc OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

go vet -tags mpi ./internal/comm ./train ./cmd/train
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags mpi ./internal/comm ./cmd/train
go test -tags mpi -c -o "$out/comm.test" ./internal/comm
for n in 1 2 4; do
  mpirun --oversubscribe -n $n "$out/comm.test" -test.run 'TestWorld|TestExchanges' >"$out/log" || { cat "$out/log"; exit 1; }
done
go test -tags mpi -run MPI ./cmd/train

# a program without the tag says why it does not train
CGO_ENABLED=0 go build -o "$out/plain" ./cmd/train
if mpirun --oversubscribe -n 2 "$out/plain" -steps 1 -out "$out/run" >"$out/log" 2>&1; then
  echo "several processes have trained the same run"
  exit 1
fi
grep -q 'started as 2 processes, but it is built without MPI' "$out/log" || { cat "$out/log"; exit 1; }

go build -tags mpi -o "$out/train" ./cmd/train
flags="-preset nano -data README.md -seq 64 -sample 0 -steps 10 -micro-batch 2 -batch 8 -eval-every 0"
"$out/train" $flags -out "$out/alone" >"$out/log" || { cat "$out/log"; exit 1; }
if ip netns add goomtest 2>/dev/null; then
  ip netns del goomtest
  bash docs/scaling/hosts.sh 2 1gbit 0 "$out/train" $flags -out "$out/hosts" >"$out/log" 2>&1 || { cat "$out/log"; exit 1; }
  cmp "$out/alone/checkpoints/last/model.safetensors" "$out/hosts/checkpoints/last/model.safetensors"
else
  echo "no network namespaces here: two hosts are not tested"
fi
