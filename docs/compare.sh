#!/bin/sh
# Trains three models of nearly the same number of parameters on the default corpus, the Go library's own
# sources, for the same steps on the same batches, and prints a table of their validation loss. Run it from
# the root of the repository:
#
#     sh docs/compare.sh [folder for the runs] [steps]
#
# It does not repeat a finished run in the folder. A model takes about two minutes on two cores.
set -eu
out=${1:-runs/compare}
steps=${2:-400}
mkdir -p "$out"
go build -o "$out/train" ./cmd/train

train() { # name, flags
	name=$1
	shift
	if ! grep -q '^train: done' "$out/$name.log" 2>/dev/null; then
		rm -rf "${out:?}/$name"
		"$out/train" "$@" -steps "$steps" -schedule-steps "$steps" -batch 8 -eval-every "$steps" -eval-batches 60 -save-every 0 \
			-sample 0 -out "$out/$name" >"$out/$name.log" 2>&1 || { tail -n 5 "$out/$name.log" >&2; exit 1; }
		echo 'train: done' >>"$out/$name.log"
	fi
}

number() { sed -n 's/.*"'"$1"'":\([0-9.e+-]*\).*/\1/p' | tail -n 1; }

short() { awk '{ printf "%.4g", $1 }'; }

row() { # name
	valid=$(grep '"split":"valid"' "$out/$1/metrics.jsonl" | tail -n 1)
	parameters=$(sed -n 's/.*[^0-9,]\([0-9][0-9,]*\) parameters.*/\1/p' "$out/$1.log" | head -n 1)
	last=$(grep '"split":"train"' "$out/$1/metrics.jsonl" | tail -n 1)
	echo "| $1 | $parameters | $(echo "$valid" | number loss | short) | $(echo "$valid" | number bpb | short) | $(echo "$last" | number elapsed_s | short) |"
}

train goom-rnn -model goom-rnn -preset small -heads 9
train softmax-attention -model softmax-attention -preset small -d-emb 96 -heads 3
train log-attention -model log-attention -preset small
echo "| model | parameters | validation loss (nats per byte) | bits per byte | seconds for $steps steps |"
echo "|---|---|---|---|---|"
for name in goom-rnn softmax-attention log-attention; do row $name; done
