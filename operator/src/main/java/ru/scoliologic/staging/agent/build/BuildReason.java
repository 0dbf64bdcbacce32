package ru.scoliologic.staging.agent.build;

import ru.scoliologic.staging.stage.Reason;
import ru.scoliologic.staging.stage.StatusReason;

/**
 * The reasons of {@code status.build} that arise in a build. While its commit cannot be fetched, a
 * build waits with a {@link Reason} of the branch instead.
 */
public enum BuildReason implements StatusReason {
  BUILD_FAILED(
      "The engine cannot build what the Dockerfile says, or a step of it failed.",
      "The end of the build's log is in status.build.logTail. Push a commit that mends it, or set"
          + " spec.retry of the release to a new value."),
  BUILD_TIMED_OUT(
      "The build took longer than spec.gitops.build.timeoutSeconds.",
      "Raise that, or make the build faster: the message names the step that it was at."),
  DOCKERFILE_MISSING(
      "The commit has no Dockerfile at the path of spec.gitops.build.dockerfile.",
      "Push a commit with one, or correct the path, which starts at the top of the repository."),
  BUILD_KIT_NEEDED(
      "The Dockerfile uses a construct of BuildKit, which the engine's own builder does not know.",
      "Write the line that the message names without it, or build the image elsewhere and set"
          + " spec.services.app.image."),
  SUBMODULES_UNSUPPORTED(
      "The commit has a submodule, and the agent fetches none.",
      "Put its files into the repository, or fetch them in the Dockerfile."),
  SUPERSEDED(Reason.BUILD_CANCELLED.cause(), Reason.BUILD_CANCELLED.cure()),

  ENGINE_UNREACHABLE(
      "The Docker engine that builds does not answer.",
      "It is tried again by itself. See the container engine of the agent's pod, or the host of"
          + " spec.gitops.build.engine."),
  ENGINE_OUT_OF_DISK(
      "The volume of the Docker engine is full.",
      "Raise spec.gitops.build.engine.storage, or free room on the given engine."),
  ENGINE_OUT_OF_MEMORY(
      "A build needed more memory than the Docker engine may use.",
      "Raise the memory limit of spec.gitops.build.engine.resources, or let the build need less."),
  REGISTRY_UNREACHABLE(
      "The registry does not answer, or fails.",
      "It is tried again by itself; see the registry's pod and its log. Is its volume full, raise"
          + " spec.gitops.registry.storage or lower spec.gitops.registry.keep."),
  REGISTRY_REFUSED(
      "The registry does not accept the credentials, or not this repository for them.",
      "Put credentials that may push into the Secret of spec.gitops.registry.external.credentials."),
  BASE_IMAGE_UNAVAILABLE(
      "An image that the Dockerfile starts from could not be had.",
      "See the message: its name and the registry. Where no registry answers, give"
          + " spec.gitops.build.engine.baseImages.");

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
