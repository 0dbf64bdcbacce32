#!/bin/sh
[ -z "${BY:-}" ] || { echo "06-run.sh is to be run by itself" >&2; exit 1; }
