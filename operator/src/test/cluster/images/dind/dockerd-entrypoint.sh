#!/bin/sh
# What is used of the official image's: options alone go to dockerd beside the default addresses, `dockerd` with
# options has the addresses it is given and no others. Making certificates is not part of this stand-in.
set -eu
if [ $# -eq 0 ] || [ "${1#-}" != "$1" ]; then
  if [ -n "${DOCKER_TLS_CERTDIR:-}" ]; then
    echo "dockerd-entrypoint.sh: this stand-in makes no certificates: set DOCKER_TLS_CERTDIR to nothing" >&2
    exit 2
  fi
  set -- dockerd --host=unix:///var/run/docker.sock --host=tcp://0.0.0.0:2375 "$@"
fi
if [ "$1" = dockerd ]; then
  # What an engine that was killed has left keeps the next one from starting.
  find /run -iname 'docker*.pid' -delete
  find /run -iname 'containerd*.pid' -delete
  # Programs in a group of processes of their own, so that the pod's group can hand controllers on (version 2).
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p /sys/fs/cgroup/init
    xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs || true
    sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
  fi
  set -- tini -s -- "$@"
fi
exec "$@"
