#!/bin/bash
# Prometheus 3.16.0, which is v0.316.0 of its module. Of the service discoveries only file, HTTP and DNS are compiled
# in, and less/ takes away what signs requests for AWS, Azure and Google: they bring the libraries of every cloud.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../lib/go.sh"
cd "$here"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go_less "$work" github.com/prometheus/prometheus github.com/prometheus/sigv4
go_build -mod=mod -modfile="$work/go.mod" -tags netgo,remove_all_sd,enable_dns_sd \
  -ldflags "-s -w -X github.com/prometheus/common/version.Version=3.16.0" \
  -o "$1/prometheus" github.com/prometheus/prometheus/cmd/prometheus
