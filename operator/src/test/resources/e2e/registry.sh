# On the node: builds an image on the engine beside the agent, pushes it to the environment's registry, prints its digest.
# registry.sh <namespace> <environment> [tag]
set -eu
namespace=$1 environment=$2 tag=${3:-1}
in_engine() { kubectl -n "$namespace" exec -i "deployment/$environment-gitops-agent" -c engine -- "$@"; }
docker="docker --host=tcp://127.0.0.1:2375"
# A stream through exec breaks off at times.
load() { ctr -n k8s.io images export - docker.io/library/debian:trixie-slim | in_engine $docker load >&2; }
in_engine $docker image inspect debian:trixie-slim >/dev/null 2>&1 || load || load || load || {
  kubectl -n "$namespace" describe "pods" --selector "app.kubernetes.io/component=gitops-agent" >&2
  exit 1
}
kubectl -n "$namespace" get secret "$environment-registry-users" -o 'jsonpath={.data.\.dockerconfigjson}' | base64 -d \
  | in_engine sh -c 'mkdir -p /tmp/push && cat >/tmp/push/config.json'
repository=$environment-registry:5000/app
printf 'FROM debian:trixie-slim\nRUN echo built >/built\nLABEL tag=%s\nCMD ["sh", "-c", "cat /built && sleep infinity"]\n' "$tag" \
  | in_engine env DOCKER_BUILDKIT=0 $docker build -t "$repository:$tag" - >&2
in_engine $docker --config /tmp/push push "$repository:$tag" >&2
# Without the password nothing is taken.
if in_engine $docker --config /nowhere push "$repository:$tag" >&2; then echo "pushed without a password" >&2; exit 1; fi
in_engine $docker image inspect --format '{{index .RepoDigests 0}}' "$repository:$tag" | sed 's/.*@//'
