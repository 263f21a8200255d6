#!/bin/sh
# hand_over_event.sh SPOOL EVENT [ARGUMENT...]
#
# OpenVPN runs this for an event. It hands the complete environment that OpenVPN gave it to the plugin host that serves the
# directory SPOOL, and ends as the plugin answered: 0 success, 1 error. Without an answer in ten seconds it is an error, so
# that OpenVPN never hangs.
spool=$1
event=$2
shift 2

name=$spool/$(date +%s%N)-$event

{
	# What this process was started with, not what the shell has made of it.
	cat /proc/$$/environ
	# A Windows client tells the interface's index too.
	printf 'dev_idx=%s\0' "$(cat "/sys/class/net/$dev/ifindex")"
} > "$name.environment"
for argument in "$@"; do printf '%s\0' "$argument"; done > "$name.arguments"
mv "$name.environment" "$name.env" || exit 1

tries=500
while [ ! -e "$name.result" ]; do
	tries=$((tries - 1))
	if [ $tries -le 0 ]; then
		echo "hand_over_event.sh: the plugin host did not answer $name.env within 10 seconds: is it running?" >&2
		mv "$name.env" "$name.unanswered" 2> /dev/null
		exit 1
	fi
	sleep 0.02
done
exit "$(cat "$name.result")"
