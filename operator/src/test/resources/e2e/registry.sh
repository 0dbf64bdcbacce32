# On the node: builds an image on the engine beside the agent, pushes it to the environment's registry, prints its digest.
# registry.sh <namespace> <environment> [tag]
set -eu
namespace=$1 environment=$2 tag=${3:-1}
agent="deployment/$environment-gitops-agent"
in_engine() { kubectl -n "$namespace" exec "$agent" -c engine -- "$@"; }
docker="docker --host=tcp://127.0.0.1:2375"
# A stream through exec breaks off at times: tried again, and short texts go as arguments.
load() {
  ctr -n k8s.io images export - docker.io/library/debian:trixie-slim \
    | kubectl -n "$namespace" exec -i "$agent" -c engine -- $docker load >&2
}
in_engine $docker image inspect debian:trixie-slim >/dev/null 2>&1 || load || load || load || {
  kubectl -n "$namespace" describe "pods" --selector "app.kubernetes.io/component=gitops-agent" >&2
  exit 1
}
config=$(kubectl -n "$namespace" get secret "$environment-registry-users" -o 'jsonpath={.data.\.dockerconfigjson}' | base64 -d)
in_engine sh -c 'mkdir -p /tmp/push && printf %s "$0" >/tmp/push/config.json' "$config"
repository=$environment-registry:5000/app
dockerfile="FROM debian:trixie-slim
RUN echo built >/built
LABEL tag=$tag
CMD [\"sh\", \"-c\", \"cat /built && sleep infinity\"]"
in_engine sh -c "printf '%s\n' \"\$0\" | DOCKER_BUILDKIT=0 $docker build -t $repository:$tag -" "$dockerfile" >&2
in_engine $docker --config /tmp/push push "$repository:$tag" >&2
# Without the password nothing is taken.
if said=$(in_engine $docker --config /nowhere push "$repository:$tag" 2>&1); then
  echo "pushed without a password" >&2
  exit 1
fi
case "$said" in
  *unauthorized* | *"no basic auth"* | *"authentication required"* | *denied*) ;;
  *)
    echo "the push without a password failed for another reason: $said" >&2
    exit 1
    ;;
esac
in_engine $docker image inspect --format '{{index .RepoDigests 0}}' "$repository:$tag" | sed 's/.*@//'
