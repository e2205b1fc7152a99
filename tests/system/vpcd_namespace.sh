# Runs in network and mount namespaces of its own: the daemon, then the steps. $1 is the Python.
# The daemon's socket is in a private /run/pcscd, and it sees no USB: a daemon of this machine,
# and the readers that it has, are left alone.
set -u
ip link set lo up
mkdir -p /run/pcscd
mount -t tmpfs none /run/pcscd || exit 77
[ ! -d /dev/bus/usb ] || mount -t tmpfs none /dev/bus/usb || exit 77
pcscd --foreground >/run/pcscd/log 2>&1 &
daemon=$!
"$1" -m tests.system.vpcd_steps
result=$?
kill "$daemon"
wait "$daemon" 2>/dev/null
[ "$result" = 0 ] || cat /run/pcscd/log
exit "$result"
