#!/bin/sh
# Fails if the committed assembly is not what the generator writes.
set -eu
cd "$(dirname "$0")"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
./gen.sh "$fresh"
status=0
for file in $(cd "$fresh" && find . -type f); do
	diff -u "../$file" "$fresh/$file" || status=1
done
[ $status = 0 ] || echo "internal/simd: the assembly is stale: run internal/simd/gen/gen.sh" >&2
exit $status
