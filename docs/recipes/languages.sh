#!/bin/sh
# Writes a table of short texts in 16 languages, from Debian's translated manual pages: languages.sh FILE.csv [LINES].
# A text is a line of 40 to 200 bytes of a page. LINES is the number of texts of a language, 3,000 if it is not given.
set -eu
out=${1:?name the file to write}
lines=${2:-3000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
languages="cs da de es fi fr hu it nb nl pl pt-br ro sr sv uk"
(cd "$work" && for l in $languages; do apt-get download -qq "manpages-$l"; done) 2>&1 | grep -v unsandboxed >&2 || true
echo text,label >"$out"
for l in $languages; do
  dpkg -x "$work/manpages-${l}_"*.deb "$work/$l"
  # without requests, comments, tables and escapes of roff; each line once
  find "$work/$l/usr/share/man" -name '*.gz' -type f | LC_ALL=C sort | xargs zcat |
    LC_ALL=C sed -e "/^[.']/d" -e 's/\\f[A-Z]//g' -e 's/\\f([A-Z][A-Z]//g' -e 's/\\[-&|^ e]//g' -e 's/\\([a-z][a-z]//g' -e '/[\\\t]/d' |
    LC_ALL=C awk 'length($0) >= 40 && length($0) <= 200 && !seen[$0]++' |
    LC_ALL=C awk -v n="$lines" -v l="$l" '{ all[NR] = $0 } END { for (i = 1; i <= n && i <= NR; i++) { t = all[int((i - 1) * (NR > n ? NR / n : 1)) + 1]; gsub(/"/, "\"\"", t); print "\"" t "\"," l } }' >>"$out"
done
wc -l "$out" >&2
