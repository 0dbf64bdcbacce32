#!/bin/bash
# Compiles the released Traefik from its module.
set -euo pipefail
. "$(dirname "$0")/../../lib/go.sh"
cd "$(dirname "$0")"
go_build -mod=mod -ldflags "-s -w -X github.com/traefik/traefik/v3/pkg/version.Version=3.6.12" -o "$1/traefik" \
  github.com/traefik/traefik/v3/cmd/traefik
