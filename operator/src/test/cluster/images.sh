#!/bin/bash
# Provides the images of images.txt; with --run those that `make run` needs; or those of all tables that are named as
# arguments. Keeps what is up to date, else pulls, else (no registry answers) builds the stand-in from images/<folder>, which
# is made of
#   build.sh  optional; puts compiled files into the build context given as $1
#   images    optional; names of images that build.sh needs beside those that the Dockerfile starts from
#   less      optional; files in the place of those of a Go module, for what is left out (go_less in lib/go.sh)
#   Dockerfile and the other files of the folder
# and carries labels that say what it is and from which inputs it was made.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib/say.sh"
logs="$root/.cluster/logs"
prefix=org.scoliologic.staging
table=$(grep -hv '^#' "$here/images.txt" "$here/images-gitops.txt" | sed 's/ *| */|/g; s/ *$//')
declare -A done_already=() under_way=()
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

# start <reference> <what is done> <command...>: in the background, two at a time: while one compiles, downloads and
# packages of Debian take the other little processor time.
start() {
  local reference=$1 what=$2 log
  shift 2
  log="$logs/image-$(tr ':/' '--' <<<"$reference").log"
  while [ ${#under_way[@]} -ge 2 ]; do finish; done
  say "$reference: $what ..."
  {
    step_started=$(date +%s.%N)
    "$@" >"$log" 2>&1 </dev/null || fail "$reference could not be provided: $(explain "$log")"
    done_step "$reference: done"
  } &
  under_way[$reference]=$!
}

# finish: waits until one of them ends. The first failure is the end of the others.
finish() {
  local pid reference
  wait -n -p pid "${under_way[@]}" || exit 1
  for reference in "${!under_way[@]}"; do
    [ "${under_way[$reference]}" != "$pid" ] || unset "under_way[$reference]"
  done
}

end() {
  local pid
  for pid in "${under_way[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
}

provide() {
  local reference=$1 how folder args base hash files=()
  [ -z "${done_already[$reference]:-}" ] || return 0
  done_already[$reference]=1
  how=$(field "$reference" 2)
  folder=$(field "$reference" 3)
  [ -n "$how" ] || fail "$reference is not in the tables of $here"
  if [ "$how" = pulled ] && present "$reference" && [ "$(label "$reference" stand-in)" != true ]; then
    say "$reference: cached (pulled)"
    return
  fi
  local path="$here/images/$folder"
  [ "$how" = pulled ] || path="$root/$folder"
  for base in $(bases "$path"); do
    provide "$base"
    # Its label is part of the inputs.
    while [ -n "${under_way[$base]:-}" ]; do finish; done
  done
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
  if [ "$how" = pulled ] && pullable "$reference"; then
    start "$reference" pulling docker pull "$reference"
  elif [ "$how" = pulled ]; then
    start "$reference" "building the stand-in" stand_in "$reference" "$folder" "$hash"
  else
    # shellcheck disable=SC2086 # the words of the table are separate arguments
    start "$reference" building own_image "$reference" "$hash" "$path" $args
  fi
}

mkdir -p "$logs"
# One run at a time: two would build the same image twice. What a killed run left in the build directories goes.
exec 9>"$root/.cluster/images.lock"
flock -n 9 || { say "waiting for another run that provides images" && flock 9; }
rm -rf "$root"/.cluster/build.*
# Each one in a process group of its own, so that its compilers end with it.
set -m
trap end EXIT
trap 'exit 130' INT TERM
case ${1:-} in
  '') mapfile -t wanted < <(grep -v '^#' "$here/images.txt" | sed 's/ *|.*//') ;;
  --run) mapfile -t wanted < <(grep -v -e '^#' -e '| tests$' "$here/images.txt" | sed 's/ *|.*//') ;;
  *) wanted=("$@") ;;
esac
for reference in "${wanted[@]}"; do provide "$reference"; done
while [ ${#under_way[@]} -gt 0 ]; do finish; done
