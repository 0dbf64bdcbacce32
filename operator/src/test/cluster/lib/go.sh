# Shared by the build.sh scripts: the Go tool and the way all binaries are built.
if ! command -v go >/dev/null; then
  echo "Go is needed to build the stand-in images: install Go 1.26 or newer (the go command on PATH)" >&2
  exit 1
fi
go_build() { CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -trimpath "$@"; }
