# Shared by the scripts that use Go modules: the Go tool and the way all binaries are built.
if ! command -v go >/dev/null; then
  echo "Go is needed to build the stand-in images, and for the manifests of make gitops: install Go 1.26 or newer (the go command on PATH)" >&2
  exit 1
fi
# A module that wants a newer Go gets it from the module proxy, also where a machine says that only its own counts.
export GOTOOLCHAIN=auto
# The compiler ends soon, so it collects its garbage less often: a twelfth of the processor time.
go_build() { CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOGC=400 GOMEMLIMIT=2GiB go build -trimpath "$@"; }

# go_less <directory> <module>...: copies of the modules into the directory, where the files below less/<module> take the
# place of those of the same name and empty ones remove them, and a go.mod that has them used (for -modfile). Go's -overlay
# does not reach into its cache of modules.
go_less() {
  local work=$1 module copy
  shift
  cp go.mod go.sum "$work/"
  for module in "$@"; do
    copy="$work/${module//\//-}"
    # Go tells the directory of a module only when its cache has the module.
    (cd "$work" && go mod download "$module" && go list -mod=mod -m -f '{{.Dir}}' "$module") >"$work/directory"
    cp -r "$(cat "$work/directory")" "$copy"
    chmod -R u+w "$copy"
    cp -r "less/$module/." "$copy/"
    find "$copy" -name '*.go' -empty -delete
    go mod edit -replace "$module=$copy" "$work/go.mod"
  done
}
