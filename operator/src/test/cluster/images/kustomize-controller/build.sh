#!/bin/bash
# Compiles the released kustomize-controller from its module.
set -euo pipefail
. "$(dirname "$0")/../../lib/go.sh"
cd "$(dirname "$0")"
go_build -ldflags "-s -w" -o "$1/kustomize-controller" github.com/fluxcd/kustomize-controller
