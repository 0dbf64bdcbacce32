package ru.scoliologic.staging.agent.build;

import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StatusReason;

/**
 * The reasons of {@code status.build} that arise in a build. While its commit cannot be fetched, a
 * build waits with a {@link Reason} of the branch instead.
 */
public enum BuildReason implements StatusReason {
  BUILD_FAILED(
      "The engine cannot build the Dockerfile, or one of its steps failed.",
      "See the end of the build's log in status.build.logTail. Push a fixed commit,"
          + " or change spec.retry of the release."),
  BUILD_TIMED_OUT(
      "The build took longer than spec.gitops.build.timeoutSeconds.",
      "Raise it, or make the build faster: the message names the step in progress at"
          + " that time."),
  DOCKERFILE_MISSING(
      "The commit has no Dockerfile at the path of spec.gitops.build.dockerfile.",
      "Push a commit with one, or correct the path, which is relative to the root of"
          + " the repository."),
  BUILD_KIT_NEEDED(
      "The Dockerfile uses a BuildKit feature, which the engine's classic builder"
          + " does not support.",
      "Rewrite the line that the message names without it, or build the image"
          + " elsewhere and set spec.services.app.image."),
  SUBMODULES_UNSUPPORTED(
      "The commit has a submodule, and the agent fetches no submodules.",
      "Put its files into the repository, or fetch them in the Dockerfile."),
  SUPERSEDED(Reason.BUILD_CANCELLED.cause(), Reason.BUILD_CANCELLED.cure()),

  ENGINE_UNREACHABLE(
      "The Docker engine that builds does not respond.",
      "The agent retries. See the container engine of the agent's pod, or the host"
          + " of spec.gitops.build.engine."),
  ENGINE_OUT_OF_DISK(
      "The volume of the Docker engine is full.",
      "Raise spec.gitops.build.engine.storage, or free disk space on the external" + " engine."),
  ENGINE_OUT_OF_MEMORY(
      "A build needed more memory than the Docker engine may use.",
      "Raise the memory limit of spec.gitops.build.engine.resources, or reduce the"
          + " build's memory use."),
  REGISTRY_UNREACHABLE(
      "The registry does not respond, or fails.",
      "The agent retries. See the registry's pod and its log. If its volume is full,"
          + " raise spec.gitops.registry.storage or lower spec.gitops.registry.keep."),
  REGISTRY_REFUSED(
      "The registry rejects the credentials, or they do not allow this repository.",
      "Put credentials that may push into the Secret of spec.gitops.registry.external.credentials."),
  BASE_IMAGE_UNAVAILABLE(
      "An image that the Dockerfile starts from could not be pulled.",
      "See the message: its name and the registry. If the registry cannot be"
          + " reached, set spec.gitops.build.engine.baseImages.");

  private final String cause;
  private final String cure;

  BuildReason(String cause, String cure) {
    this.cause = cause;
    this.cure = cure;
  }

  @Override
  public String cause() {
    return cause;
  }

  @Override
  public String cure() {
    return cure;
  }
}
