#!/bin/bash
# Compiles the released Argo CD from its module, less its pages, and takes the scripts that it starts through from there.
set -euo pipefail
. "$(dirname "$0")/../../lib/go.sh"
cd "$(dirname "$0")"
go_build -ldflags "-s -w -X github.com/argoproj/argo-cd/v3/common.version=3.6.1" -o "$1/argocd" \
  github.com/argoproj/argo-cd/v3/cmd
module=$(go list -m -f '{{.Dir}}' github.com/argoproj/argo-cd/v3)
install -m 755 "$module/entrypoint.sh" "$module/hack/gpg-wrapper.sh" "$module/hack/git-verify-wrapper.sh" "$1/"
