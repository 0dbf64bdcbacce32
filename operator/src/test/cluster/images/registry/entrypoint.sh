#!/bin/sh
# As in the official image: a configuration file is served, a command of the registry is run by it.
set -e
case "$1" in
  *.yml | *.yaml) set -- registry serve "$@" ;;
  serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
