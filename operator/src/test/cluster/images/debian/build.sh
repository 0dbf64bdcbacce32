#!/bin/bash
# The smallest Debian 13. The machine's CA bundle goes in, so that builds on top reach what the machine reaches.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "debootstrap needs root" >&2; exit 1; }
command -v debootstrap >/dev/null || { apt-get update -q && apt-get install -q -y --no-install-recommends debootstrap; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase --include=ca-certificates trixie "$work/rootfs"
cp /etc/ssl/certs/ca-certificates.crt "$work/rootfs/etc/ssl/certs/ca-certificates.crt"
rm -rf "$work"/rootfs/var/cache/apt/* "$work"/rootfs/var/lib/apt/lists/* "$work"/rootfs/usr/share/{doc,man,locale}/*
tar -C "$work/rootfs" -c --exclude=./dev/* --exclude=./proc/* --exclude=./sys/* . >"$1/rootfs.tar"
