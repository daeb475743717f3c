#!/bin/bash
# Run a command of MPI on several hosts that are network namespaces of this machine, with links of a given bandwidth and
# delay: bash docs/scaling/hosts.sh HOSTS RATE DELAY COMMAND..., as root. HOSTS processes run, one on each host.
#
#   bash docs/scaling/hosts.sh 4 1gbit 100us ./train -steps 20
#
# A delay of 0 is none, and there is none where the kernel has no netem. It needs iproute2 and Open MPI. MPIRUN_FLAGS has further flags of mpirun, and CORES the cores that the processes may use,
# one after the other, as in CORES="0 1".
set -euo pipefail
hosts=$1 rate=$2 delay=$3
shift 3

export GOOM=goom$$. # of the names of namespaces, which the system removes some time after they are deleted
bridge=gb$$ link=gv$$.
clean() {
	for ((i = 1; i <= hosts; i++)); do ip netns del "$GOOM$i" 2>/dev/null || true; done
	ip link del "$bridge" 2>/dev/null || true
	rm -rf "$work"
}
work=$(mktemp -d)
trap clean EXIT
ip link add "$bridge" type bridge
ip link set "$bridge" up
for ((i = 1; i <= hosts; i++)); do
	ip netns add "$GOOM$i"
	ip link add "$link$i" type veth peer name eth0 netns "$GOOM$i"
	ip link set "$link$i" master "$bridge" up
	ip -n "$GOOM$i" addr add "10.77.0.$i/24" dev eth0
	ip -n "$GOOM$i" link set eth0 up
	ip -n "$GOOM$i" link set lo up
	# Both directions of a link have the rate; the delay is from host to host.
	tc qdisc add dev "$link$i" root tbf rate "$rate" burst 256kb latency 100ms
	if [ "$delay" = 0 ] || ! tc -n "$GOOM$i" qdisc add dev eth0 root netem rate "$rate" delay "$delay" limit 100000 2>/dev/null; then
		[ "$delay" = 0 ] || [ "$i" -gt 1 ] || echo "hosts.sh: this kernel has no netem, so that links have no delay" >&2
		tc -n "$GOOM$i" qdisc add dev eth0 root tbf rate "$rate" burst 256kb latency 100ms
	fi
done

# mpirun starts its daemon on another host through this, in the place of ssh.
cat > "$work/agent" <<'AGENT'
#!/bin/bash
while [[ $1 == -* ]]; do shift; done
number=${1##*.}
shift
cores=($CORES)
core=${cores[$(((number - 1) % ${#cores[@]}))]}
exec ip netns exec "$GOOM$number" unshare --uts taskset -c "$core" bash -c "hostname goom$number; $*"
AGENT
chmod +x "$work/agent"
export CORES=${CORES:-$(seq -s ' ' 0 $(($(nproc) - 1)))}
list=$(for ((i = 1; i <= hosts; i++)); do printf '10.77.0.%d:1,' "$i"; done)
set -- mpirun --allow-run-as-root --host "${list%,}" -n "$hosts" \
	--mca plm_rsh_agent "$work/agent" --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
	--mca oob_tcp_if_include 10.77.0.0/24 --mca hwloc_base_binding_policy none ${MPIRUN_FLAGS:-} "$@"
first=(${CORES})
ip netns exec "${GOOM}1" unshare --uts taskset -c "${first[0]}" bash -c 'hostname goom1; exec "$@"' hosts "$@"
