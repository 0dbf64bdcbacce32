#!/bin/bash
# Ollama 0.17.4 from its Go module. Its C++ parts are compiled in a container that has a compiler and the three
# libraries of headers which the module leaves out; Go itself and its caches are this machine's. Its models are tiny, so
# C++ is optimised less, and without debugging information, which is not kept anyhow, it takes a third less time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../lib/go.sh"
cd "$here"
version=$(go list -m -f '{{.Version}}' github.com/ollama/ollama)
go mod download
builder=$(docker build -q - <<'DOCKERFILE'
FROM debian:trixie-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ nlohmann-json3-dev libminiaudio-dev libstb-dev \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /headers/miniaudio && ln -s /usr/include/miniaudio.h /headers/miniaudio/
DOCKERFILE
)
mkdir -p "$(go env GOCACHE)"
docker run --rm -v "$(go env GOROOT):/usr/local/go:ro" -v "$(go env GOMODCACHE):/modules" -v "$(go env GOCACHE):/cache" \
  -v "$here:/src:ro" -v "$1:/out" -w /src \
  -e PATH=/usr/local/go/bin:/usr/bin:/bin -e GOMODCACHE=/modules -e GOCACHE=/cache -e GOPROXY=off -e GOFLAGS=-buildvcs=false \
  -e CGO_ENABLED=1 -e CGO_CPPFLAGS=-I/headers -e CGO_CFLAGS=-O2 -e CGO_CXXFLAGS=-O1 \
  "$builder" go build -trimpath -ldflags "-s -w -X github.com/ollama/ollama/version.Version=${version#v}" \
  -o /out/ollama github.com/ollama/ollama
