#!/bin/bash
# Compiles the released Traefik from its module, less what is below less/: the providers of DNS challenges and of ECS,
# metrics for InfluxDB and plugins bring more to compile than the rest of Traefik.
set -euo pipefail
. "$(dirname "$0")/../../lib/go.sh"
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go_less "$work" github.com/go-acme/lego/v4 github.com/traefik/traefik/v3
go_build -mod=mod -modfile="$work/go.mod" -o "$1/traefik" \
  -ldflags "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=3.6.12" github.com/traefik/traefik/v3/cmd/traefik
