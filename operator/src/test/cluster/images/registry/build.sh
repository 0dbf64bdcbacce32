#!/bin/bash
# The program of main.go: Distribution 3.1.2, the registry, from its Go module.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../lib/go.sh"
cd "$here"
go_build -ldflags "-s -w -X github.com/distribution/distribution/v3/version.version=v3.1.2" -o "$1/registry" .
