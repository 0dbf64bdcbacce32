// Package ecs finds nothing: the library of EC2 alone takes a quarter of the time that Traefik takes to compile.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

type Provider struct{}

func (*Provider) SetDefaults() {}

func (*Provider) Init() error { return errors.New("this build is without the ECS provider") }

func (*Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return nil }
