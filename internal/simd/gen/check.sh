#!/bin/sh
# Fails if the committed assembly is not what the generator writes, no more and no less.
set -eu
cd "$(dirname "$0")"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
./gen.sh "$fresh"
status=0
for file in $(cd "$fresh" && find . -type f); do
	diff -u "../$file" "$fresh/$file" || status=1
done
for file in $(cd .. && find . -name '*_amd64.s' -o -name '*_stubs_amd64.go'); do
	[ -f "$fresh/$file" ] || { echo "nothing writes internal/simd/$file" >&2; status=1; }
done
[ $status = 0 ] || echo "internal/simd: the assembly is stale: run internal/simd/gen/gen.sh" >&2
exit $status
