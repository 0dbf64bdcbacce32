#!/bin/bash
# Provides what `make gitops` runs beside the operator: the images of images-gitops.txt, and in .cluster/gitops the
# manifests that Argo CD and Flux are installed from, out of the Go modules of the same versions.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib/say.sh"
. "$here/lib/go.sh"

# manifests <name> <folder of the module> <folder below images> <module> [module whose version counts]
manifests() {
  cd "$here/images/$3"
  local version files target="$root/.cluster/gitops/$1"
  version=$(go list -m -f '{{.Version}}' "${5:-$4}")
  [ ! -e "$target/$version" ] || return 0
  files=$(go mod download -json "$4@$version" | awk -F'"' '$2 == "Dir" {print $4}')
  rm -rf "$target"
  mkdir -p "$target"
  cp -r "$files/$2" "$target/"
  chmod -R u+w "$target"
  touch "$target/$version"
}

mapfile -t images < <(grep -v '^#' "$here/images-gitops.txt" | sed 's/ *|.*//')
"$here/images.sh" "${images[@]}"
manifests argocd manifests argocd github.com/argoproj/argo-cd/v3
manifests kustomize-controller config kustomize-controller github.com/fluxcd/kustomize-controller
# The kinds of sources that the controller was compiled with.
manifests source-controller config kustomize-controller github.com/fluxcd/source-controller \
  github.com/fluxcd/source-controller/api
