#!/usr/bin/env bash
# Fetches uPlot, which draws the curves of the page, into internal/board/assets/vendor, and checks it. Needs npm.
set -euo pipefail
cd "$(dirname "$0")/../../internal/board/assets/vendor"
version=1.6.32
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
npm pack --silent --pack-destination "$out" "uplot@$version" >/dev/null
echo "4b8a8191e425658e3ea8c8c1314b0fc679c861ee3a1af2b20c7b16ba50b5133d  $out/uplot-$version.tgz" | sha256sum --check --quiet
tar -xzf "$out/uplot-$version.tgz" -C "$out"
cp "$out/package/dist/uPlot.iife.min.js" "$out/package/dist/uPlot.min.css" "$out/package/LICENSE" .
echo "uPlot $version"
