#!/bin/bash
# Puts the images that builds start from into one archive: layers that they share are in it once.
set -euo pipefail
mapfile -t images <"$(dirname "$0")/images"
mkdir "$1/base-images"
docker save -o "$1/base-images/images.tar" "${images[@]}"
# For a pod of any user.
chmod 644 "$1/base-images/images.tar"
