#!/bin/bash
# Provides the images of images.txt, or those named as arguments: keeps what is up to date, else pulls,
# else (no registry answers) builds the stand-in from images/<folder>. A stand-in is made of
#   build.sh  optional; puts compiled files into the build context given as $1
#   images    optional; names of images that build.sh needs beside those that the Dockerfile starts from
#   Dockerfile and the other files of the folder
# and carries labels that say what it is and from which inputs it was made.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib/say.sh"
logs="$root/.cluster/logs"
prefix=org.scoliologic.staging
table=$(grep -v '^#' "$here/images.txt" | sed 's/ *| */|/g; s/ *$//')
declare -A done_already=()
registry=

field() { awk -F'|' -v r="$1" -v n="$2" '$1 == r {print $n}' <<<"$table"; }
label() { docker image inspect --format "{{index .Config.Labels \"$prefix.$2\"}}" "$1" 2>/dev/null || true; }
present() { docker image inspect "$1" >/dev/null 2>&1; }

# The one place where the two ways part: a registry that answers is used from then on.
pullable() {
  if [ -z "$registry" ]; then
    registry=no
    if timeout 10 docker manifest inspect "$1" >/dev/null 2>&1; then registry=yes; fi
    if [ $registry = no ]; then say "no image registry answers: stand-ins are built from Go modules and Debian packages"; fi
  fi
  [ $registry = yes ]
}

bases() {
  [ -f "$1/Dockerfile" ] || return 0
  { awk 'toupper($1) == "FROM" {print $2}' "$1/Dockerfile" && cat "$1/images" 2>/dev/null || true; } | sort -u | while read -r base; do
    [ -z "$(field "$base" 2)" ] || echo "$base"
  done
}

# inputs <reference> <folder> [file...]: one hash over the files and over what the base images were made of.
inputs() {
  local reference=$1 folder=$2 base
  shift 2
  {
    (cd "$folder" && find "${@:-.}" -type f -not -path '*/node_modules/*' -print0 | sort -z | xargs -0 -r sha256sum)
    field "$reference" 4
    for base in $(bases "$folder"); do
      label "$base" inputs | grep . || docker image inspect --format '{{.Id}}' "$base" 2>/dev/null || true
    done
  } | sha256sum | cut -c1-32
}

build() {
  local folder=$1 context
  shift
  context=$(mktemp -d "$root/.cluster/build.XXXXXX")
  # shellcheck disable=SC2064 # the directory of this build, not of the next
  trap "rm -rf '$context'" RETURN
  cp -a "$folder/." "$context/"
  if [ -x "$folder/build.sh" ]; then
    rm -f "$context/build.sh"
    "$folder/build.sh" "$context" || return 1
  fi
  docker build "$@" "$context"
}

stand_in() {
  local reference=$1 folder="$here/images/$2" hash=$3
  build "$folder" --label "$prefix.stand-in=true" --label "$prefix.inputs=$hash" \
    --label "$prefix.description=$(field "$reference" 4)" --tag "$reference"
}

own_image() {
  local reference=$1 hash=$2 folder=$3 word
  shift 3
  local options=(--label "$prefix.inputs=$hash" --tag "$reference") files=()
  if [ -x "$folder/build.sh" ]; then
    build "$folder" "${options[@]}"
    return
  fi
  for word in "$@"; do
    case $word in
      *=*) options+=(--build-arg "$word") ;;
      *) files+=("$word") ;;
    esac
  done
  tar -C "$folder" --exclude=node_modules -c "${files[@]:-.}" | docker build "${options[@]}" -
}

# explain <log>: the likely cause in words, for the failures that have a known cure.
explain() {
  if grep -qi 'no space left on device' "$1"; then
    say "the disk is full: free some space (docker system df shows what images hold)"
  else
    say "its log is $1"
  fi
}

provide() {
  local reference=$1 how folder args base hash log files=()
  [ -z "${done_already[$reference]:-}" ] || return 0
  done_already[$reference]=1
  how=$(field "$reference" 2)
  folder=$(field "$reference" 3)
  [ -n "$how" ] || fail "$reference is not in $here/images.txt"
  if [ "$how" = pulled ] && present "$reference" && [ "$(label "$reference" stand-in)" != true ]; then
    say "$reference: cached (pulled)"
    return
  fi
  local path="$here/images/$folder"
  [ "$how" = pulled ] || path="$root/$folder"
  for base in $(bases "$path"); do provide "$base"; done
  args=$(field "$reference" 4)
  if [ "$how" = built ]; then
    for base in $args; do case $base in *=*) ;; *) files+=("$base") ;; esac; done
    for base in "${files[@]:-.}"; do
      [ -e "$path/$base" ] || fail "$reference needs $path/$base: build it first (make package)"
    done
  fi
  hash=$(inputs "$reference" "$path" "${files[@]}")
  if [ "$(label "$reference" inputs)" = "$hash" ]; then
    say "$reference: cached"
    return
  fi
  log="$logs/image-$(tr ':/' '--' <<<"$reference").log"
  if [ "$how" = pulled ] && pullable "$reference"; then
    step "$reference: pulling"
    docker pull "$reference" >"$log" 2>&1 || fail "$reference could not be pulled: $(explain "$log")"
  elif [ "$how" = pulled ]; then
    step "$reference: building the stand-in"
    stand_in "$reference" "$folder" "$hash" >"$log" 2>&1 || fail "$reference could not be built: $(explain "$log")"
  else
    step "$reference: building"
    # shellcheck disable=SC2086 # the words of the table are separate arguments
    own_image "$reference" "$hash" "$path" $args >"$log" 2>&1 || fail "$reference could not be built: $(explain "$log")"
  fi
  done_step
}

mkdir -p "$logs"
# One run at a time: two would build the same image twice. What a killed run left in the build directories goes.
exec 9>"$root/.cluster/images.lock"
flock -n 9 || { say "waiting for another run that provides images" && flock 9; }
rm -rf "$root"/.cluster/build.*
[ $# -gt 0 ] || mapfile -t all < <(cut -d'|' -f1 <<<"$table")
for reference in "${@:-${all[@]}}"; do provide "$reference"; done
