#!/bin/sh
# Trains every model on every synthetic task with the same amount of training, a million positions at width 64,
# and prints the table of docs/recipes.md: the validation accuracy at the training length and at twice and four
# times that length. Run it from the root of the repository:
#
#     sh docs/recipes.sh [folder for the runs] [task...]
#
# It does not repeat a finished run in the folder. The whole table takes about ten minutes on two cores, a task a
# minute or two. TRAIN names a built cmd/train to use, THREADS the number of threads (default: all cores).
set -eu
out=${1:-runs/recipes}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- copy selective-copy recall parity modular s3 s5
mkdir -p "$out"
if [ -z "${TRAIN:-}" ]; then
	TRAIN=$out/train
	go build -o "$TRAIN" ./cmd/train
fi
models='goom-rnn log-attention taylor-attention softmax-attention'

train() { # model, task
	name=$1-$2
	case $2 in # positions x batch x steps is nearly the same for all
	copy) size='-delay 200 -batch 16 -steps 300 -schedule-steps 300' ;;
	selective-copy) size='-batch 16 -steps 500 -schedule-steps 500' ;;
	*) size='-batch 32 -steps 500 -schedule-steps 500' ;;
	esac
	case $1 in # so many hidden vectors that it has about as many weights as the others
	goom-rnn) size="$size -heads 8 -d-head 32" ;;
	esac
	if ! grep -q '^train: done' "$out/$name.log" 2>/dev/null; then
		rm -rf "${out:?}/$name"
		# shellcheck disable=SC2086 # the sizes are several words
		"$TRAIN" -model "$1" -task "$2" -preset nano $size -optimizer muon -lr 2e-3 -lr-recurrent 0.1 -threads "${THREADS:-0}" -eval-every 0 -eval-batches 32 \
			-save-every 0 -out "$out/$name" >"$out/$name.log" 2>&1 || { tail -n 5 "$out/$name.log" >&2; exit 1; }
		echo 'train: done' >>"$out/$name.log"
	fi
}

number() { sed -n 's/.*"'"$1"'":\([0-9.e+-]*\).*/\1/p'; }

cell() { # model, task
	for split in valid valid-2x valid-4x; do
		grep '"split":"'"$split"'"' "$out/$1-$2/metrics.jsonl" | tail -n 1 | number accuracy
	done | awk '{ printf "%s%.1f", (NR > 1 ? " / " : ""), 100 * $1 } END { printf " | " }'
}

for task in "$@"; do
	for model in $models; do train "$model" "$task"; done
done
printf '| task |'
for model in $models; do printf ' %s |' "$model"; done
printf '\n|---|---|---|---|---|\n'
for task in "$@"; do
	printf '| %s | ' "$task"
	for model in $models; do cell "$model" "$task"; done
	printf '\n'
done
