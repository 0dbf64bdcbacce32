#!/bin/sh
echo "entry point of the image's own"
exec docker-entrypoint.sh "$@"
