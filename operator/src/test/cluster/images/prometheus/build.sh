#!/bin/bash
# Prometheus 3.16.0, which is v0.316.0 of its module. Of the service discoveries only file, HTTP and DNS are compiled
# in: the others bring the libraries of every cloud.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../lib/go.sh"
cd "$here"
go_build -mod=mod -tags netgo,remove_all_sd,enable_dns_sd \
  -ldflags "-s -w -X github.com/prometheus/common/version.Version=3.16.0" \
  -o "$1/prometheus" github.com/prometheus/prometheus/cmd/prometheus
