#!/bin/bash
# Pebble from its Go module.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../lib/go.sh"
cd "$here"
go_build -ldflags "-s -w" -o "$1/pebble" github.com/letsencrypt/pebble/v2/cmd/pebble
