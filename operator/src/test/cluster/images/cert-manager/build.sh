#!/bin/bash
# Compiles the controllers of main.go from the module of the released cert-manager.
set -euo pipefail
. "$(dirname "$0")/../../lib/go.sh"
cd "$(dirname "$0")"
go_build -mod=mod -ldflags "-s -w -X github.com/cert-manager/cert-manager/pkg/util.AppVersion=v1.21.2" \
  -o "$1/cert-manager" .
