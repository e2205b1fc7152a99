# Runs inside a network namespace: the daemon, then the steps. $1 is the Python to use.
set -u
ip link set lo up
rm -f /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid
mkdir -p /run/pcscd
pcscd --foreground >/tmp/szunion-pcscd-$$.log 2>&1 &
daemon=$!
"$1" -m tests.system.vpcd_steps
result=$?
kill "$daemon"
wait "$daemon" 2>/dev/null
rm -f /tmp/szunion-pcscd-$$.log
exit "$result"
