#!/bin/bash
# Compiles Kubernetes, CoreDNS and containerd, and packs the two images the node itself needs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../lib/go.sh"
context=$1
version=v1.36.3
rm -rf "$context/go" "$context/containerd" "$context/node-images"
mkdir -p "$context/bin" "$context/node"

echo "== Kubernetes $version and CoreDNS"
cd "$here/go"
stamp=k8s.io/component-base/version
go_build -o "$context/bin/" -ldflags "-s -w -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=36" ./kube ./coredns
echo "== containerd"
cd "$here/containerd"
containerd=github.com/containerd/containerd/v2
go_build -o "$context/bin/" -ldflags "-s -w -X $containerd/version.Version=$(go list -m -f '{{.Version}}' $containerd)" \
  $containerd/cmd/containerd $containerd/cmd/containerd-shim-runc-v2 $containerd/cmd/ctr

echo "== images of the node"
pause=$(mktemp -d)
trap 'rm -rf "$pause"' EXIT
cd "$here/go" && go_build -o "$pause/pause" -ldflags "-s -w" ./pause
mv "$context/bin/coredns" "$pause/"
pack() { # <reference> <program>
  docker build -q -t "$1" -f - "$pause" <<IMAGE
FROM scratch
LABEL org.scoliologic.staging.stand-in=true
COPY $2 /$2
ENTRYPOINT ["/$2"]
IMAGE
}
pack rancher/mirrored-pause:3.6 pause
pack rancher/mirrored-coredns-coredns:1.14.1 coredns
docker save -o "$context/node/images.tar" rancher/mirrored-pause:3.6 rancher/mirrored-coredns-coredns:1.14.1
