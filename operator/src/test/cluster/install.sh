#!/bin/bash
# Installs the operator into a cluster of the user's own: install.sh <context> <image>. Nothing is guessed.
set -euo pipefail
. "$(dirname "$0")/lib/say.sh"
context=${1:-} image=${2:-}
[ -n "$context" ] && [ -n "$image" ] || fail "say which cluster and which image: make install CONTEXT=<kubectl context> IMAGE=<registry/name:tag>"
command -v kubectl >/dev/null || fail "kubectl is missing: install it, so that it is on PATH"
kubectl config get-contexts "$context" >/dev/null 2>&1 || fail "kubectl knows no context '$context': kubectl config get-contexts lists them"

# The shipped manifests stay as they are; an overlay that is thrown away names the image.
mkdir -p "$root/.cluster"
work=$(mktemp -d "$root/.cluster/install.XXXXXX")
trap 'rm -rf "$work"' EXIT
digest=${image#*@}
if [ "$digest" != "$image" ]; then
  target="newName: ${image%@*}, digest: $digest"
elif [[ ${image##*/} = *:* ]]; then
  target="newName: ${image%:*}, newTag: \"${image##*:}\""
else
  fail "IMAGE=$image has no tag: name the version to install"
fi
cat >"$work/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../manifests/default]
images: [{name: staging-operator, $target}]
YAML
kubectl --context "$context" apply --server-side -k "$work"
