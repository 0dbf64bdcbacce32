package plugins

import (
	"context"
	"errors"
	"net/http"

	"github.com/traefik/traefik/v3/pkg/provider"
)

type Constructor func(context.Context, http.Handler) (http.Handler, error)

// Builder refuses every plugin: it has neither the interpreter for Go nor that for WebAssembly.
type Builder struct{}

var errNone = errors.New("this build is without plugins")

func NewBuilder(_ *Manager, remote map[string]Descriptor, local map[string]LocalDescriptor) (*Builder, error) {
	if len(remote)+len(local) > 0 {
		return nil, errNone
	}
	return &Builder{}, nil
}

func (Builder) Build(string, map[string]any, string) (Constructor, error) { return nil, errNone }

func (Builder) BuildProvider(string, map[string]any) (provider.Provider, error) {
	return nil, errNone
}
